#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that was built with the library as it was runs with what it is now.

The description that is compared with is of the last release, or until there is one of when
something last had to change; what is added needs no new one.
"""

import lzma
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

import vireotest
from clienttest import LIBRARY

BASELINE = vireotest.SOURCE / "tests/client/libvireo-1.0.abi.xz"
LIBRARY_FILE = LIBRARY / "libvireo-1.0.so.0"
# What no header shows, such as the layout of an opaque object, is no part of what is compared.
HEADERS = [argument for folder in (vireotest.SOURCE / "src/client", LIBRARY)
           for header in sorted(folder.glob("*.h")) if not header.name.endswith("-private.h")
           for argument in ("--header-file", str(header))]
DESCRIBE = ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs",
            "--drop-private-types", "--no-parameter-names", "--no-elf-needed",
            "--exported-interfaces-only", "--type-id-style", "hash"]
REGENERATE = "VIREO_TEST_REGENERATE=1 meson test -C build client-abi"
# From abidiff's manual: a change that may break programs, and one that does.
CHANGED, INCOMPATIBLE, FAILED = 4, 8, 1


def missing():
    for program in ("abidw", "abidiff"):
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} (abigail-tools) is not installed")


def describe(library, output, headers=()):
    subprocess.run([*DESCRIBE, *headers, "--out-file", str(output), str(library)], check=True)


def compare(old, new):
    done = subprocess.run(["abidiff", "--no-added-syms", "--drop-private-types", str(old),
                           str(new)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Abi(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def baseline(self):
        file = self.folder / "baseline.abi"
        file.write_bytes(lzma.decompress(BASELINE.read_bytes()))
        return file

    def test_nothing_that_was_there_changed(self):
        now = self.folder / "now.abi"
        describe(LIBRARY_FILE, now, HEADERS)
        if os.environ.get("VIREO_TEST_REGENERATE"):
            BASELINE.write_bytes(lzma.compress(now.read_bytes(), preset=9))
        status, said = compare(self.baseline(), now)
        self.assertEqual(status, 0, f"{said}\nif it has to be: {REGENERATE}")

    def test_opaque_objects_are_opaque(self):
        now = self.folder / "now.abi"
        describe(LIBRARY_FILE, now, HEADERS)
        kinds = ElementTree.parse(now).iter("class-decl")
        shown = {kind.get("name"): kind.get("is-declaration-only") != "yes" for kind in kinds}
        ours = {name: is_shown for name, is_shown in shown.items() if name.startswith("_Vireo")}
        self.assertIn("_VireoClient", ours)
        self.assertNotIn(True, ours.values())
        self.assertTrue(shown["_GError"])

    def test_what_breaks_programs_is_seen(self):
        sources = {"old": "int vireo_a (int x) { return x; }\nint vireo_b (void) { return 1; }\n",
                   "new": "int vireo_a (int x, char *y) { return x + *y; }\n"}
        for name, text in sources.items():
            source = self.folder / f"{name}.c"
            source.write_text(text)
            subprocess.run(["gcc", "-g", "-shared", "-fPIC", "-o", str(self.folder / f"{name}.so"),
                            str(source)], check=True)
            describe(self.folder / f"{name}.so", self.folder / f"{name}.abi")
        status, said = compare(self.folder / "old.abi", self.folder / "new.abi")
        self.assertEqual(status & FAILED, 0, said)
        self.assertEqual(status & (CHANGED | INCOMPATIBLE), CHANGED | INCOMPATIBLE, said)
        self.assertIn("vireo_b", said)


vireotest.main(isolated=False, prepare=missing)
