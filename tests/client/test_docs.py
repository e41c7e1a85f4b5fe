#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference can be made, and nothing public is left out of it."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import vireotest
from clienttest import LIBRARY


def missing():
    if not shutil.which("gi-docgen"):
        raise unittest.SkipTest("gi-docgen is not installed")


class Docs(unittest.TestCase):
    def test_reference_is_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / "made"
            done = subprocess.run(
                ["gi-docgen", "generate", "--quiet", "--fatal-warnings", "--no-namespace-dir",
                 "--config", str(LIBRARY / "vireo.toml"),
                 "--content-dir", str(vireotest.SOURCE / "src/client"),
                 "--output-dir", str(made), str(LIBRARY / "Vireo-1.0.gir")],
                capture_output=True, text=True, timeout=300, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("WARNING", done.stderr)
            for page in ("index.html", "class.Domain.html", "method.Client.get_model.html",
                         "overview.html", "error.Error.html"):
                self.assertTrue((made / page).is_file(), page)

    def test_every_symbol_is_documented(self):
        done = subprocess.run(
            ["gi-docgen", "check", "--config", str(LIBRARY / "vireo.toml"),
             str(LIBRARY / "Vireo-1.0.gir")], capture_output=True, text=True, timeout=300,
            check=False)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertNotIn("not documented", said)


vireotest.main(isolated=False, prepare=missing)
