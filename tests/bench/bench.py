#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the service against its targets, and against libvirt when that is installed."""

import argparse
import contextlib
import os
import pathlib
import pwd
import re
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import vireotest  # noqa: E402
from vireotest import guest, samples  # noqa: E402
from vireotest.client import GLib  # noqa: E402
from vireotest.paths import built  # noqa: E402
from vireotest.samples import NO_OPTIONS  # noqa: E402
from vireotest.wait import wait_until  # noqa: E402

import by_hand  # noqa: E402
import crowd  # noqa: E402
import libvirt_side  # noqa: E402

ROOT = "/org/vireo/Vireo1"
ROUNDS = 5
LIST_RATIO = 50
DEFINE_TOGETHER_RATIO = 5
PROPERTY_RATIO = 1.3
START_RATIO = 1.5
LIST_SECONDS = 1
COLD_START_SECONDS = 1.5
COLD_START_RATIO = 5
MEMORY_RATIO = 0.5
CHANGES_PER_SECOND = 1000
IN_FLIGHT = 16
CROWD = 50
CROWD_RATIO = 10

START_XML = ("<domain type='qemu'><name>bench-start</name><memory unit='MiB'>64</memory>"
             "<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
             "{disk}<interface type='user'><model type='virtio'/></interface>"
             "<serial type='pty'/><console type='pty'/></devices></domain>")


def document(number):
    return samples.minimal_domain(f"bench-{number:05d}", "qemu",
                                  f"{number:08d}-2222-4333-8444-555555555555")


def measure(bus, service, path, what, *arguments, user=None):
    """What bench-client prints: a list of microseconds for each of its lines."""
    command = [str(built("tests/bench/bench-client")), service, path, what, *map(str, arguments)]
    done = subprocess.run(command, env=bus.environment(), stdout=subprocess.PIPE, text=True,
                          check=True, user=user)
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


