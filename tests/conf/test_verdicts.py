#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt accepts and refuses, and so do we: data/verdicts.tsv has a document a line, with
what libvirt's test driver said when it was defined there, or `virt-xml-validate` of what that
driver does not have. VIREO_TEST_REGENERATE=1 asks them again."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import vireotest

BUILD = pathlib.Path(os.environ["VIREO_BUILD_DIR"])
GOLDEN = pathlib.Path(__file__).resolve().parent / "data/verdicts.tsv"
DEFINE = {"domain": "define", "network": "net-define", "storagepool": "pool-define"}


def rows():
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def ask_libvirt(kind, path):
    if kind in DEFINE:
        command = ["virsh", "-q", "-c", "test:///default", DEFINE[kind], path]
    else:
        command = ["virt-xml-validate", path, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "accepted" if done.returncode == 0 else "refused"


class Verdicts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "x.xml"

    def ask_again(self):
        out = [line for line in GOLDEN.read_text(encoding="utf-8").splitlines()
               if line.startswith("#")]
        for name, kind, _, xml in rows():
            self.path.write_text(xml, encoding="utf-8")
            out.append("\t".join([name, kind, ask_libvirt(kind, self.path), xml]))
        GOLDEN.write_text("\n".join(out) + "\n", encoding="utf-8")

    def test_same_verdicts(self):
        if os.environ.get("VIREO_TEST_REGENERATE"):
            self.ask_again()
        for name, kind, verdict, xml in rows():
            with self.subTest(name):
                self.path.write_text(xml, encoding="utf-8")
                done = subprocess.run([BUILD / "src/cli/vireoctl", "xml", "validate",
                                       kind, self.path], capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode, 0 if verdict == "accepted" else 1,
                                 done.stdout + done.stderr)


vireotest.main()
