# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for things, with a limit, while the bus connections of this process are served."""

import os
import time

import gi
gi.require_version("GLib", "2.0")
from gi.repository import GLib  # noqa: E402

# Slow machines and sanitizers make everything slower, never wrong.
FACTOR = float(os.environ.get("VIREO_TEST_TIMEOUT_MULTIPLIER", "1"))


class TimedOut(AssertionError):
    """What was waited for did not happen."""


def wait_until(condition, seconds, what, tick=0.05):
    """Serves the main context until condition() is true, and returns what it returned.

    tick is how long a condition that no message changes (a file, a process) may go unnoticed.
    """
    context = GLib.MainContext.default()
    deadline = time.monotonic() + seconds * FACTOR
    while True:
        result = condition()
        if result:
            return result
        left = deadline - time.monotonic()
        if left <= 0:
            detail = what() if callable(what) else what
            raise TimedOut(f"waited {seconds * FACTOR:g} s in vain for {detail}")
        wake = GLib.timeout_source_new(max(1, int(min(tick, left) * 1000)))
        wake.set_callback(lambda *_: True)
        wake.attach(context)
        context.iteration(True)
        wake.destroy()
