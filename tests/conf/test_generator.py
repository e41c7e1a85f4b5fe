#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the generator says to schemas that are wrong: file, line and reason, and no output."""

import pathlib
import subprocess
import tempfile
import unittest

import vireotest

SCRIPT = vireotest.SOURCE_DIR / "scripts/gen-conf.py" if hasattr(vireotest, "SOURCE_DIR") else \
    pathlib.Path(__file__).resolve().parents[2] / "scripts/gen-conf.py"

BAD = [
    ("struct lower\n", 1, "CamelCase"),
    ("  stray string attr\n", 1, "outside"),
    ("struct A\n  a string\n", 2, "a row is"),
    ("struct A\n  a string attr odd\n", 2, 'no option "odd"'),
    ("struct A\n  a string attr odd=1\n", 2, 'no option "odd=1"'),
    ("struct A\n  a strang attr\n", 2, 'no type "strang"'),
    ("struct A\n  a string required abi\n", 2, "none of attr, elem and text"),
    ("struct A\n  a string attr elem\n", 2, "after"),
    ("struct A\n  a string attr\n  a u32 attr=b\n", 3, "stands twice"),
    ("struct A\n  a string attr\n  b u32 attr=a\n", 3, "stands twice"),
    ("struct A\nstruct B\n  a A attr\n", 3, "thus an element"),
    ("struct A\n  a string[] attr\n", 2, "thus of elements"),
    ("struct A\n  a flag attr\n", 2, "thus one element"),
    ("struct A\n  a u32[] elem\n", 2, "lists are of structs or strings"),
    ("struct A\n  a u32 = x attr\n", 2, '"x" is no number'),
    ("struct A\n  a yesno = maybe attr\n", 2, "neither yes"),
    ("enum E a b\nstruct A\n  a E = c attr\n", 3, 'E has no value "c"'),
    ("enum E a b\nstruct A\n  e E attr\n  x u32 attr when=e:c\n", 4, 'E has no "c"'),
    ("struct A\n  e u32 attr\n  x u32 attr when=e:c\n", 3, 'no enum field "e"'),
    ("enum E a a\n", 1, "stands twice"),
    ("enum E a\nenum E b\n", 2, "defined twice"),
    ("enum E a-b\n  a_b\n", 2, "stands twice"),
    ("struct A\n  a u32 attr max=many\n", 2, "max is no number"),
    ("struct A\n  use Nothing\n", 2, 'no mixin "Nothing"'),
    ("document D\n", 1, "needs the <name>"),
    ("struct A <a> b\n", 1, "makes no sense"),
    ("struct A <x:a>\n", 1, 'no namespace "x"'),
    ("nonsense\n", 1, "expected enum, struct"),
    ("struct A\n  rule x\n    \"m\"\n", 2, "a rule is"),
    ("struct A\n  a u32 attr\n  rule x @a if a > b\n    \"m\"\n", 3, 'no field "b"'),
    ("struct A\n  a u32 attr\n  rule x @b if a > 1\n    \"m\"\n", 3, 'no "@b"'),
    ("struct A\n  a u32 attr\n  rule x @a if a > 1\n", 3, "without a message"),
    ("struct A\n  a u32 attr\n  rule x @a if a > 1 2\n    \"m\"\n", 3, "after the end"),
    ("struct A\n  a u32 attr\n  rule x @a if odd(a)\n    \"m\"\n", 3, 'no question "odd"'),
    ("struct A\n  a u32 attr\n  rule x @a if slash(a)\n    \"m\"\n", 3, "not asked about"),
    ("struct A\n  a u32 attr\n  rule x @a if a = many\n    \"m\"\n", 3, "neither a number"),
    ("struct A\n  a string attr\n  rule x @a if a > 1\n    \"m\"\n", 3, "is no number"),
    ("struct A\n  a yesno attr\n  rule x @a if a\n    \"{a}\"\n", 3, "put into a message"),
    ("enum E a\nstruct A\n  e E attr\n  rule x @e if e = b\n    \"m\"\n", 4, 'E has no "b"'),
    ("struct A\n  a u32 attr\n  rule x @a if ^B.a\n    \"m\"\n", 3, 'no struct "B"'),
    ("struct A\n  a u32 attr\n  rule x @a if (a > 1\n    \"m\"\n", 3, "expected )"),
]


