#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they say, each in its language, as they are."""

import shutil
import subprocess
import unittest

import vireotest
from clienttest import program_environment, start_host

EXAMPLES = vireotest.SOURCE / "examples"


class Examples(unittest.TestCase):
    def run_example(self, name, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        host = start_host(self, name)
        env = program_environment(host)
        del env["G_DEBUG"]
        done = subprocess.run([*command[:-1], EXAMPLES / name / command[-1]], capture_output=True,
                              text=True, timeout=60, env=env)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        for line in ("state: running", f"listed: {name} running", "listed: test running",
                     f"console: Vireo test guest {name} ttyS0", "not found: True"):
            self.assertIn(line, done.stdout.splitlines(), said)
        left = [p["org.vireo.Vireo1.Domain"]["Name"]
                for p in host.client.managed_objects().values() if "org.vireo.Vireo1.Domain" in p]
        self.assertEqual(left, ["test"])

    def test_python(self):
        self.run_example("python", "/usr/bin/python3", "guest.py")

    def test_javascript(self):
        self.run_example("javascript", "gjs", "guest.js")

    def test_lua(self):
        self.run_example("lua", "lua5.3", "guest.lua")

    def test_perl(self):
        self.run_example("perl", "/usr/bin/perl", "guest.pl")


vireotest.main()
