# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches the QEMU that the service launched, by hand, until `cont` answers."""

import json
import os
import pathlib
import re
import select
import socket
import subprocess
import time

from vireotest import leftovers


def command_of(name):
    """The command line of the running guest of that name."""
    pids = [pid for pid, command in leftovers.processes().items()
            if "qemu-system" in command and name in command]
    if len(pids) != 1:
        raise AssertionError(f"one QEMU for {name}, not {pids}")
    return pathlib.Path(f"/proc/{pids[0]}/cmdline").read_bytes().decode().split("\0")[:-1]


def numbers(command):
    """The file descriptors that the command line names."""
    return sorted({int(n) for argument in command
                   for n in re.findall(r'\bfd"?[=:]"?(\d+)', argument)})


def place(descriptors):
    """In the child: each socket at its number."""
    high = {n: os.dup2(fd, 200 + n) for n, fd in descriptors.items()}
    for number, fd in high.items():
        os.dup2(fd, number)
        os.set_inheritable(number, True)


def read_greeting(ours, deadline):
    """The monitor is the socket that greets."""
    while time.monotonic() < deadline:
        readable, _, _ = select.select(ours, [], [], 1)
        for end in readable:
            data = end.recv(65536)
            if data.startswith(b'{"QMP"'):
                return end
    raise AssertionError("QEMU does not greet")


def execute(monitor, command, deadline):
    monitor.sendall(json.dumps({"execute": command, "id": command}).encode() + b"\n")
    buffer = b""
    while time.monotonic() < deadline:
        buffer += monitor.recv(65536)
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            answer = json.loads(line)
            if answer.get("id") == command:
                if "error" in answer:
                    raise AssertionError(f"{command}: {answer['error']}")
                return
    raise AssertionError(f"{command} is not answered")


def launch(command, limit=30):
    """Seconds from before the fork until `cont` was answered."""
    pairs = {number: socket.socketpair() for number in numbers(command)}
    theirs = {number: pair[1].fileno() for number, pair in pairs.items()}
    deadline = time.monotonic() + limit
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               preexec_fn=lambda: place(theirs), close_fds=False)
    try:
        monitor = read_greeting([pair[0] for pair in pairs.values()], deadline)
        execute(monitor, "qmp_capabilities", deadline)
        execute(monitor, "cont", deadline)
        return time.perf_counter() - started
    finally:
        process.kill()
        process.wait()
        for pair in pairs.values():
            pair[0].close()
            pair[1].close()
