#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the source against docs/HACKING.md, and prints its figures.

There is no list of exceptions: what does not fit is changed. Exit status 1 when something is wrong.
"""

import argparse
import pathlib
import re
import statistics
import sys

MAX_FILE = 800
MAX_FUNCTION = 100
MAX_LINE = 100
MEDIAN_FILE = 350
NINETY_FUNCTION = 50
MAX_BRANCHES = 4
BRANCH_GAP = 3

C_SUFFIXES = {".c", ".h"}
CODE_SUFFIXES = C_SUFFIXES | {".py", ".schema", ".sh"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".build", ".txt", ".md", ".xml", ".conf", ".service", ".in",
                                 ".rules", ".yml", ".json", ".bash", ".fish"}
SPDX_SUFFIXES = CODE_SUFFIXES | {".build", ".conf", ".service", ".rules"}
SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"
SKIPPED_FOLDERS = re.compile(r"^(\..*|build.*|_build.*|__pycache__|demo-state)$")

COMPARISON = r"(?:g_str_equal|g_strcmp0|strn?cmp|g_ascii_str(?:n)?casecmp|strn?casecmp)"
BRANCH = re.compile(rf"\b(?:else\s+)?if\s*\(.*\b{COMPARISON}\s*\(")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w/.$}-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/\w")
SHELL_C = re.compile(r"\b(?:system|popen|g_spawn_command_line_(?:a?sync))\s*\(")
SHELL_ARGUMENTS = re.compile(r"""["'](?:/bin/)?(?:ba)?sh["']\s*,\s*["']-c["']|\bsh """
                             r"""-c\b""")
SHELL_PYTHON = re.compile(r"\bshell\s*=\s*True\b|\bos\.(?:system|popen)\s*\(")
GOTO = re.compile(r"\bgoto\s+\w+\s*;")


class Report:
    """What is wrong, and the figures."""

    def __init__(self):
        self.problems = []
        self.files = {}
        self.functions = {}

    def add(self, path, line, text):
        self.problems.append(f"{path}:{line}: {text}")


def blank(match):
    """Spaces in place of a match, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    pattern = r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'|/\*.*?\*/|//[^\n]*"
    return re.sub(pattern, lambda m: blank(m) if m.group(0).startswith("/") else m.group(0), text,
                  flags=re.S)


def without_strings(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'",
                  lambda m: '"' + " " * (len(m.group(0)) - 2) + '"', text)


def c_functions(text):
    """(name, first line, number of lines) of each function definition, in our layout."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line != "{" or number == 0 or not lines[number - 1].rstrip().endswith(")"):
            continue
        start = number - 1
        while start > 0 and not re.match(r"[A-Za-z_]\w* \(", lines[start]):
            start -= 1
        end = next((i for i in range(number, len(lines)) if lines[i] == "}"), len(lines) - 1)
        yield lines[start].split(" ")[0], start + 1, end - start + 1


def python_functions(text):
    lines = text.split("\n")
    for number, line in enumerate(lines):
        found = re.match(r"(\s*)(?:async )?def (\w+)", line)
        if not found:
            continue
        indent = len(found.group(1))
        end = number
        for i in range(number + 1, len(lines)):
            if lines[i].strip() and len(lines[i]) - len(lines[i].lstrip()) <= indent \
                    and not lines[i].lstrip().startswith(")"):
                break
            if lines[i].strip():
                end = i
        yield found.group(2), number + 1, end - number + 1


def check_size(report, path, text, suffix):
    count = text.count("\n")
    if suffix in CODE_SUFFIXES:
        report.files[str(path)] = count
        if count > MAX_FILE:
            report.add(path, 1, f"{count} lines; split it at {MAX_FILE}")
    finder = {".c": c_functions, ".h": c_functions, ".py": python_functions}.get(suffix)
    for name, line, length in finder(text) if finder else ():
        report.functions[f"{path}:{name}"] = length
        if length > MAX_FUNCTION:
            report.add(path, line, f"{name} has {length} lines; at most {MAX_FUNCTION}")


def check_lines(report, path, text, suffix):
    for number, line in enumerate(text.split("\n"), 1):
        if suffix in CODE_SUFFIXES and len(line) > MAX_LINE:
            report.add(path, number, f"{len(line)} columns; at most {MAX_LINE}")
        if UNFINISHED.search(line):
            report.add(path, number, "unfinished work is not marked, it is done or not there")
        if MACHINE_PATH.search(line):
            report.add(path, number, "a path of somebody's machine")


