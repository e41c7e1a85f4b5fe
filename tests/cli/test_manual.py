#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual page has every verb, and man can read it."""

import re
import subprocess
import unittest

import vireotest
from vireotest.paths import built


class Manual(unittest.TestCase):
    def test_every_verb_is_in_the_page(self):
        usage = subprocess.run([str(built("src/cli/vireoctl")), "help"], check=True, text=True,
                               capture_output=True).stdout
        page = built("docs/man/vireoctl.1").read_text()
        verbs = set(re.findall(r"(?m)^  ([a-z][a-z-]*)", usage))
        self.assertGreater(len(verbs), 150)
        for verb in verbs:
            self.assertIn(f".B {verb}\n", page)

    def test_every_option_of_the_daemon_is_in_its_page(self):
        usage = subprocess.run([str(built("src/service/vireod")), "--help"], check=True, text=True,
                               capture_output=True).stdout
        page = built("docs/man/vireod.8").read_text().replace("\\", "")
        options = re.findall(r"--([a-z-]+)", usage)
        self.assertGreater(len(options), 8)
        for option in options:
            if option != "help":
                self.assertIn(f"--{option}", page)

    def test_man_has_nothing_to_complain_about(self):
        for page, text in (("vireoctl.1", "dhcp-leases"), ("vireod.8", "org.vireo.Vireo1")):
            done = subprocess.run(["man", "--warnings", "-l", str(built(f"docs/man/{page}"))],
                                  check=True, text=True, capture_output=True)
            self.assertEqual(done.stderr, "")
            self.assertIn(text, done.stdout)


vireotest.main()
