#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's agent in a real guest: asked, set, stopped, frozen, and gone."""

import functools
import json
import subprocess
import time
import unittest

import vireotest
from vireotest import guest, samples
from vireotest.client import GLib
from vireotest.console import Console
from vireotest.wait import wait_until

SERIAL = "vireo-agent-disk"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake a@b"


class Agent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("agent"))
        cls.connection = cls.host.client.open("qemu:///system")
        image = guest.install(guest.build(agent=True), cls.host.folder / "guest")
        disk = cls.host.folder / "disk.img"
        with open(disk, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(disk)], check=True)
        disk.chmod(0o666)
        xml = samples.guest_domain(
            "asked", image,
            "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
            f"<disk type='file' device='disk'><source file='{disk}'/>"
            f"<target dev='vda' bus='virtio'/><serial>{SERIAL}</serial></disk>")
        cls.path = cls.host.client.call(cls.connection, "Connection", "DefineDomain", "(sa{sv})",
                                        xml.replace("<vcpu>1</vcpu>", "<vcpu>2</vcpu>"), {})
        cls.addClassCleanup(cls.destroy)
        cls.boot()

    @classmethod
    def boot(cls):
        with cls.host.client.watch(cls.path) as watch:
            cls.host.client.call(cls.path, "Domain", "Start", "(a{sv})", {}, timeout=60)
            with cls.open_console() as console:
                console.line_with(guest.READY, 120)
                console.run("mkdir -p /mnt && mount -t ext4 /dev/vda /mnt", 30)
            watch.wait(60, lambda s: s.member == "AgentLifecycle" and s.args[0] == "connected")

    @classmethod
    def open_console(cls):
        # The daemon hears a moment later that the one of the test before was closed.
        return Console(cls.host.client.call_for_fd(cls.path, "Domain", "OpenConsole", "(sa{sv})",
                                                   "", {"force": GLib.Variant("b", True)}))

    def setUp(self):
        self.console = self.enterContext(self.open_console())

    @classmethod
    def destroy(cls):
        if cls.host.client.get(cls.path, "Domain", "Active"):
            cls.host.client.call(cls.path, "Domain", "Destroy", "(a{sv})", {}, timeout=60)

    def call(self, method, signature, *args):
        return self.host.client.call(self.path, "Domain", method, signature, *args, timeout=90)

    def error(self, method, signature, *args):
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(method, signature, *args)
        return caught.exception.code

    def state(self):
        return self.host.client.get(self.path, "Domain", "State")

    def test_what_it_says(self):
        agent = {"source": GLib.Variant("s", "agent")}
        self.assertEqual(self.call("GetHostname", "(a{sv})", agent), "vireo-guest")
        interfaces = {i[0]: i for i in self.call("GetInterfaceAddresses", "(sa{sv})", "agent", {})}
        self.assertIn(("ipv4", "127.0.0.1", 8), interfaces["lo"][2])
        self.assertEqual(self.error("GetInterfaceAddresses", "(sa{sv})", "arp", {}),
                         "NotSupported")
        info = self.call("GetGuestInfo", "(asa{sv})", [], {})
        self.assertEqual((info["hostname"], info["os.id"], info["os.machine"]),
                         ("vireo-guest", "vireo-guest", "x86_64"))
        self.assertGreaterEqual(info["fs.count"], 1)
        self.assertGreaterEqual(info["if.count"], 1)
        only = self.call("GetGuestInfo", "(asa{sv})", ["timezone"], {})
        self.assertEqual({key.split(".")[0] for key in only}, {"timezone"})
        self.assertEqual(self.error("GetGuestInfo", "(asa{sv})", ["wings"], {}), "InvalidArgument")
        self.assertIn("state='connected'", self.call("GetXml", "(a{sv})", {}))

    def test_file_systems(self):
        found = {f["mountpoint"]: f for f in self.call("GetFsInfo", "(a{sv})", {})}
        self.assertEqual((found["/mnt"]["fstype"], found["/mnt"]["devices"]), ("ext4", ["vda"]))
        self.assertGreater(found["/mnt"]["total-bytes"], 32 << 20)
        self.assertGreaterEqual(self.call("FsFreeze", "(asa{sv})", [], {}), 1)
        # What is frozen is not written to, and the agent does nothing else meanwhile.
        self.console.type("echo kept > /mnt/file && sync && echo WRITTEN $((6 * 7))\n")
        self.assertEqual(self.error("FsTrim", "(sta{sv})", "", 0, {}), "InvalidState")
        self.assertEqual(self.error("FsThaw", "(asa{sv})", ["/mnt"], {}), "NotSupported")
        self.assertNotIn("WRITTEN 42", self.console.text)
        self.assertGreaterEqual(self.call("FsThaw", "(asa{sv})", [], {}), 1)
        self.console.line_with("WRITTEN 42", 30)
        self.assertEqual(self.call("FsFreeze", "(asa{sv})", ["/mnt"], {}), 1)
        self.assertEqual(self.call("FsThaw", "(asa{sv})", [], {}), 1)
        self.assertEqual(self.error("FsTrim", "(sta{sv})", "/mnt", 0, {}), "NotSupported")

    def test_time(self):
        then = 1_900_000_000_000_000
        self.call("SetTime", "(ta{sv})", then, {})
        self.assertLess(abs(self.call("GetTime", "(a{sv})", {}) - then), 60_000_000)
        self.assertEqual(self.error("SetTime", "(ta{sv})", 2 ** 64 - 1, {}), "InvalidArgument")
        self.call("SetTime", "(ta{sv})", int(time.time() * 1_000_000), {})
        self.assertLess(abs(self.call("GetTime", "(a{sv})", {}) / 1e6 - time.time()), 60)

    def test_users(self):
        self.call("SetUserPassword", "(ssa{sv})", "root", "secret\"'\\", {})
        self.assertEqual(self.console.run("cat /run/chpasswd", 20), "root:secret\"'\\")
        self.assertEqual(self.error("SetUserPassword", "(ssa{sv})", "nobody-here", "x", {}),
                         "Hypervisor")
        keys = functools.partial(self.call, "GetAuthorizedSshKeys", "(sa{sv})", "root", {})
        self.call("SetAuthorizedSshKeys", "(sasa{sv})", "root", [KEY], {})
        self.assertEqual(keys(), [KEY])
        more = KEY.replace("Fake", "More")
        self.call("SetAuthorizedSshKeys", "(sasa{sv})", "root", [more],
                  {"append": GLib.Variant("b", True)})
        self.assertEqual(set(keys()), {KEY, more})
        self.call("SetAuthorizedSshKeys", "(sasa{sv})", "root", [KEY],
                  {"remove": GLib.Variant("b", True)})
        self.assertEqual(keys(), [more])

    def test_processors(self):
        self.assertEqual(self.call("GetGuestVcpus", "(a{sv})", {})["online"], "0,1")
        self.call("SetGuestVcpus", "(sba{sv})", "1", False, {})
        self.assertEqual(self.call("GetGuestVcpus", "(a{sv})", {})["online"], "0")
        self.call("SetGuestVcpus", "(sba{sv})", "1", True, {})
        self.assertEqual(self.call("GetGuestVcpus", "(a{sv})", {})["online"], "0,1")
        self.assertEqual(self.error("SetGuestVcpus", "(sba{sv})", "7", False, {}), "Hypervisor")

    def run_command(self, command, **options):
        return self.call("RunAgentCommand", "(sa{sv})", json.dumps(command), options)

    def test_commands(self):
        self.assertEqual(self.run_command({"execute": "guest-ping"}), "{}")
        with self.assertRaisesRegex(vireotest.BusError, "CommandNotFound"):
            self.run_command({"execute": "wings"})
        # More than one read, and more than is parsed on the main loop.
        self.console.run("dd if=/dev/zero of=/tmp/zeros bs=1024 count=300 2> /dev/null", 20)
        handle = self.run_command({"execute": "guest-file-open",
                                   "arguments": {"path": "/tmp/zeros", "mode": "r"}})
        read = json.loads(self.run_command({"execute": "guest-file-read", "arguments": {
            "handle": int(handle), "count": 300 * 1024}}))
        self.assertEqual(read["count"], 300 * 1024)
        self.run_command({"execute": "guest-file-close", "arguments": {"handle": int(handle)}})

    def agent_signal(self, name):
        self.console.run(f"kill -{name} $(cat /run/qemu-ga)", 20)

    def test_hung_agent_delays_nobody(self):
        self.agent_signal("STOP")
        try:
            self.call("SetAgentResponseTimeout", "(ia{sv})", 1, {})
            began = time.monotonic()
            callers = [self.host.caller("root") for _ in range(2)]
            calls = [caller.start(self.path, "Domain", "GetTime", "(@a{sv} {},)", timeout=90)
                     for caller in callers for _ in range(3)]
            self.assertEqual(self.state(), "running")
            self.assertEqual(self.error("GetFsInfo", "(a{sv})", {}), "TimedOut")
            for i, call in enumerate(calls):
                self.assertEqual(callers[i // 3].finish(call).error.code, "TimedOut")
            # All of them together, not one after another for a minute.
            self.assertLess(time.monotonic() - began, 30)
        finally:
            self.agent_signal("CONT")
            self.call("SetAgentResponseTimeout", "(ia{sv})", -1, {})
        self.assertGreater(self.call("GetTime", "(a{sv})", {}), 0)

    def test_daemon_is_killed(self):
        self.call("SetAgentResponseTimeout", "(ia{sv})", 17, {})
        self.host.daemon.kill_and_restart()
        self.host.client.open("qemu:///system")
        wait_until(lambda: self.call("RunAgentCommand", "(sa{sv})", '{"execute": "guest-ping"}', {})
                   == "{}", 30, "the agent to be reached again")
        self.call("SetAgentResponseTimeout", "(ia{sv})", -1, {})

    def test_it_goes_and_comes(self):
        with self.host.client.watch(self.path) as watch:
            self.agent_signal("TERM")
            watch.wait(30, lambda s: s.member == "AgentLifecycle" and s.args[0] == "disconnected")
            self.assertEqual(self.error("GetTime", "(a{sv})", {}), "InvalidState")
            self.console.run("port=/dev/$(basename /sys/class/virtio-ports/vport*); "
                             "/usr/sbin/qemu-ga -m virtio-serial -p $port -t /tmp > /run/log 2>&1 &"
                             " echo $! > /run/qemu-ga", 20)
            watch.wait(30, lambda s: s.member == "AgentLifecycle" and s.args[0] == "connected")
        self.assertGreater(self.call("GetTime", "(a{sv})", {}), 0)

    def test_stopped_by_it(self):
        modes = {"modes": GLib.Variant("as", ["guest-agent"])}
        self.call("Shutdown", "(a{sv})", modes)
        wait_until(lambda: self.state() == "shutoff", 60, "the guest to stop")
        self.assertEqual(self.host.client.get(self.path, "Domain", "StateReason"), "shutdown")
        self.assertEqual(self.error("GetTime", "(a{sv})", {}), "InvalidState")
        self.boot()


vireotest.main(prepare=functools.partial(guest.prepare, agent=True))
