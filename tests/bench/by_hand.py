# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches the QEMU that the service launched, by hand, until `cont` answers."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

from vireotest import leftovers


def command_of(name):
    """The command line of the running guest of that name."""
    pids = [pid for pid, command in leftovers.processes().items()
            if "qemu-system" in command and name in command]
    if len(pids) != 1:
        raise AssertionError(f"one QEMU for {name}, not {pids}")
    return pathlib.Path(f"/proc/{pids[0]}/cmdline").read_bytes().decode().split("\0")[:-1]


def replace_one(command, pattern, replacement):
    pattern = re.compile(pattern)
    if sum(bool(pattern.match(argument)) for argument in command) != 1:
        raise AssertionError(f"one {pattern.pattern} in {command}")
    return [pattern.sub(replacement, argument) for argument in command]


def with_files(command, stack):
    """The command line with images that we open, and their descriptors."""
    fds = []
    for number, path in re.findall(r"\0fd=(\d+),set=\d+,opaque=([^\0]*)", "\0".join(command)):
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        stack.callback(os.close, fd)
        fds.append(fd)
        command = replace_one(command, rf"^fd={number},(set=\d+,opaque=)", rf"fd={fd},\g<1>")
    return command, fds


def read_greeting(monitor):
    data = monitor.recv(65536)
    if not data.startswith(b'{"QMP"'):
        raise AssertionError(f"QEMU does not greet but says {data!r}")


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
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        monitor = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(f"{folder}/monitor")
        server.listen(1)
        monitor.settimeout(limit)
        command = replace_one(command, r"^(socket,id=\w+,fd=)\d+(,server=on)",
                              rf"\g<1>{server.fileno()}\g<2>")
        command, files = with_files(command, stack)
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   pass_fds=[server.fileno(), *files])
        try:
            monitor.connect(f"{folder}/monitor")
            read_greeting(monitor)
            execute(monitor, "qmp_capabilities", time.monotonic() + limit)
            execute(monitor, "cont", time.monotonic() + limit)
            return time.perf_counter() - started
        finally:
            process.kill()
            process.wait()
