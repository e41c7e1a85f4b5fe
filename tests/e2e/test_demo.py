#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo, as somebody runs it, with the build that is being tested."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import vireotest
from vireotest import guest

DEMO = [sys.executable, "-B", str(vireotest.SOURCE / "scripts/run_demo.py")]
LIMIT = 180


def machine():
    """What the demo must leave as it was. Other tests run, so only what is the demo's counts."""
    links = subprocess.run(["ip", "-json", "link"], capture_output=True, text=True, check=True)
    rules = pathlib.Path("/etc/polkit-1/rules.d")
    return {
        "links": {x["ifname"] for x in json.loads(links.stdout)} & {"vireo0"},
        "rules": [p.name for p in rules.glob("*demo*")] if os.access(rules, os.R_OK) else [],
        "processes": [command for pid, command in vireotest.leftovers.processes().items()
                      if "vireo-demo-" in command],
        "files": sorted(p.name for p in pathlib.Path("/tmp").glob("vireo-demo-*")),
    }


class Demo(unittest.TestCase):
    def setUp(self):
        reason = vireotest.isolation_missing()
        if reason:
            self.skipTest(reason)
        self.environment = dict(os.environ, VIREO_DEMO_BUILD=str(vireotest.BUILD))
        self.before = machine()

    def check_machine(self):
        vireotest.wait_until(lambda: machine() == self.before, 10,
                             lambda: f"the machine to be as it was: {machine()}")

    def run_demo(self, *arguments):
        return subprocess.run([*DEMO, *arguments], capture_output=True, text=True, timeout=LIMIT,
                              stdin=subprocess.DEVNULL, env=self.environment)

    def test_shows_everything_and_leaves_nothing(self):
        done = self.run_demo()
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        for text in (guest.READY, "Error.NotAuthorized", "PostParseRerunNeeded", "3 received",
                     'b false', 's "shutoff"', "nothing is left behind"):
            self.assertIn(text, done.stdout)
        self.check_machine()

    def test_interrupted_it_leaves_nothing(self):
        process = subprocess.Popen(DEMO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=self.environment)
        for line in process.stdout:
            if "A network with NAT" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        self.assertNotEqual(process.wait(60), 0, rest)
        self.check_machine()

    def test_kept_it_can_be_talked_to_and_ended(self):
        done = self.run_demo("--keep")
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        lines = [x.strip() for x in done.stdout.splitlines()]
        end = next(x for x in lines if x.startswith("kill -9 "))
        try:
            listing = next(x for x in lines if x.startswith("nsenter") and "vireoctl" in x)
            said = subprocess.run(listing.split(), capture_output=True, text=True, timeout=30)
            self.assertRegex(said.stdout, "demo .*running")
        finally:
            os.kill(int(end.split()[-1]), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{end.split()[-1]}") and time.monotonic() < deadline:
            time.sleep(0.05)
        self.check_machine()


vireotest.main(isolated=False, prepare=guest.prepare)
