#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of vireoctl have in common: a service with the test driver, and calls of the
command as a person at a shell makes them."""

import json
import os
import subprocess
import unittest

import vireotest
from vireotest import samples
from vireotest.paths import built


def vireoctl(*words):
    return [str(built("src/cli/vireoctl")), *words]


class Command(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("cli").start()
        cls.addClassCleanup(cls.host.stop)
        cls.host.client.open("test:///default")
        cls.env = {**os.environ, **cls.host.bus.environment(), "TMPDIR": str(cls.host.folder)}

    def run_raw(self, *words, stdin=None, **env):
        return subprocess.run(vireoctl("-c", "test", *words), env={**self.env, **env}, text=True,
                              input=stdin if stdin is not None else "", capture_output=True,
                              timeout=60, check=False)

    def run_ok(self, *words, **more):
        done = self.run_raw(*words, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def run_fails(self, code, *words, **more):
        done = self.run_raw(*words, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def define(self, name, extra=""):
        path = self.run_ok("define", "-", stdin=samples.minimal_domain(name, extra=extra)).strip()
        self.assertRegex(path, r"^/org/vireo/Vireo1/connections/test/domains/_[0-9a-f_]{36}$")
        self.addCleanup(self.run_raw, "undefine", name)
        return path

    def run_json(self, *words, status=0):
        done = subprocess.run(vireoctl("-c", "test", "--json", *words), env=self.env, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)
