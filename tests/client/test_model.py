#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists and properties stay current, seen through GObject introspection."""

import os
import re
import sys
import unittest

import gi

import vireotest
from clienttest import LIBRARY, start_host

if vireotest.is_isolated() and str(LIBRARY) not in os.environ.get("GI_TYPELIB_PATH", ""):
    # The loader and GI read their paths when the program starts.
    from clienttest import library_environment
    os.execve(sys.executable, [sys.executable, *sys.argv], library_environment())

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

if vireotest.is_isolated():
    gi.require_version("Vireo", "1.0")
    from gi.repository import Vireo

XML = """<domain type='test'><name>{}</name><uuid>{}</uuid><memory unit='KiB'>8192</memory>
  <os><type>hvm</type></os><devices/></domain>"""


def uuid_of(number):
    return f"00000000-0000-4000-8000-{number:012}"


def slow_xml(start):
    """Of a domain that takes so many milliseconds to start."""
    return XML.format("slow", uuid_of(3)).replace("<devices/>", f"""<devices/><metadata>
          <test:delay xmlns:test="https://vireo.org/xmlns/domain/test/1.0" start="{start}"/>
          </metadata>""")


def names(model):
    return [item.get_name() for item in model]


class Case(unittest.TestCase):
    def setUp(self):
        self.host = start_host(self, "model")
        self.client = self.open()
        self.connection = self.client.get_manager().open_connection_sync(
            "test:///default", None, None)
        self.changes = []

    def open(self):
        return Vireo.Client.new_for_address_sync(self.host.bus.address, None)

    def define(self, name, number):
        return self.connection.define_domain_sync(XML.format(name, uuid_of(number)), None, None)

    def wait(self, test, what):
        vireotest.wait_until(test, 15, what)

    def watch(self, model):
        model.connect("items-changed", lambda _m, *change: self.changes.append(change))
        return model

    def settle(self):
        """Until signals that the service sent before now have come."""
        reply = []
        self.host.client.managed_objects()
        self.client.get_dbus_connection().call(
            "org.vireo.Vireo1", "/org/vireo/Vireo1", "org.freedesktop.DBus.Peer", "Ping", None,
            None, Gio.DBusCallFlags.NONE, -1, None, lambda *_: reply.append(1))
        self.wait(lambda: reply, "the reply")


