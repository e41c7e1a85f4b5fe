#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus ends and comes back, throws the daemon out, or carries what GDBus does not read."""

import os
import stat
import subprocess
import sys
import time
import unittest

import vireotest
from members import CONNECTION, define
from vireotest import privatebus
from vireotest.client import GLib, NAME, PROPERTIES, Watch
from vireotest.privatebus import Polkit
from vireotest.rawbus import RawClient
from vireotest.wait import wait_until

WITH_CONSOLE = ("<domain type='test'><name>console</name><memory>65536</memory><vcpu>1</vcpu>"
                "<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>")
PEER = "org.freedesktop.DBus.Peer"
# The last of them is what a bus carries and GDBus (GLib 2.74) does not read, and leaves, once.
DEPTHS = (5, 30, 60, 64, 65)


def restart_bus(host):
    """What clients see of it: their connections end, and the names are there again."""
    host.client.close()
    host.daemon.client = None
    if host.polkit:
        host.polkit.stop()
        host.polkit = None
    host.bus.stop()
    host.bus.start()
    host.daemon.client = host.bus.client()
    host.client.wait_for_owner(alive=host.daemon.check_alive)


class Restart(unittest.TestCase):
    def test_everything_is_as_it_was(self):
        with vireotest.Host("bus", arguments=["--drivers=test"]) as host:
            host.polkit.allow("nobody")
            path = define(host.client, "stays", 1)
            host.client.call(path, "Domain", "Start", "(a{sv})", {})
            number = host.client.get(path, "Domain", "Id")
            before = host.client.managed_objects()
            pid = host.daemon.pid
            for _ in range(3):
                restart_bus(host)
                self.assertEqual(host.client.managed_objects(), before)
            self.assertEqual(host.client.get(path, "Domain", "Id"), number)
            self.assertEqual(host.daemon.pid, pid)
            host.client.call(path, "Domain", "Destroy", "(a{sv})", {})

            # Nobody is asked but the polkit on the new bus: until there is one, nothing is allowed.
            caller = host.caller("nobody")
            self.assertIsNotNone(caller.call(path, "Domain", "Start", "(@a{sv} {},)").error)
            with Polkit(host.bus) as polkit:
                polkit.allow("nobody")
                outcome = caller.call(path, "Domain", "Start", "(@a{sv} {},)")
                self.assertIsNone(outcome.error)
                polkit.set_rules("")
                self.assertEqual(
                    caller.call(path, "Domain", "Destroy", "(@a{sv} {},)").error.code,
                    "NotAuthorized")

    def test_subscriptions_are_forgotten(self):
        with vireotest.Host("bus", polkit=False, arguments=["--drivers=test"]) as host:
            path = define(host.client, "heard", 1)
            with host.client.watch():
                pass
            restart_bus(host)
            # On the new bus somebody else has the name that the subscriber had on the old one.
            others = [host.bus.client(name="org.example.None") for _ in range(20)]
            self.addCleanup(lambda: [other.close() for other in others])
            watches = [self.enterContext(Watch(other.connection, None, None, PROPERTIES, None))
                       for other in others]
            with host.client.watch(path, PROPERTIES) as watch:
                host.client.call(path, "Domain", "Start", "(a{sv})", {})
                watch.wait()
            for other in others:
                # What was sent to it came before the answer.
                other.has_owner()
            self.assertEqual([s for w in watches for s in w.signals], [])

    def test_both_names_come_back(self):
        with vireotest.Host("bus", polkit=False, arguments=["--drivers=test"]) as host:
            restart_bus(host)
            with host.bus.client(name="org.libvirt") as client:
                client.wait_for_owner()
                drivers = client.call("/org/libvirt", "org.freedesktop.DBus.Introspectable",
                                      "Introspect")
            self.assertIn("Test", drivers)

    def test_a_bus_that_is_long_gone(self):
        with vireotest.Host("bus", polkit=False, arguments=["--drivers=test"]) as host:
            path = define(host.client, "stays", 1)
            host.client.close()
            host.daemon.client = None
            host.bus.stop()
            used = self.cpu_seconds(host.daemon.pid)
            time.sleep(3)
            host.daemon.check_alive()
            self.assertLess(self.cpu_seconds(host.daemon.pid) - used, 0.5)
            host.bus.start()
            host.daemon.client = host.bus.client()
            host.client.wait_for_owner(alive=host.daemon.check_alive)
            self.assertEqual(host.client.get(path, "Domain", "Name"), "stays")

    def test_it_ends_without_a_bus(self):
        with vireotest.Host("bus", polkit=False, arguments=["--drivers=test"]) as host:
            host.client.close()
            host.daemon.client = None
            host.bus.stop()
            wait_until(lambda: "connecting again" in host.daemon.log_tail(), 20, "it to notice")
            self.assertEqual(host.daemon.terminate(), 0)

    def test_without_standard_descriptors(self):
        """Who starts it may have closed them: no file or socket of its own gets their numbers."""
        with vireotest.Host("bus", polkit=False, daemon=False) as host:
            daemon = host.daemon
            process = subprocess.Popen([*daemon.command(), "--drivers=test"], cwd="/",
                                       env=host.bus.environment(), close_fds=True,
                                       preexec_fn=lambda: os.closerange(0, 3))
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            client = host.bus.client()
            client.wait_for_owner(alive=lambda: self.assertIsNone(process.poll()))
            self.assertEqual([os.readlink(f"/proc/{process.pid}/fd/{n}") for n in range(3)],
                             ["/dev/null"] * 3)
            client.open("test:///default")
            define(client, "quiet", 5)

    @staticmethod
    def cpu_seconds(pid):
        with open(f"/proc/{pid}/stat") as file:
            return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / 100


