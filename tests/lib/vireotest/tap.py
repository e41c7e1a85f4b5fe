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
    """Prints one line a test, and what a failed one said as diagnostics."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0
        self.running = None
        self.started = 0.0
        self.failed = []
        self.skipped_why = None

    def say(self, line):
        print(line, file=self.out, flush=True)

    def line(self, verdict, test, directive=""):
        self.count += 1
        name = test.id().removeprefix("__main__.").replace("#", "")
        self.say(f"{verdict} {self.count} - {name}{directive}")

    def startTest(self, test):
        super().startTest(test)
        self.running = test
        self.started = time.monotonic()
        self.failed = []
        self.skipped_why = None

    def stopTest(self, test):
        """A test may fail more than once, in subtests and cleanups; it has one line."""
        super().stopTest(test)
        self.running = None
        if self.failed:
            self.line("not ok", test)
            self.diagnose()
        elif self.skipped_why is not None:
            self.line("ok", test, f" # SKIP {self.skipped_why}")
        else:
            self.line("ok", test, f" # {time.monotonic() - self.started:.2f} s")

    def diagnose(self):
        for text in self.failed:
            for line in text.rstrip("\n").splitlines():
                self.say(f"# {line}")
        self.failed = []

    def fail(self, test, err, label=""):
        self.failed.append(label + "".join(traceback.format_exception(*err)))
        if self.running is None:
            # A fixture of a class or module; its tests do not run.
            self.say(f"# {test.id()} failed")
            self.diagnose()

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.fail(test, err, f"{subtest}: ")

    def addError(self, test, err):
        super().addError(test, err)
        self.fail(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fail(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skipped_why = reason
        if self.running is None:
            self.line("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.failed.append("expected to fail, and did: a defect has no place in the suite")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.failed.append("passed although it is marked as failing")


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
        # Not to run is not to pass.
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
