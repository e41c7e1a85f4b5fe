#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The schema's summary against the one that was agreed on, so that no row changes by accident; and
the reference, which must have every row."""
import difflib
import os
import pathlib
import unittest

import vireotest

SOURCE = pathlib.Path(os.environ["VIREO_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["VIREO_BUILD_DIR"])
GOLDEN = SOURCE / "tests/conf/data/schema-summary.txt"
MADE = BUILD / "src/conf/schema-summary.txt"


class Summary(unittest.TestCase):
    def test_nothing_changed(self):
        made = MADE.read_text(encoding="utf-8")
        if os.environ.get("VIREO_TEST_REGENERATE"):
            GOLDEN.write_text(made, encoding="utf-8")
        golden = GOLDEN.read_text(encoding="utf-8")
        lines = list(difflib.unified_diff(golden.splitlines(), made.splitlines(), "agreed", "now",
                                          lineterm="", n=0))
        self.assertEqual(lines, [], "VIREO_TEST_REGENERATE=1 meson test --suite conf summary")

    def test_reference_has_every_row(self):
        text = (BUILD / "src/conf/domain.md").read_text(encoding="utf-8")
        rows = [line for line in text.splitlines() if line.startswith("| `")]
        self.assertGreater(len(rows), 900)
        self.assertIn("| `<driver>/@iommu` | Whether the device's accesses are translated by an "
                      "IOMMU. | `on` or `off` |", text)
        self.assertIn('<a id="disk"></a>`<disk>`\n\nA virtual disk, floppy or CD-ROM.', text)
        self.assertIn("| `@device` | What the guest sees. | `disk`, `cdrom`, `floppy`, `lun` "
                      "| `disk` | the guest sees it", text)
        self.assertIn("shown only to those who may see secrets", text)
        self.assertNotIn("](#none)", text)

    def test_links_lead_somewhere(self):
        for path in (BUILD / "src/conf").glob("*.md"):
            text = path.read_text(encoding="utf-8")
            for link in text.split("](#")[1:]:
                self.assertIn(f'<a id="{link.partition(")")[0]}"></a>', text, path.name)


vireotest.main()
