# SPDX-License-Identifier: LGPL-2.1-or-later
"""Helper processes of a test, which speak JSON lines over pipes."""

import json
import os
import subprocess
import sys

import gi
gi.require_version("GLib", "2.0")
from gi.repository import GLib  # noqa: E402

from .paths import readable_source  # noqa: E402
from .wait import wait_until  # noqa: E402


class Worker:
    """A module of this package that runs as a process of its own, maybe as another user."""

    def __init__(self, module, arguments, user=None, env=None):
        environment = dict(os.environ if env is None else env)
        environment["PYTHONPATH"] = str(readable_source() / "tests/lib")
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        identity = {}
        if user is not None:
            identity = {"user": user, "group": group_of(user), "extra_groups": []}
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"vireotest.{module}", *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=environment, cwd="/", **identity)
        os.set_blocking(self.process.stdout.fileno(), False)
        self._buffer = b""
        self._ended = False
        self._source = GLib.unix_fd_add_full(
            GLib.PRIORITY_DEFAULT, self.process.stdout.fileno(),
            GLib.IOCondition.IN | GLib.IOCondition.HUP, self._readable)
        self.messages = []
        self.wait_for(lambda m: m.get("event") == "ready", 20)

    def _readable(self, fd, _condition):
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return True
        if not data:
            self._ended = True
            self._source = 0
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self.handle(json.loads(line))
        return True

    def handle(self, message):
        self.messages.append(message)

    def send(self, *messages):
        text = "".join(json.dumps(m) + "\n" for m in messages)
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, matching, seconds=10):
        """The first message so far or from now on that matches; it is taken out."""
        def find():
            for message in self.messages:
                if matching(message):
                    self.messages.remove(message)
                    return message
            if self._ended:
                raise AssertionError(f"a helper process ended: {self.process.poll()}")
            return None
        return wait_until(find, seconds, lambda: f"a helper; it said {self.messages}")

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        """Ends it at once, as a caller that vanishes."""
        if self._source:
            GLib.source_remove(self._source)
            self._source = 0
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()

    def close(self):
        if self.process.returncode is None:
            self.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def group_of(user):
    import pwd
    entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    return entry.pw_gid


def emit(message):
    """In the worker: one line to the test."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def serve(handle):
    """In the worker: runs the main loop, and handle() for each line, until the pipe ends."""
    loop = GLib.MainLoop()
    state = {"buffer": b""}

    def readable(fd, _condition):
        data = os.read(fd, 1 << 20)
        if not data:
            loop.quit()
            return False
        *lines, state["buffer"] = (state["buffer"] + data).split(b"\n")
        for line in lines:
            handle(json.loads(line))
        return True
    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP,
                          readable)
    emit({"event": "ready"})
    loop.run()
