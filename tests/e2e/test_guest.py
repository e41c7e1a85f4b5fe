#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real guest from the bus: network, lease, console, power, and a daemon that is killed."""

import os
import pathlib
import pwd
import re
import subprocess
import unittest

import vireotest
from vireotest import guest, leftovers, samples
from vireotest.console import Console
from vireotest.isolate import GUEST_USER
from vireotest.samples import NO_OPTIONS

BOOT = 90


def qemu_processes():
    return sorted(pid for pid, command in leftovers.processes().items() if "qemu-system" in command)


def ping(address, count=1, wait=5):
    done = subprocess.run(["ping", "-c", str(count), "-i", "0.2", "-W", str(wait), address],
                          capture_output=True, text=True)
    return done.returncode == 0


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


class Guests(unittest.TestCase):
    """What both classes need."""

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("guest"))
        cls.connection = cls.host.client.open("qemu:///system")
        cls.image = guest.install(guest.build(), cls.host.folder / "guest")

    @property
    def client(self):
        return self.host.client

    @classmethod
    def define(cls, name, devices="", **options):
        xml = samples.guest_domain(name, cls.image, devices, **options)
        return cls.host.client.call(cls.connection, "Connection", "DefineDomain", "(sa{sv})", xml,
                                    {})

    @classmethod
    def do(cls, path, method, interface="Domain"):
        return cls.host.client.call(path, interface, method, *NO_OPTIONS, timeout=60)

    @classmethod
    def console(cls, path, force=False):
        options = {"force": vireotest.client.GLib.Variant("b", True)} if force else {}
        return Console(cls.host.client.call_for_fd(path, "Domain", "OpenConsole", "(sa{sv})", "",
                                                   options))

    def prompt(self, path):
        """A console at the guest's prompt."""
        console = self.console(path)
        self.addCleanup(console.close)
        console.type("\n")
        console.wait_for("guest# ", 20)
        return console


