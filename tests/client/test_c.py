#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each case of test-client.c on a private bus of its own."""

import subprocess
import unittest

import vireotest
from clienttest import library_environment, program_environment, start_host

PROGRAM = vireotest.built("tests/client/test-client")


def list_cases():
    listed = subprocess.run([PROGRAM, "-l"], capture_output=True, text=True, check=True,
                            env=library_environment())
    return [line for line in listed.stdout.split() if line.startswith("/")]


class C(unittest.TestCase):
    def run_case(self, path):
        host = start_host(self)
        done = subprocess.run([PROGRAM, "-p", path], capture_output=True, text=True, timeout=60,
                              env=program_environment(host))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"ok 1 {path}", done.stdout)


def add_cases():
    for path in list_cases():
        setattr(C, "test" + path.replace("/", "_").replace("-", "_"),
                lambda self, path=path: self.run_case(path))


add_cases()
vireotest.main()
