#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon opens images for users who have none of its rights, and is not confused by them."""

import ctypes
import os
import pwd
import signal
import struct
import subprocess
import threading
import unittest

import vireotest
from vireotest.client import NAME, Gio

EXAMPLE = vireotest.SOURCE / "data/polkit/examples/vireo-own-machines.rules"
NOBODY = pwd.getpwnam("nobody").pw_uid
NO_OPTIONS = "(@a{sv} {},)"


class Swap(threading.Thread):
    """An owner who writes another header into an image when its header was read."""

    IN_ACCESS = 1

    def __init__(self, image, header, emulators):
        super().__init__(daemon=True)
        self.header = header
        self.emulators = emulators
        self.file = os.open(image, os.O_WRONLY)
        libc = ctypes.CDLL(None)
        self.inotify = libc.inotify_init1(os.O_CLOEXEC)
        libc.inotify_add_watch(self.inotify, str(image).encode(), self.IN_ACCESS)
        self.signal(signal.SIGSTOP)
        self.start()

    def signal(self, number):
        """An emulator that is there does not read before the other header is."""
        for pid in self.emulators:
            os.kill(pid, number)

    def run(self):
        os.read(self.inotify, 4096)
        os.pwrite(self.file, self.header, 0)
        self.signal(signal.SIGCONT)

    def close(self):
        self.join(20)
        os.close(self.inotify)
        os.close(self.file)


def keeping_data_in(image, file):
    """The start of a qcow2 image, changed to say that the guest's data is in another file."""
    header = bytearray(image.read_bytes()[:4096])
    struct.pack_into(">Q", header, 72, struct.unpack_from(">Q", header, 72)[0] | 4)
    end, = struct.unpack_from(">I", header, 100)
    name = str(file).encode()
    extension = struct.pack(">II", 0x44415441, len(name)) + name + bytes(-len(name) % 8 + 8)
    header[end:end + len(extension)] = extension
    return bytes(header)


