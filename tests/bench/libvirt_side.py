# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same work by libvirt and libvirt-dbus, on a private bus and with folders of their own."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import time

import vireotest
from vireotest.paths import remove_folder, work_folder
from vireotest.wait import wait_until

NAME = "org.libvirt"
CONNECTION = "/org/libvirt/QEMU"
CONNECT = "org.libvirt.Connect"
DOMAIN = "org.libvirt.Domain"
FOLDERS = ("/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt",
           "/run/libvirt")
SOCKET = "/run/libvirt/libvirt-sock"
POLICY = """<busconfig><policy user="root"><allow own="org.libvirt"/>
<allow send_destination="org.libvirt"/></policy></busconfig>
"""
# The cgroups of the machine are nobody's business here; root, for /dev/kvm may be root's alone, and
# libvirt then asks the emulator again for each call.
QEMU_CONF = """cgroup_controllers = []
security_driver = "none"
stdio_handler = "file"
user = "root"
group = "root"
"""


def missing():
    """Why libvirt cannot be compared with, or None."""
    for program in ("libvirtd", "libvirt-dbus"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None


class Libvirt:
    """libvirtd and libvirt-dbus, in the mount namespace of the benchmark."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = work_folder("bench-libvirt")
            stack.callback(remove_folder, self.folder)
            for folder in FOLDERS:
                self.own_folder(folder)
            self.bus = vireotest.Bus(self.folder / "bus")
            self.bus.policies["org.libvirt.conf"] = POLICY
            stack.enter_context(self.bus)
            self.client = stack.enter_context(self.bus.client(name=NAME))
            self.processes = []
            stack.callback(self.stop)
            self.spawn()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def own_folder(self, folder):
        """A folder on the same disk as ours, in the place of the machine's."""
        own = self.folder / folder.strip("/").replace("/", "-")
        own.mkdir()
        if folder == "/etc/libvirt":
            (own / "libvirtd.conf").write_text('auth_unix_rw = "none"\nauth_unix_ro = "none"\n')
            (own / "qemu.conf").write_text(QEMU_CONF)
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", own, folder], check=True)

    def spawn(self):
        """Starts both, and waits until they serve."""
        self.launch("libvirtd")
        wait_until(self.listens, 60, "libvirtd")
        self.launch("libvirt-dbus", "--system")
        self.client.wait_for_owner()

    def launch(self, name, *arguments):
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes.append(subprocess.Popen(
                [name, *arguments], env=self.bus.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log))

    @staticmethod
    def listens():
        with socket.socket(socket.AF_UNIX) as server:
            return server.connect_ex(SOCKET) == 0

    def stop(self):
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            process.wait(60)

    def names(self):
        """How many domains it lists."""
        return len(self.client.call(CONNECTION, CONNECT, "ListDomains", "(u)", 0, timeout=120))

    def define(self, xml):
        """Its path."""
        return self.client.call(CONNECTION, CONNECT, "DomainDefineXML", "(s)", xml)

    def start(self, path):
        """Seconds of one start."""
        started = time.perf_counter()
        self.client.call(path, DOMAIN, "Create", "(u)", 0, timeout=60)
        seconds = time.perf_counter() - started
        self.client.call(path, DOMAIN, "Destroy", "(u)", 0)
        return seconds
