#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sample manager shows domains as they are, on a real display, and does what its buttons say.

It is driven as a screen reader drives it: labels are read and buttons pressed over AT-SPI.
"""

import os
import shutil
import subprocess
import unittest

import vireotest
from clienttest import program_environment, start_host
from desktop import Display, Session, count_colours, find_application, write_png
from vireotest import samples, wait_until

import gi
gi.require_version("GLib", "2.0")
from gi.repository import GLib  # noqa: E402

MANAGER = vireotest.BUILD / "examples/gtk/vireo-manager"
DOMAIN = "Domain"
APPLICATION = "org.vireo.Manager"
WINDOW = "/org/vireo/Manager/window/1"
NO_OPTIONS = samples.NO_OPTIONS


class Manager(unittest.TestCase):
    def setUp(self):
        if not MANAGER.exists():
            self.skipTest("built without GTK 4 and its VTE (meson's option gtk)")
        if not shutil.which("Xvfb"):
            self.skipTest("Xvfb is not installed")
        if not os.path.exists("/usr/share/dbus-1/services/org.a11y.Bus.service"):
            self.skipTest("at-spi2-core is not installed")
        self.host = start_host(self, "gtk")
        self.connection = self.host.client.open("test:///default")
        self.display = Display(self.host.folder / "display")
        self.addCleanup(self.display.stop)
        env = program_environment(self.host)
        # A warning of the desktop's other libraries is not about what is tested.
        env.update(DISPLAY=self.display.name, GDK_BACKEND="x11", GSK_RENDERER="cairo",
                   GTK_A11Y="atspi", GSETTINGS_BACKEND="memory", G_DEBUG="fatal-criticals",
                   LC_ALL="C.UTF-8")
        # What the desktop's libraries keep until the end is not ours to free.
        env["ASAN_OPTIONS"] = ":".join(filter(None, [env.get("ASAN_OPTIONS"), "detect_leaks=0"]))
        self.session = Session(self.host.folder / "session", env)
        self.addCleanup(self.session.stop)
        self.screen_reader = self.session.accessibility()
        self.addCleanup(self.screen_reader.close_sync, None)

    def start(self, *arguments, env=None):
        self.log = open(self.host.folder / "manager.log", "w+b")
        self.addCleanup(self.log.close)
        self.manager = subprocess.Popen([MANAGER, *arguments], env=env or self.session.env,
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log)
        self.addCleanup(self.end)
        self.application = find_application(self.screen_reader, "vireo-manager")

    def end(self):
        self.manager.terminate()
        self.manager.wait(20)
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        for sort in ("CRITICAL", "ERROR", "Sanitizer"):
            self.assertNotIn(sort, said)

    def define(self, name, extra="<devices><console type='pty'/></devices>"):
        return self.host.client.call(
            self.connection, "Connection", "DefineDomain", "(sa{sv})",
            samples.minimal_domain(name, extra=extra), {})

    def rows(self):
        """What the list shows: {name: (state, type, CPUs, memory)}, in its order."""
        texts = [text for role, text in self.application.texts() if role in ("row", "label")]
        rows, cells = {}, None
        for text in texts:
            if text == "GtkListItemWidget":
                cells = []
            elif cells is not None and len(cells) < 5:
                cells.append(text)
                if len(cells) == 5:
                    rows[cells[0]] = tuple(cells[1:])
        rows.pop("Name", None)
        return rows

    def wait_rows(self, **states):
        def shown():
            return {name: row[0] for name, row in self.rows().items()} == states
        wait_until(shown, 30, lambda: f"{states}; the list shows {self.rows()}")

    def wait_text(self, text):
        wait_until(lambda: any(text in said for _, said in self.application.texts()), 30,
                   lambda: f"“{text}” among {self.application.texts()}")

    def actions(self, member, signature, *values):
        return self.session.connection.call_sync(
            APPLICATION, WINDOW, "org.gtk.Actions", member, GLib.Variant(signature, values), None,
            0, 20000, None).unpack()

    def is_possible(self, action):
        return self.actions("Describe", "(s)", action)[0][0]

    def select(self, name, possible):
        """Selects a row, and waits until the button for what is @possible with it can be used."""
        position = list(self.rows()).index(name)
        self.actions("SetState", "(sva{sv})", "select", GLib.Variant("u", position), {})
        wait_until(lambda: self.is_possible(possible), 20, f"that one can {possible} {name}")

    def press(self, label):
        button = next(w for w in self.application.walk()
                      if w.role() == "button" and w.text() == label)
        self.assertTrue(button.call("org.a11y.atspi.Action", "DoAction",
                                    GLib.Variant("(i)", (0,)))[0])

    def wait_state(self, path, state):
        self.host.client.wait_for(path, DOMAIN, "State", state)

    def test_follows_and_acts(self):
        path = self.define("mine")
        self.start()
        self.wait_rows(test="running", mine="shutoff")
        self.assertEqual(list(self.rows()), ["mine", "test"])
        self.assertEqual(self.rows()["mine"][1:], ("test", "1", "64.0\xa0MiB"))

        # Its buttons change the service …
        self.select("mine", "start")
        self.assertFalse(self.is_possible("suspend"))
        self.press("Start")
        self.wait_state(path, "running")
        self.wait_rows(test="running", mine="running")
        wait_until(lambda: self.is_possible("suspend"), 20, "the buttons to follow")
        self.assertFalse(self.is_possible("start"))
        self.press("Suspend")
        self.wait_state(path, "paused")
        self.wait_rows(test="running", mine="paused")

        # … and what others do shows.
        self.host.client.call(path, DOMAIN, "Resume", *NO_OPTIONS)
        self.wait_rows(test="running", mine="running")
        self.host.client.call(path, DOMAIN, "Destroy", *NO_OPTIONS)
        self.wait_rows(test="running", mine="shutoff")
        other = self.define("another")
        self.wait_rows(test="running", mine="shutoff", another="shutoff")
        self.assertEqual(list(self.rows()), ["another", "mine", "test"])
        self.host.client.call(other, DOMAIN, "Undefine", *NO_OPTIONS)
        self.wait_rows(test="running", mine="shutoff")

        # A filter follows, too.
        self.actions("SetState", "(sva{sv})", "only-active", GLib.Variant("b", True), {})
        self.wait_rows(test="running")
        self.host.client.call(path, DOMAIN, "Start", *NO_OPTIONS)
        self.wait_rows(test="running", mine="running")

    def test_console(self):
        self.start()
        self.wait_rows(test="running")
        self.define("mute", extra="")
        self.wait_rows(test="running", mute="shutoff")
        self.select("mute", "start")
        self.press("Start")
        self.wait_rows(test="running", mute="running")
        wait_until(lambda: self.is_possible("console"), 20, "the button")
        self.press("Console")
        self.wait_text("Cannot open the console of mute: ")

        talks = self.define("talks")
        self.host.client.call(talks, DOMAIN, "Start", *NO_OPTIONS)
        self.wait_rows(test="running", mute="running", talks="running")
        self.select("talks", "console")
        listed = self.picture("list")
        self.press("Console")
        wait_until(lambda: any(w.role() == "frame" or w.text() == "talks"
                               for w in self.application.children()[1:]), 30,
                   "the window of the console")
        # It covers the list with what the guest says.
        wait_until(lambda: self.display.picture() != listed, 30, "the terminal to be drawn")
        wait_until(lambda: self.written_lines() == 2, 30,
                   lambda: f"its banner and prompt, not {self.written_lines()} lines", tick=0.2)
        self.picture("console")

    def written_lines(self):
        """How many runs of rows of the terminal are not all black."""
        _, _, rows = self.display.picture()
        plain = [not any(row[:1500]) for row in rows[:350]]
        return sum(1 for above, here in zip(plain, plain[1:]) if above and not here)

    def picture(self, name):
        """What the display shows when it has something to show, kept when asked for."""
        def drawn():
            picture = self.display.picture()
            counts = count_colours(picture)
            # Neither blank nor one plain colour: there is text, in many shades.
            if len(counts) > 20 and max(counts.values()) < 0.98 * sum(counts.values()):
                return picture
            return None
        picture = wait_until(drawn, 30, "a window that is drawn", tick=0.2)
        folder = os.environ.get("VIREO_TEST_PICTURES")
        if folder:
            write_png(f"{folder}/manager-{name}.png", picture)
        return picture

    def test_service_elsewhere(self):
        """--address and --connect; and a service that is not there is said to be so."""
        env = {**self.session.env, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
        self.start("--address=unix:path=/nonexistent/bus", env=env)
        self.wait_text("Cannot reach the service: ")
        # The same process opens another window.
        second = subprocess.run(
            [MANAGER, f"--address={self.host.bus.address}", "--connect=nothing:///here"], env=env,
            capture_output=True, text=True, timeout=60)
        self.assertEqual(second.returncode, 0, second.stderr)
        self.wait_text("Cannot open the connection: ")
        self.wait_rows(test="running")

    def test_sorted_as_people_count(self):
        for number in (10, 9, 1):
            self.define(f"vm{number}")
        self.start()
        self.wait_rows(test="running", vm1="shutoff", vm9="shutoff", vm10="shutoff")
        self.assertEqual(list(self.rows()), ["test", "vm1", "vm9", "vm10"])

    def test_long_name(self):
        """A long name leaves room for the other columns."""
        self.define("long-" + "x" * 150)
        self.start()
        self.wait_rows(**{"long-" + "x" * 150: "shutoff", "test": "running"})
        window = self.application.children()[0]
        width = self.extents(window)[2]
        memory = next(w for w in self.application.walk() if w.text() == "2.0\xa0GiB")
        x, _, w, _ = self.extents(memory)
        self.assertLessEqual(x + w, width)

    def extents(self, widget):
        return widget.call("org.a11y.atspi.Component", "GetExtents", GLib.Variant("(u)", (1,)))[0]

    def close(self):
        """The window; the program ends with its last one."""
        self.press("Close")
        self.assertEqual(self.manager.wait(20), 0)

    def test_closed_while_a_domain_is_selected(self):
        self.start()
        self.wait_rows(test="running")
        self.select("test", "suspend")
        self.close()

    def test_service_comes_late(self):
        self.host.daemon.stop()
        self.start("--connect=test:///default")
        self.wait_text("the service is away")
        self.host.daemon.start()
        self.wait_rows(test="running")

    def test_bus_ends(self):
        """GLib would end the program with the system bus."""
        bus = vireotest.Bus(self.host.folder / "other").start()
        self.addCleanup(bus.stop)
        self.start(env={**self.session.env, "DBUS_SYSTEM_BUS_ADDRESS": bus.address})
        self.wait_text("the service is away")
        bus.stop()
        self.wait_text("the bus is gone")
        self.close()

    def test_service_leaves(self):
        self.start()
        self.wait_rows(test="running")
        self.assertTrue(self.is_possible("suspend"))
        self.host.daemon.stop()
        self.wait_text("the service is away")
        self.assertFalse(self.is_possible("suspend"))
        self.host.daemon.start()
        self.host.client.open("test:///default")
        wait_until(lambda: not any("away" in said for _, said in self.application.texts())
                   and self.rows(), 30, "the service to be back")
        self.wait_rows(test="running")


vireotest.main()
