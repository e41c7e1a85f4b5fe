#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what: every member, refused by default, allowed by rules, asked of a person."""

import os
import re
import signal
import unittest
from xml.etree import ElementTree

import vireotest
from members import (ABSENT, CONNECTION, define, domain_xml, find_members, permit, text,
                     uuid_of)
from vireotest.client import OBJECT_MANAGER, PROPERTIES, ROOT
from vireotest.samples import minimal_domain

# All that the shipped policy leaves open: what only reads, and holds no secret. A member that is
# not here must be refused to a caller without a rule.
OPEN = {
    "Manager.OpenConnection", "Manager.CheckAuthorization", "Manager.Subscribe",
    "Manager.Unsubscribe", "Connection.ListDomains", "Connection.GetDomains",
    "Connection.UnsubscribeMonitorEvents",
    "Connection.LookupDomainByName", "Connection.LookupDomainByUuid",
    "Connection.LookupDomainById", "Connection.ListNetworks", "Connection.GetNetworks",
    "Connection.LookupNetworkByName", "Connection.LookupNetworkByUuid",
    "Connection.GetCapabilities", "Domain.GetJobStats", "Domain.GetBlockJobInfo",
    "Domain.GetManagedSaveXml", "Domain.GetXml", "Job.Wait", "Domain.ListSnapshots",
    "Domain.GetSnapshots", "Domain.LookupSnapshotByName", "Domain.ListCheckpoints",
    "Domain.GetCheckpoints", "Domain.LookupCheckpointByName", "Network.GetXml", "Network.GetLeases",
    "Connection.GetDomainCapabilities", "Connection.GetCpuModels", "Connection.GetDomainStats",
    "Connection.GetHostInfo", "Connection.GetHostCpus", "Connection.GetHostCpuStats",
    "Connection.GetHostMemoryStats", "Connection.GetSysinfo", "Connection.GetSecurityModel",
    "Connection.CompareCpu", "Connection.BaselineCpu", "Connection.GetHostMemoryParameters",
    "Connection.GetHostFreePages", "Connection.GetHostSevInfo",
    "Connection.ListStoragePools", "Connection.GetStoragePools",
    "Connection.LookupStoragePoolByName", "Connection.LookupStoragePoolByUuid",
    "Connection.LookupStoragePoolByTargetPath", "Connection.LookupStorageVolumeByKey",
    "Connection.LookupStorageVolumeByPath", "Connection.GetStoragePoolCapabilities",
    "StoragePool.GetXml", "StoragePool.ListVolumes", "StoragePool.GetVolumes",
    "StoragePool.LookupVolumeByName", "StorageVolume.GetXml",
}
OPEN |= {
    "Domain.GetBackupXml",
    "Domain.GetBlkioParameters", "Domain.GetBlockInfo", "Domain.GetBlockIoTune",
    "Domain.GetControlInfo", "Domain.GetCpuStats", "Domain.GetDiskErrors",
    "Domain.GetEmulatorPin", "Domain.GetHostname", "Domain.GetInterfaceAddresses",
    "Domain.GetInterfaceParameters", "Domain.GetIoThreads", "Domain.GetLaunchSecurityInfo",
    "Domain.GetMemoryParameters", "Domain.GetMessages", "Domain.GetMetadata",
    "Domain.GetNumaParameters", "Domain.GetPerfEvents", "Domain.GetSchedulerParameters",
    "Domain.GetSecurityLabels", "Domain.GetStats", "Domain.GetVcpus",
}
OPEN |= {
    "Connection.ListSecrets", "Connection.GetSecrets", "Connection.LookupSecretByUuid",
    "Connection.LookupSecretByUsage", "Secret.GetXml",
    "Connection.ListNetworkFilters", "Connection.GetNetworkFilters",
    "Connection.LookupNetworkFilterByName", "Connection.LookupNetworkFilterByUuid",
    "Connection.ListNetworkFilterBindings", "Connection.GetNetworkFilterBindings",
    "Connection.LookupNetworkFilterBindingByPortDev", "Connection.ListNodeDevices",
    "Connection.GetNodeDevices", "Connection.LookupNodeDeviceByName",
    "Connection.LookupScsiHostByWwn", "Connection.ListHostInterfaces",
    "Connection.GetHostInterfaces", "Connection.LookupHostInterfaceByName",
    "Connection.LookupHostInterfaceByMac", "NetworkFilter.GetXml", "NetworkFilterBinding.GetXml",
    "NodeDevice.GetXml", "HostInterface.GetXml", "Network.ListPorts", "Network.GetPorts",
    "Network.LookupPortByUuid", "NetworkPort.GetXml", "NetworkPort.GetParameters",
}
INTERFACES = {"Manager", "Connection", "Domain", "Network", "NetworkPort", "NetworkFilter",
              "NetworkFilterBinding", "NodeDevice", "HostInterface", "Secret",
              "StoragePool", "StorageVolume", "Job"}
