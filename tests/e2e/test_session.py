#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One ordinary user's session: no root, no polkit, and a guest all the same."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import unittest

import vireotest
from vireotest import guest, leftovers, samples
from vireotest.client import Client
from vireotest.console import Console
from vireotest.paths import built, remove_folder, work_folder
from vireotest.samples import NO_OPTIONS
from vireotest.wait import FACTOR, wait_until

USER = "nobody"
FOLDERS = {"HOME": "home", "XDG_RUNTIME_DIR": "run", "XDG_DATA_HOME": "data",
           "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config"}
BOOT = 90


def setUpModule():
    """From here on this program is the user's: whatever it starts has no more rights than that."""
    global FOLDER, IMAGE
    entry = pwd.getpwnam(USER)
    FOLDER = work_folder("session")
    unittest.addModuleCleanup(remove_folder, FOLDER)
    shutil.copy(built("src/service/vireod"), FOLDER / "vireod")
    IMAGE = guest.install(guest.build(), FOLDER / "guest")
    for name in FOLDERS.values():
        (FOLDER / name).mkdir(mode=0o700)
        os.chown(FOLDER / name, entry.pw_uid, entry.pw_gid)
    os.setgroups([])
    os.setresgid(*[entry.pw_gid] * 3)
    os.setresuid(*[entry.pw_uid] * 3)


class Session(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.env = {name: str(FOLDER / folder) for name, folder in FOLDERS.items()}
        cls.env["PATH"] = "/usr/local/bin:/usr/bin:/bin"
        cls.env["G_DEBUG"] = "fatal-criticals"
        address = f"unix:path={FOLDER / 'run' / 'bus'}"
        cls.env["DBUS_SESSION_BUS_ADDRESS"] = address
        cls.run_until_the_end(["dbus-daemon", "--session", "--nofork", "--nopidfile",
                               f"--address={address}"])
        wait_until((FOLDER / "run" / "bus").exists, 10, "dbus-daemon")
        cls.client = cls.enterClassContext(Client(address))
        cls.start_daemon()
        cls.addClassCleanup(cls.end_daemon)
        cls.connection = cls.client.open("qemu:///session")

    @classmethod
    def run_until_the_end(cls, command):
        process = subprocess.Popen(command, env=cls.env, cwd="/", stdin=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait, 10)
        cls.addClassCleanup(process.terminate)
        return process

    @classmethod
    def start_daemon(cls):
        with open(FOLDER / "state" / "vireod.log", "ab") as log:
            cls.daemon = subprocess.Popen([FOLDER / "vireod", "--session"], env=cls.env, cwd="/",
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        cls.client.wait_for_owner()

    @classmethod
    def end_daemon(cls, number=signal.SIGTERM):
        cls.daemon.send_signal(number)
        cls.daemon.wait(15 * FACTOR)
        cls.client.wait_for_owner(present=False)

    def do(self, path, method, interface="Domain"):
        return self.client.call(path, interface, method, *NO_OPTIONS, timeout=60)

    def define(self, xml, kind="Domain"):
        path = self.client.call(self.connection, "Connection", f"Define{kind}", "(sa{sv})", xml, {})
        self.addCleanup(self.remove, path, kind)
        return path

    def remove(self, path, kind):
        if self.client.get(path, kind, "Active"):
            self.do(path, "Destroy", kind)
        self.do(path, "Undefine", kind)

    def test_guest(self):
        disk = FOLDER / "home" / "disk.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
        disk.chmod(0o600)
        domain = self.define(samples.guest_domain(
            "mine", IMAGE, samples.disk(disk)
            + "<interface type='user'><model type='virtio'/></interface>"))
        self.do(domain, "Start")
        console = Console(self.client.call_for_fd(domain, "Domain", "OpenConsole", "(sa{sv})", "",
                                                  {}))
        self.addCleanup(console.close)
        self.assertRegex(console.line_with(guest.READY, BOOT), r"ip=10\.0\.2\.\d+ ")
        pid, = [p for p, c in leftovers.processes().items() if "qemu-system" in c]
        self.assertEqual(os.stat(f"/proc/{pid}").st_uid, os.getuid())
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        self.assertIn("Seccomp:\t2", status)
        self.end_daemon(signal.SIGKILL)
        self.start_daemon()
        self.client.wait_for(domain, "Domain", "State", "running")
        self.do(domain, "Shutdown")
        self.client.wait_for(domain, "Domain", "State", "shutoff", 40)
        self.assertNotIn(pid, leftovers.processes())

    def test_definitions_are_the_users(self):
        self.define(samples.minimal_domain("kept", "qemu"))
        folder = FOLDER / "data" / "vireo"
        file, = wait_until(lambda: list(folder.rglob("*.xml")), 20, "the file")
        self.assertIn("kept", file.read_text())
        self.assertEqual(file.stat().st_mode & 0o077, 0)

    def test_networks_of_the_host_are_not_for_users(self):
        features = self.client.get(self.connection, "Connection", "Features")
        self.assertIn("Connection.DefineDomain", features)
        self.assertNotIn("Connection.DefineNetwork", features)
        with self.assertRaises(vireotest.BusError) as caught:
            self.define(samples.nat_network(), "Network")
        self.assertEqual(caught.exception.code, "NotSupported")
        plugged = self.define(samples.guest_domain("plugged", IMAGE,
                                                   samples.network_interface("default")))
        with self.assertRaises(vireotest.BusError) as caught:
            self.do(plugged, "Start")
        self.assertEqual(caught.exception.code, "NotSupported")
        self.assertIn("user", caught.exception.message)


vireotest.main(prepare=guest.prepare)
