#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus is started anew while a guest runs: the daemon stays, and so does all that it has."""

import unittest

import vireotest
from vireotest import guest, leftovers
from vireotest.samples import NO_OPTIONS, minimal_domain


def emulators():
    return {pid for pid, command in leftovers.processes().items() if "qemu-system" in command}


class Bus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        guest.prepare_emulator()

    def test_a_guest_runs_on(self):
        with vireotest.Host("bus", polkit=False) as host:
            connection = host.client.open("qemu:///system")
            path = host.client.call(connection, "Connection", "DefineDomain", "(sa{sv})",
                                    minimal_domain("outlives", "qemu"), {})
            host.client.call(path, "Domain", "Start", *NO_OPTIONS, timeout=60)
            before, daemon = emulators(), host.daemon.pid
            self.assertEqual(len(before), 1)

            host.client.close()
            host.daemon.client = None
            host.bus.stop()
            host.bus.start()
            host.daemon.client = host.bus.client()
            host.client.wait_for_owner(alive=host.daemon.check_alive)

            self.assertEqual((emulators(), host.daemon.pid), (before, daemon))
            self.assertEqual(host.client.get(path, "Domain", "State"), "running")
            # Its monitor is the daemon's still.
            host.client.call(path, "Domain", "Suspend", *NO_OPTIONS, timeout=60)
            host.client.wait_for(path, "Domain", "State", "paused")
            host.client.call(path, "Domain", "Destroy", *NO_OPTIONS, timeout=60)
            self.assertEqual(emulators(), set())


vireotest.main()