SLOW = "<t:delay start='600000'/>"
WEB = "(action.lookup('domain_name') || '').indexOf('web-') == 0"
NO_OPTIONS = "(@a{sv} {},)"


def load_actions():
    """Member -> its permissions."""
    found = {}
    for path in (vireotest.SOURCE / "introspection").glob("org.vireo.*.xml"):
        for interface in ElementTree.parse(path).getroot():
            for member in interface:
                note = member.find("annotation[@name='org.vireo.Action']")
                if note is not None:
                    key = f"{interface.get('name').rsplit('.', 1)[1]}.{member.get('name')}"
                    found[key] = note.get("value").split()
    return found


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = vireotest.Host("authorization", arguments=["--drivers=test"]).start()
        cls.addClassCleanup(cls.host.stop)
        cls.client = cls.host.client
        cls.nobody = cls.host.caller("nobody")

    def setUp(self):
        self.addCleanup(self.host.polkit.set_rules, "")

    def define(self, name, number, metadata=""):
        path = define(self.client, name, number, metadata)
        self.addCleanup(self.remove, path)
        return path

    def remove(self, path):
        if not self.client.exists(path):
            return
        try:
            self.client.call(path, "Domain", "Destroy", "(a{sv})", {})
        except vireotest.BusError as error:
            self.assertEqual(error.code, "InvalidState")
        if self.client.exists(path):
            self.client.call(path, "Domain", "Undefine", "(a{sv})", {})

    def state(self):
        """Everything, but what a job says of itself while it goes on."""
        objects = self.client.managed_objects()
        return {p: list(i) if "/jobs/" in p else i for p, i in objects.items()}