DOCS = SCRIPT.parent / "gen-conf-docs.py"
DOCUMENTED = """/// A thing.
document Thing <thing>
  name  string attr required  /// What it is called.
  /// How large it is.
  size  kib elem max=9
  part  Part[] elem

/// What a thing is made of.
struct Part <part>
  kind  Kind attr

/// What kind of part.
enum Kind left right
"""


class Reference(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_on(self, text):
        path, out = self.folder / "test.schema", self.folder / "out.md"
        path.write_text(text)
        done = subprocess.run(["/usr/bin/python3", DOCS, "thing", out, path], capture_output=True,
                              text=True)
        return done, out.read_text() if out.exists() else ""

    def test_page(self):
        done, page = self.run_on(DOCUMENTED)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("| `@name` | What it is called. | text |  | required |", page)
        self.assertIn("| `<size>` | How large it is. | size, in KiB, at most 9 |  |  |", page)
        self.assertIn("| `<part>` | What a thing is made of. | [element](#part) |", page)
        self.assertIn("Stands in [`<thing>`](#thing).", page)
        self.assertIn("| `@kind` | What kind of part. | `left`, `right` |", page)

    def test_everything_has_a_text(self):
        for text, line, name in (("  /// What it is called.", 3, "Thing.name"),
                                 ("/// What a thing is made of.\n", 8, "Part"),
                                 ("/// What kind of part.\n", 12, "Kind")):
            done, _ = self.run_on(DOCUMENTED.replace(text, ""))
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, f':{line}: .*"{name}" has no text')


class Generator(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_on(self, text):
        path = self.folder / "test.schema"
        path.write_text(text)
        done = subprocess.run(["/usr/bin/python3", SCRIPT, self.folder / "out.h",
                               self.folder / "out.c", path], capture_output=True, text=True)
        return path, done

    def test_errors_name_file_and_line(self):
        for text, line, reason in BAD:
            with self.subTest(text=text):
                path, done = self.run_on(text)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertTrue(done.stderr.startswith(f"{path}:{line}: error: "), done.stderr)
                self.assertIn(reason, done.stderr)
                self.assertFalse((self.folder / "out.c").exists())

    def test_members(self):
        _, done = self.run_on("# a comment\n/// Says what.\nenum E one two-three 4\n"
                              "mixin M\n  m s32 attr\n"
                              "struct Part <part>\n  text string text\n"
                              "document Thing <thing>\n  use M\n  e E = 4 attr\n  size kib elem\n"
                              "  on flag elem\n  parts Part[] elem in=all/of\n"
                              "  camelCase yesno attr in=wrap c=other\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        header = (self.folder / "out.h").read_text()
        for part in ["VIREO_E_TWO_THREE,", "/* Says what. */", "guint has_size : 1;",
                     "guint on : 1;", "VireoPartDef **parts;", "guint n_parts;",
                     "VireoTristate other;", "int m;",
                     "void vireo_thing_def_add_part (VireoThingDef *def, VireoPartDef *value);",
                     "VireoE vireo_thing_def_get_e (const VireoThingDef *def);",
                     "vireo_thing_def_parse", "vireo_thing_def_format"]:
            self.assertIn(part, header)

    def test_same_every_time(self):
        texts = set()
        for _ in range(3):
            _, done = self.run_on("enum E a b c\ndocument T <t>\n  e E attr\n  s string elem\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            texts.add((self.folder / "out.c").read_text())
        self.assertEqual(len(texts), 1)


vireotest.main()
