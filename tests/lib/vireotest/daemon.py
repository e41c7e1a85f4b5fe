# SPDX-License-Identifier: LGPL-2.1-or-later
"""vireod from the build folder, with folders of its own."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

from .paths import built
from .wait import FACTOR, wait_until

FOLDERS = ("state", "run", "cache", "log", "config")


def _has_news(log):
    """Whether a store's log has what its files have not: a frame of the header's epoch."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as file:
        header, frame = file.read(24), os.pread(file.fileno(), 24, 4096)
        return frame[:8] == b"VreoStep" and frame[16:] == header[16:]
    return False


class Daemon:
    """A vireod on a private bus; the folders survive restarts and kills, as on a host."""

    def __init__(self, bus, folder, arguments=(), env=None):
        self.bus = bus
        self.folder = pathlib.Path(folder)
        self.arguments = list(arguments)
        self.extra_env = dict(env or {})
        self.process = None
        self.client = None
        self._notify = None
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def __getattr__(self, name):
        # state, run, cache, log, config: the folders.
        if name in FOLDERS:
            return self.folder / name
        raise AttributeError(name)

    @property
    def log_file(self):
        return self.folder / "vireod.log"

    def command(self):
        options = [f"--{name}-dir={self.folder / name}" for name in FOLDERS]
        return [str(built("src/service/vireod")), *options, *self.arguments]

    def environment(self):
        env = self.bus.environment()
        env["NOTIFY_SOCKET"] = str(self.folder / "notify")
        env.setdefault("G_DEBUG", "fatal-criticals")
        env.update(self.extra_env)
        return env

    def _open_notify(self):
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._notify.bind(str(path))

    def spawn(self):
        """Starts it without waiting."""
        self._open_notify()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment(), cwd="/")
        return self

    def start(self, seconds=20):
        """Starts it and waits until it owns its name and says that it is ready."""
        self.spawn()
        if self.client is None:
            self.client = self.bus.client()
        self.client.wait_for_owner(alive=self.check_alive, seconds=seconds)
        wait_until(self._is_ready, seconds, "vireod to say READY=1")
        return self

    def _is_ready(self):
        self.check_alive()
        try:
            return "READY=1" in self._notify.recv(4096).decode().splitlines()
        except BlockingIOError:
            return False

    def check_alive(self):
        status = self.process.poll()
        if status is not None:
            raise AssertionError(f"vireod ended with {status}:\n{self.log_tail()}")

    @property
    def pid(self):
        return self.process.pid

    def log_tail(self, lines=60):
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def settled(self):
        """The state folder, when its files are what was acknowledged."""
        wait_until(lambda: not any(map(_has_news, self.state.rglob(".vireo-log-[01]"))), 20,
                   "the files to be written")
        return self.state

    def kill(self):
        """SIGKILL, and waits until the bus noticed."""
        self.process.kill()
        self.process.wait(10 * FACTOR)
        if self.client:
            self.client.wait_for_owner(present=False)

    def terminate(self, seconds=15):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds * FACTOR)

    def restart(self):
        if self.process.poll() is None:
            status = self.terminate()
            if status != 0:
                raise AssertionError(f"vireod ended with {status}:\n{self.log_tail()}")
        return self.start()

    def kill_and_restart(self):
        self.kill()
        return self.start()

    def stop(self):
        """The end of a test: ends it in good order and checks that it did."""
        status = 0
        if self.process and self.process.poll() is None:
            try:
                status = self.terminate()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"vireod did not end:\n{self.log_tail()}") from None
        if self.client:
            self.client.close()
            self.client = None
        if self._notify:
            self._notify.close()
        if status != 0:
            raise AssertionError(f"vireod ended with {status}:\n{self.log_tail()}")

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is not None:
            time.sleep(0.1)
            print(f"--- vireod's log ---\n{self.log_tail()}", file=os.sys.stderr)
        self.stop()