class DefaultPolicy(Case):
    def objects(self):
        slow = self.define("slow", 1, SLOW)
        self.start = self.client.call_async(slow, "Domain", "Start", "(a{sv})", {})
        self.client.wait_for(slow, "Domain", "Active", False)
        job = vireotest.wait_until(self.find_job, 10, "the job")
        network = next(p for p in self.state() if "/networks/" in p)
        secret = self.client.call(CONNECTION, "Connection", "DefineSecret", "(sa{sv})", "<secret/>",
                                  {})
        self.addCleanup(self.client.call, secret, "Secret", "Undefine", "(a{sv})", {})
        pool = next(p for p in self.state() if "/pools/" in p)
        volume = self.client.call(
            pool, "StoragePool", "CreateVolume", "(sa{sv})",
            "<volume><name>v</name><capacity>1</capacity></volume>", {})
        self.addCleanup(self.client.call, volume, "StorageVolume", "Delete", "(a{sv})", {})
        return [ROOT, CONNECTION, slow, network, secret, pool, volume, job, *self.host_objects()]

    def host_objects(self):
        make = lambda method, xml: self.client.call(  # noqa: E731
            CONNECTION, "Connection", method, "(sa{sv})", xml, {})
        rules = make("DefineNetworkFilter", "<filter name='asked'/>")
        self.addCleanup(self.client.call, rules, "NetworkFilter", "Undefine", "(a{sv})", {})
        binding = make("CreateNetworkFilterBinding", "<filterbinding><owner/><portdev name='v0'/>"
                       "<mac address='52:54:00:00:00:01'/><filterref filter='asked'/>"
                       "</filterbinding>")
        self.addCleanup(self.client.call, binding, "NetworkFilterBinding", "Delete", "(a{sv})", {})
        objects = self.state()
        network = next(p for p in objects if "/networks/" in p)
        port = self.client.call(
            network, "Network", "CreatePort", "(sa{sv})", "<networkport><owner><name>v</name><uuid>"
            f"{uuid_of(99)}</uuid></owner><mac address='52:54:00:00:00:01'/></networkport>", {})
        self.addCleanup(self.client.call, port, "NetworkPort", "Delete", "(a{sv})", {})
        return [port, rules, binding, next(p for p in objects if "/node_devices/" in p),
                next(p for p in objects if "/interfaces/" in p)]

    def find_job(self):
        return next((p for p in self.state() if "/jobs/" in p), None)

    def test_every_member(self):
        members = [m for path in self.objects() for m in find_members(self.client, path)]
        self.assertEqual({m.key.split(".")[0] for m in members}, INTERFACES)
        self.assertEqual(OPEN - {m.key for m in members}, set(), "no member any more")
        before = self.state()
        outcomes = self.nobody.call_many([m.call() for m in members])
        for member, outcome in zip(members, outcomes):
            with self.subTest(member=member):
                if member.key in OPEN:
                    self.assertNotEqual(outcome.error and outcome.error.code, "NotAuthorized")
                else:
                    self.assertEqual(outcome.error and outcome.error.code, "NotAuthorized")
        self.assertEqual(self.state(), before)

    def test_secrets(self):
        path = self.define("plain", 2)
        self.assertIsNone(self.nobody.call(path, "Domain", "GetXml", NO_OPTIONS).error)
        outcome = self.nobody.call(path, "Domain", "GetXml", "({'secure': <true>},)")
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.assertIn("read-secure", outcome.error.message)

    def test_nonsense_is_refused_before_it_is_looked_at(self):
        for parameters in ["('no XML at all', @a{sv} {})", "('<domain/>', {'no-such': <true>})"]:
            outcome = self.nobody.call(CONNECTION, "Connection", "DefineDomain", parameters)
            self.assertEqual(outcome.error.code, "NotAuthorized")

    def test_all_permissions_of_libvirt(self):
        """Those of 9.0, so that rules carry over by their prefix."""
        theirs = (vireotest.SOURCE / "tests/service/libvirt-permissions.txt").read_text().split()
        conf = (vireotest.SOURCE / "data/polkit/actions.conf").read_text()
        ours = re.findall(r"^\[(.*)\]$", conf, re.MULTILINE)
        self.assertEqual(len(theirs), 105)
        self.assertEqual(set(theirs) - set(ours), set())

    def test_reading_is_open(self):
        self.assertEqual(self.nobody.call(ROOT, OBJECT_MANAGER, "GetManagedObjects").unpack(),
                         self.state())

    def test_root_is_never_refused(self):
        self.host.polkit.set_rules(
            "polkit.addRule(function(action, subject) { return polkit.Result.NO; });")
        path = self.define("of-root", 3)
        self.client.call(path, "Domain", "Start", "(a{sv})", {})
        self.assertEqual(self.client.get(path, "Domain", "State"), "running")

    def test_may_i_of_every_member(self):
        """What CheckAuthorization says of a member's permissions is what comes of a call: one with
        an option that there is not, so that who may is told that, and nothing is done."""
        members = [m for path in self.objects() for m in find_members(self.client, path)]
        needed = load_actions()
        # A job takes what its object takes.
        members = [m for m in members if "$" not in "".join(needed[m.key])]
        for divisor in (2, 3):
            self.host.polkit.set_rules(permit("action.id.indexOf('org.vireo.') == 0 && "
                                              f"action.id.length % {divisor} == 0"))
            asked = sorted({(action, m.path) for m in members for action in needed[m.key]})
            answers = {a: o.unpack()[0] for a, o in zip(asked, self.nobody.call_many(
                [(ROOT, "Manager", "CheckAuthorization", text("(soa{sv})", *a, {}))
                 for a in asked]))}
            probed = [m for m in members if "a{sv}" in m.arguments[-1:]]
            self.assertGreater(len(probed), 150)
            for member, outcome in zip(probed, self.nobody.call_many([m.probe() for m in probed])):
                may = all(answers[(action, member.path)] for action in needed[member.key])
                with self.subTest(member=member, may=may):
                    self.assertEqual(outcome.error.code,
                                     "InvalidOption" if may else "NotAuthorized")

    def test_may_i(self):
        path = self.define("asked-for", 4)
        ask = lambda action, where: self.nobody.call(  # noqa: E731
            ROOT, "Manager", "CheckAuthorization", text("(soa{sv})", action, where, {}))
        self.assertEqual(ask("domain.start", path).unpack(), (False, True))
        self.assertEqual(ask("org.vireo.vireo1.domain.read", path).unpack(), (True, False))
        self.assertEqual(ask("domain.fly", path).error.code, "InvalidArgument")
        self.assertEqual(ask("domain.start", ABSENT).error.code, "UnknownObject")
        self.host.polkit.allow("nobody", "domain.start")
        self.assertEqual(ask("domain.start", path).unpack(), (True, False))
        self.assertEqual(self.client.call(ROOT, "Manager", "CheckAuthorization", "(soa{sv})",
                                          "domain.start", path, {}), (True, False))


