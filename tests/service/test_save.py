#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Saving domains and restoring them, managed save images, core dumps, and the jobs that do it."""

import re

import vireotest
from members import CONNECTION, hide, permit, text
from vireotest.client import NAME
from worklib import WorkCase, guest_xml, options


class Save(WorkCase):
    def restore(self, file, **how):
        return self.call(CONNECTION, "RestoreDomain", "(sa{sv})", file, options(**how),
                         interface="Connection")

    def test_save_and_restore(self):
        path = self.define()
        watch = self.watch(path, member="Lifecycle")
        self.call(path, "Save", "(sa{sv})", "/saved/a", {})
        self.assertEqual(self.state(path), ("shutoff", "saved"))
        self.assertEqual(self.restore("/saved/a"), path)
        self.assertEqual(self.state(path), ("running", "restored"))
        self.assertEqual(self.lifecycle(watch, 3), [
            ("suspended", "paused"), ("stopped", "saved"), ("started", "restored")])
        # The file stays, and the domain runs.
        self.assertEqual(self.error(CONNECTION, "RestoreDomain", "(sa{sv})", "/saved/a", {},
                                    interface="Connection").code, "InvalidState")

    def test_how_it_was_and_how_it_is_wanted(self):
        path = self.define(paused=True)
        self.call(path, "Save", "(sa{sv})", "/saved/b", {})
        self.restore("/saved/b")
        self.assertEqual(self.state(path), ("paused", "restored"))
        self.call(path, "Save", "(sa{sv})", "/saved/b", options(running=True))
        self.restore("/saved/b")
        self.assertEqual(self.get(path, "State"), "running")
        self.call(path, "Save", "(sa{sv})", "/saved/b", {})
        self.restore("/saved/b", paused=True)
        self.assertEqual(self.get(path, "State"), "paused")
        self.error(path, "Save", "(sa{sv})", "/saved/b", options(running=True, paused=True),
                   code="InvalidArgument", names="either")

    def test_a_transient_domain(self):
        path = self.create()
        self.call(path, "Save", "(sa{sv})", "/saved/c", {})
        self.assertFalse(self.client.exists(path))
        self.assertEqual(self.restore("/saved/c"), path)
        self.assertFalse(self.get(path, "Persistent"))

    def test_what_is_wrong(self):
        path = self.define(start=False)
        self.error(path, "Save", "(sa{sv})", "/saved/d", {}, code="InvalidState",
                   names="not active")
        self.error(path, "ManagedSave", code="InvalidState", names="not active")
        self.call(path, "Start")
        self.error(path, "Save", "(sa{sv})", "saved", {}, code="InvalidArgument", names="absolute")
        other = guest_xml("guest", 999)
        self.error(path, "Save", "(sa{sv})", "/saved/d", options(xml=other), code="AbiMismatch",
                   names="UUID")
        self.error(path, "Save", "(sa{sv})", "/saved/d", options(xml="<domain"),
                   code="XmlMalformed")
        self.error(CONNECTION, "RestoreDomain", "(sa{sv})", "/saved/none", {},
                   interface="Connection", code="NotFound", names="/saved/none")
        self.assertEqual(self.get(path, "State"), "running")

    def test_the_definition_in_a_file(self):
        path = self.define()
        self.call(path, "Save", "(sa{sv})", "/saved/e", {})
        xml = self.call(CONNECTION, "GetSaveImageXml", "(sa{sv})", "/saved/e", {},
                        interface="Connection")
        self.assertIn(self.get(path, "Uuid"), xml)
        changed = xml.replace("<memory", "<title>changed</title><memory")
        self.call(CONNECTION, "SetSaveImageXml", "(ssa{sv})", "/saved/e", changed,
                  options(paused=True), interface="Connection")
        bigger = xml.replace(">65536<", ">131072<")
        self.assertNotEqual(bigger, xml)
        self.error(CONNECTION, "SetSaveImageXml", "(ssa{sv})", "/saved/e", bigger, {},
                   interface="Connection", code="AbiMismatch")
        self.restore("/saved/e")
        self.assertEqual(self.get(path, "Title"), "changed")
        self.assertEqual(self.get(path, "State"), "paused")

    def test_what_a_definition_leaves_out(self):
        """It is completed as every definition is, before it is compared with what was saved."""
        path = self.define()
        full = self.call(path, "GetXml", "(a{sv})", {})
        short = re.sub(r"\s*<(address|controller|currentMemory|on_[a-z]+|vcpu)\b[^>]*"
                       r"(/>|>[^<]*</\1>)", "", full)
        self.assertNotEqual(short, full)
        named = short.replace("<memory", "<title>short</title><memory")
        self.call(path, "Save", "(sa{sv})", "/saved/short", options(xml=short))
        self.call(CONNECTION, "SetSaveImageXml", "(ssa{sv})", "/saved/short", named, {},
                  interface="Connection")
        kept = self.call(CONNECTION, "GetSaveImageXml", "(sa{sv})", "/saved/short", {},
                         interface="Connection")
        self.assertEqual(re.sub(r"\s*<title>short</title>", "", kept).split(),
                         re.sub(r" id='\d+'", "", full).split())
        self.error(CONNECTION, "SetSaveImageXml", "(ssa{sv})", "/saved/short",
                   named.replace(">65536<", ">65537<"), {}, interface="Connection",
                   code="AbiMismatch")
        self.restore("/saved/short")
        self.assertEqual(self.get(path, "Title"), "short")
        self.call(path, "ManagedSave")
        self.call(path, "SetManagedSaveXml", "(sa{sv})", short, {})
        self.call(path, "Start")
        self.assertEqual(self.get(path, "Title"), "")

    def test_cancel_lets_it_run_on(self):
        path = self.define("<t:delay save='60000'/>")
        watch = self.watch(path, member="Lifecycle")
        saving = self.client.call_async(path, "Domain", "Save", "(sa{sv})", "/saved/f", {})
        job = self.job_of(path)
        self.assertEqual(self.get(job, "Operation", "Job"), "domain-save")
        self.assertEqual(self.get(job, "Objects", "Job"), [path])
        self.assertEqual(self.get(job, "State", "Job"), "running")
        self.assertEqual(self.get(path, "Jobs"), [job])
        self.assertEqual(self.state(path), ("paused", "save"))
        self.client.wait_for(job, "Job", "BytesTotal", 64 * 1024 * 1024)
        stats = self.call(path, "GetJobStats")
        self.assertEqual(stats["operation"], "domain-save")
        self.assertEqual(stats["data_total"], 64 * 1024 * 1024)
        self.assertEqual(stats["data_processed"] + stats["data_remaining"], stats["data_total"])
        self.call(path, "AbortJob")
        with self.assertRaises(vireotest.BusError) as caught:
            saving.wait()
        self.assertEqual(caught.exception.code, "Cancelled")
        self.assertEqual(self.state(path), ("running", "save-canceled"))
        self.assertEqual(self.lifecycle(watch, 2), [("suspended", "paused"),
                                                    ("resumed", "unpaused")])
        self.error(CONNECTION, "GetSaveImageXml", "(sa{sv})", "/saved/f", {},
                   interface="Connection", code="NotFound")
        self.assertEqual(self.call(path, "GetJobStats"), {})
        last = self.call(path, "GetJobStats", "(a{sv})", options(completed=True))
        self.assertEqual((last["state"], last["success"]), ("cancelled", False))
        self.assertEqual(self.call(path, "GetJobStats", "(a{sv})", options(completed=True)), {})
        self.error(path, "AbortJob", code="InvalidState", names="no job")

    def test_stopping_does_not_wait_for_a_save(self):
        path = self.define("<t:delay save='60000'/>")
        saving = self.client.call_async(path, "Domain", "Save", "(sa{sv})", "/saved/g", {})
        job = self.job_of(path)
        waiting = self.client.call_async(job, "Job", "Wait", "(a{sv})", {})
        self.call(path, "Destroy")
        self.assertEqual(self.state(path), ("shutoff", "destroyed"))
        for pending in (saving, waiting):
            with self.assertRaises(vireotest.BusError) as caught:
                pending.wait()
            self.assertEqual(caught.exception.code, "Cancelled")

    def test_a_save_that_fails(self):
        path = self.define("<t:fail save='disk on fire'/>")
        self.error(path, "Save", "(sa{sv})", "/saved/h", {}, code="Hypervisor",
                   names="disk on fire")
        self.assertEqual(self.get(path, "State"), "running")


