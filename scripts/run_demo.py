#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows Vireo at work: a guest on a NAT network, driven by bus calls that are printed first.

Everything happens in mount, network and process namespaces of its own: bridges, firewall rules,
polkit rules and files are gone with its last process, whatever way it ends.
"""

import argparse
import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
# A build folder that somebody else keeps up to date, as the tests do.
GIVEN_BUILD = os.environ.get("VIREO_DEMO_BUILD")
BUILD = pathlib.Path(GIVEN_BUILD or SOURCE / "build-demo")
STATUS = "VIREO_DEMO_STATUS"
PR_SET_PDEATHSIG = 1

sys.path.insert(0, str(SOURCE / "tests/lib"))
os.environ["VIREO_BUILD_DIR"] = str(BUILD)
os.environ["VIREO_SOURCE_DIR"] = str(SOURCE)

from vireotest import guest, isolate  # noqa: E402


def say(text=""):
    print(text, flush=True)


def run_quietly(what, command, **options):
    """Runs a step of the build; its output is shown only when it fails."""
    say(f"  {what}")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\ndemo: {what} failed")


def build():
    if not GIVEN_BUILD:
        build_service()
    say("  a guest from Debian's cloud kernel and busybox")
    try:
        guest.build()
    except guest.GuestUnavailable as problem:
        sys.exit(f"demo: {problem}")


def build_service():
    compiler = "ccache gcc" if shutil.which("ccache") else "gcc"
    if not (BUILD / "build.ninja").exists():
        run_quietly("meson setup build-demo", ["meson", "setup", str(BUILD), str(SOURCE)],
                    env=dict(os.environ, CC=compiler))
    run_quietly("ninja -C build-demo", ["ninja", "-C", str(BUILD)])


class Inside:
    """The part in the namespaces, as its parent outside sees it."""

    def __init__(self, keep):
        self.reader, writer = os.pipe()
        command, environment = isolate.inside_command()
        environment[STATUS] = str(writer)
        self.process = subprocess.Popen(
            command, env=environment, pass_fds=[writer], start_new_session=True,
            preexec_fn=None if keep else die_with_parent,
            # What stays must not hold on to our output.
            stdout=subprocess.PIPE if keep else None, stderr=subprocess.STDOUT if keep else None)
        os.close(writer)

    def first_process(self):
        """The first process of the namespace, by its number outside."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def terminate(self):
        try:
            os.kill(self.first_process(), signal.SIGTERM)
        except (OSError, IndexError):
            self.process.kill()

    def relay(self):
        """Passes its output on, if it is ours to pass, until it says how it ends."""
        output = self.process.stdout.fileno() if self.process.stdout else None
        while output is not None:
            ready, _, _ = select.select([output, self.reader], [], [])
            data = os.read(output, 65536) if output in ready else b""
            sys.stdout.write(data.decode(errors="replace"))
            sys.stdout.flush()
            if not data:
                return

    def wait(self):
        """What it said at its end: "kept", or nothing when it is over."""
        try:
            self.relay()
            said = os.read(self.reader, 100).decode()
        except KeyboardInterrupt:
            self.terminate()
            said = ""
        if said == "kept":
            return said
        self.process.wait()
        return ""


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def forward_end(inside):
    def end(_number, _frame):
        inside.terminate()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def explain_keep(inside):
    pid = inside.first_process()
    enter = f"nsenter --target {pid} --mount --net --pid"
    if os.geteuid() != 0:
        enter += " --user --preserve-credentials"
    socket = "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/mnt/bus"
    say(f"""
It is all still there, in namespaces of its own. To talk to it:

  {enter} env {socket} busctl tree org.vireo.Vireo1
  {enter} env {socket} {BUILD}/src/cli/vireoctl domain list
  {enter} env {socket} bash

To end it, and everything in it:

  kill -9 {pid}
""")


def outside(options):
    started = time.monotonic()
    reason = isolate.isolation_missing()
    if reason:
        sys.exit(f"demo: {reason}\n"
                 "demo: run it as root, or as a user who has ids in /etc/subuid and /etc/subgid "
                 "(package uidmap) on a kernel that lets users have namespaces")
    say("Building")
    build()
    inside = Inside(options.keep)
    forward_end(inside)
    said = inside.wait()
    if said == "kept":
        explain_keep(inside)
        return 0
    if inside.process.returncode == 0:
        say(f"Done in {time.monotonic() - started:.0f} s; nothing is left behind.")
    return inside.process.returncode


def run():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true",
                        help="leave the guest and the service up, and say how to talk to them")
    options = parser.parse_args()
    if not isolate.is_isolated():
        sys.exit(outside(options))
    isolate.settle()
    import demo_steps
    status = demo_steps.run(options.keep)
    sys.exit(status)


if __name__ == "__main__":
    run()
