#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the headers declare, the symbol map lists, the library exports and GIR describes agree."""

import os
import re
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from clienttest import LIBRARY

SOURCE = vireotest.SOURCE / "src/client"
MAP = SOURCE / "libvireo-1.0.map"
HEADERS = ["vireo.h", "vireo-client.h", "vireo-object.h", "../util/vireo-error-codes.h"]
GIR = {"c": "http://www.gtk.org/introspection/c/1.0",
       "core": "http://www.gtk.org/introspection/core/1.0"}
REGENERATE = "VIREO_TEST_REGENERATE=1 meson test -C build client-symbols"


def declared():
    interfaces = re.findall(r"org\.vireo\.Vireo1\.(\w+)\.xml", " ".join(
        p.name for p in (vireotest.SOURCE / "introspection").glob("*.xml")))
    generated = [LIBRARY / f"vireo-{re.sub(r'(?<=[a-z])(?=[A-Z])', '-', name).lower()}.h"
                 for name in interfaces]
    text = "".join(p.read_text() for p in [*(SOURCE / h for h in HEADERS), *generated])
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^#.*", "", text, flags=re.M)
    types = {f"{name}_get_type" for name in re.findall(r"G_DECLARE_\w+ \(\w+, (\w+),", text)}
    return types | set(re.findall(r"\b(vireo_[a-z0-9_]+) \([^;{]*;", text))


def listed():
    return set(re.findall(r"^  (vireo_\w+);$", MAP.read_text(), re.M))


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions",
                          LIBRARY / "libvireo-1.0.so.0"], capture_output=True, text=True,
                         check=True).stdout
    return {name: version for name, version
            in re.findall(r"^\S+ T (\w+)@@(\S+)$", out, re.M)}


class Symbols(unittest.TestCase):
    def test_map_lists_what_headers_declare(self):
        # The newest version, the last of the map, takes what is new.
        new = declared() - listed()
        if new and os.environ.get("VIREO_TEST_REGENERATE"):
            head, mark, tail = MAP.read_text().rpartition("global:\n")
            rows = set(re.findall(r"^  (vireo_\w+);$", tail, re.M)) | new
            rest = re.sub(r"^  vireo_\w+;\n", "", tail, flags=re.M)
            MAP.write_text(head + mark + "".join(f"  {r};\n" for r in sorted(rows)) + rest)
        self.assertEqual(sorted(declared() - listed()), [], f"not in {MAP.name}; {REGENERATE}")
        self.assertEqual(sorted(listed() - declared()), [], "in no header")

    def test_library_exports_that_and_nothing_else(self):
        self.assertEqual(sorted(exported()), sorted(listed()))

    def test_everything_is_introspectable(self):
        root = ElementTree.parse(LIBRARY / "Vireo-1.0.gir").getroot()
        found = {}
        for element in root.iter():
            name = element.get(f"{{{GIR['c']}}}identifier")
            if name and name.startswith("vireo_"):
                found[name] = element
        types = {e.get("{http://www.gtk.org/introspection/glib/1.0}get-type") for e in root.iter()}
        self.assertEqual(sorted(listed() - set(found) - types), [])
        hidden = [n for n, e in found.items() if e.get("introspectable") == "0"]
        self.assertEqual(hidden, [])
        bare = [n for n, e in found.items()
                if e.find("core:doc", GIR) is None or not e.get("version")]
        self.assertEqual(bare, [], "no documentation, or no Since")


vireotest.main(isolated=False)
