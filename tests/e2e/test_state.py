#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The state folder: files that cannot be read, a full disk, machines that start with the host."""

import contextlib
import subprocess
import unittest

import vireotest
from vireotest import guest, leftovers, samples
from vireotest.client import GLib, PROPERTIES, ROOT
from vireotest.samples import NO_OPTIONS, minimal_domain

UUID = "11111111-2222-4333-8444-555555555555"
OTHER_UUID = "99999999-2222-4333-8444-555555555555"
SECRET = "graphics-password"
BROKEN = f"<broken passwd='{SECRET}'"
NETWORK = "<network><name>isolated</name><bridge name='vireo7'/></network>"


class Case(unittest.TestCase):
    def setUp(self):
        self.host = self.enterContext(vireotest.Host("state", daemon=False))
        self.nobody = None

    @property
    def client(self):
        return self.host.client

    @property
    def state(self):
        return self.host.daemon.state

    def start(self):
        self.host.daemon.start()
        self.connection = self.client.open("qemu:///system")
        self.nobody = self.host.caller("nobody")

    def define(self, xml, kind="Domain"):
        return self.client.call(self.connection, "Connection", f"Define{kind}", "(sa{sv})", xml, {})

    def do(self, path, method, interface="Domain"):
        return self.client.call(path, interface, method, *NO_OPTIONS, timeout=60)

    def refused(self, code, *call):
        with self.assertRaises(vireotest.BusError) as caught:
            self.client.call(*call)
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        return caught.exception

    def files(self):
        return {str(p.relative_to(self.state)): p.read_bytes()
                for p in self.host.daemon.settled().rglob("*") if p.is_file()}


class Unparsable(Case):
    """What a person may find in the folder after a bad edit or a bad disk."""

    KINDS = [("Domain", "qemu/domains", minimal_domain("mended", "qemu", UUID)),
             ("Network", "network/networks",
              NETWORK.replace("<bridge", f"<uuid>{UUID}</uuid><bridge"))]
    TEXTS = [BROKEN, "", "\0\1\2", "<other/>", "é".encode("latin-1")]

    def prepare(self, text=BROKEN):
        """A bad definition of each kind."""
        for _, folder, _ in self.KINDS:
            file = self.state / folder / f"{UUID}.xml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def path_of(self, kind):
        interface = f"org.vireo.Vireo1.{kind}"
        return next(p for p, i in self.client.managed_objects().items()
                    if interface in i and i[interface]["State"] == "unparsable")

    def test_is_an_object(self):
        self.prepare()
        before = self.files()
        self.start()
        for kind, folder, _ in self.KINDS:
            with self.subTest(kind):
                path = self.path_of(kind)
                facts = self.client.get_all(path, kind)
                self.assertTrue(facts["Persistent"])
                self.assertFalse(facts["Active"])
                self.assertTrue(facts["Name"])
                self.assertIn("line 1", facts["StateReason"])
                self.assertNotIn(SECRET, facts["StateReason"])
                listed = self.client.call(self.connection, "Connection", f"List{kind}s",
                                          *NO_OPTIONS)
                self.assertIn(path, listed)
                self.assertEqual(self.do(path, "GetXml", kind), BROKEN)
                error = self.refused("Unparsable", path, kind, "Start", *NO_OPTIONS)
                self.assertIn("line 1", error.message)
        self.assertEqual({n: t for n, t in self.files().items() if n in before}, before)

    def test_text_is_a_secret(self):
        self.prepare()
        self.start()
        for kind, _, _ in self.KINDS:
            with self.subTest(kind):
                path = self.path_of(kind)
                everything = self.nobody.call(path, PROPERTIES, "GetAll",
                                              f"('org.vireo.Vireo1.{kind}',)")
                self.assertIsNone(everything.error)
                self.assertNotIn(SECRET, str(everything.value))
                for method, arguments in (("GetXml", "(@a{sv} {},)"), ("Start", "(@a{sv} {},)")):
                    outcome = self.nobody.call(path, kind, method, arguments)
                    self.assertEqual(outcome.error.code, "NotAuthorized")
                    self.assertNotIn(SECRET, outcome.error.message)

    def test_replaced(self):
        self.prepare()
        self.start()
        for kind, _, good in self.KINDS:
            with self.subTest(kind):
                path = self.path_of(kind)
                self.refused("XmlMalformed", path, kind, "SetXml", "(sa{sv})", "<still bad", {})
                self.assertEqual(self.do(path, "GetXml", kind), BROKEN)
                self.client.call(path, kind, "SetXml", "(sa{sv})", good, {})
        self.host.daemon.kill_and_restart()
        states = [i[f"org.vireo.Vireo1.{kind}"]["State"] for kind, _, _ in self.KINDS
                  for i in self.client.managed_objects().values()
                  if f"org.vireo.Vireo1.{kind}" in i]
        self.assertNotIn("unparsable", states)
        self.assertNotIn(SECRET.encode(), b"".join(self.files().values()))
        names = [i.get("org.vireo.Vireo1.Domain", {}).get("Name")
                 for i in self.client.managed_objects().values()]
        self.assertIn("mended", names)

    def test_deleted(self):
        self.prepare()
        self.start()
        for kind, _, _ in self.KINDS:
            path = self.path_of(kind)
            self.do(path, "Undefine", kind)
            self.assertFalse(self.client.exists(path))
        self.assertEqual([n for n in self.files() if UUID in n], [])

    def test_all_sorts(self):
        for number, text in enumerate(self.TEXTS):
            for _, folder, _ in self.KINDS:
                file = self.state / folder / f"{number:08d}{UUID[8:]}.xml"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.start()
        for kind, _, _ in self.KINDS:
            interface = f"org.vireo.Vireo1.{kind}"
            bad = [p for p, i in self.client.managed_objects().items()
                   if interface in i and i[interface]["State"] == "unparsable"]
            self.assertEqual(len(bad), len(self.TEXTS))
            for path in bad:
                self.client.call(path, kind, "GetXml", *NO_OPTIONS)

    def test_broken_and_mended_while_it_runs(self):
        """Reload takes the files as they are."""
        self.start()
        path = self.define(minimal_domain("edited", "qemu", UUID))
        file, = [self.state / n for n in self.files() if n.endswith(f"{UUID}.xml")]
        good = file.read_text()
        file.write_text(BROKEN)
        self.client.call(ROOT, "Manager", "Reload", *NO_OPTIONS)
        self.assertEqual(self.client.get(path, "Domain", "State"), "unparsable")
        file.write_text(good)
        self.client.call(self.connection, "Connection", "Reload", *NO_OPTIONS)
        self.assertEqual(self.client.get(path, "Domain", "State"), "shutoff")
        self.assertEqual(self.client.get(path, "Domain", "Name"), "edited")


