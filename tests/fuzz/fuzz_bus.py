#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile calls of everything on the bus, which introspection leads to, by several callers at once.

VIREO_FUZZ_SECONDS says for how long (20), VIREO_FUZZ_SEED what to send: a failure names it, and the
batch. Under ASan and UBSan their reports end the daemon, and so does a critical message of GLib's.
"""

import contextlib
import itertools
import os
import random
import socket
import tempfile
import time
import unittest

import vireotest
from vireotest import isolate
from vireotest.client import BusError
from vireotest.paths import BUILD
from vireotest.rawbus import RawClient
from vireotest.wait import FACTOR
from vireotest.worker import Worker

SECONDS = float(os.environ.get("VIREO_FUZZ_SECONDS", "20"))
SEED = os.environ.get("VIREO_FUZZ_SEED") or str(random.SystemRandom().randrange(10**9))
DRIVERS = os.environ.get("VIREO_FUZZ_DRIVERS", "test,qemu")
CALLS = 150
# An answer may take as long as a caller waits for an object's slot, and then some.
TIMEOUT = 60
# Descriptors that are opened by what runs at any one time.
MOST_FDS = 120
# Of what is allocated: not of what the process takes, which freed memory, too, counts for.
MOST_GROWTH_MB = 10
# What a message may be long on the system bus is little more.
LONGEST = 30_000_000
BATCHES_PER_CLEANING = 8
CLEANING = ("Destroy", "Undefine", "Delete", "Stop", "Remove")

# Nobody may do every other thing, so that it gets past the gate here and there.
RULES = ("polkit.addRule(function(action, subject) {"
         "if (subject.user == 'nobody' && action.id.indexOf('org.vireo.') == 0 &&"
         " action.id.length % 2 == 0) return polkit.Result.YES; });")


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        isolate.make_harmless()
        sanitizer = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=8".lstrip(":")
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.host = vireotest.Host("fuzz", arguments=[f"--drivers={DRIVERS}"], env={
            "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0",
            "LD_PRELOAD": str(BUILD / "tests/fuzz/libheap-probe.so"),
            "VIREO_HEAP_PROBE": f"{cls.folder}/heap",
            "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1"),
        }).start()
        cls.addClassCleanup(cls.host.stop)
        # The test driver's is there from the beginning.
        if "qemu" in DRIVERS.split(","):
            cls.host.client.open("qemu:///system")
        cls.host.polkit.set_rules(RULES)
        # From then on the guard reads what is sent, too.
        with RawClient(cls.host.bus.address) as raw:
            raw.call_nested(65)
            vireotest.wait_until(lambda: "on the bus again" in cls.host.daemon.log_tail(), 20,
                                 "the daemon to be back")
        cls.host.client.wait_for_owner()
        # GDBus keeps room for the longest message that it has read.
        with contextlib.suppress(BusError):
            cls.host.client.call("/org/vireo/Vireo1", "org.freedesktop.DBus.Introspectable",
                                 "Introspect", "(s)", "x" * LONGEST)
        cls.workers = []
        for user in (None, "nobody", None, "nobody"):
            worker = Worker("hostile_worker", [cls.host.bus.address], user=user,
                            env=cls.host.bus.environment())
            cls.addClassCleanup(worker.close)
            cls.workers.append(worker)

    def memory(self):
        """What the daemon has allocated, in MB."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{self.folder}/heap")
            return int(probe.makefile().read()) / 1e6

    def resident(self):
        """What the daemon takes, in MB."""
        with open(f"/proc/{self.host.daemon.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def n_fds(self):
        return len(os.listdir(f"/proc/{self.host.daemon.pid}/fd"))

    def order(self, number, worker):
        kind = "silence" if worker == 3 and number % 6 == 5 else "batch"
        return {"do": kind, "seed": f"{SEED}/{number}/{worker}", "calls": CALLS,
                "vanish": worker == 2 and number % 3 == 2, "timeout": TIMEOUT * FACTOR}

    def run_batch(self, number):
        for i, worker in enumerate(self.workers):
            worker.send(self.order(number, i))
        answers = []
        for worker in self.workers:
            answers.append(worker.wait_for(lambda m: m["event"] == "batch", 4 * TIMEOUT))
        self.host.daemon.check_alive()
        problems = [p for a in answers for p in a["problems"]]
        self.assertFalse(problems, "\n".join([f"{len(problems)} wrong answers", *problems[:10],
                                              self.host.daemon.log_tail(20)]))
        started = time.monotonic()
        self.host.client.call("/org/vireo/Vireo1", "org.freedesktop.DBus.Peer", "Ping", timeout=10)
        self.assertLess(time.monotonic() - started, 10 * FACTOR)
        return answers

    def clean(self):
        """Removes what was made, in whatever way it can be; tells how much is left."""
        objects = self.host.client.managed_objects()
        for path in sorted(objects, reverse=True):
            for interface, method in itertools.product(objects[path], CLEANING):
                try:
                    self.host.client.call(path, interface, method, "(a{sv})", {}, timeout=TIMEOUT)
                except BusError:
                    pass
        return len(self.host.client.managed_objects())

    def test_hostile_calls(self):
        print(f"# VIREO_FUZZ_SEED={SEED}", flush=True)
        end = time.monotonic() + SECONDS
        sent, errors, slowest, methods, memory = 0, 0, 0.0, 0, None
        for number in itertools.count():
            with self.subTest(seed=SEED, batch=number):
                answers = self.run_batch(number)
                sent += CALLS * len(self.workers)
                errors += sum(a["errors"] for a in answers)
                slowest = max(slowest, *(a["slowest"] for a in answers))
                methods = max(methods, *(a["methods"] for a in answers))
                if number % BATCHES_PER_CLEANING == 0:
                    left = self.clean()
                    vireotest.wait_until(lambda: self.n_fds() < MOST_FDS, 20,
                                         lambda: f"fewer than {self.n_fds()} descriptors")
                    # The first rounds fill caches.
                    if number <= 2 * BATCHES_PER_CLEANING:
                        memory = self.memory()
                    self.assertLess(self.memory(), memory + MOST_GROWTH_MB)
                    print(f"# batch {number}: {self.memory():.2f} MB of {self.resident():.0f}, "
                          f"{self.n_fds()} descriptors, {left} objects, {sent} calls", flush=True)
                if time.monotonic() > end:
                    break
                continue
            # It failed, and would again.
            return
        print(f"# {sent} calls of {methods} members in {number + 1} batches, {errors} refused; "
              f"the slowest answer took {slowest:.1f} s", flush=True)
        self.assertGreater(methods, 50)
        self.assertGreater(errors, sent // 20)
        self.assertLess(errors, sent)


vireotest.main()
