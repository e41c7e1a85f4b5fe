# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole host for a test: private bus, polkitd and vireod, in one folder."""

import contextlib
import sys

from .agent import Agent
from .caller import Caller
from .daemon import Daemon
from .paths import remove_folder, work_folder
from .privatebus import Bus, Polkit


class Host:
    """Starts everything on entry and ends it, in reverse, on exit.

    Attributes: folder, bus, polkit (None without), daemon, client (root's).
    """

    def __init__(self, name="test", polkit=True, daemon=True, arguments=(), env=None):
        self.name = name
        self.options = {"arguments": arguments, "env": env}
        self.want_polkit = polkit
        self.want_daemon = daemon
        self.polkit = None
        self.daemon = None
        self._stack = contextlib.ExitStack()

    def start(self):
        with contextlib.ExitStack() as stack:
            self.folder = work_folder(self.name)
            stack.callback(remove_folder, self.folder)
            self.bus = stack.enter_context(Bus(self.folder / "bus"))
            if self.want_polkit:
                self.polkit = stack.enter_context(Polkit(self.bus))
            self.daemon = Daemon(self.bus, self.folder / "vireo", **self.options)
            stack.callback(self.daemon.stop)
            if self.want_daemon:
                self.daemon.start()
            self._stack = stack.pop_all()
        return self

    @property
    def client(self):
        return self.daemon.client

    def caller(self, user="nobody"):
        """A caller who is another user, until the host stops."""
        return self._stack.enter_context(Caller(self.bus, user))

    def agent(self, caller, answer="yes"):
        return self._stack.enter_context(Agent(self.bus, caller, answer))

    def stop(self):
        self._stack.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is not None and self.daemon:
            print(f"--- vireod's log ---\n{self.daemon.log_tail()}", file=sys.stderr)
        self.stop()