class Rules(Case):
    def start(self, path, **options):
        return self.nobody.call(path, "Domain", "Start", NO_OPTIONS, **options)

    def test_one_action_of_one_domain(self):
        mine, other = self.define("mine", 1), self.define("other", 2)
        self.host.polkit.set_rules(permit(
            "action.id == 'org.vireo.vireo1.domain.start' && action.lookup('domain_name') == 'mine'"
            f" && action.lookup('domain_uuid') == '{uuid_of(1)}'"
            " && action.lookup('connect_driver') == 'Test'"
            " && action.lookup('connect_uri') == 'test:///default'"
            " && action.lookup('owner') == 'root'"))
        self.assertIsNone(self.start(mine).error)
        self.assertEqual(self.start(other).error.code, "NotAuthorized")
        stop = self.nobody.call(mine, "Domain", "Destroy", NO_OPTIONS)
        self.assertEqual(stop.error.code, "NotAuthorized")
        self.assertEqual(self.client.get(mine, "Domain", "State"), "running")

    def test_all_actions_of_a_member_are_needed(self):
        self.host.polkit.allow("nobody", "domain.write")
        outcome = self.nobody.call(CONNECTION, "Connection", "DefineDomain",
                                   text("(sa{sv})", domain_xml("x", 9), {}))
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.assertIn("domain.save", outcome.error.message)

    def test_property(self):
        path = self.define("auto", 3)
        true = vireotest.client.GLib.Variant("b", True)
        self.host.polkit.allow("nobody", "domain.write")
        self.assertIsNone(self.nobody.set(path, "Domain", "Autostart", true).error)
        self.assertTrue(self.client.get(path, "Domain", "Autostart"))

    def define_as_nobody(self, name, number):
        outcome = self.nobody.call(CONNECTION, "Connection", "DefineDomain",
                                   text("(sa{sv})", domain_xml(name, number), {}))
        if not outcome.error:
            self.addCleanup(self.remove, outcome.unpack())
        return outcome

    def test_owners(self):
        """The shipped example: everybody has their own machines."""
        roots = self.define("roots", 4)
        example = vireotest.SOURCE / "data/polkit/examples/vireo-own-machines.rules"
        self.host.polkit.set_rules(example.read_text())
        own = self.define_as_nobody("own", 5).unpack()
        self.assertIsNone(self.define_as_nobody("own", 5).error)
        self.assertIsNone(self.start(own).error)
        listed = self.nobody.call(ROOT, OBJECT_MANAGER, "GetManagedObjects").unpack()
        self.assertIn(own, listed)
        self.assertNotIn(roots, listed)
        # Neither its UUID nor its name makes it theirs.
        for name, number in [("roots", 4), ("stolen", 4), ("roots", 6)]:
            self.assertEqual(self.define_as_nobody(name, number).error.code, "NotAuthorized")
        self.assertEqual(self.client.get(roots, "Domain", "Name"), "roots")
        self.assertEqual(self.client.get(roots, "Domain", "Owner"), 0)
        # Who may define something is told what is wrong with it.
        nonsense = self.nobody.call(CONNECTION, "Connection", "DefineDomain", "('x', @a{sv} {})")
        self.assertEqual(nonsense.error.code, "XmlMalformed")

    def test_rename_takes_the_new_name_too(self):
        path = self.define("web-1", 7)
        self.host.polkit.set_rules(permit(WEB))
        rename = lambda name: self.nobody.call(  # noqa: E731
            path, "Domain", "Rename", text("(sa{sv})", name, {}))
        self.assertEqual(rename("db-1").error.code, "NotAuthorized")
        self.assertIsNone(rename("web-2").error)
        self.assertEqual(self.client.get(path, "Domain", "Name"), "web-2")

    def test_set_xml_takes_the_new_name_too(self):
        path = self.define("web-3", 8)
        self.host.polkit.set_rules(permit(WEB))
        outcome = self.nobody.call(path, "Domain", "SetXml",
                                   text("(sa{sv})", domain_xml("db-3", 8), {}))
        self.assertEqual(outcome.error.code, "NotAuthorized")

    def test_a_job_takes_what_its_object_takes(self):
        path = self.define("slow", 10, SLOW)
        self.client.call(ROOT, "Manager", "Subscribe", "(a{sv})", {})
        pending = self.client.call_async(path, "Domain", "Start", "(a{sv})", {})
        job = vireotest.wait_until(lambda: self.job_of(path), 10, "the job")
        self.assertEqual(self.client.get(job, "Job", "Operation"), "domain-start")
        self.assertEqual(self.client.get(job, "Job", "Objects"), [path])
        cancel = lambda: self.nobody.call(job, "Job", "Cancel", NO_OPTIONS)  # noqa: E731
        self.assertEqual(cancel().error.code, "NotAuthorized")
        self.host.polkit.allow("nobody", "domain.write")
        with self.client.watch(job, "Job", "Completed") as watch:
            self.assertIsNone(cancel().error)
            self.assertEqual(watch.wait().args[:2], (False, "org.vireo.Vireo1.Error.Cancelled"))
        with self.assertRaises(vireotest.BusError) as caught:
            pending.wait()
        self.assertEqual(caught.exception.code, "Cancelled")
        self.assertFalse(self.client.exists(job))
        self.assertEqual(self.client.get(path, "Domain", "CurrentJob"), "/")

    def job_of(self, path):
        job = self.client.get(path, "Domain", "CurrentJob")
        return job if job != "/" else None