class FullDisk(Case):
    def setUp(self):
        super().setUp()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=64,mode=700", "tiny",
                        str(self.state)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.state)], check=True)
        self.start()

    def fill(self):
        """Leaves not a byte."""
        filler = self.state / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        return filler

    def test_changes_fail_and_change_nothing(self):
        there = self.define(minimal_domain("there", "qemu", UUID))
        network = self.define(NETWORK, "Network")
        before = self.client.managed_objects()
        filler = self.fill()
        files = self.files()
        call = (self.connection, "Connection")
        changes = [
            (*call, "DefineDomain", "(sa{sv})", minimal_domain("new", "qemu"), {}),
            (*call, "DefineDomain", "(sa{sv})",
             minimal_domain("there", "qemu", UUID, "<title>changed</title>"), {}),
            (*call, "DefineNetwork", "(sa{sv})", NETWORK.replace("isolated", "new")
             .replace("vireo7", "vireo8"), {}),
            (there, "Domain", "SetXml", "(sa{sv})",
             minimal_domain("there", "qemu", UUID, "<title>changed</title>"), {}),
            (there, "Domain", "Rename", "(sa{sv})", "renamed", {}),
            (there, PROPERTIES, "Set", "(ssv)", "org.vireo.Vireo1.Domain", "Autostart",
             GLib.Variant("b", True)),
            (network, PROPERTIES, "Set", "(ssv)", "org.vireo.Vireo1.Network", "Autostart",
             GLib.Variant("b", True)),
        ]
        for change in changes:
            with self.subTest(f"{change[1]}.{change[2]}"):
                error = self.refused("NoSpace", *change)
                self.assertIn("No space left", error.message)
        self.assertEqual(self.client.managed_objects(), before)
        self.assertEqual(self.files(), files)
        # What frees space is not refused, and all goes on when there is some.
        self.do(network, "Undefine", "Network")
        filler.unlink()
        self.define(minimal_domain("new", "qemu"))
        self.host.daemon.kill_and_restart()
        domains = self.client.call(self.connection, "Connection", "GetDomains", "(asa{sv})",
                                   ["Name"], {})
        self.assertEqual({facts["Name"] for facts in domains.values()}, {"there", "new"})


class Autostart(Case):
    """What starts with the host does so once a boot."""

    def qemu(self):
        return [p for p, c in leftovers.processes().items() if "qemu-system" in c]

    def end_guests(self):
        for path, facts in self.client.managed_objects().items():
            if facts.get("org.vireo.Vireo1.Domain", {}).get("Active"):
                self.do(path, "Destroy")

    def boot(self):
        """Ends the daemon and clears what a reboot clears; the next one is the first of a boot."""
        self.host.daemon.terminate()
        for file in self.host.daemon.run.rglob("*"):
            if file.is_file() or file.is_socket():
                file.unlink()
        self.start()

    def test_once_a_boot(self):
        self.start()
        network = self.define(NETWORK, "Network")
        domains = [self.define(minimal_domain(f"auto-{n}", "qemu")) for n in range(6)]
        plain = self.define(minimal_domain("plain", "qemu"))
        for path in domains:
            self.client.set(path, "Domain", "Autostart", "b", True)
        self.client.set(network, "Network", "Autostart", "b", True)
        self.boot()
        self.addCleanup(self.end_guests)
        for path in domains:
            self.client.wait_for(path, "Domain", "State", "running", 60)
        self.client.wait_for(network, "Network", "Active", True)
        self.assertFalse(self.client.get(plain, "Domain", "Active"))
        self.assertEqual(len(self.qemu()), 6)
        # A daemon that comes back is not a boot: what somebody stopped stays so.
        self.do(domains[0], "Destroy")
        self.do(network, "Destroy", "Network")
        self.host.daemon.kill_and_restart()
        for path in domains[1:]:
            self.client.wait_for(path, "Domain", "State", "running")
        self.client.call(ROOT, "Manager", "Reload", *NO_OPTIONS)
        self.assertFalse(self.client.get(domains[0], "Domain", "Active"))
        self.assertFalse(self.client.get(network, "Network", "Active"))
        self.assertEqual(len(self.qemu()), 5)


vireotest.main(prepare=guest.prepare_emulator)