class ManagedSave(WorkCase):
    def test_the_next_start_goes_on(self):
        path = self.define()
        self.call(path, "ManagedSave")
        self.assertTrue(self.get(path, "HasManagedSave"))
        self.assertEqual(self.state(path), ("shutoff", "saved"))
        watch = self.watch(path, member="Lifecycle")
        self.call(path, "Start")
        self.assertEqual(self.state(path), ("running", "restored"))
        self.assertEqual(self.lifecycle(watch, 1), [("started", "restored")])
        self.assertFalse(self.get(path, "HasManagedSave"))
        self.call(path, "Destroy")
        self.call(path, "Start")
        self.assertEqual(self.state(path), ("running", "booted"))

    def test_a_start_that_fails_keeps_it(self):
        path = self.define("<t:delay start='0'/>")
        self.call(path, "ManagedSave")
        saved = self.call(path, "GetManagedSaveXml")
        broken = saved.replace("delay start=", "fail start=")
        self.assertNotEqual(broken, saved)
        self.call(path, "SetManagedSaveXml", "(sa{sv})", broken, options(paused=True))
        self.error(path, "Start", code="Hypervisor", names="hypervisor said: 0")
        self.assertTrue(self.get(path, "HasManagedSave"))
        self.call(path, "SetManagedSaveXml", "(sa{sv})", saved, {})
        self.call(path, "Start")
        self.assertEqual(self.state(path), ("paused", "restored"))

    def test_forgetting_it(self):
        path = self.define()
        self.call(path, "ManagedSave")
        self.call(path, "RemoveManagedSave")
        self.assertFalse(self.get(path, "HasManagedSave"))
        for method in ("RemoveManagedSave", "GetManagedSaveXml"):
            self.error(path, method, code="NotFound", names="managed save")
        self.call(path, "Start")
        self.assertEqual(self.state(path), ("running", "booted"))
        self.call(path, "ManagedSave")
        self.call(path, "Start", "(a{sv})", options(force_boot=True))
        self.assertEqual(self.state(path), ("running", "booted"))
        self.assertFalse(self.get(path, "HasManagedSave"))

    def test_what_it_is_in_the_way_of(self):
        path = self.define()
        self.call(path, "ManagedSave")
        self.error(path, "Undefine", code="InvalidState", names="managed save")
        self.error(path, "Rename", "(sa{sv})", "other", {}, code="InvalidState", names="managed")
        self.call(path, "Undefine", "(a{sv})", options(managed_save=True))
        self.assertFalse(self.client.exists(path))
        self.error(self.create(), "ManagedSave", code="InvalidState", names="transient")


