# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's text console, over the file descriptor that OpenConsole gives."""

import os

from .wait import wait_until


class Console:
    """Reads what the guest says, and types."""

    def __init__(self, fd, transcript=None):
        self.fd = fd
        self.text = ""
        self.closed = False
        self.transcript = transcript
        os.set_blocking(fd, False)

    def read(self):
        """Takes what came since the last time."""
        while not self.closed:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return
            except ConnectionResetError:
                data = b""
            if not data:
                self.closed = True
                return
            text = data.decode(errors="replace").replace("\r", "")
            if self.transcript:
                self.transcript(text)
            self.text += text

    def wait_for(self, what, seconds):
        """Waits for a text and returns what stood before and with it; later reads go on after."""
        def find():
            self.read()
            return what in self.text or self.closed
        wait_until(find, seconds,
                   lambda: f"{what!r} on the console; it said: {self.text[-2000:]!r}", tick=0.02)
        if what not in self.text:
            raise AssertionError(f"the console closed before {what!r}: {self.text[-2000:]!r}")
        before, self.text = self.text.split(what, 1)
        return before + what

    def line_with(self, what, seconds):
        """The whole line in which a text comes."""
        head = self.wait_for(what, seconds)
        tail = self.wait_for("\n", seconds)
        return (head.rsplit("\n", 1)[-1] + tail).strip()

    def wait_closed(self, seconds):
        def check():
            self.read()
            return self.closed
        wait_until(check, seconds, lambda: f"the console to close; it said {self.text[-500:]!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def run(self, command, seconds=20):
        """Runs a shell command in the guest and returns what it printed."""
        self.text = ""
        self.type(f"{command}; echo END-$((40+2))\n")
        said = self.wait_for("END-42\n", seconds)
        # Prompts may come before the echo of what was typed, when the guest was slow to show one.
        return said.rpartition("END-$((40+2))\n")[2].removesuffix("END-42\n").strip()

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
            self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
