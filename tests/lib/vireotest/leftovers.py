# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a test or the service may have left behind: processes, links, firewall rules, mounts."""

import json
import os
import pathlib
import subprocess

from .wait import TimedOut, wait_until


def processes():
    """pid to command line, of all that this process namespace has but us and our first process."""
    found = {}
    own = {1, os.getpid()}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in own:
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z" and command:
            found[int(entry.name)] = command.strip()
    return found


def links():
    done = subprocess.run(["ip", "-json", "link"], capture_output=True, check=True)
    return {link["ifname"] for link in json.loads(done.stdout)}


def rules():
    """The tables of the firewall; empty when nft is not there."""
    try:
        done = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True)
    except FileNotFoundError:
        return set()
    return set(done.stdout.split("\n")) - {""}


def mounts():
    text = pathlib.Path("/proc/self/mountinfo").read_text()
    return {line.split()[4] for line in text.splitlines()}


class Leftovers:
    """Remembers how things are when it is made; check() says what came on top.

    Of use only in isolation, where nobody else changes the same things.
    """

    def __init__(self):
        self.before = self.now()

    @staticmethod
    def now():
        return {"process": set(processes().items()), "link": links(), "table": rules(),
                "mount": mounts()}

    def found(self):
        now = self.now()
        return [f"{kind}: {item}" for kind, items in now.items()
                for item in sorted(items - self.before[kind], key=str)]

    def check(self, seconds=5):
        """Fails with a list unless everything is gone in that time."""
        try:
            wait_until(lambda: not self.found(), seconds, "leftovers to go")
        except TimedOut:
            raise AssertionError("left behind: " + "; ".join(self.found())) from None