@unittest.skipIf(privatebus.PROGRAM != "dbus-daemon", "dbus-broker refuses them itself")
class Nested(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("nested", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.path = define(cls.host.client, "stays", 1)
        with RawClient(cls.host.bus.address) as raw:
            raw.call_nested(DEPTHS[-1])
            wait_until(lambda: cls.n_returns() == 1, 20, "the daemon to be back")
        cls.host.client.wait_for_owner()

    @classmethod
    def n_returns(cls):
        cls.host.daemon.check_alive()
        return cls.host.daemon.log_file.read_text().count("on the bus again")

    def tearDown(self):
        self.assertEqual(self.n_returns(), 1)
        self.assertEqual(self.host.client.get(self.path, "Domain", "Name"), "stays")

    def test_each_call_is_answered(self):
        with RawClient(self.host.bus.address) as raw:
            for depth in DEPTHS * 20:
                answer = raw.reply(raw.call_nested(depth))
                self.assertEqual(answer.get_error_name(),
                                 f"{NAME}.Error.LimitExceeded" if depth == DEPTHS[-1]
                                 else "org.freedesktop.DBus.Error.InvalidArgs")

    def test_nothing_is_done_without_arguments(self):
        """A member that takes none is not called with those that could not be read."""
        with RawClient(self.host.bus.address) as raw:
            serial = raw.call_nested(DEPTHS[-1], interface="org.freedesktop.DBus.ObjectManager",
                                     method="GetManagedObjects")
            self.assertEqual(raw.reply(serial).get_error_name(), f"{NAME}.Error.LimitExceeded")

    def test_a_flood(self):
        with RawClient(self.host.bus.address) as raw:
            for _ in range(20):
                serials = [raw.call_nested(DEPTHS[-1]) for _ in range(50)]
                self.assertEqual(self.host.client.get(self.path, "Domain", "Name"), "stays")
                raw.reply(serials[-1])

    def test_descriptors_go_through(self):
        client = self.host.client
        path = client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})", WITH_CONSOLE, {})
        client.call(path, "Domain", "Start", "(a{sv})", {})
        n_fds = len(os.listdir(f"/proc/{self.host.daemon.pid}/fd"))
        for _ in range(10):
            # One message with one, between many without.
            others = [client.call_async(self.path, PEER, "Ping") for _ in range(20)]
            fd = client.call_for_fd(path, "Domain", "OpenConsole", "(sa{sv})", "",
                                    {"force": GLib.Variant("b", True)})
            self.assertTrue(stat.S_ISSOCK(os.fstat(fd).st_mode))
            os.close(fd)
            given = client.call_async(
                f"{CONNECTION}/none", "StorageVolume", "Upload", "(ha{sv})", 0, {},
                fds=[sys.stdin.fileno()])
            with self.assertRaises(vireotest.BusError):
                given.wait()
            for other in others:
                other.wait()
        client.call(path, "Domain", "Destroy", "(a{sv})", {})
        wait_until(lambda: len(os.listdir(f"/proc/{self.host.daemon.pid}/fd")) <= n_fds, 10,
                   "the descriptors to be closed")

    def test_long_messages_go_through(self):
        text = "x" * 20_000_000
        pending = [self.host.client.call_async(CONNECTION, "Connection", "LookupDomainByName",
                                               "(s)", text) for _ in range(3)]
        for each in pending:
            with self.assertRaises(vireotest.BusError) as caught:
                each.wait()
            self.assertEqual(caught.exception.code, "NotFound")

    def test_the_bus_restarts(self):
        with vireotest.Host("guarded", polkit=False, arguments=["--drivers=test"]) as host:
            path = define(host.client, "stays", 1)
            with RawClient(host.bus.address) as raw:
                raw.call_nested(DEPTHS[-1])
                wait_until(lambda: "on the bus again" in host.daemon.log_tail(), 20, "its return")
            restart_bus(host)
            self.assertEqual(host.client.get(path, "Domain", "Name"), "stays")
            self.assertEqual(host.daemon.terminate(), 0)


vireotest.main()
