#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the service against its targets, and against libvirt when that is installed."""

import argparse
import os
import pathlib
import statistics
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import vireotest  # noqa: E402
from vireotest import guest, samples  # noqa: E402
from vireotest.client import GLib  # noqa: E402
from vireotest.samples import NO_OPTIONS  # noqa: E402

import by_hand  # noqa: E402
import libvirt_side  # noqa: E402

FACTS = ["Name", "State", "Autostart", "Persistent"]
LIST_RATIO = 50
DEFINE_RATIO = 3
PROPERTY_RATIO = 1.5
START_RATIO = 1.5


def clock(function, *arguments):
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def document(number):
    return samples.minimal_domain(f"bench-{number:05d}", "qemu",
                                  f"{number:08d}-2222-4333-8444-555555555555")


START_XML = ("<domain type='qemu'><name>bench-start</name><memory unit='MiB'>64</memory>"
             "<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
             "<serial type='pty'/><console type='pty'/></devices></domain>")


class Bench:
    """The figures so far, and whether a target was missed."""

    def __init__(self, options):
        self.options = options
        self.missed = False

    def line(self, name, ours, theirs, ratio, target=None, enough=True):
        verdict = ""
        if target is not None:
            verdict = f", target {target:g}: {'met' if enough else 'MISSED'}"
            self.missed |= not enough
        print(f"{name:9} {ours}; {theirs}; ratio {ratio:.2f}{verdict}", flush=True)

    def define(self, client, connection):
        """Definitions a second."""
        count = self.options.domains
        documents = [document(n) for n in range(count)]
        client.call(connection, "Connection", "DefineDomain", "(sa{sv})", documents[0], {})
        started = time.perf_counter()
        for xml in documents:
            client.call(connection, "Connection", "DefineDomain", "(sa{sv})", xml, {})
        return count / (time.perf_counter() - started)

    def list(self, client, connection):
        """Seconds for the facts of all domains."""
        found = []
        question = GLib.Variant("(asa{sv})", (FACTS, {}))

        def ask():
            found[:] = [client.call_variant(connection, "Connection", "GetDomains", question)]
        seconds = statistics.median(clock(ask) for _ in range(5))
        complete = [f for f in found[0].unpack()[0].values() if set(f) == set(FACTS)]
        if len(complete) < self.options.domains:
            sys.exit(f"bench: {len(complete)} domains listed of {self.options.domains}")
        return seconds

    def property(self, client, connection):
        """Median seconds of a property read and of an empty method, taken in turn."""
        path = client.call(connection, "Connection", "LookupDomainByName", "(s)", "bench-00000")
        reads, pings = [], []
        for _ in range(self.options.calls):
            reads.append(clock(client.get, path, "Domain", "Name"))
            pings.append(clock(client.call, path, "org.freedesktop.DBus.Peer", "Ping"))
        self.line("property", f"{statistics.median(reads) * 1e6:.0f} µs a read",
                  f"{statistics.median(pings) * 1e6:.0f} µs an empty method",
                  statistics.median(reads) / statistics.median(pings), PROPERTY_RATIO,
                  statistics.median(reads) <= PROPERTY_RATIO * statistics.median(pings))

    def start(self, client, connection):
        """Median seconds of Start, and of the same command line by hand, taken in turn."""
        path = client.call(connection, "Connection", "DefineDomain", "(sa{sv})", START_XML, {})
        ours, hand = [], []
        for _ in range(self.options.starts):
            ours.append(clock(client.call, path, "Domain", "Start", *NO_OPTIONS))
            command = by_hand.command_of("bench-start")
            client.call(path, "Domain", "Destroy", *NO_OPTIONS)
            hand.append(by_hand.launch(command))
        client.call(path, "Domain", "Undefine", *NO_OPTIONS)
        return statistics.median(ours), statistics.median(hand)


def measure(options):
    bench = Bench(options)
    with vireotest.Host("bench") as host:
        connection = host.client.open("qemu:///system")
        rate = bench.define(host.client, connection)
        listed = bench.list(host.client, connection)
        bench.property(host.client, connection)
        ours, hand = bench.start(host.client, connection)
        bench.line("start", f"{ours * 1e3:.0f} ms", f"{hand * 1e3:.0f} ms by hand", ours / hand,
                   START_RATIO, ours <= START_RATIO * hand)
    missing = libvirt_side.missing()
    if missing:
        print(f"define    {rate:.0f}/s\nlist      {listed * 1e3:.1f} ms\n"
              f"not compared with libvirt: {missing}", flush=True)
    else:
        compare(bench, rate, listed, hand)
    return 1 if bench.missed else 0


def compare(bench, rate, listed, hand):
    with libvirt_side.Libvirt() as libvirt:
        count = bench.options.domains
        their_rate = libvirt.define([document(n) for n in range(count)])
        bench.line("define", f"{rate:.0f}/s", f"libvirt {their_rate:.0f}/s", rate / their_rate,
                   DEFINE_RATIO, rate >= DEFINE_RATIO * their_rate)
        their_list = libvirt.list(count)
        bench.line("list", f"{listed * 1e3:.1f} ms for {count} domains",
                   f"libvirt-dbus {their_list * 1e3:.0f} ms", their_list / listed, LIST_RATIO,
                   their_list >= LIST_RATIO * listed)
        their_start = libvirt.start(START_XML, bench.options.starts)
        bench.line("start", f"libvirt {their_start * 1e3:.0f} ms", f"{hand * 1e3:.0f} ms by hand",
                   their_start / hand)


def run():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=3000, help="property reads (default: 3000)")
    parser.add_argument("--starts", type=int, default=7)
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
    pass
    vireotest.isolate.settle()
    sys.exit(measure(options))


if __name__ == "__main__":
    run()
