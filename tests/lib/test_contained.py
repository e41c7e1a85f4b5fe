#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing of a test program outlives it, however it ends."""

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import vireotest
from vireotest import leftovers
from vireotest.wait import wait_until

CONTAINED = str(pathlib.Path(__file__).parent / "contained")
# A guest has a session of its own and does not care who started it; here it has a child, too.
LEAVE_A_GUEST = "setsid sh -c 'trap \"\" HUP TERM; sleep {mark} & wait' & "


class Contained(unittest.TestCase):
    def setUp(self):
        # Nobody else sleeps just as long.
        self.mark = f"5000.{os.getpid()}{id(self) % 100000}"

    def left(self):
        return [c for c in leftovers.processes().values() if c == f"sleep {self.mark}"]

    def run_it(self, script, **options):
        command = [CONTAINED, "sh", "-c", LEAVE_A_GUEST.format(mark=self.mark) + script]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)

    def without_unshare(self):
        """A PATH with all that the programs need but that one."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for name in ("sh", "sleep", "setsid"):
            os.symlink(f"/usr/bin/{name}", f"{folder}/{name}")
        return dict(os.environ, PATH=folder)

    def assert_nothing_left(self):
        wait_until(lambda: not self.left(), 10, lambda: f"processes to go: {self.left()}")

    def test_status_and_output_pass(self):
        with self.run_it("echo ok 1; exit 7") as process:
            self.assertEqual(process.stdout.read(), "ok 1\n")
        self.assertEqual(process.returncode, 7)
        self.assert_nothing_left()

    def test_abort(self):
        with self.run_it("echo there; read line; kill -ABRT $$",
                         stdin=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "there\n")
            wait_until(self.left, 10, "the guest")
            process.stdin.write("\n")
            process.stdin.close()
            self.assertIn("signal 6", process.stdout.read())
        self.assertEqual(process.returncode, 128 + signal.SIGABRT)
        self.assert_nothing_left()

    def test_killed(self):
        with self.run_it("echo there; sleep 1000") as process:
            self.assertEqual(process.stdout.readline(), "there\n")
            wait_until(self.left, 10, "the guest")
            process.kill()
        self.assert_nothing_left()

    def test_terminated(self):
        with self.run_it("trap 'exit 3' TERM; echo there; sleep 1000 & wait") as process:
            self.assertEqual(process.stdout.readline(), "there\n")
            os.kill(int(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
                        .read_text().split()[0]), signal.SIGTERM)
        self.assertEqual(process.returncode, 3)
        self.assert_nothing_left()

    def test_without_a_namespace(self):
        with self.run_it("read line; kill -ABRT $$", stdin=subprocess.PIPE,
                         env=self.without_unshare()) as process:
            self.assertIn("# no process namespace", process.stdout.readline())
            wait_until(self.left, 10, "the guest")
            process.stdin.write("\n")
            process.stdin.close()
            self.assertIn("signal 6", process.stdout.read())
        self.assertEqual(process.returncode, 128 + signal.SIGABRT)
        self.assert_nothing_left()


vireotest.main()
