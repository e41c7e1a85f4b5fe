# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs unittest tests and prints TAP, so that meson counts each test method."""

import fnmatch
import os
import sys
import time
import traceback
import unittest

from . import isolate


class TapResult(unittest.TestResult):
    """Prints a line a test, and what a failed one said as diagnostics."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0
        self.started = 0.0
        self.subtest_failures = []

    def say(self, line):
        print(line, file=self.out, flush=True)

    def diagnose(self, text):
        for line in text.rstrip("\n").splitlines():
            self.say(f"# {line}")

    def line(self, verdict, test, directive=""):
        self.count += 1
        name = test.id().removeprefix("__main__.").replace("#", "")
        self.say(f"{verdict} {self.count} - {name}{directive}")

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        self.subtest_failures = []

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            text = "".join(traceback.format_exception(*err))
            self.subtest_failures.append(f"{subtest}: {text}")

    def stopTest(self, test):
        super().stopTest(test)
        if self.subtest_failures:
            self.line("not ok", test)
            for text in self.subtest_failures:
                self.diagnose(text)

    def addSuccess(self, test):
        self.line("ok", test, f" # {time.monotonic() - self.started:.2f} s")

    def addError(self, test, err):
        super().addError(test, err)
        self.line("not ok", test)
        self.diagnose("".join(traceback.format_exception(*err)))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test)
        self.diagnose("".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.line("not ok", test, " # expected to fail, and did")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.line("not ok", test, " # passed although it is marked as failing")


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def chosen(tests, patterns):
    if not patterns:
        return tests
    return [t for t in tests if any(fnmatch.fnmatch(t.id(), f"*{p}*") for p in patterns)]


def run(module, patterns):
    """Runs the module's tests; children of the tests write to stderr, never into the TAP."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    result = TapResult(out)
    tests = chosen(list(flatten(unittest.defaultTestLoader.loadTestsFromModule(module))), patterns)
    result.say("TAP version 13")
    result.say(f"1..{len(tests)}")
    unittest.TestSuite(tests).run(result)
    if result.count < len(tests):
        # A class or module fixture failed: its tests did not run, which is not the same as passing.
        result.say(f"Bail out! {len(tests) - result.count} tests did not run")
    return 0 if result.wasSuccessful() and result.count >= len(tests) else 1


def skip_all(reason):
    print(f"TAP version 13\n1..0 # SKIP {reason}", flush=True)
    return 0


def main(isolated=True, prepare=None):
    """Runs the tests of the program that calls it.

    With isolated, in mount, network and process namespaces of their own, made by running the
    program again inside them. prepare() runs before that, where there is still a network; it raises
    unittest.SkipTest when the machine lacks something. Arguments are patterns that choose tests by
    name.
    """
    if prepare and not (isolated and isolate.is_isolated()):
        try:
            prepare()
        except unittest.SkipTest as reason:
            sys.exit(skip_all(reason))
    if isolated and not isolate.is_isolated():
        reason = isolate.isolation_missing()
        if reason:
            sys.exit(skip_all(reason))
        isolate.reexec()
    if isolated:
        isolate.settle()
    sys.exit(run(sys.modules["__main__"], sys.argv[1:]))
