#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and runs the test suites: with gcc, then some of them with clang and sanitizers.

The last line is "N passed, N failed, N skipped", counting each test function. Exit status 1 when
anything failed, also a build or a suite that hangs.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
SUITES = ("lint", "unit", "util", "conf", "driver", "service", "cli", "client", "data", "fuzz",
          "e2e")
QUICK = ("lint", "unit", "util", "conf", "driver", "service", "cli", "client", "data")
SANITIZED = ("unit", "util", "conf", "driver", "service", "fuzz")
# A suite that takes longer than this hangs: each of its tests has a limit of its own.
SUITE_LIMIT = 900
# How much of what a failed test said is repeated at the end of its suite.
REASON_LINES = 30
# How much of that is said once more before the last line: who has only the end of a log wants it.
MOST_REASONS = 100
BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}
TAP_LINE = re.compile(r"^(not )?ok\b[^#]*(#\s*SKIP\b.*)?", re.I)
SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "LSAN_OPTIONS": f"suppressions={SOURCE}/tests/lsan.supp:print_suppressions=0",
    "G_SLICE": "always-malloc",
    "VIREO_TEST_TIMEOUT_MULTIPLIER": "3",
}


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    # What the failed ones said, to be repeated at the very end.
    reasons: list = dataclasses.field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text):
    print(text, flush=True)


def compiler(name):
    return f"ccache {name}" if shutil.which("ccache") else name


def configure(folder, cc, options):
    """A build folder for that compiler; one that is there is used again."""
    if (folder / "build.ninja").exists():
        return True
    command = ["meson", "setup", str(folder), str(SOURCE), "-Dwerror=true", *options]
    return subprocess.run(command, env=dict(os.environ, CC=compiler(cc))).returncode == 0


def build(folder, cc, options=()):
    if not configure(folder, cc, options):
        say(f"run_suites: meson cannot configure {folder.name}")
        return False
    if subprocess.run(["ninja", "-C", str(folder)]).returncode != 0:
        say(f"run_suites: {folder.name} does not build")
        return False
    return True


def count_tap(text):
    """Test functions in TAP; lines that are indented belong to subtests of one."""
    count = Count()
    for line in text.splitlines():
        found = TAP_LINE.match(line)
        if not found:
            continue
        if found.group(1):
            count.failed += 1
        elif found.group(2):
            count.skipped += 1
        else:
            count.passed += 1
    return count


def count_test(entry):
    """One line of meson's log: a program, which may have many test functions."""
    result = entry["result"]
    output = entry.get("stdout") or ""
    if re.search(r"^1\.\.\d+", output, re.M):
        count = count_tap(output)
        if re.search(r"^1\.\.0\b", output, re.M):
            count.skipped += 1
    else:
        count = Count(passed=int(result in ("OK", "EXPECTEDFAIL")), skipped=int(result == "SKIP"))
    if result in BAD and count.failed == 0:
        count.failed = 1
    return count


def read_log(log):
    if not log.exists():
        return []
    with log.open() as file:
        return [json.loads(line) for line in file if line.strip()]


def reasons(entry):
    """What a test said of its functions that failed or were skipped."""
    told = []
    left = 0
    for line in (entry.get("stdout") or "").splitlines():
        left = REASON_LINES if line.startswith("not ok") else left - 1
        comment = left > 0 and line.startswith("#")
        if comment or re.match(r"not ok\b|Bail out!|ok\b.*#\s*SKIP|1\.\.0\b", line, re.I):
            told.append(f"  {entry['name']}: {line}")
    if entry["result"] == "TIMEOUT":
        told.append(f"  {entry['name']}: killed, for it took longer than its limit")
    elif entry["result"] in BAD and not told:
        told.append(f"  {entry['name']}: {entry['result']} without a word")
    return told


def explain(entries):
    """What failed and what was skipped, for whoever reads the end of a suite's log."""
    for entry in entries:
        for line in reasons(entry):
            say(line)


def run_meson(folder, suite, logbase, selection, environment, limit):
    """Runs tests; returns the lines of meson's log, and whether all went well. What hangs is
    killed."""
    log = folder / "meson-logs" / f"{logbase}.json"
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", str(folder), "--no-rebuild", "--logbase", logbase,
               "--print-errorlogs", *selection]
    multiplier = environment.get("VIREO_TEST_TIMEOUT_MULTIPLIER")
    if multiplier:
        command += ["--timeout-multiplier", multiplier]
    process = subprocess.Popen(command, env=dict(os.environ, **environment),
                               start_new_session=True)
    try:
        good = process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        say(f"run_suites: suite {suite} hangs after {limit} s; it is killed")
        stop(process)
        return read_log(log), None
    return read_log(log), good