class Asking(Case):
    """With somebody at the screen."""

    def setUp(self):
        super().setUp()
        self.path = self.define("asked", 1)
        self.person = self.host.caller("nobody")
        self.addCleanup(self.person.kill)

    def start(self, interactive=True):
        return self.person.start(self.path, "Domain", "Start", NO_OPTIONS, interactive=interactive)

    def state_of(self):
        return self.client.get(self.path, "Domain", "State")

    def test_yes(self):
        agent = self.host.agent(self.person, "yes")
        self.assertIsNone(self.person.finish(self.start()).error)
        asked = agent.wait_asked()
        self.assertEqual(asked["action"], "org.vireo.vireo1.domain.start")
        self.assertIn("asked", asked["message"])
        self.assertEqual(self.state_of(), "running")

    def test_what_a_person_said_is_not_remembered(self):
        agent = self.host.agent(self.person, "yes")
        self.assertIsNone(self.person.finish(self.start()).error)
        self.client.call(self.path, "Domain", "Destroy", "(a{sv})", {})
        agent.set_answer("no")
        self.assertEqual(self.person.finish(self.start()).error.code, "NotAuthorized")
        self.assertEqual(self.state_of(), "shutoff")

    def test_not_asked_unless_the_caller_says_so(self):
        agent = self.host.agent(self.person, "yes")
        outcome = self.person.finish(self.start(interactive=False))
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.assertEqual(agent.times_asked(), 0)

    def test_no(self):
        self.host.agent(self.person, "no")
        self.assertEqual(self.person.finish(self.start()).error.code, "NotAuthorized")
        self.assertEqual(self.state_of(), "shutoff")

    def test_dismissed(self):
        self.host.agent(self.person, "cancel")
        self.assertEqual(self.person.finish(self.start()).error.code, "AuthDismissed")
        self.assertEqual(self.state_of(), "shutoff")

    def test_no_answer_keeps_nobody_else_waiting(self):
        agent = self.host.agent(self.person, "never")
        number = self.start()
        asked = agent.wait_asked()
        self.client.call(self.path, "Domain", "Start", "(a{sv})", {})
        self.assertEqual(self.state_of(), "running")
        self.assertFalse(self.person.is_done(number))
        # The same caller, too.
        self.assertIsNone(self.person.call(self.path, "Domain", "GetXml", NO_OPTIONS).error)
        agent.answer(asked, "yes")
        self.assertEqual(self.person.finish(number).error.code, "InvalidState")

    def test_the_dialog_goes_with_the_caller(self):
        agent = self.host.agent(self.person, "never")
        self.start()
        asked = agent.wait_asked()
        self.person.kill()
        self.assertEqual(agent.wait_cancelled()["cookie"], asked["cookie"])
        self.assertEqual(self.state_of(), "shutoff")

    def test_the_object_goes_during_the_dialog(self):
        agent = self.host.agent(self.person, "never")
        number = self.start()
        asked = agent.wait_asked()
        self.client.call(self.path, "Domain", "Undefine", "(a{sv})", {})
        agent.answer(asked, "yes")
        self.assertEqual(self.person.finish(number).error.code, "UnknownObject")

    def test_another_object_in_its_place_during_the_dialog(self):
        agent = self.host.agent(self.person, "never")
        number = self.start()
        asked = agent.wait_asked()
        self.client.call(self.path, "Domain", "Undefine", "(a{sv})", {})
        define(self.client, "another", 1)
        agent.answer(asked, "yes")
        self.assertEqual(self.person.finish(number).error.code, "UnknownObject")
        self.assertEqual(self.state_of(), "shutoff")

    def test_renamed_during_the_dialog(self):
        agent = self.host.agent(self.person, "never")
        number = self.start()
        asked = agent.wait_asked()
        self.client.call(self.path, "Domain", "Rename", "(sa{sv})", "renamed", {})
        agent.answer(asked, "yes")
        self.assertEqual(self.person.finish(number).error.code, "InvalidState")
        self.assertEqual(self.state_of(), "shutoff")

    def test_dialogs_are_few(self):
        agent = self.host.agent(self.person, "never")
        numbers = [self.start() for _ in range(12)]
        outcome = vireotest.wait_until(
            lambda: next((n for n in numbers if self.person.is_done(n)), None), 10, "a refusal")
        self.assertEqual(self.person.finish(outcome).error.code, "Busy")
        self.assertLessEqual(agent.times_asked(), 8)
        # Others are asked nevertheless.
        other = self.host.caller("daemon")
        self.host.agent(other, "yes")
        self.assertIsNone(other.call(self.path, "Domain", "Start", NO_OPTIONS,
                                     interactive=True).error)

    def test_one_dialog_at_a_time(self):
        """Of one caller, whatever it is about; the next comes when the first is answered."""
        agent = self.host.agent(self.person, "never")
        second = self.define("second", 2)
        calls = [self.start(), self.person.start(second, "Domain", "Start", NO_OPTIONS,
                                                 interactive=True)]
        calls.append(self.start())
        asked = [agent.wait_asked()]
        self.assertIsNone(self.person.call(self.path, "Domain", "GetXml", NO_OPTIONS).error)
        # Somebody else's dialog is not kept waiting, and comes later than those would have.
        other = self.host.caller("daemon")
        question = self.host.agent(other, "never")
        other.start(second, "Domain", "Start", NO_OPTIONS, interactive=True)
        question.wait_asked()
        agent.set_answer("never")
        self.assertEqual(agent.times_asked(), 0)
        self.assertFalse(any(self.person.is_done(n) for n in calls))
        agent.answer(asked[0], "no")
        self.assertEqual(self.person.finish(calls[0]).error.code, "NotAuthorized")
        asked.append(agent.wait_asked())
        self.assertNotEqual(asked[0]["cookie"], asked[1]["cookie"])
        agent.answer(asked[1], "yes")
        agent.answer(agent.wait_asked(), "yes")
        self.assertEqual([self.person.finish(n).error for n in calls[1:]], [None] * 2)

    def test_dialogs_that_wait_go_with_the_caller(self):
        """What waits for its turn is not shown after all, and counts no more."""
        agent = self.host.agent(self.person, "never")
        for _ in range(8):
            self.start()
        asked = agent.wait_asked()
        self.person.kill()
        self.assertEqual(agent.wait_cancelled()["cookie"], asked["cookie"])
        again = self.host.caller("nobody")
        agents = self.host.agent(again, "yes")
        numbers = [again.start(self.path, "Domain", "GetXml", "({'secure': <true>},)",
                               interactive=True) for _ in range(8)]
        self.assertEqual([again.finish(number).error for number in numbers], [None] * 8)
        self.assertEqual(agents.times_asked(), 8)
        self.assertEqual(agent.times_asked(), 0)

    def test_a_dialog_about_nonsense_has_no_holes(self):
        agent = self.host.agent(self.person, "yes")
        outcome = self.person.call(CONNECTION, "Connection", "DefineDomain", "('x', @a{sv} {})",
                                   interactive=True)
        self.assertEqual(outcome.error.code, "XmlMalformed")
        self.assertNotIn("$", agent.wait_asked()["message"])

    def test_property(self):
        self.host.agent(self.person, "cancel")
        true = vireotest.client.GLib.Variant("b", True)
        outcome = self.person.set(self.path, "Domain", "Autostart", true, interactive=True)
        self.assertEqual(outcome.error.code, "AuthDismissed")
        self.assertFalse(self.client.get(self.path, "Domain", "Autostart"))

    def test_without_polkit_nothing_is_allowed(self):
        with vireotest.Host("no-polkit", polkit=False, arguments=["--drivers=test"]) as host:
            caller = host.caller("nobody")
            outcome = caller.call(ROOT, "Manager", "Reload", NO_OPTIONS)
            self.assertEqual(outcome.error.code, "NotAuthorized")
            outcome = caller.call(CONNECTION, PROPERTIES, "GetAll", "('',)")
            self.assertEqual(outcome.error.code, "UnknownObject")
            self.assertEqual(host.client.get(CONNECTION, "Connection", "Id"), "test")


