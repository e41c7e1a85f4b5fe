#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that go with those who started them, whichever daemon and whichever bus there is then."""

import pathlib
import unittest

import vireotest
from vireotest import guest, leftovers
from vireotest.client import GLib
from vireotest.samples import NO_OPTIONS, minimal_domain

AUTODESTROY = {"autodestroy": GLib.Variant("b", True)}


def emulators():
    return {pid for pid, command in leftovers.processes().items() if "qemu-system" in command}


class Autodestroy(unittest.TestCase):
    def setUp(self):
        guest.prepare_emulator()
        self.host = self.enterContext(vireotest.Host("autodestroy", polkit=False))
        connection = self.host.client.open("qemu:///system")
        self.path = self.host.client.call(connection, "Connection", "DefineDomain", "(sa{sv})",
                                          minimal_domain("goes", "qemu"), {})
        self.starter = self.enterContext(self.host.bus.client())
        self.starter.call(self.path, "Domain", "Start", "(a{sv})", AUTODESTROY, timeout=60)
        self.assertEqual(len(emulators()), 1)

    def state(self):
        return self.host.client.get(self.path, "Domain", "State")

    def is_off(self):
        self.host.client.wait_for(self.path, "Domain", "State", "shutoff", 30)
        self.assertEqual(emulators(), set())
        folder = pathlib.Path(self.host.daemon.folder) / "run/autodestroy"
        vireotest.wait_until(lambda: not list(folder.iterdir()), 10, "it to be forgotten")

    def test_daemon_killed(self):
        """The next daemon goes on with it, and ends nothing of who is still there."""
        self.host.daemon.kill_and_restart()
        self.assertEqual(self.state(), "running")
        self.host.daemon.restart()
        self.assertEqual(self.state(), "running")
        self.assertEqual(len(emulators()), 1)
        self.starter.close()
        self.is_off()

    def test_left_meanwhile(self):
        self.host.daemon.kill()
        self.starter.close()
        self.assertEqual(len(emulators()), 1)
        self.host.daemon.start()
        self.is_off()

    def test_bus_anew(self):
        """Nobody who was on the old one is on the new one, whatever they are called."""
        self.host.client.close()
        self.host.daemon.client = None
        self.host.bus.stop()
        self.assertEqual(len(emulators()), 1)
        self.host.bus.start()
        self.host.daemon.client = self.host.bus.client()
        self.host.client.wait_for_owner(alive=self.host.daemon.check_alive)
        self.is_off()

    def test_started_again(self):
        """What was stopped and started since then is somebody else's, also for the next daemon."""
        self.host.client.call(self.path, "Domain", "Destroy", *NO_OPTIONS, timeout=60)
        self.host.client.call(self.path, "Domain", "Start", *NO_OPTIONS, timeout=60)
        self.host.daemon.kill()
        self.starter.close()
        self.host.daemon.start()
        self.host.client.call(self.path, "Domain", "Suspend", *NO_OPTIONS, timeout=60)
        self.assertEqual(self.state(), "paused")

    def test_logs(self):
        logs = pathlib.Path(self.host.daemon.folder)
        self.assertTrue(list(logs.rglob("goes.log")))
        self.host.client.call(self.path, "Domain", "Destroy", "(a{sv})",
                              {"remove-logs": GLib.Variant("b", True)}, timeout=60)
        self.assertEqual(list(logs.rglob("goes.log*")), [])


vireotest.main()
