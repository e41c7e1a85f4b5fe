#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each change is a line in the journal: who, what, to what, and how it went."""

import vireotest
from libvirtbus import TEST, LibvirtClient
from members import permit, text
from worklib import CONNECTION, WorkCase, options

ERROR = "org.vireo.Vireo1.Error"
COPY = "<disk type='file'><source file='/images/copy'/><target dev='vda'/></disk>"
NETWORK = "<network><name>{}</name></network>"


class Audit(WorkCase):
    arguments = ("--libvirt",)

    def setUp(self):
        super().setUp()
        self.begin = self.host.daemon.log_file.stat().st_size

    def lines(self):
        """What came since the test began, without the time."""
        with self.host.daemon.log_file.open(encoding="utf-8") as log:
            log.seek(self.begin)
            return ["uid " + line.split(": uid ", 1)[1].rstrip() for line in log
                    if ": uid " in line]

    def test_done(self):
        path = self.client.call(CONNECTION, "Connection", "DefineNetwork", "(sa{sv})",
                                NETWORK.format("one"), {})
        self.client.set(path, "Network", "Autostart", "b", True)
        self.client.call(path, "Network", "Undefine", "(a{sv})", {})
        self.assertEqual(self.lines(), [
            f"uid 0: Connection.DefineNetwork on {CONNECTION} (one): done: {path}",
            f"uid 0: Network.Autostart on {path} (one): done",
            f"uid 0: Network.Undefine on {path} (one): done"])

    def test_refused(self):
        outcome = self.host.caller("nobody").call(CONNECTION, "Connection", "DefineNetwork",
                                                  text("(sa{sv})", NETWORK.format("mine"), {}))
        self.assertEqual(self.lines(), [
            f"uid 65534: Connection.DefineNetwork on {CONNECTION} (mine): {ERROR}.NotAuthorized: "
            f"{outcome.error.message}"])

    def test_failed(self):
        path = self.define(start=False)
        self.begin = self.host.daemon.log_file.stat().st_size
        with self.assertRaises(vireotest.BusError) as caught:
            self.call(path, "Rename", "(sa{sv})", "test", {})
        name = self.get(path, "Name")
        self.assertEqual(self.lines(), [f"uid 0: Domain.Rename on {path} ({name}): "
                                        f"{ERROR}.NameInUse: {caught.exception.message}"])

    def test_reading_is_no_change(self):
        self.client.call(CONNECTION, "Connection", "ListDomains", "(a{sv})", {})
        self.assertEqual(self.lines(), [])

    def test_jobs(self):
        """Which user began it, and what became of it."""
        self.host.polkit.set_rules(permit("true"))
        self.addCleanup(self.host.polkit.set_rules, "")
        path = self.define()
        name = self.get(path, "Name")
        job = self.host.caller("nobody").call(path, "Domain", "BlockCopy", text(
            "(ssa{sv})", "vda", COPY, options(transient_job=True))).unpack()
        self.client.call(path, "Domain", "AbortBlockJob", "(sa{sv})", "vda", {})
        self.error(job, "Wait", interface="Job", code="Cancelled")
        lines = [line for line in self.lines() if line.startswith("uid 65534")]
        self.assertEqual(lines[0],
                         f"uid 65534: Domain.BlockCopy on {path} ({name}): begun: {job}")
        self.assertIn(f"uid 65534: job domain-block-copy on {path} ({name}): {ERROR}.Cancelled: ",
                      lines[1])
        self.assertEqual(len(lines), 2)

    def test_org_libvirt(self):
        """As what it is done as here."""
        client = LibvirtClient(self.host.bus.address)
        self.addCleanup(client.close)
        client.do(TEST, "NetworkDefineXML", NETWORK.format("over-there"))
        line, = self.lines()
        self.assertIn(f"uid 0: Connection.DefineNetwork on {CONNECTION} (over-there): done: ", line)


vireotest.main()