class Deputy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(vireotest.Host("deputy"))
        cls.connection = cls.host.client.open("qemu:///system")
        cls.host.polkit.set_rules(EXAMPLE.read_text())
        cls.nobody = cls.host.caller("nobody")
        cls.folder = cls.host.folder / "theirs"
        cls.folder.mkdir(mode=0o755)
        for above in [cls.host.folder, *cls.host.folder.parents]:
            above.chmod(above.stat().st_mode | 0o111)
        os.chown(cls.folder, NOBODY, -1)
        cls.secret = cls.host.folder / "secret.img"
        cls.secret.write_bytes(b"root's" + bytes(1024 * 1024))
        cls.secret.chmod(0o600)

    def image(self, name, *options):
        path = self.folder / name
        size = [] if "-b" in options else ["1M"]
        subprocess.run(["qemu-img", "create", "-q", *options, path, *size], check=True)
        os.chown(path, NOBODY, -1)
        path.chmod(0o600)
        return path

    def start(self, path, driver="raw", extra="", devices=""):
        """Defines a machine with that disk as nobody, and starts it."""
        xml = (f"<domain type='qemu'><name>theirs</name><memory unit='MiB'>32</memory>"
               f"<os><type arch='x86_64' machine='pc'>hvm</type>{extra}</os>"
               f"<features><acpi/></features><devices>"
               f"<disk type='file'><driver name='qemu' type='{driver}'/><source file='{path}'/>"
               f"<target dev='vda' bus='virtio'/></disk>{devices}</devices></domain>")
        outcome = self.nobody.call(
            self.connection, "Connection", "DefineDomain",
            vireotest.client.GLib.Variant("(sa{sv})", (xml, {})).print_(True))
        self.assertIsNone(outcome.error)
        self.domain = outcome.unpack()
        self.addCleanup(self.remove, self.domain)
        return self.nobody.call(self.domain, "Domain", "Start", NO_OPTIONS)

    def remove(self, path):
        client = self.host.client
        if path not in self.domains():
            return
        if client.get(path, "Domain", "Active"):
            client.call(path, "Domain", "Destroy", "(a{sv})", {})
        client.call(path, "Domain", "Undefine", "(a{sv})",
                    {"keep-nvram": vireotest.client.GLib.Variant("b", True)})

    def domains(self):
        client = self.host.client
        return client.call(self.connection, "Connection", "GetDomains", "(asa{sv})", [], {})

    def assert_denied(self, outcome, path):
        self.assertIsNotNone(outcome.error)
        self.assertIn(str(path), outcome.error.message)
        self.assertFalse(self.host.client.get(self.domain, "Domain", "Active"))

    def emulators(self):
        found = subprocess.run(["pgrep", "-f", "^[^ ]*qemu-system.*guest=theirs"], text=True,
                               capture_output=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def emulators_files(self):
        """What the processes of guests have open."""
        return [os.readlink(f"/proc/{pid}/fd/{fd}") for pid in self.emulators()
                for fd in os.listdir(f"/proc/{pid}/fd")]

    def test_image_that_changes_while_it_is_opened(self):
        """A header that is fine when it is looked at names another file when QEMU reads it. QEMU
        opens what its user may, but no guest gets it."""
        target = self.host.folder / "of-another-guest"
        target.write_bytes(bytes(1024 * 1024))
        os.chown(target, pwd.getpwnam("vireo-guest").pw_uid, -1)
        target.chmod(0o600)
        image = self.image("swapped.qcow2", "-f", "qcow2")
        fine, other = image.read_bytes()[:4096], keeping_data_in(image, target)

        def against(function):
            swap = Swap(image, other, self.emulators())
            outcome = function()
            swap.close()
            self.assertEqual(image.read_bytes()[:4096], other)
            image.write_bytes(fine + image.read_bytes()[4096:])
            return outcome

        outcome = against(lambda: self.start(image, "qcow2"))
        self.assertEqual(outcome.error.code, "ConfigUnsupported")
        self.assertIn(str(target), outcome.error.message)
        self.assertFalse(self.host.client.get(self.domain, "Domain", "Active"))
        self.assertIsNone(self.start_again().error)
        self.doCleanups()
        self.assertIsNone(self.start(self.image("plain.raw", "-f", "raw")).error)
        xml = (f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{image}'/>"
               "<target dev='vdb' bus='virtio'/></disk>")
        outcome = against(lambda: self.call_as_nobody("AttachDevice", xml, live=True))
        self.assertEqual(outcome.error.code, "ConfigUnsupported")
        self.assertIn(str(target), outcome.error.message)
        self.assertNotIn(str(target), self.emulators_files())
        self.assertIsNone(self.call_as_nobody("AttachDevice", xml, live=True).error)
        self.assertIn(str(image), self.emulators_files())

    def test_own_image(self):
        outcome = self.start(self.own_chain(), "qcow2")
        self.assertIsNone(outcome.error)
        self.assertEqual(self.host.client.get(self.domain, "Domain", "State"), "running")

    def own_chain(self):
        base = self.folder / "base.raw"
        base.write_bytes(bytes(1024 * 1024))
        os.chown(base, NOBODY, -1)
        base.chmod(0o600)
        return self.image("own.qcow2", "-f", "qcow2", "-F", "raw", "-b", base)

    def test_roots_image(self):
        self.assert_denied(self.start(self.secret), self.secret)

    def hand(self, name, *fds):
        """Hands files over for disks, as whoever has them open; they are closed here."""
        files = Gio.UnixFDList.new_from_array(list(fds))
        self.host.client.connection.call_with_unix_fd_list_sync(
            NAME, self.domain, f"{NAME}.Domain", "AssociateFds",
            vireotest.client.GLib.Variant("(saha{sv})", (name, list(range(len(fds))), {})), None,
            Gio.DBusCallFlags.NONE, 10000, files, None)

    def start_again(self, how=NO_OPTIONS):
        return self.nobody.call(self.domain, "Domain", "Start", how)

    def test_handed_over(self):
        """What somebody opened is used as it is, whatever its name; what it names is not."""
        link = f"{self.secret}' fdgroup='given"
        outcome = self.start(link)
        self.assertEqual(outcome.error.code, "MissingResource")
        self.assertIn("given", outcome.error.message)
        self.hand("given", os.open(self.secret, os.O_RDONLY))
        self.assertEqual(self.start_again().error.code, "Access")
        self.hand("given", os.open(self.folder, os.O_RDONLY))
        self.assertIsNotNone(self.start_again().error)
        self.hand("given", os.open(self.secret, os.O_RDWR))
        for _ in range(2):
            self.assertIsNone(self.start_again().error)
            self.assertEqual(self.host.client.get(self.domain, "Domain", "State"), "running")
            self.assertIsNone(self.nobody.call(self.domain, "Domain", "Destroy", NO_OPTIONS).error)
        forget = self.nobody.call(self.domain, "Domain", "AssociateFds",
                                  "('given', @ah [], @a{sv} {})")
        self.assertIsNone(forget.error)
        self.assertEqual(self.start_again().error.code, "MissingResource")

    def test_what_is_below_a_file_handed_over(self):
        top = self.image("given.qcow2", "-f", "qcow2", "-F", "raw", "-b", self.secret)
        self.start(f"{top}' fdgroup='given", "qcow2")
        self.hand("given", os.open(top, os.O_RDWR))
        self.assert_denied(self.start_again(), self.secret)

    def test_too_many_handed_over(self):
        """Of all machines of a user together."""
        self.start(self.image("many.raw", "-f", "raw"))
        for number in range(256 // 16):
            self.hand(f"group{number}", *(os.open("/dev/null", os.O_RDONLY) for _ in range(16)))
        with self.assertRaisesRegex(vireotest.client.GLib.Error, "LimitExceeded"):
            self.hand("more", os.open("/dev/null", os.O_RDONLY))
        self.hand("group0")
        self.hand("more", os.open("/dev/null", os.O_RDONLY))

    def test_link(self):
        link = self.folder / "link.img"
        link.symlink_to(self.secret)
        self.assert_denied(self.start(link), link)

    def test_backing_image(self):
        top = self.image("top.qcow2", "-f", "qcow2", "-F", "raw", "-b", self.secret)
        self.assert_denied(self.start(top, "qcow2"), self.secret)

    def test_kernel(self):
        own = self.own_chain()
        self.assert_denied(self.start(own, "qcow2", f"<kernel>{self.secret}</kernel>"),
                           self.secret)

    def firmware(self, nvram, template):
        """What a start with these variables says; the firmware and the disk are the owner's."""
        code = self.image("code.fd", "-f", "raw")
        disk = self.image("disk.raw", "-f", "raw")
        return self.start(disk, extra=f"<loader type='pflash' readonly='yes'>{code}</loader>"
                                      f"<nvram template='{template}'>{nvram}</nvram>")

    def test_variables_of_firmware(self):
        """They are copied from what their owner may read, to where their owner may write."""
        own = self.image("vars.fd", "-f", "raw")
        own.write_bytes(b"theirs" + bytes(1024 * 1024 - 6))
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        huge = self.image("huge.fd", "-f", "raw")
        os.truncate(huge, 1 << 40)
        for path in (fifo, huge):
            os.chown(path, NOBODY, -1)
        pid = self.host.daemon.pid
        copy = self.folder / "copy.fd"
        fds = [f"/proc/{which}/fd/{fd}" for which in ("self", pid)
               for fd in sorted(os.listdir(f"/proc/{pid}/fd"), key=int)]
        for template in (self.secret, fifo, huge, "/dev/zero", "/etc", *fds):
            self.assert_denied(self.firmware(copy, template), template)
            self.doCleanups()
            self.assertFalse(copy.exists(), template)
        for folder in (self.host.folder, self.host.folder / "new", "/proc/self/cwd"):
            self.assert_denied(self.firmware(f"{folder}/vars", own), folder)
            self.doCleanups()
        self.assertFalse((self.host.folder / "vars").exists())
        self.assert_denied(self.firmware(self.secret, own), self.secret)
        self.doCleanups()
        self.firmware(self.folder / "new" / "vars.fd", own)
        made = self.folder / "new" / "vars.fd"
        self.assertEqual(made.read_bytes()[:6], b"theirs")
        self.assertEqual(made.stat().st_mode & 0o777, 0o600)
        self.assertEqual(made.stat().st_uid, NOBODY)
        self.assertEqual(sorted(os.listdir(made.parent)), ["vars.fd"])

    def test_variables_as_at_first(self):
        """They are copied again, over a plain file that their owner could delete."""
        reset = "({'reset-nvram': <true>},)"
        template = self.image("vars.fd", "-f", "raw")
        template.write_bytes(b"theirs" + bytes(1024 * 1024 - 6))
        copy = self.folder / "again.fd"
        self.firmware(copy, template)
        copy.write_bytes(b"changed" + bytes(1024 * 1024 - 7))

        def again(how=reset):
            self.nobody.call(self.domain, "Domain", "Destroy", NO_OPTIONS)
            return self.start_again(how).error
        self.assertIsNone(again(NO_OPTIONS))
        self.assertEqual(copy.read_bytes()[:7], b"changed")
        self.assertIsNone(again())
        self.assertEqual(copy.read_bytes()[:6], b"theirs")
        self.assertEqual(copy.stat().st_uid, NOBODY)
        self.assertEqual([f for f in os.listdir(self.folder) if f.startswith(".again")], [])
        self.doCleanups()
        kept = self.secret.read_bytes()
        for target in (self.secret, self.folder / "linked"):
            if target != self.secret:
                target.symlink_to(self.secret)
            self.firmware(target, template)
            self.assertIsNotNone(again())
            self.assertEqual(self.secret.read_bytes(), kept)
            self.doCleanups()
        self.firmware(copy, template)
        template.unlink()
        self.assertIn("vars.fd", again().message)
        self.assertEqual(copy.read_bytes()[:6], b"theirs")

    def defined(self, nvram):
        """A machine of nobody's, with the first variables that were given or made."""
        xml = (f"<domain type='qemu'><name>theirs</name><memory unit='MiB'>32</memory>"
               f"<os><type arch='x86_64' machine='pc'>hvm</type>"
               f"<loader type='pflash' readonly='yes'>{self.folder}/code.fd</loader>"
               f"<nvram>{nvram}</nvram></os></domain>")
        outcome = self.nobody.call(
            self.connection, "Connection", "DefineDomain",
            vireotest.client.GLib.Variant("(sa{sv})", (xml, {})).print_(True))
        self.assertIsNone(outcome.error)
        self.addCleanup(self.remove, outcome.unpack())
        return outcome.unpack()

    def undefine(self, domain, **options):
        options = {name.replace("_", "-"): vireotest.client.GLib.Variant("b", value)
                   for name, value in options.items()}
        return self.nobody.call(domain, "Domain", "Undefine",
                                vireotest.client.GLib.Variant("(a{sv})", (options,)).print_(True))

    def test_variables_that_go(self):
        """They are the owner's to lose, and only where the owner could delete them."""
        variables = self.image("gone.fd", "-f", "raw")
        domain = self.defined(variables)
        outcome = self.undefine(domain)
        self.assertTrue(outcome.error.name.endswith(".InvalidState"), outcome.error.name)
        self.assertIn(str(variables), outcome.error.message)
        self.assertIn(domain, self.domains())
        self.assertIsNone(self.undefine(domain, nvram=True).error)
        self.assertNotIn(domain, self.domains())
        self.assertFalse(variables.exists())

    def test_variables_that_stay(self):
        variables = self.image("stays.fd", "-f", "raw")
        domain = self.defined(variables)
        self.assertIsNone(self.undefine(domain, keep_nvram=True).error)
        self.assertTrue(variables.exists())
        domain = self.defined(self.folder / "never-made.fd")
        self.assertIsNone(self.undefine(domain).error)
        domain = self.defined(self.folder / "never-made.fd")
        self.assertIsNone(self.undefine(domain, nvram=True).error)

    def test_what_is_called_variables(self):
        """What their owner cannot delete, and what is no file of variables, is there afterwards,
        and so is the domain."""
        link = self.folder / "link.fd"
        link.symlink_to(self.secret)
        sub = self.folder / "folder"
        sub.mkdir()
        for target in (self.secret, link, sub, "/dev/null", "/etc/passwd",
                       f"/proc/self/root{self.secret}"):
            domain = self.defined(target)
            outcome = self.undefine(domain, nvram=True)
            self.assertIsNotNone(outcome.error, target)
            self.assertIn(os.path.dirname(target), outcome.error.message)
            self.assertTrue(os.path.lexists(target), target)
            self.assertIn(domain, self.domains())
            self.doCleanups()

    def test_variables_in_use(self):
        own = self.image("vars.fd", "-f", "raw")
        self.assertIsNone(self.firmware(self.folder / "used.fd", own).error)
        outcome = self.undefine(self.domain, nvram=True)
        self.assertTrue(outcome.error.name.endswith(".InvalidState"), outcome.error.name)
        self.assertTrue((self.folder / "used.fd").exists())

    def test_what_the_daemon_has_open(self):
        """A descriptor of the daemon is no file of the user's, whatever its mode."""
        pid = self.host.daemon.pid
        for fd in sorted(os.listdir(f"/proc/{pid}/fd"), key=int)[:8]:
            for name in f"/proc/{pid}/fd/{fd}", f"/proc/self/fd/{fd}":
                self.assert_denied(self.start(name), name)
                self.doCleanups()

    def call_as_nobody(self, method, xml, **options):
        options = {name: vireotest.client.GLib.Variant("b", value)
                   for name, value in options.items()}
        return self.nobody.call(
            self.domain, "Domain", method,
            vireotest.client.GLib.Variant("(sa{sv})", (xml, options)).print_(True))

    def test_devices_of_a_running_machine(self):
        """What is plugged in, and media, are opened with the owner's rights too."""
        client = self.host.client
        self.assertIsNone(self.start(self.own_chain(), "qcow2").error)
        before = client.call(self.domain, "Domain", "GetXml", "(a{sv})", {})
        link = self.folder / "plug.img"
        link.symlink_to(self.secret)
        top = self.image("over.qcow2", "-f", "qcow2", "-F", "raw", "-b", self.secret)
        pid = self.host.daemon.pid
        paths = [(self.secret, "raw"), (link, "raw"), (top, "qcow2"),
                 (f"/proc/{pid}/fd/1", "raw"), ("/proc/self/fd/1", "raw")]
        disk = ("<disk type='file' device='{}'><driver name='qemu' type='{}'/>"
                "<source file='{}'/><target dev='{}'/>{}</disk>")
        for path, driver in paths:
            outcome = self.call_as_nobody("AttachDevice",
                                          disk.format("disk", driver, path, "vdb", ""), live=True)
            self.assertIsNotNone(outcome.error, path)
        # Not even when root asks for it: whose machine it is, decides.
        with self.assertRaises(vireotest.BusError) as caught:
            client.call(self.domain, "Domain", "AttachDevice", "(sa{sv})",
                        disk.format("disk", "raw", self.secret, "vdb", ""),
                        {"live": vireotest.client.GLib.Variant("b", True)})
        self.assertEqual(caught.exception.code, "Access")
        self.assertEqual(client.call(self.domain, "Domain", "GetXml", "(a{sv})", {}), before)
        for xml in ("<interface type='bridge'><source bridge='lo'/></interface>",
                    "<hostdev mode='subsystem' type='pci'><source><address bus='0' slot='1'/>"
                    "</source></hostdev>"):
            outcome = self.call_as_nobody("AttachDevice", xml, live=True)
            self.assertIsNotNone(outcome.error)
        own = self.image("more.raw", "-f", "raw")
        outcome = self.call_as_nobody("AttachDevice", disk.format("disk", "raw", own, "vdb", ""),
                                      live=True)
        self.assertIsNone(outcome.error)

    def test_media_of_a_running_machine(self):
        client = self.host.client
        drive = ("<disk type='file' device='cdrom'>{}<target dev='hdc' bus='ide'/><readonly/>"
                 "</disk>")
        self.assertIsNone(self.start(self.own_chain(), "qcow2", devices=drive.format("")).error)
        source = "<source file='{}'/>"
        outcome = self.call_as_nobody("UpdateDevice", drive.format(source.format(self.secret)),
                                      live=True)
        self.assertIsNotNone(outcome.error)
        self.assertNotIn(str(self.secret), client.call(self.domain, "Domain", "GetXml", "(a{sv})",
                                                       {}))
        own = self.image("own.iso", "-f", "raw")
        outcome = self.call_as_nobody("UpdateDevice", drive.format(source.format(own)), live=True)
        self.assertIsNone(outcome.error)

    def test_roots_own_machine_still_has_it(self):
        client = self.host.client
        path = client.call(
            self.connection, "Connection", "DefineDomain", "(sa{sv})",
            "<domain type='qemu'><name>roots</name><memory unit='MiB'>32</memory><os>"
            "<type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='file'>"
            f"<driver name='qemu' type='raw'/><source file='{self.secret}'/>"
            "<target dev='vda' bus='virtio'/></disk></devices></domain>", {})
        self.addCleanup(self.remove, path)
        client.call(path, "Domain", "Start", "(a{sv})", {})
        self.assertEqual(client.get(path, "Domain", "State"), "running")


if __name__ == "__main__":
    vireotest.main()