def status_kib(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{field}:", 1)[1].split()[0])


def longest_stall(daemon, begin):
    """Milliseconds that one turn of the main loop took at most since the log had @begin bytes."""
    text = daemon.log_file.read_text(errors="replace")[begin:]
    return max(map(int, re.findall(r"stood still for (\d+) us", text)), default=0) / 1e3


def context_switches(pid):
    """How often each of the threads of a process was woken so far."""
    return {status.parent.name: int(line.split()[1])
            for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status")
            for line in status.read_text().splitlines()
            if line.startswith("voluntary_ctxt_switches")}


class Side:
    """One of the two services, and the bus that it is on."""

    def __init__(self, name, bus, connection, folder, settled=None):
        self.name = name
        self.bus = bus
        self.connection = connection
        self.folder = folder
        self.settled = settled

    def measure(self, what, *arguments):
        return measure(self.bus, self.name, self.connection, what, *arguments)

    def define(self, numbers, in_flight):
        """Definitions a second."""
        file = self.folder / "documents"
        file.write_text("\n---\n".join(map(document, numbers)))
        rate = len(numbers) * 1e6 / self.measure("define", file, in_flight)[0][0]
        # What goes on behind the answers is not to disturb whose turn is next.
        if self.settled is not None:
            self.settled()
        return rate

    def list(self, count):
        """Milliseconds for the facts of all domains."""
        return self.measure("list", count, 1)[0][0] / 1e3


class Bench:
    """The figures so far, and whether a target was missed."""

    def __init__(self, options):
        self.options = options
        self.missed = False
        self.next = 0

    def line(self, name, ours, theirs, ratio, target=None, enough=True):
        verdict = ""
        if target is not None:
            verdict = f", target {target:g}: {'met' if enough else 'MISSED'}"
            self.missed |= not enough
        print(f"{name:16} {ours}; {theirs}; ratio {ratio:.2f}{verdict}", flush=True)

    def take(self, count):
        numbers = range(self.next, self.next + count)
        self.next += count
        return numbers

    def define(self, sides, in_flight, target=None):
        """The same definitions by turns, so that a noisy machine disturbs both."""
        rates = {side.name: [] for side in sides}
        for _ in range(ROUNDS):
            numbers = self.take(self.options.domains // (2 * ROUNDS))
            for side in sides:
                rates[side.name].append(side.define(numbers, in_flight))
        name = "define" if in_flight == 1 else f"define, {in_flight} open"
        self.compare(name, rates, "{:.0f}/s", lambda ours, theirs: ours / theirs, target)

    def list(self, sides):
        times = {side.name: [] for side in sides}
        for _ in range(ROUNDS):
            for side in sides:
                times[side.name].append(side.list(self.next))
        self.compare("list", times, f"{{:.1f}} ms for {self.next} domains",
                     lambda ours, theirs: theirs / ours, LIST_RATIO)

    def compare(self, name, figures, form, ratio, target):
        medians = {side: form.format(statistics.median(f)) for side, f in figures.items()}
        if "libvirt" not in figures:
            print(f"{name:16} {medians['vireo']}", flush=True)
            return
        median = statistics.median(map(ratio, figures["vireo"], figures["libvirt"]))
        self.line(name, medians["vireo"], f"libvirt-dbus {medians['libvirt']}", median, target,
                  target is None or median >= target)

    def property(self, bus, path, user):
        """A property read, and an empty method of the same object, by turns."""
        uid = pwd.getpwnam(user).pw_uid
        pairs = measure(bus, "vireo", path, "property", self.options.calls, user=uid)
        reads, pings = (statistics.median(column) for column in zip(*pairs))
        self.line(f"property, {user}", f"{reads:.0f} µs a read", f"{pings:.0f} µs an empty method",
                  reads / pings, PROPERTY_RATIO, reads <= PROPERTY_RATIO * pings)

    def crowd(self, bus, path):
        """Callers that hammer: the slowest hundredth of their calls, and half of them."""
        took = crowd.crowd(bus, path, CROWD, self.options.crowd)
        median, late = crowd.percentiles(took)
        self.line(f"{CROWD} clients", f"{late * 1e3:.1f} ms is the 99th percentile of {len(took)}",
                  f"{median * 1e3:.1f} ms the median", late / median, CROWD_RATIO,
                  late <= CROWD_RATIO * median)

    def start(self, host, xml, libvirt):
        """Start, and the same command line by hand, by turns."""
        connection = host.client.open("qemu:///system")
        path = host.client.call(connection, "Connection", "DefineDomain", "(sa{sv})", xml, {})
        theirs_path = libvirt.define(xml) if libvirt else None
        ours, hand, theirs = [], [], []
        for _ in range(self.options.starts):
            started = time.perf_counter()
            host.client.call(path, "Domain", "Start", *NO_OPTIONS)
            ours.append(time.perf_counter() - started)
            command = by_hand.command_of("bench-start")
            host.client.call(path, "Domain", "Destroy", *NO_OPTIONS)
            hand.append(by_hand.launch(command))
            if libvirt:
                theirs.append(libvirt.start(theirs_path))
        ratio = statistics.median(map(lambda a, b: a / b, ours, hand))
        by_hand_text = f"{statistics.median(hand) * 1e3:.0f} ms by hand"
        self.line("start", f"{statistics.median(ours) * 1e3:.0f} ms", by_hand_text, ratio,
                  START_RATIO, ratio <= START_RATIO)
        if libvirt:
            self.line("start, libvirt", f"{statistics.median(theirs) * 1e3:.0f} ms", by_hand_text,
                      statistics.median(map(lambda a, b: a / b, theirs, hand)))

    def many(self, host, libvirt):
        """Thousands of definitions: all of their properties, a cold start, memory, idling."""
        count = self.options.many
        connection = host.client.open("qemu:///system")
        ours = Side("vireo", host.bus, connection, host.folder, host.daemon.settled)
        numbers = self.take(count - self.next)
        ours.define(numbers, IN_FLIGHT)
        seconds = statistics.median(ours.list(count) for _ in range(ROUNDS)) / 1e3
        self.line(f"list of {count}", f"{seconds:.2f} s", f"{LIST_SECONDS} s allowed",
                  seconds / LIST_SECONDS, 1, seconds <= LIST_SECONDS)
        begin = len(host.daemon.log_file.read_text(errors="replace"))
        objects = measure(host.bus, "vireo", ROOT, "objects", count, ROUNDS)
        print(f"objects          {statistics.median(o[0] for o in objects) / 1e3:.0f} ms for all "
              f"properties of {count} domains; the main loop's longest turn: "
              f"{longest_stall(host.daemon, begin):.1f} ms", flush=True)
        if libvirt:
            Side("libvirt", libvirt.bus, libvirt_side.CONNECTION, libvirt.folder).define(
                numbers, IN_FLIGHT)
        self.cold_start(host, connection, libvirt)
        self.idle(host.daemon.pid)

    def idle(self, pid):
        """Threads that had work before may end while it is counted; then it is counted again."""
        before, after = {}, context_switches(pid)
        while before.keys() != after.keys():
            before = context_switches(pid)
            time.sleep(self.options.idle)
            after = context_switches(pid)
        woken = sum(after.values()) - sum(before.values())
        print(f"idle             {woken} wake-ups in {self.options.idle} s", flush=True)
        self.missed |= woken > 0

    def cold_start(self, host, connection, libvirt):
        """Both until they list all of their domains, by turns, and what they take then."""
        count, to_name, ours, theirs = self.options.many, [], [], []
        for _ in range(3):
            host.daemon.stop()
            with host.bus.client() as client:
                started = time.perf_counter()
                host.daemon.spawn()
                client.wait_for_owner(seconds=60)
                to_name.append(time.perf_counter() - started)
                reply = client.call_variant(connection, "Connection", "GetDomains",
                                            GLib.Variant("(asa{sv})", (["Name"], {})))
                assert reply.get_child_value(0).n_children() >= count
                ours.append(time.perf_counter() - started)
            wait_until(lambda: self.cpu_rests(host.daemon.pid), 30, "the daemon to rest")
            if libvirt:
                libvirt.stop()
                started = time.perf_counter()
                libvirt.spawn()
                assert libvirt.names() >= count
                theirs.append(time.perf_counter() - started)
                pids = [process.pid for process in libvirt.processes]
                wait_until(lambda: all(map(self.cpu_rests, pids)), 60, "libvirt to rest")
        seconds = statistics.median(to_name)
        self.line("cold start", f"{seconds:.2f} s to the name for {count} domains",
                  f"{COLD_START_SECONDS} s allowed", seconds / COLD_START_SECONDS, 1,
                  seconds <= COLD_START_SECONDS)
        mine = status_kib(host.daemon.pid, "VmRSS") / 1024
        if not libvirt:
            print(f"memory           {mine:.0f} MiB resident", flush=True)
            return
        self.compare("cold start, list", {"vireo": ours, "libvirt": theirs}, "{:.2f} s",
                     lambda a, b: b / a, COLD_START_RATIO)
        both = sum(status_kib(pid, "VmRSS") for pid in pids) / 1024
        self.line("memory", f"{mine:.0f} MiB resident",
                  f"libvirtd and libvirt-dbus {both:.0f} MiB", mine / both, MEMORY_RATIO,
                  mine <= MEMORY_RATIO * both)

    def signals(self, host):
        """State changes at a steady rate, and who watches them."""
        connection = host.client.open("test:///default")
        for number in range(CHANGES_PER_SECOND):
            host.client.call(connection, "Connection", "CreateDomain", "(sa{sv})",
                             samples.minimal_domain(f"signals-{number}", "test"), {})
        changes, seen, micros = measure(host.bus, "vireo", connection, "signals",
                                        CHANGES_PER_SECOND, self.options.signals)[0]
        rate = changes * 1e6 / micros
        self.line("signals", f"{seen} signals seen", f"{changes} state changes, {rate:.0f}/s",
                  seen / changes, 1, seen == changes and rate >= 0.95 * CHANGES_PER_SECOND)

    @staticmethod
    def cpu_rests(pid):
        before = context_switches(pid)
        time.sleep(0.5)
        return context_switches(pid) == before


def run_all(options):
    bench = Bench(options)
    missing = libvirt_side.missing()
    if missing:
        print(f"not compared with libvirt: {missing}", flush=True)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(vireotest.Host("bench", env={"VIREO_STALLS": "1000"}))
        libvirt = None if missing else stack.enter_context(libvirt_side.Libvirt())
        connection = host.client.open("qemu:///system")
        sides = [Side("vireo", host.bus, connection, host.folder, host.daemon.settled)]
        if libvirt:
            sides.append(Side("libvirt", libvirt.bus, libvirt_side.CONNECTION, libvirt.folder))
        # The first definition waits for the emulator to be asked what it can do.
        for side in sides:
            side.define([99999], 1)
        bench.define(sides, 1)
        bench.define(sides, IN_FLIGHT, DEFINE_TOGETHER_RATIO)
        bench.list(sides)
        path = host.client.call(connection, "Connection", "LookupDomainByName", "(s)",
                                "bench-00000")
        for user in ("root", "nobody"):
            bench.property(host.bus, path, user)
        bench.crowd(host.bus, path)
        image = host.folder / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "64M"], check=True)
        bench.start(host, START_XML.format(disk=samples.disk(image)), libvirt)
        bench.signals(host)
        if options.many:
            bench.many(host, libvirt)
    return 1 if bench.missed else 0


def run():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--many", type=int, default=10000,
                        help="domains of a large host; 0: leave that out (default: 10000)")
    parser.add_argument("--calls", type=int, default=3000, help="property reads (default: 3000)")
    parser.add_argument("--crowd", type=int, default=10,
                        help="seconds of many clients at once (default: 10)")
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--signals", type=int, default=10,
                        help="seconds of state changes (default: 10)")
    parser.add_argument("--idle", type=int, default=10, help="seconds of idling (default: 10)")
    options = parser.parse_args()
    reason = vireotest.isolation_missing()
    if reason:
        sys.exit(f"bench: {reason}")
    try:
        guest.prepare_emulator()
    except unittest.SkipTest as problem:
        sys.exit(f"bench: {problem}")
    if not vireotest.is_isolated():
        vireotest.isolate.reexec()
    # Syncing the disk is part of what is measured.
    os.environ["VIREO_TEST_DISK"] = "1"
    vireotest.isolate.settle()
    sys.exit(run_all(options))


if __name__ == "__main__":
    run()
