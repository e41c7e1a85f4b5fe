#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What vireoctl says of itself fits where it is read."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

import vireotest
from clitest import vireoctl


def piped(*words):
    return subprocess.run(vireoctl(*words), check=True, text=True, capture_output=True).stdout


def at_terminal(columns, *words):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with subprocess.Popen(vireoctl(*words), stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        said = b""
        try:
            while data := os.read(master, 65536):
                said += data
        except OSError:  # the end of a terminal
            pass
        os.close(master)
    if process.returncode != 0:
        raise AssertionError(said)
    return said.decode().replace("\r\n", "\n")


def too_long(text, columns):
    """Lines that could have been shorter: a word without spaces cannot."""
    return [line for line in text.splitlines()
            if len(line) > columns and len(line.split()[-1]) < columns // 2]


def verbs():
    return [line.split("\t")[0].split() for line in piped("__complete", "--json").splitlines()]


class Help(unittest.TestCase):
    def test_lines_fit(self):
        self.assertGreater(len(verbs()), 200)
        for words in (["help"], *([*verb, "--help"] for verb in verbs())):
            self.assertEqual(too_long(piped(*words), 80), [], words)
        for columns in (40, 80, 100):
            for words in (["help"], ["migrate", "--help"], ["pool", "create-as", "--help"]):
                self.assertEqual(too_long(at_terminal(columns, *words), columns), [], words)
        wide = at_terminal(400, "shutdown", "--help")
        self.assertLess(max(map(len, wide.splitlines())), 120)

    def test_nothing_is_lost_by_wrapping(self):
        words = at_terminal(40, "migrate", "--help").split()
        self.assertEqual(words, at_terminal(100, "migrate", "--help").split())
        self.assertIn("--compression-mt-dthreads=NUMBER", words)
        self.assertIn("--bandwidth=SIZE", words)

    def test_ways_to_ask(self):
        said = piped("network", "start", "--help")
        self.assertTrue(said.startswith("Usage: vireoctl network start [OPTION…] NETWORK\n\n"
                                        "Start an inactive network.\n"), said)
        for words in (["help", "network", "start"], ["help", "net-start"], ["net-start", "-h"],
                      ["network", "start", "nowhere", "--help"]):
            self.assertEqual(piped(*words), said, words)
        self.assertEqual(piped("help", "network"), piped("network", "--help"))
        self.assertIn("Also called: stop", piped("destroy", "--help"))
        for words in (["help", "frobnicate"], ["help", "network", "frobnicate"]):
            done = subprocess.run(vireoctl(*words), text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("no verb “frobnicate”", done.stderr)

    def test_each_option_says_what_it_is(self):
        for verb in verbs():
            for option in re.findall(r"(?m)^  (?:-\w, )?--.*?(?=^  -|\Z|\n\n)",
                                     piped(*verb, "--help"), re.S):
                self.assertRegex(option, r"^ *\S.*\s\s+\S|\n +\S", (verb, option))
                self.assertNotRegex(option, r" (Or|And)\s*$|; with \S+\s*$", verb)


vireotest.main()