def again(folder, suite, entries, environment, limit):
    """Runs the programs that failed once more, one at a time: what passes then is unsteady, or the
    machine was busy. They are named, so that nobody overlooks them."""
    bad = [entry["name"].split(" / ")[-1] for entry in entries if entry["result"] in BAD]
    if not bad:
        return entries
    later, _ = run_meson(folder, suite, f"vireo-{suite}-again", ["--num-processes", "1", *bad],
                         environment, limit)
    explain(later)
    second = {entry["name"]: entry for entry in later}
    for entry in entries:
        new = second.get(entry["name"])
        if entry["result"] in BAD and new and new["result"] not in BAD:
            say(f"run_suites: unsteady: {entry['name']} failed, and passed when run again alone")
    return [second.get(entry["name"], entry) for entry in entries]


def run_suite(folder, suite, environment, limit, twice=False):
    """Runs a suite and returns its Count."""
    entries, good = run_meson(folder, suite, f"vireo-{suite}", ["--suite", suite], environment,
                              limit)
    explain(entries)
    if twice and good is False:
        entries = again(folder, suite, entries, environment, limit)
        good = all(entry["result"] not in BAD for entry in entries) and bool(entries)
    total = Count()
    for entry in entries:
        total.add(count_test(entry))
        if entry["result"] in BAD:
            total.reasons += reasons(entry)
    if not good and total.failed == 0:
        total.failed += 1
        total.reasons.append(f"  suite {suite}: ended badly, or hung")
    return total


def stop(process):
    """meson ends its tests when it is asked to; what does not listen is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def suites_of(folder):
    done = subprocess.run(["meson", "introspect", "--tests", str(folder)], capture_output=True,
                          text=True, check=True)
    return {name.split(":")[-1] for test in json.loads(done.stdout) for name in test["suite"]}


def run_build(title, folder, cc, options, suites, environment, limit, twice):
    """One compiler's turn."""
    say(f"== {title}")
    if not build(folder, cc, options):
        return Count(failed=1, reasons=[f"  {title}: does not build"])
    total = Count()
    present = suites_of(folder)
    for suite in suites:
        if suite not in present:
            continue
        started = time.monotonic()
        count = run_suite(folder, suite, environment, limit, twice)
        say(f"-- {title}, suite {suite}: {count} in {time.monotonic() - started:.0f} s")
        total.add(count)
    unknown = present - set(SUITES) - {"bench"}
    if unknown:
        say(f"run_suites: suites that nobody runs: {', '.join(sorted(unknown))}")
        total.failed += 1
        total.reasons.append("  suites that nobody runs")
    return total


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", action="append", choices=SUITES + ("bench",), metavar="NAME",
                        help="only this suite; may be given again")
    parser.add_argument("--quick", action="store_true",
                        help="neither real guests nor sanitizers: what to run while working")
    parser.add_argument("--no-sanitizers", action="store_true", help="only the build with gcc")
    parser.add_argument("--sanitizers-only", action="store_true", help="only the build with clang")
    parser.add_argument("--again", action="store_true",
                        help="run what failed once more, alone; name what passes then as unsteady")
    parser.add_argument("--limit", type=int, default=SUITE_LIMIT, metavar="SECONDS",
                        help="a suite that takes longer is killed (default: %(default)s)")
    return parser.parse_args()


def run():
    options = parse()
    total = Count()
    if not options.sanitizers_only:
        suites = options.suite or (QUICK if options.quick else SUITES)
        total.add(run_build("gcc", SOURCE / "build-test", "gcc", [], suites, {}, options.limit,
                            options.again))
    if not (options.quick or options.no_sanitizers):
        suites = [s for s in SANITIZED if not options.suite or s in options.suite]
        if suites:
            total.add(run_build(
                "clang with ASan and UBSan", SOURCE / "build-asan", "clang",
                ["-Db_sanitize=address,undefined", "-Db_lundef=false"], suites,
                SANITIZER_ENVIRONMENT, options.limit, options.again))
    if total.failed:
        say("== what failed")
        for line in total.reasons[-MOST_REASONS:]:
            say(line)
    say(str(total))
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    run()