class CoreDump(WorkCase):
    def test_what_becomes_of_the_guest(self):
        path = self.define()
        watch = self.watch(path)
        self.call(path, "CoreDump", "(sa{sv})", "/dumps/a", options(live=True))
        self.assertEqual(watch.signals, [])
        self.call(path, "CoreDump", "(sa{sv})", "/dumps/a", {})
        self.assertEqual(self.lifecycle(watch, 2), [("suspended", "paused"),
                                                    ("resumed", "unpaused")])
        self.call(path, "CoreDump", "(sa{sv})", "/dumps/a", options(reset=True))
        watch.wait(matching=lambda s: s.member == "Rebooted")
        self.assertEqual(self.get(path, "State"), "running")
        self.call(path, "CoreDump", "(sa{sv})", "/dumps/a", options(crash=True))
        self.assertEqual(self.state(path), ("shutoff", "crashed"))
        self.error(CONNECTION, "RestoreDomain", "(sa{sv})", "/dumps/a", {},
                   interface="Connection", code="InvalidArgument", names="core dump")

    def test_what_does_not_go_together(self):
        path = self.define()
        for wrong, names in [(options(crash=True, live=True), "only one"),
                             (options(format="kdump-zlib"), "memory only"),
                             (options(format="nonsense"), "nonsense")]:
            self.error(path, "CoreDump", "(sa{sv})", "/dumps/b", wrong, code="InvalidArgument",
                       names=names)
        self.call(path, "CoreDump", "(sa{sv})", "/dumps/b",
                  options(format="kdump-zlib", memory_only=True))