class Lists(Case):
    def test_sorted_as_people_count(self):
        model = self.client.get_domain_model()
        for number, name in enumerate(["vm10", "vm9", "Zebra", "alpha"]):
            self.define(name, number + 1)
        self.wait(lambda: model.get_n_items() == 5, "five domains")
        listed = names(model)
        self.assertLess(listed.index("vm9"), listed.index("vm10"))
        self.assertEqual(listed, names(self.open().get_domain_model()))
        self.assertEqual(model.get_item_type().name, "VireoDomain")
        self.assertIsNone(model.get_item(5))

    def test_changes_are_told_one_by_one(self):
        model = self.watch(self.client.get_domain_model())
        self.assertEqual(names(model), ["test"])
        first = self.define("b", 1)
        self.assertEqual(self.changes, [(0, 0, 1)])
        self.define("z", 2)
        self.assertEqual(self.changes[1:], [(2, 0, 1)])
        self.assertEqual(names(model), ["b", "test", "z"])
        first.rename_sync("zz", None, None)
        self.wait(lambda: names(model) == ["test", "z", "zz"], "the new order")
        self.assertEqual(self.changes[2:], [(0, 1, 0), (2, 0, 1)])
        first.undefine_sync(None, None)
        self.wait(lambda: first.get_removed(), "the end of the domain")
        self.assertEqual(self.changes[4:], [(2, 1, 0)])
        self.assertEqual(names(model), ["test", "z"])

    def test_of_a_connection(self):
        networks = self.connection.get_network_model()
        domains = self.connection.get_domain_model()
        self.assertEqual(names(networks), ["default"])
        self.define("mine", 1)
        self.assertEqual(names(domains), ["mine", "test"])
        self.assertEqual([c.get_driver() for c in self.client.get_connection_model()], ["Test"])
        self.assertIs(self.connection.get_domain_model(), domains)

    def test_of_every_kind(self):
        secrets = self.client.get_model(Vireo.Secret)
        here = self.connection.get_model(Vireo.Secret)
        self.assertEqual(secrets.get_n_items(), 0)
        secret = self.connection.define_secret_sync(
            "<secret><usage type='ceph'><name>x</name></usage></secret>", None, None)
        self.assertEqual([list(secrets), list(here)], [[secret], [secret]])
        pools = self.client.get_storage_pool_model()
        pool = self.connection.create_storage_pool_sync(
            "<pool type='dir'><name>shelf</name><target><path>/shelf</path></target></pool>",
            GLib.Variant("a{sv}", {"build": GLib.Variant("b", True)}), None)
        self.assertIn("shelf", names(pools))
        volumes = pool.get_volume_model()
        for name in ("v10", "v9"):
            pool.create_volume_sync(f"<volume><name>{name}</name><capacity>1</capacity></volume>",
                                    None, None)
        self.assertEqual(names(volumes), ["v9", "v10"])
        domain = self.define("kept", 1)
        snapshots = domain.get_snapshot_model()
        domain.create_snapshot_sync("<domainsnapshot><name>s</name></domainsnapshot>", None, None)
        self.assertEqual(names(snapshots), ["s"])
        snapshots.get_item(0).delete_sync(None, None)
        self.wait(lambda: snapshots.get_n_items() == 0, "the end of the snapshot")
        secret.undefine_sync(None, None)
        self.wait(lambda: secrets.get_n_items() + here.get_n_items() == 0, "the end of the secret")

    def test_what_others_do(self):
        added, removed = [], []
        self.client.connect("object-added", lambda _c, o: added.append(o.get_path()))
        self.client.connect("object-removed", lambda _c, o: removed.append(o.get_path()))
        model = self.client.get_domain_model()
        path = self.host.client.call(self.connection.get_path(), "Connection", "DefineDomain",
                                     "(sa{sv})", XML.format("other", uuid_of(7)), {})
        self.wait(lambda: "other" in names(model), "the domain of another client")
        domain = self.client.lookup_object(path)
        self.assertEqual(domain.get_uuid(), uuid_of(7))
        self.assertEqual(added, [path])
        self.host.client.call(path, "Domain", "Undefine", "(a{sv})", {})
        self.wait(lambda: domain.get_removed(), "its end")
        self.assertEqual(removed, [path])
        self.assertIsNone(self.client.lookup_object(path))


class Properties(Case):
    def test_state_arrives_with_notify(self):
        domain = self.define("state", 1)
        states, events = [], []
        domain.connect("notify::state",
                       lambda d, _p: states.append((d.get_state(), d.get_active())))
        domain.connect("lifecycle", lambda _d, event, _detail: events.append(event))
        domain.start_sync(None, None)
        domain.suspend_sync(None, None)
        self.wait(lambda: domain.get_state() == "paused", "the state")
        # All values of a change are in place when the first is told.
        self.assertEqual(states[-1], ("paused", True))
        self.wait(lambda: "suspended" in events, "the event")
        self.assertLess(events.index("started"), events.index("suspended"))
        self.assertGreater(domain.get_state_changed_at(), 10 ** 15)
        self.assertGreater(domain.get_id(), 0)

    def test_writable_property(self):
        domain = self.define("autostart", 1)
        self.assertFalse(domain.get_autostart())
        domain.set_autostart_sync(True, None)
        self.wait(lambda: domain.get_autostart(), "the property")
        self.assertTrue(self.host.client.get(domain.get_path(), "Domain", "Autostart"))

    def test_invalidated_property_is_read_again(self):
        manager = self.client.get_manager()
        self.assertEqual(list(manager.get_connections()), [self.connection.get_path()])
        self.assertIn("Test", manager.get_drivers())
        self.assertTrue(manager.get_version())

    def test_job_has_progress_and_ends(self):
        domain = self.connection.define_domain_sync(slow_xml(1500), None, None)
        jobs = self.watch(self.client.get_job_model())
        completed, started = [], []

        def came(client, item):
            if isinstance(item, Vireo.Job):
                item.connect("completed", lambda _j, *args: completed.append(args))
        self.client.connect("object-added", came)
        domain.start_async(None, None, lambda d, r: started.append(d.start_finish(r)))
        self.wait(lambda: jobs.get_n_items() == 1, "the job")
        job = jobs.get_item(0)
        self.assertEqual(job.get_objects(), [domain.get_path()])
        self.assertEqual(job.get_operation(), "domain-start")
        self.wait(lambda: domain.get_current_job() == job.get_path(), "the domain to name it")
        self.wait(lambda: started, "the start")
        self.wait(lambda: completed, "the end of the job")
        self.assertEqual(completed[0], (True, "", ""))
        self.wait(lambda: jobs.get_n_items() == 0, "the job to go")


