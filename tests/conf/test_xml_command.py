#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`vireoctl xml`: what it prints, where, and how it exits."""
import os
import pathlib
import subprocess
import tempfile
import unittest

import vireotest

BUILD = pathlib.Path(os.environ["VIREO_BUILD_DIR"])
DISK = "<disk type='file' device='disk'><target dev='vda' bus='{bus}'/></disk>"
DOMAIN = "<domain type='kvm'>\n<name>{name}</name>\n<devices>{devices}</devices>\n</domain>\n"


class XmlCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def vireoctl(self, *args):
        return subprocess.run([str(BUILD / "src/cli/vireoctl"), "xml", *args], check=False,
                              capture_output=True, text=True, timeout=60)

    def domain(self, name, bus="virtio", title="one"):
        return self.write(title + bus, DOMAIN.format(name=name, devices=DISK.format(bus=bus)))

    def test_diff_of_what_a_guest_does_not_see(self):
        result = self.vireoctl("diff", "domain", self.domain("a"),
                               self.domain("b", title="two"))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_diff_says_where(self):
        result = self.vireoctl("diff", "domain", self.domain("a"), self.domain("a", bus="sata"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("/domain/devices/disk/target/@bus: \"sata\" is not \"virtio\"", result.stdout)

    def test_diff_of_what_cannot_be_read(self):
        broken = self.write("broken", "<domain type='kvm'>")
        result = self.vireoctl("diff", "domain", self.domain("a"), broken)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("broken: line 1: not XML", result.stderr)

    def test_validate_names_line_and_path(self):
        disk = "<disk><target bus='ide'/></disk>"
        path = self.write("bad", DOMAIN.format(name="a", devices=disk))
        result = self.vireoctl("validate", "domain", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("line 3: /domain/devices/disk/target: the attribute \"dev\" is missing",
                      result.stderr)

    def test_layout_between_elements_is_no_text(self):
        path = self.write("mixed", "<domain type='kvm'><name>a</name><os><nvram type='file'>\n"
                          "  /a\n  <source file='/b'/>\n </nvram></os></domain>")
        first = self.vireoctl("format", "domain", path)
        again = self.vireoctl("format", "domain", self.write("again", first.stdout))
        self.assertIn("<nvram type='file'>/a\n", first.stdout)
        self.assertEqual(first.stdout, again.stdout)

    def test_unknown_kind(self):
        result = self.vireoctl("format", "dominion", self.domain("a"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("domaincaps", result.stderr)


if __name__ == "__main__":
    vireotest.main()