def check_first_line(report, path, text, suffix):
    head = text.split("\n")[:2]
    wanted = head[1:2] if head[0].startswith("#!") else head[:1]
    if not wanted or SPDX not in wanted[0]:
        report.add(path, 1, f"the first line must have {SPDX}")


def each_line(text, pattern):
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.search(line):
            yield number


def check_ladders(report, path, code):
    """Branch after branch of string comparisons: a table says the same."""
    run, last = 0, -BRANCH_GAP - 1
    for number in each_line(code, BRANCH):
        run = run + 1 if number - last <= BRANCH_GAP else 1
        last = number
        if run == MAX_BRANCHES + 1:
            report.add(path, number, "a ladder of string comparisons; use a table")


def check_c(report, path, text):
    bare = without_comments(text)
    code = without_strings(bare)
    for number in each_line(code, GOTO):
        report.add(path, number, "goto")
    # Tests start shells as samples of programs; what they test must not.
    if path.parts[0] != "tests":
        for number in {*each_line(code, SHELL_C), *each_line(bare, SHELL_ARGUMENTS)}:
            report.add(path, number, "starts a shell")
    check_ladders(report, path, code)


def check_python(report, path, text):
    for pattern in (SHELL_PYTHON, SHELL_ARGUMENTS):
        for number in each_line(text, pattern):
            report.add(path, number, "starts a shell")


def kind_of(path):
    """The suffix that says how a file is checked; that of a script is in its first line."""
    if path.name == "meson.build" or path.name == "meson_options.txt":
        return ".build"
    if path.suffix in TEXT_SUFFIXES:
        return path.suffix
    if path.suffix:
        return None
    with path.open("rb") as file:
        first = file.readline(80)
    if not first.startswith(b"#!"):
        return None
    return ".py" if b"python" in first else ".sh"


def check_file(report, root, path):
    suffix = kind_of(path)
    # A golden file is what a program must print, to the letter.
    if path.parent.name == "golden":
        return
    if not suffix and path.stat().st_size == 0:
        report.add(path.relative_to(root), 1, "an empty file: somebody's slip")
    if suffix is None:
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    name = path.relative_to(root)
    check_size(report, name, text, suffix)
    check_lines(report, name, text, suffix)
    if suffix in SPDX_SUFFIXES:
        check_first_line(report, name, text, suffix)
    if suffix in C_SUFFIXES:
        check_c(report, name, text)
    elif suffix == ".py":
        check_python(report, name, text)


def walk(folder):
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if not SKIPPED_FOLDERS.match(path.name):
                yield from walk(path)
        elif path.is_file():
            yield path


def check_readmes(report, root):
    source = root / "src"
    for folder in sorted({p.parent for p in walk(source)} if source.is_dir() else ()):
        if folder == source or any(p.suffix == ".c" for p in folder.iterdir()):
            if folder != source and not (folder / "README.md").is_file():
                report.add(folder.relative_to(root), 1, "the folder has no README.md")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def check_figures(report):
    """The figures over everything; returns the lines to print."""
    lines = []
    if report.files:
        median = statistics.median(report.files.values())
        lines.append(f"{len(report.files)} files: median {median:g} lines, "
                     f"longest {max(report.files.values())}")
        if median > MEDIAN_FILE:
            report.problems.append(f"the median file has {median:g} lines; at most {MEDIAN_FILE}")
    if report.functions:
        lengths = report.functions.values()
        ninety = percentile(lengths, 0.9)
        lines.append(f"{len(lengths)} functions: median {statistics.median(lengths):g} lines, "
                     f"90 % at most {ninety}, longest {max(lengths)}")
        if ninety > NINETY_FUNCTION:
            report.problems.append(f"a tenth of the functions have {ninety} lines or more; "
                                   f"90 % must have at most {NINETY_FUNCTION}")
    return lines


def lint(root):
    report = Report()
    for path in walk(root):
        check_file(report, root, path)
    check_readmes(report, root)
    return report, check_figures(report)


def run():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parents[1],
                        type=pathlib.Path, help="the tree to check")
    report, figures = lint(parser.parse_args().root.resolve())
    for line in report.problems:
        print(line, file=sys.stderr)
    for line in figures:
        print(line)
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    run()