class Hung(unittest.TestCase):
    def test_nobody_waits_for_all_before_them(self):
        """Many more questions than polkit is asked at once are over when the first of them are."""
        with vireotest.Host("hung-polkit", arguments=["--drivers=test"]) as host:
            callers = [host.caller("nobody") for _ in range(3)]
            path = define(host.client, "sample", 1)
            vireotest.hang(host.polkit.process.pid)
            self.addCleanup(host.polkit.process.kill)
            asked = [(caller, caller.start_many(
                [(CONNECTION, "Connection", "DefineDomain",
                  text("(sa{sv})", domain_xml(f"asks-{i}-{n}", 2), {})) for n in range(100)],
                timeout=50)) for i, caller in enumerate(callers)]
            # Each question waits for 25 s, and 48 are asked at once: all in turn take 175 s.
            for caller, numbers in asked:
                for number in numbers:
                    # Whether they may see the connection is the first question.
                    self.assertEqual(caller.finish(number, 60).error.code, "UnknownObject")
            os.kill(host.polkit.process.pid, signal.SIGCONT)
            name = callers[0].get(path, "Domain", "Name")
            self.assertEqual(name.unpack(), "sample")


    def test_nobody_waits_for_a_slow_one(self):
        """A polkit that answers now and then keeps those in line no longer than one that hangs."""
        with vireotest.Host("slow-polkit", arguments=["--drivers=test"]) as host:
            host.polkit.set_rules("polkit.addRule(function(action, subject) {"
                                  "  if (action.id == 'org.vireo.vireo1.domain.getattr') {"
                                  "    var end = Date.now() + 4000;"
                                  "    while (Date.now() < end);"
                                  "    return polkit.Result.YES; } });")
            paths = [define(host.client, f"sample{i}", i) for i in range(1, 121)]
            caller = host.caller("nobody")
            numbers = caller.start_many([(path, "Domain", "GetXml", NO_OPTIONS) for path in paths],
                                        timeout=50)
            answers = [caller.finish(number, 60) for number in numbers]
            codes = {answer.error.code if answer.error else "" for answer in answers}
            self.assertEqual(codes - {"", "UnknownObject", "NotAuthorized"}, set())
            self.assertIn("polkit did not answer", host.daemon.log_tail())