class RunningGuest(Guests):
    """One guest on a NAT network that all tests here use; each leaves it running."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = cls.host.client.call(
            cls.connection, "Connection", "DefineNetwork", "(sa{sv})", samples.nat_network(), {})
        cls.disk = cls.host.folder / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", cls.disk, "64M"], check=True)
        cls.disk.chmod(0o600)
        cls.domain = cls.define("demo", samples.disk(cls.disk) + samples.network_interface("demo"))
        cls.do(cls.domain, "Start")
        with cls.console(cls.domain) as console:
            cls.banner = console.line_with(guest.READY, BOOT)
            console.wait_for("guest# ", 20)

    def leases(self):
        return self.client.call(self.network, "Network", "GetLeases", *NO_OPTIONS)

    def test_network_was_started_on_demand(self):
        self.assertTrue(self.client.get(self.network, "Network", "Active"))
        self.assertIn("vireo0", leftovers.links())

    def test_lease_is_what_the_guest_has(self):
        leases = [x for x in self.leases() if x["mac"] == "52:54:00:12:34:56"]
        self.assertEqual(len(leases), 1)
        self.assertIn(f"ip={leases[0]['address']} ", self.banner)
        self.assertRegex(leases[0]["address"], r"^192\.168\.150\.\d+$")
        self.assertEqual(leases[0]["hostname"], "vireo-guest")

    def test_ping(self):
        self.assertTrue(ping(self.leases()[0]["address"], 2))

    def test_guest_resolves_names_of_the_network(self):
        said = self.prompt(self.domain).run("nslookup vireo-guest 192.168.150.1")
        self.assertIn(self.leases()[0]["address"], said)

    def test_console_answers(self):
        console = self.prompt(self.domain)
        self.assertEqual(console.run("hostname"), "vireo-guest")

    def test_console_has_one_user_at_a_time(self):
        first = self.prompt(self.domain)
        with self.assertRaises(vireotest.BusError) as caught:
            self.console(self.domain)
        self.assertEqual(caught.exception.code, "Busy")
        with self.console(self.domain, force=True) as second:
            first.wait_closed(10)
            second.type("\n")
            second.wait_for("guest# ", 20)

    def test_suspend_and_resume(self):
        address = self.leases()[0]["address"]
        with self.client.watch(self.domain, "Domain", "Lifecycle") as watch:
            self.do(self.domain, "Suspend")
            self.addCleanup(lambda: self.client.get(self.domain, "Domain", "State") == "running"
                            or self.do(self.domain, "Resume"))
            self.assertEqual(self.client.get(self.domain, "Domain", "State"), "paused")
            self.assertEqual(watch.wait().args[0], "suspended")
            self.assertFalse(ping(address, 1, 1))
            self.do(self.domain, "Resume")
            self.assertEqual(watch.wait().args[0], "resumed")
        self.assertEqual(self.client.get(self.domain, "Domain", "State"), "running")
        self.assertTrue(ping(address, 2))

    def test_disk_reaches_the_guest_without_changing_hands(self):
        console = self.prompt(self.domain)
        self.assertEqual(console.run("cat /sys/block/vda/size"), str(64 * 1024 * 2))
        console.run("echo written-by-the-guest > /dev/vda; sync")
        info = self.disk.stat()
        self.assertEqual((info.st_uid, info.st_mode & 0o777), (os.getuid(), 0o600))
        self.assertIn(b"written-by-the-guest", self.disk.read_bytes())

    def test_runs_as_the_guest_user_in_a_sandbox(self):
        pid, = qemu_processes()
        status = status_of(pid)
        self.assertEqual(set(status["Uid"].split()), {str(pwd.getpwnam(GUEST_USER).pw_uid)})
        self.assertEqual(status["Seccomp"], "2")
        self.assertEqual(int(status["CapEff"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")

    def test_killed_daemon_finds_its_guest_again(self):
        pid, = qemu_processes()
        identity = self.client.get(self.domain, "Domain", "Id")
        address = self.leases()[0]["address"]
        xml = self.do(self.domain, "GetXml")
        self.host.daemon.kill()
        self.assertTrue(ping(address))
        self.host.daemon.start()
        self.client.wait_for(self.domain, "Domain", "State", "running")
        self.assertEqual(qemu_processes(), [pid])
        self.assertEqual(self.client.get(self.domain, "Domain", "Id"), identity)
        self.assertEqual(self.do(self.domain, "GetXml"), xml)
        self.assertTrue(self.client.get(self.network, "Network", "Active"))
        self.assertEqual(self.prompt(self.domain).run("hostname"), "vireo-guest")
        self.assertEqual(self.leases()[0]["address"], address)

    def test_kill_while_suspended(self):
        self.do(self.domain, "Suspend")
        self.host.daemon.kill_and_restart()
        self.client.wait_for(self.domain, "Domain", "State", "paused")
        self.do(self.domain, "Resume")
        self.assertTrue(ping(self.leases()[0]["address"], 2))

    def test_restart_in_good_order(self):
        pid, = qemu_processes()
        self.host.daemon.restart()
        self.client.wait_for(self.domain, "Domain", "State", "running")
        self.assertEqual(qemu_processes(), [pid])

    def test_start_of_a_running_domain_is_refused(self):
        with self.assertRaises(vireotest.BusError) as caught:
            self.do(self.domain, "Start")
        self.assertEqual(caught.exception.code, "InvalidState")
        self.assertEqual(len(qemu_processes()), 1)

    def test_log_file_tells_how_it_was_started(self):
        logs = list(self.host.daemon.log.rglob("*demo*"))
        self.assertEqual(len(logs), 1)
        self.assertIn("qemu-system-x86_64", logs[0].read_text())


class Power(Guests):
    """Guests that come and go."""

    def tearDown(self):
        for path, interfaces in self.client.managed_objects().items():
            domain = interfaces.get("org.vireo.Vireo1.Domain")
            if domain and domain["Active"]:
                self.do(path, "Destroy")
            if domain and self.client.exists(path):
                self.do(path, "Undefine")
        self.assertEqual(qemu_processes(), [])

    def start(self, name, **options):
        domain = self.define(name, **options)
        self.do(domain, "Start")
        return domain

    def boot(self, domain):
        console = self.console(domain)
        self.addCleanup(console.close)
        console.line_with(guest.READY, BOOT)
        return console

    def test_acpi_shutdown(self):
        domain = self.start("off")
        console = self.boot(domain)
        with self.client.watch(domain, "Domain", "Lifecycle") as watch:
            self.do(domain, "Shutdown")
            # What it says last may go with its terminal, before anybody reads it.
            event = watch.wait(60, lambda s: s.args[0] == "stopped")
            self.assertEqual(event.args[1], "shutdown")
        self.assertEqual(self.client.get(domain, "Domain", "State"), "shutoff")
        self.assertEqual(self.client.get(domain, "Domain", "Id"), 0)
        console.wait_closed(10)

    def test_i440fx(self):
        self.boot(self.start("old", machine="pc"))

    def test_reset(self):
        domain = self.start("again")
        console = self.boot(domain)
        with self.client.watch(domain, "Domain", "Rebooted") as watch:
            self.do(domain, "Reset")
            watch.wait(20)
        console.line_with(guest.READY, BOOT)
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")

    def test_reboot(self):
        domain = self.start("reboot")
        console = self.boot(domain)
        self.do(domain, "Reboot")
        console.wait_for(guest.POWER_BUTTON, 20)
        console.line_with(guest.READY, BOOT)
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")

    def test_destroy(self):
        domain = self.start("gone")
        with self.client.watch(domain, "Domain", "Lifecycle") as watch:
            self.do(domain, "Destroy")
            self.assertEqual(watch.wait(matching=lambda s: s.args[0] == "stopped").args[1],
                             "destroyed")
        self.assertEqual(qemu_processes(), [])
        self.assertEqual(self.client.get(domain, "Domain", "State"), "shutoff")

    def test_start_paused(self):
        domain = self.define("paused")
        variant = vireotest.client.GLib.Variant
        self.client.call(domain, "Domain", "Start", "(a{sv})", {"paused": variant("b", True)})
        self.assertEqual(self.client.get(domain, "Domain", "State"), "paused")
        self.do(domain, "Resume")
        self.boot(domain)

    def test_transient_domain_goes_when_it_stops(self):
        xml = samples.guest_domain("fleeting", self.image)
        domain = self.client.call(self.connection, "Connection", "CreateDomain", "(sa{sv})", xml,
                                  {})
        self.assertFalse(self.client.get(domain, "Domain", "Persistent"))
        self.do(domain, "Destroy")
        self.assertFalse(self.client.exists(domain))
        self.assertEqual(list(self.host.daemon.state.rglob("*fleeting*")), [])

    def test_guest_that_dies_by_itself(self):
        domain = self.start("dies")
        pid, = qemu_processes()
        with self.client.watch(domain, "Domain", "Lifecycle") as watch:
            os.kill(pid, 9)
            watch.wait(20, lambda s: s.args[0] in ("stopped", "crashed"))
        self.assertFalse(self.client.get(domain, "Domain", "Active"))
        self.do(domain, "Start")
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")

    def test_guest_that_dies_while_the_daemon_is_down(self):
        domain = self.start("unseen")
        pid, = qemu_processes()
        self.host.daemon.kill()
        os.kill(pid, 9)
        self.host.daemon.start()
        self.client.wait_for(domain, "Domain", "Active", False)
        self.do(domain, "Start")
        self.assertEqual(self.client.get(domain, "Domain", "State"), "running")

    def test_hung_monitor_delays_nobody_else(self):
        first, second = self.start("hung"), self.start("well")
        pid = next(p for p in qemu_processes() if "hung" in leftovers.processes()[p])
        os.kill(pid, 19)
        try:
            waiting = self.client.call_async(first, "Domain", "Suspend", *NO_OPTIONS)
            self.do(second, "Suspend")
            self.assertEqual(self.client.get(second, "Domain", "State"), "paused")
            self.assertEqual(self.client.get(first, "Domain", "State"), "running")
            self.assertFalse(waiting.done)
        finally:
            os.kill(pid, 18)
        waiting.wait(40)
        self.assertEqual(self.client.get(first, "Domain", "State"), "paused")

    def test_user_mode_network(self):
        domain = self.start("slirp", devices="<interface type='user'><model type='virtio'/>"
                            "</interface>")
        console = self.console(domain)
        self.addCleanup(console.close)
        self.assertRegex(console.line_with(guest.READY, BOOT), r"ip=10\.0\.2\.\d+ ")

    def test_two_consoles_after_each_other(self):
        domain = self.start("twice")
        console = self.boot(domain)
        console.close()
        # Whoever closes one and opens one at once is not told that somebody has it.
        for _ in range(50):
            self.console(domain).close()
        console = self.console(domain)
        console.type("echo once >> /tmp/said\n")
        console.close()
        prompt = self.prompt(domain)
        self.assertEqual(prompt.run("cat /tmp/said"), "once")
        self.assertEqual(prompt.run("echo still here"), "still here")


class Leftover(unittest.TestCase):
    def test_nothing_is_left(self):
        before = vireotest.Leftovers()
        with vireotest.Host("left") as host:
            connection = host.client.open("qemu:///system")
            image = guest.install(guest.build(), host.folder / "guest")
            network = host.client.call(connection, "Connection", "DefineNetwork", "(sa{sv})",
                                       samples.nat_network(), {})
            xml = samples.guest_domain("left", image, samples.network_interface("demo"))
            domain = host.client.call(connection, "Connection", "DefineDomain", "(sa{sv})", xml, {})
            host.client.call(domain, "Domain", "Start", *NO_OPTIONS, timeout=60)
            self.assertRegex(" ".join(leftovers.links()), "vireo0")
            host.client.call(domain, "Domain", "Destroy", *NO_OPTIONS)
            self.assertEqual(re.findall(r"vnet\d+|tap\d+", " ".join(leftovers.links())), [])
            host.client.call(network, "Network", "Destroy", *NO_OPTIONS)
            for path, interface in ((domain, "Domain"), (network, "Network")):
                host.client.call(path, interface, "Undefine", *NO_OPTIONS)
            status = [p.name for p in host.daemon.run.rglob("*") if p.is_file()]
            self.assertEqual([n for n in status if "left" in n or "demo" in n], [])
        before.check()


vireotest.main(prepare=guest.prepare)