class Authorization(WorkCase):
    """Whom a file is about is in the file: rules hold for that."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.polkit.set_rules, "")
        self.nobody = self.host.caller("nobody")

    def ask(self, method, file):
        return self.nobody.call(CONNECTION, f"{NAME}.Connection", method,
                                text("(sa{sv})", file, {}))

    def test_of_the_domain_in_the_file(self):
        path = self.define()
        name = self.get(path, "Name")
        self.call(path, "Save", "(sa{sv})", "/saved/secret", {})
        domain = "action.id.indexOf('.domain.') > 0"
        paths = "action.id.indexOf('.domain.unrestricted') > 0"
        of = "action.lookup('domain_name') =="
        # The domain is allowed, but not to have a path of the host opened; and the other way round.
        for rule in (f"{domain} && {of} '{name}'",
                     f"{paths} || ({domain} && {of} 'another')"):
            self.host.polkit.set_rules(permit(rule))
            self.assertEqual(self.ask("RestoreDomain", "/saved/secret").error.code,
                             "NotAuthorized")
        self.host.polkit.set_rules(permit(paths) + hide(("domain_name", name), "read"))
        self.assertEqual(self.ask("GetSaveImageXml", "/saved/secret").error.code, "NotAuthorized")
        self.assertEqual(self.get(path, "State"), "shutoff")
        self.host.polkit.set_rules(permit(f"{paths} || ({domain} && {of} '{name}')"))
        self.assertIsNone(self.ask("RestoreDomain", "/saved/secret").error)
        self.assertEqual(self.get(path, "State"), "running")

    def test_what_is_not_there_takes_permission_too(self):
        self.assertEqual(self.ask("RestoreDomain", "/saved/absent").error.code, "NotAuthorized")
        self.host.polkit.set_rules(permit("action.id.indexOf('.domain.') > 0"))
        self.assertEqual(self.ask("RestoreDomain", "/saved/absent").error.code, "NotFound")

    def test_paths_of_the_host(self):
        """Who may do all with a domain may still not have the host's files opened."""
        path = self.define()
        self.host.polkit.set_rules(permit("action.id.indexOf('.domain.') > 0 && "
                                          "action.id.indexOf('unrestricted') < 0"))
        for method, arguments in [("Save", ("(sa{sv})", "/saved/y", {})),
                                  ("CoreDump", ("(sa{sv})", "/saved/y", {})),
                                  ("SetManagedSaveXml", ("(sa{sv})", "<domain/>", {})),
                                  ("CreateSnapshot", ("(sa{sv})", "<domainsnapshot><memory "
                                                      "file='/etc/x'/></domainsnapshot>", {})),
                                  ("ManagedSave", ("(a{sv})", {}))]:
            outcome = self.nobody.call(path, f"{NAME}.Domain", method, text(*arguments))
            if method == "ManagedSave":
                self.assertIsNone(outcome.error)
            else:
                self.assertEqual(outcome.error.code, "NotAuthorized", method)

    def test_who_waits_for_a_job(self):
        path = self.define("<t:delay save='60000'/>")
        saving = self.client.call_async(path, "Domain", "Save", "(sa{sv})", "/saved/x", {})
        job = self.job_of(path)
        self.host.polkit.set_rules(hide(("domain_uuid", self.get(path, "Uuid"))))
        for method in ("Wait", "Cancel"):
            outcome = self.nobody.call(job, f"{NAME}.Job", method, "(@a{sv} {},)")
            self.assertEqual(outcome.error.code, "UnknownObject")
        self.call(path, "AbortJob")
        with self.assertRaises(vireotest.BusError):
            saving.wait()


vireotest.main()
