#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is asked of a domain that runs: its guest's agent, its display, its disks, figures."""

import os
import socket
import unittest

import vireotest
from members import CONNECTION, permit, text, uuid_of
from vireotest.client import Gio, GLib, NAME

MAC = "52:54:00:00:09:01"
XML = ("<domain type='test'><name>{}</name><uuid>{}</uuid><memory unit='MiB'>64</memory>"
       "<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os><devices>"
       "<disk type='file' device='disk'><source file='/none/a.img'/>"
       "<target dev='vda' bus='virtio'/></disk>"
       "<disk type='file' device='disk'><source file='/none/b.img'/>"
       "<target dev='vdb' bus='virtio'/></disk>"
       f"<interface type='network'><mac address='{MAC}'/><source network='default'/></interface>"
       "{}<graphics type='vnc'/><video><model type='vga'/></video></devices></domain>")
AGENT = ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>")


def came(watch, member):
    return watch.wait(matching=lambda signal: signal.member == member)


class Case(unittest.TestCase):
    number = 0

    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("guest", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client

    def setUp(self):
        Case.number += 1
        self.path = self.start(f"guest{Case.number}", Case.number, AGENT)

    def start(self, name, number, devices="", **options):
        path = self.client.call(CONNECTION, "Connection", "DefineDomain", "(sa{sv})",
                                XML.format(name, uuid_of(number), devices), {})
        self.client.call(path, "Domain", "Start", "(a{sv})", options)
        return path

    def call(self, method, signature, *args, path=None):
        return self.client.call(path or self.path, "Domain", method, signature, *args)

    def error(self, method, signature, *args, path=None):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(method, signature, *args, path=path)
        return caught.exception.code

    def open(self, method, signature, *args):
        """Calls a method that returns a file descriptor."""
        reply, fds = self.client.connection.call_with_unix_fd_list_sync(
            NAME, self.path, f"{NAME}.Domain", method, GLib.Variant(signature, args), None,
            Gio.DBusCallFlags.NONE, 10000, None, None)
        return fds.get(reply.unpack()[0])


class Agent(Case):
    def test_file_systems(self):
        found = self.call("GetFsInfo", "(a{sv})", {})
        self.assertEqual([f["mountpoint"] for f in found], ["/", "/mnt/vdb"])
        self.assertEqual(found[1]["devices"], ["vdb"])
        self.assertEqual(self.call("FsFreeze", "(asa{sv})", ["/"], {}), 1)
        self.assertEqual(self.call("FsFreeze", "(asa{sv})", [], {}), 1)
        self.assertEqual(self.error("FsTrim", "(sta{sv})", "/", 0, {}), "InvalidState")
        self.assertEqual(self.call("FsThaw", "(asa{sv})", [], {}), 2)
        self.call("FsTrim", "(sta{sv})", "", 0, {})
        self.assertEqual(self.error("FsFreeze", "(asa{sv})", ["/none"], {}), "NotFound")

    def test_time(self):
        with self.client.watch() as watch:
            self.call("SetTime", "(ta{sv})", 1_000_000_000_000_000, {})
            self.assertLess(came(watch, "RtcChanged").args[0], -100_000_000)
        now = self.call("GetTime", "(a{sv})", {})
        self.assertLess(abs(now - 1_000_000_000_000_000), 60_000_000)
        self.call("SetTime", "(ta{sv})", 0, {"sync": GLib.Variant("b", True)})
        now = GLib.get_real_time()
        self.assertLess(abs(self.call("GetTime", "(a{sv})", {}) - now), 60_000_000)

    def test_users(self):
        keys = lambda: self.call("GetAuthorizedSshKeys", "(sa{sv})", "root", {})  # noqa: E731
        put = lambda values, **options: self.call(  # noqa: E731
            "SetAuthorizedSshKeys", "(sasa{sv})", "root", values,
            {k: GLib.Variant("b", True) for k in options})
        put(["one", "two"])
        put(["two", "three"], append=True)
        self.assertEqual(keys(), ["one", "two", "three"])
        put(["one"], remove=True)
        self.assertEqual(keys(), ["two", "three"])
        put([])
        self.assertEqual(keys(), [])
        self.call("SetUserPassword", "(ssa{sv})", "root", "secret", {})
        encrypted = {"encrypted": GLib.Variant("b", True)}
        self.call("SetUserPassword", "(ssa{sv})", "root", "$6$salt$hash", encrypted)
        self.assertEqual(self.error("SetUserPassword", "(ssa{sv})", "root", "secret", encrypted),
                         "InvalidArgument")
        self.assertEqual(self.error("SetUserPassword", "(ssa{sv})", "nobody", "x", {}), "NotFound")
        self.assertEqual(self.error("GetAuthorizedSshKeys", "(sa{sv})", "nobody", {}), "NotFound")

    def test_processors(self):
        self.call("SetGuestVcpus", "(sba{sv})", "1", False, {})
        self.assertEqual(self.call("GetGuestVcpus", "(a{sv})", {}),
                         {"vcpus": "0,1", "online": "0", "offlinable": "1"})
        self.assertEqual(self.error("SetGuestVcpus", "(sba{sv})", "0", False, {}),
                         "InvalidArgument")
        self.assertEqual([v["state"] for v in self.call("GetVcpus", "(a{sv})", {})],
                         ["running"] * 2)

    def test_info(self):
        info = self.call("GetGuestInfo", "(asa{sv})", ["hostname", "filesystem"], {})
        self.assertEqual(info["fs.count"], 2)
        self.assertEqual(info["hostname"], self.client.get(self.path, "Domain", "Name"))
        self.assertNotIn("os.id", info)
        self.assertIn("os.id", self.call("GetGuestInfo", "(asa{sv})", [], {}))
        self.assertEqual(self.error("GetGuestInfo", "(asa{sv})", ["wings"], {}), "InvalidArgument")

    def test_without_an_agent(self):
        path = self.start("alone", 800)
        for method, signature, arguments in [
                ("GetFsInfo", "(a{sv})", ({},)), ("GetTime", "(a{sv})", ({},)),
                ("PmSuspend", "(sta{sv})", ("mem", 0, {})),
                ("SetUserPassword", "(ssa{sv})", ("root", "x", {}))]:
            with self.subTest(method):
                self.assertEqual(self.error(method, signature, *arguments, path=path),
                                 "InvalidState")

    def test_addresses(self):
        leases = self.call("GetInterfaceAddresses", "(sa{sv})", "lease", {})
        network = self.client.call(CONNECTION, "Connection", "LookupNetworkByName", "(s)",
                                   "default")
        known = str(self.client.call(network, "Network", "GetLeases", "(a{sv})", {}))
        self.assertEqual(leases[0][1], MAC)
        self.assertIn(leases[0][2][0][1], known)
        self.assertEqual(leases[0][2][0][0], "ipv4")
        agent = self.call("GetInterfaceAddresses", "(sa{sv})", "agent", {})
        self.assertEqual(agent, [("eth0", MAC, [("ipv6", "fe80::5054:ff:fe00:901", 64)])])
        self.assertEqual(self.error("GetInterfaceAddresses", "(sa{sv})", "x", {}),
                         "InvalidArgument")
        name = self.client.get(self.path, "Domain", "Name")
        for source in ("lease", "agent"):
            self.assertEqual(self.call("GetHostname", "(a{sv})",
                                       {"source": GLib.Variant("s", source)}), name)

    def test_the_agent_takes_more_than_reading(self):
        self.host.polkit.set_rules(permit("action.id.indexOf('read') > 0"))
        ask = lambda source: self.host.caller("nobody").call(  # noqa: E731
            self.path, f"{NAME}.Domain", "GetInterfaceAddresses",
            text("(sa{sv})", source, {})).error
        self.assertIsNone(ask("lease"))
        self.assertIn("domain.write", ask("agent").message)


class Machine(Case):
    def test_namespaces(self):
        """Of a guest that is in the daemon's memory, the daemon's."""
        for kind in "mnt", "net", "uts":
            fd = self.open("OpenNamespace", "(sa{sv})", kind, {})
            self.addCleanup(os.close, fd)
            theirs = os.stat(f"/proc/{self.host.daemon.pid}/ns/{kind}")
            self.assertTrue(os.path.samestat(os.fstat(fd), theirs))
        for kind in "", "exe", "../fd/0", "pid_for_children":
            with self.assertRaisesRegex(GLib.Error, "InvalidArgument"):
                self.open("OpenNamespace", "(sa{sv})", kind, {})

    def test_keys_and_screen(self):
        before = os.read(self.open("Screenshot", "(ua{sv})", 0, {}), 1 << 21)
        self.assertTrue(before.startswith(b"P6\n640 400\n255\n"))
        self.call("SendKey", "(suaua{sv})", "linux", 0, [30, 48], {})
        after = os.read(self.open("Screenshot", "(ua{sv})", 0, {}), 1 << 21)
        self.assertNotEqual(before, after)
        memory = bytes(self.call("MemoryPeek", "(tua{sv})", 0x41E, 4, {}))
        self.assertEqual(memory, b"\x1e\0\x30\0")
        # The same by its virtual address, which is no physical one.
        far = 0xffff888000000000 + 0x41E
        self.assertEqual(bytes(self.call("MemoryPeek", "(tua{sv})", far, 4, {})), memory)
        physical = {"physical": GLib.Variant("b", True)}
        self.assertEqual(self.error("MemoryPeek", "(tua{sv})", far, 4, physical),
                         "InvalidArgument")
        self.assertEqual(bytes(self.call("MemoryPeek", "(tua{sv})", 0x41E, 4, physical)), memory)
        for wrong in [("linux", 0, []), ("wings", 0, [1]), ("linux", 0, [1] * 17)]:
            self.assertEqual(self.error("SendKey", "(suaua{sv})", *wrong, {}), "InvalidArgument")
        self.call("InjectNmi", "(a{sv})", {})
        self.call("SendProcessSignal", "(xsa{sv})", 1, "rt1", {})
        self.assertEqual(self.error("SendProcessSignal", "(xsa{sv})", 1, "x", {}),
                         "InvalidArgument")
        self.assertEqual(self.error("SendProcessSignal", "(xsa{sv})", 9, "hup", {}), "NotFound")

    def test_displays_and_channels(self):
        with self.client.watch() as watch:
            display = socket.socket(fileno=self.open("OpenGraphics", "(ua{sv})", 0, {}))
            self.assertEqual(came(watch, "Graphics").args[0], "connect")
        display.settimeout(10)
        self.assertEqual(display.recv(12), b"RFB 003.008\n")
        display.close()
        self.assertEqual(self.error("OpenGraphics", "(ua{sv})", 7, {}), "NotFound")
        channel = socket.socket(fileno=self.open("OpenChannel", "(sa{sv})", "", {}))
        channel.settimeout(10)
        self.assertIn(b"channel0", channel.recv(100))
        self.assertEqual(self.error("OpenChannel", "(sa{sv})", "", {}), "Busy")
        other = socket.socket(fileno=self.open("OpenChannel", "(sa{sv})", "channel0",
                                               {"force": GLib.Variant("b", True)}))
        while channel.recv(100):
            pass
        other.close()
        channel.close()

    def test_disks(self):
        size = self.call("GetBlockInfo", "(sa{sv})", "vda", {})[0]
        self.call("BlockResize", "(sta{sv})", "vda", 2 * size, {})
        self.assertEqual(self.call("GetBlockInfo", "(sa{sv})", "/none/a.img", {})[0], 2 * size)
        self.assertEqual(self.error("BlockResize", "(sta{sv})", "vda", 7, {}), "InvalidArgument")
        self.assertEqual(self.error("GetBlockInfo", "(sa{sv})", "vdz", {}), "NotFound")
        data = self.call("BlockPeek", "(stua{sv})", "vda", 2 * size - 512, 512, {})
        self.assertEqual(bytes(data), bytes(512))
        self.assertEqual(self.error("BlockPeek", "(stua{sv})", "vda", 2 * size, 1, {}),
                         "InvalidArgument")
        self.assertEqual(self.error("BlockPeek", "(stua{sv})", "vda", 2 ** 64 - 1, 9, {}),
                         "InvalidArgument")
        self.assertEqual(self.call("GetDiskErrors", "(a{sv})", {}), {})
        with self.client.watch() as watch:
            self.call("SetBlockThreshold", "(sta{sv})", "vda[1]", 4096, {})
            self.assertEqual(came(watch, "BlockThresholdReached").args[:3],
                             ("vda[1]", "/none/a.img", 4096))

    def test_sleep(self):
        with self.client.watch() as watch:
            self.call("PmSuspend", "(sta{sv})", "mem", 0, {})
            self.assertEqual(came(watch, "PmSuspended").args, ("mem",))
            self.assertEqual(self.client.get(self.path, "Domain", "State"), "pmsuspended")
            self.assertEqual(self.error("GetTime", "(a{sv})", {}), "InvalidState")
            self.call("PmWakeup", "(a{sv})", {})
            came(watch, "PmWokeUp")
        self.assertEqual(self.client.get(self.path, "Domain", "State"), "running")
        self.assertEqual(self.error("PmWakeup", "(a{sv})", {}), "InvalidState")
        self.call("PmSuspend", "(sta{sv})", "mem", 1, {})
        self.client.wait_for(self.path, "Domain", "State", "running")
        self.call("PmSuspend", "(sta{sv})", "disk", 0, {})
        self.assertEqual(self.client.get(self.path, "Domain", "State"), "shutoff")
        self.assertEqual(self.error("InjectNmi", "(a{sv})", {}), "InvalidState")

    def test_secrets_of_confidential_guests(self):
        self.assertEqual(self.error("GetLaunchSecurityInfo", "(a{sv})", {}), "InvalidState")
        self.assertEqual(self.error("SetLaunchSecurityState", "(a{sv}a{sv})", {}, {}),
                         "InvalidState")

    def test_figures(self):
        stats = self.call("GetStats", "(asa{sv})", ["state", "block", "vcpu"], {})
        self.assertEqual(stats["block.count"], 2)
        self.assertEqual(stats["vcpu.current"], 2)
        self.assertNotIn("balloon.maximum", stats)
        self.assertEqual(self.call("GetStats", "(asa{sv})", ["balloon"], {})["balloon.maximum"],
                         65536)
        first = self.call("GetStats", "(asa{sv})", [], {})["cpu.time"]
        self.assertGreater(self.call("GetStats", "(asa{sv})", [], {})["cpu.time"], first)
        self.assertEqual(self.error("GetStats", "(asa{sv})", ["wings"], {}), "InvalidArgument")
        total, cpus = self.call("GetCpuStats", "(a{sv})", {})
        self.assertEqual(total["cpu_time"], cpus[0]["cpu_time"])

    def test_dirty_rate(self):
        rate = lambda: self.call("GetStats", "(asa{sv})", ["dirtyrate"], {})  # noqa: E731
        self.assertEqual(rate(), {"dirtyrate.calc_status": 0})
        self.call("StartDirtyRateCalc", "(ua{sv})", 1, {})
        self.assertEqual(self.error("StartDirtyRateCalc", "(ua{sv})", 1, {}), "Busy")
        vireotest.wait_until(lambda: rate()["dirtyrate.calc_status"] == 2, 10, "the measurement")
        self.assertEqual(rate()["dirtyrate.megabytes_per_second"], 8)
        self.assertEqual(self.error("StartDirtyRateCalc", "(ua{sv})", 61, {}), "InvalidArgument")


class Consoles(Case):
    def test_one_after_the_other(self):
        """Whoever closes one and opens one at once is not told that somebody has it."""
        path = self.client.call(
            CONNECTION, "Connection", "CreateDomain", "(sa{sv})",
            XML.format("talks", uuid_of(77), "<console type='pty'/>"), {})
        self.addCleanup(self.client.call, path, "Domain", "Destroy", "(a{sv})", {})
        for _ in range(50):
            os.close(self.client.call_for_fd(path, "Domain", "OpenConsole", "(sa{sv})", "", {}))
        kept = self.client.call_for_fd(path, "Domain", "OpenConsole", "(sa{sv})", "", {})
        self.addCleanup(os.close, kept)
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.call_for_fd(path, "Domain", "OpenConsole", "(sa{sv})", "", {})
        self.assertEqual(caught.exception.code, "Busy")


vireotest.main()
