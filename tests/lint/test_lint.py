#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lint on bad samples, and on this tree."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import vireotest

LINT = vireotest.SOURCE / "scripts/lint.py"
HEAD = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
PYTHON_HEAD = "# SPDX-License-Identifier: LGPL-2.1-or-later\n"


def function(lines, name="work"):
    return f"static void\n{name} (int a)\n{{\n" + "  a++;\n" * (lines - 3) + "}\n\n"


class Samples(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def lint(self):
        done = subprocess.run([sys.executable, LINT, self.root], capture_output=True, text=True)
        return done.returncode, done.stderr, done.stdout

    def assert_wrong(self, name, text, message):
        self.write(name, text)
        status, problems, _ = self.lint()
        self.assertEqual(status, 1, f"nothing wrong with {name}")
        self.assertIn(message, problems)

    def assert_right(self, name, text):
        self.write(name, text)
        status, problems, _ = self.lint()
        self.assertEqual((status, problems), (0, ""))

    def test_good_file(self):
        self.assert_right("src/a/a.h", HEAD + function(50) * 3)

    def test_empty_file(self):
        self.assert_wrong("bad", "", "bad:1: an empty file")

    def test_empty_golden_file(self):
        self.assert_right("tests/golden/none", "")

    def test_long_file(self):
        for name in ("x.c", "y.c"):
            self.write(name, HEAD)
        self.assert_right("a.c", HEAD + "int x;\n" * 799)
        self.assert_wrong("a.c", HEAD + "int x;\n" * 800, "a.c:1: 801 lines")

    def test_long_function(self):
        self.assert_wrong("a.c", HEAD + function(101), "a.c:3: work has 101 lines")

    def test_function_of_a_hundred_lines_in_many(self):
        self.assert_right("a.c", HEAD + function(100) + function(10) * 20)

    def test_many_middling_functions(self):
        self.assert_wrong("a.c", HEAD + function(51) * 3, "90 % must have at most 50")

    def test_long_python_function(self):
        body = "def work():\n" + "    pass\n" * 100
        self.assert_wrong("a.py", PYTHON_HEAD + body, "work has 101 lines")

    def test_goto(self):
        self.assert_wrong("a.c", HEAD + "void\nf (void)\n{\n  goto out;\nout:\n}\n", "goto")

    def test_words_in_comments_and_strings_are_no_code(self):
        self.assert_right("a.c", HEAD + '/* goto x; */\nchar *a = "goto x;";\nint c = \'"\';\n')

    def test_missing_licence(self):
        self.assert_wrong("a.c", "int x;\n", "a.c:1: the first line")
        self.assert_wrong("b.py", "#!/usr/bin/python3\nimport os\n", "b.py:1: the first line")
        self.assert_wrong("meson.build", "x = 1\n", "meson.build:1: the first line")

    def test_script_without_suffix(self):
        self.assert_wrong("tool", "#!/bin/bash\necho\n", "tool:1: the first line")

    def test_ladder(self):
        rung = '  if (g_str_equal (name, "{0}"))\n    return {0};\n'
        code = "int\nf (const char *name)\n{{\n{}  return 0;\n}}\n"
        self.assert_right("a.c", HEAD + code.format("".join(rung.format(i) for i in range(4))))
        self.assert_wrong("a.c", HEAD + code.format("".join(rung.format(i) for i in range(5))),
                          "a ladder of string comparisons")

    def test_else_ladder(self):
        rung = '  else if (!strcmp (name, "{0}"))\n    x = {0};\n'
        body = "void\nf (void)\n{\n  if (x)\n    x = 0;\n"
        body += "".join(rung.format(i) for i in range(5)) + "}\n"
        self.assert_wrong("a.c", HEAD + body, "a ladder")

    def test_shell(self):
        for call in ("system (x)", "popen (x, y)", "g_spawn_command_line_sync (x)"):
            with self.subTest(call=call):
                self.assert_wrong("a.c", f"{HEAD}void\nf (void)\n{{\n  {call};\n}}\n", "a shell")
        self.assert_wrong("b.c", HEAD + 'char *argv[] = { "/bin/sh", "-' + 'c", x };\n', "a shell")
        self.assert_wrong("c.py", PYTHON_HEAD + "run(x, shell=" + "True)\n", "c.py:2: starts")

    def test_sample_programs_and_golden_files_of_tests(self):
        self.write("tests/a/golden/x.conf", "no licence\n")
        self.assert_right("tests/a/b.c", HEAD + 'char *argv[] = { "sh", "-' + 'c", x };\n')

    def test_unfinished(self):
        for word in ("TO" + "DO", "FIX" + "ME"):
            with self.subTest(word=word):
                self.assert_wrong("a.md", f"{word}: later\n", "a.md:1: unfinished")

    def test_machine_path(self):
        for folder in ("wo" + "rk", "ro" + "ot", "ho" + "me"):
            with self.subTest(folder=folder):
                self.assert_wrong("a.md", f"see /{folder}/x\n", "a path of somebody's machine")

    def test_other_paths_are_fine(self):
        self.assert_right("a.md", "see src/network/x, tests/work/x, $HOME/x and //home/ x\n")

    def test_long_line(self):
        self.assert_right("a.c", HEAD + "/*" + "é" * 98 + "\n*/\n")
        self.assert_wrong("a.c", HEAD + "/*" + "x" * 99 + "\n*/\n", "a.c:2: 101 columns")

    def test_source_folder_without_readme(self):
        self.write("src/README.md", "all\n")
        self.assert_wrong("src/b/x.c", HEAD, "src/b:1: the folder has no README.md")
        self.assert_right("src/b/README.md", "b\n")

    def test_build_folders_are_not_looked_at(self):
        self.write("build-test/a.c", "goto")
        self.write(".git/a.c", "goto")
        self.assert_right("a.c", HEAD)

    def test_figures(self):
        self.write("a.c", HEAD + function(10, "a") + function(20, "b"))
        _, _, figures = self.lint()
        self.assertIn("1 files: median 35 lines, longest 35", figures)
        self.assertIn("2 functions: median 15 lines, 90 % at most 20, longest 20", figures)


class Tree(unittest.TestCase):
    def test_this_tree(self):
        done = subprocess.run([sys.executable, LINT, vireotest.SOURCE], capture_output=True,
                              text=True)
        print(done.stdout, file=sys.stderr)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


vireotest.main(isolated=False)