class Images(Case):
    def test_secrets_in_a_file(self):
        """Passwords in a saved domain take what those of a domain do."""
        path = self.define("imaged", 1)
        self.client.call(path, "Domain", "Start", "(a{sv})", {})
        self.client.call(path, "Domain", "Save", "(sa{sv})", "/nowhere/imaged.save", {})
        read = (CONNECTION, "Connection", "GetSaveImageXml")
        outcome = self.nobody.call(*read, "('/nowhere/imaged.save', @a{sv} {})")
        self.assertEqual(outcome.error.code, "NotAuthorized")
        self.assertIn("domain.unrestricted", outcome.error.message)
        self.host.polkit.allow("nobody", "domain.unrestricted")
        self.assertIsNone(self.nobody.call(
            *read, "('/nowhere/imaged.save', @a{sv} {})").error)
        for file in ("/nowhere/imaged.save", "/nowhere/at-all"):
            error = self.nobody.call(*read, f"('{file}', {{'secure': <true>}})").error
            self.assertEqual(error.code, "NotAuthorized")
            self.assertIn("domain.read-secure", error.message)


class Spoiled(unittest.TestCase):
    """A definition that can no longer be parsed when the person has answered."""

    SECRET = "graphics-password"
    # Reading asks a person, and reading secrets as well.
    RULE = ("polkit.addRule(function(action, subject) {"
            "if (subject.user == 'nobody' && (action.id == 'org.vireo.vireo1.domain.read' ||"
            " action.id == 'org.vireo.vireo1.domain.read-secure'))"
            " return polkit.Result.AUTH_SELF; });")

    def setUp(self):
        self.host = self.enterContext(vireotest.Host("spoiled", arguments=["--drivers=qemu"]))
        self.client = self.host.client
        connection = self.client.open("qemu:///system")
        self.path = self.client.call(connection, "Connection", "DefineDomain", "(sa{sv})",
                                     minimal_domain("spoiled", "qemu", uuid_of(1)), {})
        self.host.polkit.set_rules(self.RULE)
        self.person = self.host.caller("nobody")
        self.agent = self.host.agent(self.person, "never")

    def spoil(self):
        file, = self.host.daemon.settled().rglob(f"{uuid_of(1)}.xml")
        file.write_text(f"<broken passwd='{self.SECRET}'")
        self.client.call(ROOT, "Manager", "Reload", "(a{sv})", {})
        self.assertEqual(self.client.get(self.path, "Domain", "State"), "unparsable")

    def ask(self):
        number = self.person.start(self.path, "Domain", "GetXml", NO_OPTIONS, interactive=True)
        return number, self.agent.wait_asked()

    def test_during_the_dialog(self):
        """What was agreed to is the definition, and not raw text, in which anything may be."""
        number, asked = self.ask()
        self.assertEqual(asked["action"], "org.vireo.vireo1.domain.read")
        self.spoil()
        self.agent.answer(asked, "yes")
        error = self.person.finish(number).error
        self.assertEqual(error.code, "Unparsable")
        self.assertNotIn(self.SECRET, error.message)
        self.assertEqual(self.agent.times_asked(), 0)

    def test_before_the_dialog(self):
        """Then the person is asked for both, and gets the text."""
        self.spoil()
        number, first = self.ask()
        self.agent.answer(first, "yes")
        second = self.agent.wait_asked()
        self.agent.answer(second, "yes")
        self.assertEqual({first["action"], second["action"]},
                         {"org.vireo.vireo1.domain.read", "org.vireo.vireo1.domain.read-secure"})
        self.assertIn(self.SECRET, self.person.finish(number).unpack())


vireotest.main()
