#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon is killed at each step of a start and of a stop; the next one finishes either.

strace delivers the signal at the nth call of one kind in a thread, so that no moment is left to
chance: around each record that is written, each process made, each command and signal sent, each
device made and each file removed. VIREO_TEST_STEPS says how many of each kind (2).
"""

import os
import shutil
import subprocess
import unittest

import vireotest
from vireotest import guest, leftovers, samples
from vireotest.samples import NO_OPTIONS
from vireotest.wait import wait_until

# What starting and stopping a guest does to the world outside the daemon.
CALLS = ("rename", "fsync", "fdatasync", "pwrite64", "write", "unlink", "mkdir", "rmdir", "bind",
         "socket", "clone", "clone3", "connect", "sendmsg", "ioctl", "close_range",
         "pidfd_send_signal")
MOST = int(os.environ.get("VIREO_TEST_STEPS", "2"))
INTERRUPTED = {"NoReply", "Disconnected", "ServiceUnknown", "NameHasNoOwner", "HypervisorDied"}


class Steps(unittest.TestCase):
    def setUp(self):
        self.host = self.enterContext(vireotest.Host("kill-steps"))
        connection = self.client.open("qemu:///system")
        self.network = self.client.call(
            connection, "Connection", "DefineNetwork", "(sa{sv})",
            samples.nat_network("steps", "stepbr0", "192.168.162"), {})
        self.client.call(self.network, "Network", "Start", *NO_OPTIONS)
        self.addCleanup(self.clear)
        xml = ("<domain type='qemu'><name>steps</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>"
               "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
               f"{samples.network_interface('steps')}</devices></domain>")
        self.domain = None
        self.domain = self.client.call(connection, "Connection", "DefineDomain", "(sa{sv})", xml,
                                       {})
        self.known_jobs = set()
        # From here on the emulator's capabilities are known.
        self.call("Start")
        self.call("Destroy")

    def clear(self):
        """What outlives the daemon, and would be in the way of the next test."""
        if self.host.daemon.process.poll() is not None:
            self.host.daemon.start()
            self.client.open("qemu:///system")
        self.stop()
        self.client.call(self.network, "Network", "Destroy", *NO_OPTIONS)

    @property
    def client(self):
        return self.host.client

    def call(self, method):
        self.client.call(self.domain, "Domain", method, *NO_OPTIONS, timeout=60)

    def active(self):
        return self.domain is not None and self.client.get(self.domain, "Domain", "Active")

    def trace(self, call, number):
        """Attached when it says so."""
        command = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                   f"inject={call}:signal=SIGKILL:when={number}", "-p", str(self.host.daemon.pid)]
        strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        line = strace.stderr.readline()
        self.assertIn("attached", line)
        return strace

    def killed_in(self, method, call, number):
        """Whether the daemon came to the call."""
        with self.trace(call, number) as strace:
            try:
                self.call(method)
            except vireotest.BusError as error:
                self.assertIn(error.code, INTERRUPTED, f"{method}: {call} {number}: {error}")
            finally:
                # Told to end in good order, strace may wait for ever for what has died; whom it
                # traces goes on by itself.
                strace.kill()
        return self.died()

    def died(self):
        """Whether it is dead or about to be, which a bus connection may outlive by a little."""
        try:
            self.client.call(vireotest.ROOT, "org.freedesktop.DBus.Peer", "Ping")
        except vireotest.BusError as error:
            self.assertIn(error.code, INTERRUPTED)
            self.host.daemon.process.wait(10)
            return True
        return False

    def surplus(self):
        """What there is in the run folder and among processes and devices, if it is not right."""
        run = self.host.daemon.run / "qemu"
        facts = self.client.get_all(self.domain, "Domain")
        wanted = int(facts["Active"])
        found = {
            "emulators": sum("qemu-system" in c for c in leftovers.processes().values()),
            "folders": sum(path.name.isdigit() for path in run.iterdir()),
            "monitors": len(list(run.glob("*.monitor"))),
            "records": len(list(run.glob("status/*.status"))),
            "taps": sum(name.startswith("vireotap") for name in leftovers.links()),
        }
        wrong = {what: n for what, n in found.items() if n != wanted}
        if facts["State"] == "shutdown" or facts["StateReason"] == "starting-up":
            wrong["state"] = facts["State"], facts["StateReason"]
        return wrong

    def check_next(self, what):
        self.host.daemon.process.wait(10)
        self.host.daemon.start()
        self.client.open("qemu:///system")
        wait_until(lambda: not self.surplus(), 10, lambda: f"{what} to settle: {self.surplus()}")
        self.check_jobs(what)

    def check_jobs(self, what):
        """Each that was begun is there, and ends with a result that is true of the domain."""
        for path in self.client.managed_objects():
            if "/jobs/" not in path or path in self.known_jobs:
                continue
            self.known_jobs.add(path)
            wait_until(lambda path=path: self.client.get(path, "Job", "State") != "running", 10,
                       f"{what} its job to end")
            job = self.client.get_all(path, "Job")
            self.assertEqual((job["StartedByUid"], job["Objects"]), (0, [self.domain]), what)
            wanted = job["Operation"] == "domain-start"
            self.assertEqual(job["State"],
                             "completed" if self.active() == wanted else "failed", what)

    def kill_at_all_steps(self, method, prepare):
        kills = 0
        for call in CALLS:
            for number in range(1, MOST + 1):
                prepare()
                if not self.killed_in(method, call, number):
                    break
                self.check_next(f"{method}, killed at {call} {number},")
                kills += 1
        print(f"# {method}: {kills} kills")
        self.assertGreater(kills, 3, "too few to mean anything")

    def stop(self):
        if self.active():
            self.call("Destroy")

    def test_start(self):
        self.kill_at_all_steps("Start", self.stop)

    def test_stop(self):
        self.kill_at_all_steps("Destroy", lambda: self.active() or self.call("Start"))


def prepare():
    guest.prepare_emulator()
    if not shutil.which("strace"):
        raise unittest.SkipTest("strace is not installed")
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise unittest.SkipTest(f"strace may not trace here: {tried.stderr.strip()}")


vireotest.main(prepare=prepare)
