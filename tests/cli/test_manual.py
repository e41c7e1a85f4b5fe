#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual page has every verb, and man can read it."""

import subprocess
import unittest

import vireotest
from vireotest.paths import built


class Manual(unittest.TestCase):
    def test_every_verb_is_in_the_page(self):
        usage = subprocess.run([str(built("src/cli/vireoctl")), "help"], check=True, text=True,
                               capture_output=True).stdout
        page = built("docs/man/vireoctl.1").read_text()
        verbs = {line.split()[0] for line in usage.splitlines()
                 if line.startswith("  ") and not line.lstrip().startswith("-")}
        self.assertGreater(len(verbs), 25)
        for verb in verbs:
            self.assertIn(f".B {verb}\n", page)

    def test_man_has_nothing_to_complain_about(self):
        done = subprocess.run(["man", "--warnings", "-l", str(built("docs/man/vireoctl.1"))],
                              check=True, text=True, capture_output=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("dhcp-leases", done.stdout)


vireotest.main()
