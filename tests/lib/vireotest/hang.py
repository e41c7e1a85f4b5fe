# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that hangs: it is there, and does nothing."""

import os
import pathlib
import signal

from .wait import wait_until


def hang(pid):
    """Stops a process, and comes back when none of its threads runs any more: kill() alone is back
    before, and on a busy machine another thread than the one that takes the signal goes on for
    milliseconds."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(state_of(task) in "TtZX" for task in
                           pathlib.Path(f"/proc/{pid}/task").iterdir()),
               20, f"every thread of {pid} to stop", tick=0.001)


def state_of(task):
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
