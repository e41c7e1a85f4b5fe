#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing of a test program outlives it, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import vireotest
from vireotest import leftovers
from vireotest.wait import wait_until

CONTAINED = str(pathlib.Path(__file__).parent / "contained")
# A guest has a session of its own and does not care who started it; here it has a child, too.
GUEST = """
import signal, subprocess
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
subprocess.run(["sleep", "{mark}"])
"""
PROGRAM = """
import os, signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", {guest!r}], start_new_session=True,
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
"""


class Contained(unittest.TestCase):
    def setUp(self):
        # Nobody else sleeps just as long.
        self.mark = f"5000.{os.getpid()}{id(self) % 100000}"

    def left(self):
        return [c for c in leftovers.processes().values() if c == f"sleep {self.mark}"]

    def run_it(self, script, **options):
        program = PROGRAM.format(guest=GUEST.format(mark=self.mark)) + script
        command = [CONTAINED, sys.executable, "-uc", program]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)

    def without_unshare(self):
        """A PATH with all that the program needs but that one."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        os.symlink("/usr/bin/sleep", f"{folder}/sleep")
        return dict(os.environ, PATH=folder)

    def assert_nothing_left(self):
        wait_until(lambda: not self.left(), 10, lambda: f"processes to go: {self.left()}")

    def test_status_and_output_pass(self):
        with self.run_it("print('ok 1'); sys.exit(7)") as process:
            self.assertEqual(process.stdout.read(), "ok 1\n")
        self.assertEqual(process.returncode, 7)
        self.assert_nothing_left()

    def test_abort(self):
        with self.run_it("print('there'); input(); os.abort()", stdin=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "there\n")
            wait_until(self.left, 10, "the guest")
            process.stdin.write("\n")
            process.stdin.close()
            self.assertIn("signal 6", process.stdout.read())
        self.assertEqual(process.returncode, 128 + signal.SIGABRT)
        self.assert_nothing_left()

    def test_killed(self):
        with self.run_it("print('there'); signal.pause()") as process:
            self.assertEqual(process.stdout.readline(), "there\n")
            wait_until(self.left, 10, "the guest")
            process.kill()
        self.assert_nothing_left()

    def test_terminated(self):
        with self.run_it("signal.signal(signal.SIGTERM, lambda *_: sys.exit(3));"
                         "print('there'); signal.pause()") as process:
            self.assertEqual(process.stdout.readline(), "there\n")
            os.kill(int(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
                        .read_text().split()[0]), signal.SIGTERM)
        self.assertEqual(process.returncode, 3)
        self.assert_nothing_left()

    def test_without_a_namespace(self):
        with self.run_it("input(); os.abort()", stdin=subprocess.PIPE,
                         env=self.without_unshare()) as process:
            self.assertIn("# no process namespace", process.stdout.readline())
            wait_until(self.left, 10, "the guest")
            process.stdin.write("\n")
            process.stdin.close()
            self.assertIn("signal 6", process.stdout.read())
        self.assertEqual(process.returncode, 128 + signal.SIGABRT)
        self.assert_nothing_left()


vireotest.main()
