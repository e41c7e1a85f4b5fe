#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How scripts/run_suites.py counts: nothing that failed may look as if it had passed."""

import contextlib
import importlib.util
import io
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import vireotest

SPEC = importlib.util.spec_from_file_location(
    "run_suites", vireotest.SOURCE / "scripts/run_suites.py")
run_suites = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(run_suites)

MESON = """project('sample', meson_version: '>= 1.0')
prog = find_program('prog')
"""


class Counting(unittest.TestCase):
    def count(self, result, stdout=""):
        count = run_suites.count_test({"result": result, "stdout": stdout})
        return count.passed, count.failed, count.skipped

    def test_tap_counts_each_function(self):
        text = "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP why\nok 4 - d # 1 s\n"
        self.assertEqual(self.count("FAIL", text), (2, 1, 1))

    def test_indented_subtests_belong_to_their_parent(self):
        text = "1..1\n    ok 1 - inner\n    ok 2\nok 1 outer\n"
        self.assertEqual(self.count("OK", text), (1, 0, 0))

    def test_diagnostics_are_no_tests(self):
        self.assertEqual(self.count("OK", "1..1\n# not ok 1\nokay then\nok 1 a\n"), (1, 0, 0))

    def test_all_skipped(self):
        self.assertEqual(self.count("SKIP", "1..0 # SKIP no root\n"), (0, 0, 1))

    def test_program_that_crashed_after_its_tests(self):
        self.assertEqual(self.count("ERROR", "1..2\nok 1 a\n"), (1, 1, 0))

    def test_hang(self):
        self.assertEqual(self.count("TIMEOUT", ""), (0, 1, 0))

    def test_by_exit_status(self):
        self.assertEqual(self.count("OK"), (1, 0, 0))
        self.assertEqual(self.count("FAIL"), (0, 1, 0))
        self.assertEqual(self.count("SKIP"), (0, 0, 1))


class Running(unittest.TestCase):
    """With a project of one test, whose program is a script."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.output = io.StringIO()

    def suite(self, script, protocol="exitcode", timeout=30, limit=60, twice=False):
        source = self.folder / "source"
        source.mkdir()
        (source / "prog").write_text(f"#!/bin/bash\n{script}\n")
        (source / "prog").chmod(0o755)
        (source / "meson.build").write_text(
            MESON + f"test('sample', prog, suite: 'unit', protocol: '{protocol}', "
            f"timeout: {timeout})\n")
        build = self.folder / "build"
        subprocess.run(["meson", "setup", build, source], check=True, capture_output=True)
        with contextlib.redirect_stdout(self.output):
            self.count = run_suites.run_suite(build, "unit", {}, limit, twice)
        return self.count.passed, self.count.failed, self.count.skipped

    def test_what_fails_once_is_named_when_it_is_run_again(self):
        mark = self.folder / "mark"
        once = f"test -e {mark} && exit 0; touch {mark}; exit 1"
        self.assertEqual(self.suite(once, twice=True), (1, 0, 0))
        self.assertRegex(self.output.getvalue(), "unsteady: .*sample")

    def test_what_fails_twice_has_failed(self):
        self.assertEqual(self.suite("exit 1", twice=True), (0, 1, 0))
        self.assertNotIn("unsteady", self.output.getvalue())

    def test_what_fails_once_has_failed_when_nobody_asked_for_more(self):
        mark = self.folder / "mark"
        self.assertEqual(self.suite(f"test -e {mark} && exit 0; touch {mark}; exit 1"), (0, 1, 0))

    def test_passes(self):
        self.assertEqual(self.suite("exit 0"), (1, 0, 0))

    def test_fails(self):
        self.assertEqual(self.suite("exit 3"), (0, 1, 0))

    def test_tap(self):
        script = "echo 1..2; echo ok 1 - a; echo 'not ok 2 - broken thing'; exit 1"
        self.assertEqual(self.suite(script, protocol="tap"), (1, 1, 0))
        self.assertIn("not ok 2 - broken thing", self.output.getvalue())

    def test_what_failed_is_kept_for_the_end(self):
        source = "echo 1..2; echo ok 1 - a; echo 'not ok 2 - broken'; echo '# why it is'; exit 1"
        self.suite(source, protocol="tap")
        said = "\n".join(self.count.reasons)
        self.assertRegex(said, "sample: not ok 2 - broken\n.*sample: # why it is")
        self.assertNotIn("ok 1 - a", said)

    def test_what_failed_without_a_word_is_kept_for_the_end(self):
        self.suite("exit 3")
        self.assertRegex("\n".join(self.count.reasons), "sample: FAIL without a word")

    def test_what_failed_and_passed_again_is_not_kept(self):
        mark = self.folder / "mark"
        self.suite(f"test -e {mark} && exit 0; touch {mark}; exit 1", twice=True)
        self.assertEqual(self.count.reasons, [])

    def test_slow_test_is_killed_with_a_message(self):
        self.assertEqual(self.suite("exec sleep 1000", timeout=1), (0, 1, 0))
        self.assertIn("killed", self.output.getvalue())

    def test_hanging_suite_is_killed_with_a_message(self):
        started = time.monotonic()
        passed, failed, _ = self.suite("trap '' TERM; sleep 1000 & wait", timeout=1000, limit=2)
        self.assertEqual(passed, 0)
        self.assertGreaterEqual(failed, 1)
        self.assertLess(time.monotonic() - started, 60)
        self.assertIn("suite unit hangs after 2 s", self.output.getvalue())


class InstallDeps(unittest.TestCase):
    def run_with(self, packages, dpkg):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "install-deps").write_bytes(
            (vireotest.SOURCE / "scripts/install-deps").read_bytes())
        (folder / "packages").write_text(packages)
        tools = folder / "tools"
        tools.mkdir()
        scripts = {"dpkg-query": dpkg, "apt-get": f'echo "$@" >> {folder}/log',
                   "id": "echo ${FAKE_UID:-0}"}
        for name, body in scripts.items():
            (tools / name).write_text(f"#!/bin/bash\n{body}\n")
            (tools / name).chmod(0o755)
        self.log = folder / "log"
        return lambda **env: subprocess.run(
            ["bash", folder / "install-deps"], capture_output=True, text=True,
            env=dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}", **env))

    def test_nothing_missing_needs_no_root(self):
        run = self.run_with("# a comment\none\ntwo # why\n", "echo installed")
        self.assertEqual(run(FAKE_UID="1000").returncode, 0)
        self.assertFalse(self.log.exists())

    def test_root_installs_what_is_missing(self):
        run = self.run_with("one\ntwo\n", '[ "$4" = two ] && echo not-installed || echo installed')
        self.assertEqual(run().returncode, 0)
        log = self.log.read_text()
        self.assertRegex(log, r"(?m)^.*install .* two$")
        self.assertNotRegex(log, r"\bone\b")

    def test_user_is_told(self):
        run = self.run_with("one\n", "exit 1")
        done = run(FAKE_UID="1000")
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install one", done.stderr)
        self.assertFalse(self.log.exists())


vireotest.main(isolated=False)
