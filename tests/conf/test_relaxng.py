#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RELAX NG grammars and the parser, against each other: what one takes the other takes."""

import copy
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ET

import vireotest

BUILD = pathlib.Path(os.environ["VIREO_BUILD_DIR"])
DATA = pathlib.Path(os.environ["VIREO_SOURCE_DIR"]) / "tests/conf/data"
# What the parser says to a value that is of the wrong type, as opposed to one that breaks a rule.
TYPE_ERROR = re.compile(r"is not (one of|a number|a size|a unit|a UUID|a MAC|a set of|an IPv4)|"
                        r"no such (element|attribute)|is missing")


def golden():
    for path in sorted(DATA.glob("*.xml")):
        yield path.name.partition("-")[0], path


def spoilt(root):
    """Copies of a tree, each with one thing wrong, and what that is."""
    for number, _ in enumerate(root.iter()):
        for what in ("element", "attribute", "text"):
            tree = copy.deepcopy(root)
            node = list(tree.iter())[number]
            if what == "element":
                ET.SubElement(node, "nonsense")
            elif what == "attribute":
                node.set("nonsense", "1")
            elif len(node) == 0 and (node.text or "").strip():
                node.text = "%%%"
            else:
                continue
            yield what, tree
        for key in list(list(root.iter())[number].attrib):
            tree = copy.deepcopy(root)
            list(tree.iter())[number].set(key, "%%%")
            yield f"@{key}", tree


class RelaxNG(unittest.TestCase):
    def setUp(self):
        if not shutil.which("xmllint"):
            self.skipTest("xmllint is not installed")
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def grammar_verdicts(self, kind, paths):
        done = subprocess.run(["xmllint", "--noout", "--relaxng",
                               BUILD / f"src/conf/{kind}.rng", *paths],
                              capture_output=True, text=True)
        said = done.stderr.splitlines()
        return {str(p): f"{p} validates" in said for p in paths}

    def parser_problems(self, kind, paths):
        done = subprocess.run([BUILD / "src/cli/vireoctl", "xml", "validate", kind, *paths],
                              capture_output=True, text=True)
        out = {str(p): [] for p in paths}
        for line in done.stderr.splitlines():
            path, _, message = line.partition(": ")
            out[path].append(message)
        return out

    def test_good(self):
        for kind, path in golden():
            with self.subTest(path.name):
                self.assertTrue(self.grammar_verdicts(kind, [path])[str(path)])
                self.assertEqual(self.parser_problems(kind, [path])[str(path)], [])

    def test_spoilt(self):
        for kind, path in golden():
            if path.name.endswith(".out.xml") or "workstation" in path.name:
                continue
            with self.subTest(path.name):
                self.check_spoilt(kind, ET.parse(path).getroot())

    def check_spoilt(self, kind, root):
        files = {}
        for number, (what, tree) in enumerate(spoilt(root)):
            path = self.folder / f"{kind}-{number}.xml"
            ET.ElementTree(tree).write(path)
            files[str(path)] = what
        verdicts = self.grammar_verdicts(kind, list(files))
        problems = self.parser_problems(kind, list(files))
        refused = 0
        for path, what in files.items():
            told = "; ".join(problems[path])
            text = pathlib.Path(path).read_text()
            if verdicts[path]:
                self.assertNotRegex(told, TYPE_ERROR,
                                    f"only the grammar takes it: {what} in {text}")
            else:
                refused += 1
                self.assertTrue(told, f"only the parser takes it: {what} in {text}")
        self.assertGreater(refused, len(files) / 4)


vireotest.main()