class Restarts(Case):
    def test_service_restarts(self):
        """With definitions on disk, which the test driver has not."""
        host = start_host(self, "restart", drivers="qemu")
        client = Vireo.Client.new_for_address_sync(host.bus.address, None)
        connection = client.get_manager().open_connection_sync("qemu:///system", None, None)
        kept, gone = [connection.define_domain_sync(
            XML.format(name, uuid_of(number)).replace("'test'", "'qemu'"), None, None)
            for number, name in enumerate(["kept", "gone"])]
        model = self.watch(client.get_domain_model())
        host.daemon.settled()
        host.daemon.kill()
        self.wait(lambda: not client.get_available(), "the client to notice")
        # What was known stays to look at; what is asked for fails.
        self.assertEqual(names(model), ["gone", "kept"])
        with self.assertRaises(GLib.Error) as caught:
            kept.start_sync(None, None)
        self.assertTrue(caught.exception.matches(Gio.dbus_error_quark(),
                                                 Gio.DBusError.SERVICE_UNKNOWN))
        self.assertEqual(self.changes, [])
        files = [f for f in host.daemon.state.glob("**/*") if f.is_file()
                 and ("gone" in f.name or uuid_of(1) in f.name)]
        self.assertTrue(files)
        # What a killed service had just written comes back from its log.
        for file in [*files, *host.daemon.state.glob("**/.vireo-log-*")]:
            file.unlink()
        host.daemon.start()
        self.wait(client.get_available, "the client to come back")
        self.wait(gone.get_removed, "what went meanwhile to be told")
        self.assertEqual(names(model), ["kept"])
        self.assertIs(client.lookup_object(kept.get_path()), kept)
        # Signals come again, which they do only after a new subscription.
        kept.set_autostart_sync(True, None)
        self.wait(kept.get_autostart, "the property")

    def test_job_over_a_restart(self):
        """It is waited for at the same path; a plain call ends with the service."""
        client = self.open()
        connection = client.get_manager().open_connection_sync("test:///default", None, None)
        domain = connection.define_domain_sync(slow_xml(600000), None, None)
        domain.start_async(None, None, None)
        self.wait(lambda: domain.get_current_job() not in (None, "/"), "the job")
        path = domain.get_current_job()
        ends, stopped, plain = [], [], []

        def ended(source, result, where):
            try:
                where.append(source.wait_for_job_finish(result))
            except GLib.Error as error:
                where.append(error)

        def plainly_ended(source, result):
            try:
                plain.append(source.wait_finish(result))
            except GLib.Error as error:
                plain.append(error)

        cancellable = Gio.Cancellable()
        client.wait_for_job_async(path, None, ended, ends)
        client.wait_for_job_async(path, cancellable, ended, stopped)
        client.lookup_object(path).wait_async(None, None, plainly_ended)
        # That a job is shown does not wait for its record.
        record = self.host.daemon.run / "jobs" / (path.rsplit("/", 1)[1] + ".job")
        self.wait(record.exists, "the record of the job")
        self.host.daemon.kill()
        self.wait(lambda: not client.get_available(), "the client to notice")
        self.wait(lambda: plain, "the call to end")
        cancellable.cancel()
        self.wait(lambda: stopped, "the waiting to be cancelled")
        self.assertTrue(stopped[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assertEqual(ends, [])
        self.host.daemon.start()
        self.wait(lambda: ends, "the result")
        self.assertTrue(ends[0].matches(Vireo.error_quark(), Vireo.Error.INTERRUPTED), ends[0])
        self.assertEqual(client.lookup_object(path).get_state(), "failed")

    def test_service_comes_late(self):
        self.host.daemon.terminate()
        client = self.open()
        self.assertFalse(client.get_available())
        self.assertIsNone(client.get_manager())
        model = client.get_network_model()
        self.assertEqual(names(model), [])
        notified = []
        client.connect("notify::manager", lambda c, _p: notified.append(c.get_manager()))
        self.host.daemon.start()
        self.wait(client.get_available, "the service")
        self.assertEqual(len(notified), 1)
        client.get_manager().open_connection_sync("test:///default", None, None)
        self.wait(lambda: names(model) == ["default"], "the network")

    def test_bus_ends(self):
        bus = vireotest.Bus(self.host.folder / "other").start()
        self.addCleanup(bus.stop)
        client = Vireo.Client.new_for_address_sync(bus.address, None)
        reasons = []
        client.connect("closed", lambda _c, reason: reasons.append(reason))
        bus.stop()
        self.wait(lambda: reasons, "the end of the bus")
        self.assertFalse(client.get_available())


class Ways(Case):
    def test_over_ssh(self):
        # In place of ssh, which would need a server: it notes what it is asked, and runs it here,
        # on the test's bus.
        program = self.host.folder / "bin/ssh"
        asked = self.host.folder / "asked"
        program.parent.mkdir()
        program.write_text("#!/usr/bin/python3\nimport os, sys\n"
                           f"with open('{asked}', 'w') as f: f.write(' '.join(sys.argv[1:]))\n"
                           "os.execvp(sys.argv[4], [*sys.argv[4:], "
                           f"'--bus-path={self.host.bus.address}'])\n")
        program.chmod(0o755)
        self.addCleanup(os.environ.__setitem__, "PATH", os.environ["PATH"])
        os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
        client = Vireo.Client.new_for_host_sync("me@example.org", None)
        self.assertEqual(asked.read_text(), "-xT -- me@example.org systemd-stdio-bridge")
        self.define("far", 1)
        model = client.get_domain_model()
        self.wait(lambda: "far" in names(model), "the domain over there")

    def test_option_is_no_host(self):
        with self.assertRaises(GLib.Error) as caught:
            Vireo.Client.new_for_host_sync("-oProxyCommand=x", None)
        self.assertIn("is not a host", caught.exception.message)

    def test_arguments_of_other_types(self):
        """They are errors, not the end of the application."""
        domain = self.define("typed", 1)
        pool = self.client.get_storage_pool_model()[0]
        text = GLib.Variant("s", "text")
        for call, names in [(lambda: domain.start_sync(text, None), ["Start", "1", "a{sv}", "s"]),
                            (lambda: domain.get_stats_sync([], text, None), ["GetStats", "2"]),
                            (lambda: pool.create_volume_from_sync("<volume/>", "no path", None,
                                                                  None), ["2", " o,"])]:
            with self.assertRaises(GLib.Error) as caught:
                call()
            self.assertTrue(caught.exception.matches(Vireo.error_quark(),
                                                     Vireo.Error.INVALID_ARGUMENT))
            for name in names:
                self.assertIn(name, caught.exception.message)
        caught = []
        domain.start_async(text, None, lambda o, r: caught.append((o, r)))
        self.wait(lambda: caught, "the answer")
        with self.assertRaises(GLib.Error):
            domain.start_finish(caught[0][1])

    def test_calls_without_a_service(self):
        domain = self.define("left", 1)
        self.host.daemon.kill()
        with self.assertRaises(GLib.Error) as caught:
            domain.start_sync(None, None)
        self.assertRegex(caught.exception.message, "Start: the service org.vireo.Vireo1 is not ")
        self.assertTrue(caught.exception.matches(Gio.DBusError.quark(),
                                                 Gio.DBusError.SERVICE_UNKNOWN))

    def test_nobody_there(self):
        with self.assertRaises(GLib.Error):
            Vireo.Client.new_for_address_sync("unix:path=/nonexistent/bus", None)


class Errors(Case):
    def test_codes_are_those_of_the_bus(self):
        text = (vireotest.SOURCE / "src/util/vireo-error.c").read_text()
        table = re.findall(r'\{ VIREO_ERROR_(\w+), VIREO_ERROR_DBUS_PREFIX "(\w+)" \}', text)
        self.assertGreater(len(table), 20)
        for symbol, name in table:
            code = getattr(Vireo.Error, symbol)
            error = Gio.DBusError.new_for_dbus_error(f"org.vireo.Vireo1.Error.{name}", "x")
            self.assertTrue(error.matches(Vireo.error_quark(), int(code)), name)

    def test_denied_without_asking(self):
        self.client.set_interactive(False)
        self.assertFalse(self.client.props.interactive)
        with self.assertRaises(GLib.Error) as caught:
            self.connection.lookup_domain_by_name_sync("absent", None)
        self.assertTrue(caught.exception.matches(Vireo.error_quark(), Vireo.Error.NOT_FOUND))
        self.assertNotIn("GDBus.Error", caught.exception.message)


vireotest.main()
