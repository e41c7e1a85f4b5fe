#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon is killed at random moments under load; what it acknowledged is there afterwards.

VIREO_TEST_KILLS says how often (25), VIREO_TEST_SEED repeats a run.
"""

import os
import random
import time
import unittest
import xml.etree.ElementTree as ElementTree

import vireotest
from vireotest import guest, leftovers, samples
from vireotest.client import GLib
from vireotest.samples import NO_OPTIONS
from vireotest.wait import wait_until

KILLS = int(os.environ.get("VIREO_TEST_KILLS", "25"))
SEED = int(os.environ.get("VIREO_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
SLOTS = 8
NETWORK = "kills"
# A call that a kill interrupts may have done its work, or not.
INTERRUPTED = {"NoReply", "Disconnected", "ServiceUnknown", "NameHasNoOwner"}


class State:
    """What is known of one domain; a domain that is not defined has no other facts."""

    def __init__(self, defined=False, title="", autostart=False, active=False):
        self.facts = (defined, title, autostart, active)

    defined = property(lambda self: self.facts[0])
    title = property(lambda self: self.facts[1])
    autostart = property(lambda self: self.facts[2])
    active = property(lambda self: self.facts[3])

    def __eq__(self, other):
        return self.facts == other.facts

    def __repr__(self):
        if not self.defined:
            return "absent"
        return f"{self.title}{' autostart' * self.autostart}{' active' * self.active}"


class Slot:
    """One domain with one call at a time; it knows what must be true of it."""

    def __init__(self, number, chance):
        self.number = number
        self.name = f"kill-slot-{number}"
        self.uuid = f"00000000-0000-4000-8000-{number:012d}"
        self.path = None
        self.chance = chance
        self.state = State()
        self.wanted = None
        self.pending = None
        self.pid = None
        self.acknowledged = 0
        self.plugged = number % 2 == 0

    def operations(self):
        now = self.state
        if not now.defined:
            return [self.define]
        possible = [self.define, self.set_autostart]
        possible += [self.destroy] if now.active else [self.start, self.start, self.undefine]
        return possible

    @property
    def mac(self):
        return f"52:54:00:00:00:{self.number:02x}"

    def begin(self, client, connection):
        self.chance.choice(self.operations())(client, connection)

    def define(self, client, connection):
        title = f"t{self.chance.randrange(1 << 30)}"
        xml = (f"<domain type='qemu'><name>{self.name}</name><uuid>{self.uuid}</uuid>"
               f"<title>{title}</title><memory unit='MiB'>16</memory><vcpu>1</vcpu>"
               "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
               f"{samples.network_interface(NETWORK, self.mac) if self.plugged else ''}"
               "</devices></domain>")
        self.wanted = State(True, title, self.state.autostart, self.state.active)
        self.pending = client.call_async(connection, "Connection", "DefineDomain", "(sa{sv})", xml,
                                         {})

    def undefine(self, client, _connection):
        self.wanted = State()
        self.pending = client.call_async(self.path, "Domain", "Undefine", *NO_OPTIONS)

    def set_autostart(self, client, _connection):
        now = self.state
        self.wanted = State(True, now.title, not now.autostart, now.active)
        self.pending = client.call_async(
            self.path, "org.freedesktop.DBus.Properties", "Set", "(ssv)",
            "org.vireo.Vireo1.Domain", "Autostart", GLib.Variant("b", not now.autostart))

    def start(self, client, _connection):
        now = self.state
        self.wanted = State(True, now.title, now.autostart, True)
        self.pending = client.call_async(self.path, "Domain", "Start", *NO_OPTIONS, timeout=60)

    def destroy(self, client, _connection):
        now = self.state
        self.wanted = State(True, now.title, now.autostart, False)
        self.pending = client.call_async(self.path, "Domain", "Destroy", *NO_OPTIONS, timeout=60)

    def finish(self):
        """Takes the answer in. An error that is not the kill's is a defect."""
        pending, self.pending = self.pending, None
        try:
            pending.wait(90)
        except vireotest.BusError as error:
            if error.code not in INTERRUPTED:
                raise AssertionError(f"{self.name}, {self.state} -> {self.wanted}: {error}")
            return False
        self.state, self.wanted = self.wanted, None
        self.acknowledged += 1
        return True


def qemu_of(slot):
    return [pid for pid, command in leftovers.processes().items()
            if "qemu-system" in command and slot.name in command]


def without_xml(status):
    return [line for line in status.read_text().splitlines() if not line.startswith("xml=")]


class Kills(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(SEED)
        self.host = self.enterContext(vireotest.Host("kills"))
        self.connection = self.host.client.open("qemu:///system")
        self.slots = [Slot(n, self.chance) for n in range(SLOTS)]
        for slot in self.slots:
            path = f"{self.connection}/domains/_{slot.uuid.replace('-', '_')}"
            slot.path = path
        network = self.client.call(self.connection, "Connection", "DefineNetwork", "(sa{sv})",
                                   samples.nat_network(NETWORK, "killbr0", "192.168.161"), {})
        self.client.call(network, "Network", "Start", *NO_OPTIONS)

    @property
    def client(self):
        return self.host.client

    def work(self, seconds):
        """Keeps every slot busy for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for slot in self.slots:
                if slot.pending and slot.pending.done:
                    slot.finish()
                    slot.pid = None
                if not slot.pending:
                    slot.begin(self.client, self.connection)
            wait_until(self.tick(), 5, "a turn of the loop", tick=0.005)

    def tick(self):
        """A condition that lets the main context run until an answer came, or once."""
        turns = iter((False, True))
        return lambda: any(s.pending and s.pending.done for s in self.slots) or next(turns)

    def kill(self):
        before = {slot: qemu_of(slot) for slot in self.slots if slot.state.active}
        self.host.daemon.kill()
        for slot in self.slots:
            if slot.pending:
                slot.finish()
        return before

    def observe(self):
        """The facts after a restart, in one round trip."""
        objects = self.client.managed_objects()
        found = {}
        for slot in self.slots:
            facts = objects.get(slot.path, {}).get("org.vireo.Vireo1.Domain")
            found[slot] = State() if facts is None else State(
                True, facts["Title"], facts["Autostart"], facts["Active"])
        return found

    def persistent_title(self, slot):
        """The title in the definition; an active domain's properties are those of what runs."""
        xml = self.client.call(slot.path, "Domain", "GetXml", "(a{sv})",
                               {"inactive": GLib.Variant("b", True)})
        return ElementTree.fromstring(xml).findtext("title")

    def verify(self, guests):
        found = self.observe()
        for slot, now in found.items():
            if now.active:
                now = State(True, self.persistent_title(slot), now.autostart, True)
            allowed = [slot.state] + ([slot.wanted] if slot.wanted else [])
            self.assertIn(now, allowed, f"{slot.name}; seed {SEED}")
            running = qemu_of(slot)
            self.assertEqual(len(running), int(now.active),
                             f"{slot.name} is {now} with processes {running}; seed {SEED}")
            if now.active and slot.state.active and slot in guests:
                self.assertEqual(running, guests[slot], f"another guest; seed {SEED}")
            slot.state, slot.wanted = now, None

    def clean_up(self):
        for slot in self.slots:
            if slot.state.active:
                self.client.call(slot.path, "Domain", "Destroy", *NO_OPTIONS, timeout=60)
            if slot.state.defined:
                self.client.call(slot.path, "Domain", "Undefine", *NO_OPTIONS)

    def test_what_was_acknowledged_survives(self):
        print(f"# seed {SEED}, {KILLS} kills")
        before = vireotest.Leftovers()
        # It has a child with its own name, when it can.
        self.dnsmasq = sum("dnsmasq" in command for command in leftovers.processes().values())
        self.assertGreater(self.dnsmasq, 0)
        for _ in range(KILLS):
            self.work(self.chance.uniform(0.02, 0.8))
            guests = self.kill()
            self.host.daemon.start()
            self.client.open("qemu:///system")
            self.wait_settled()
            self.verify(guests)
        acknowledged = sum(slot.acknowledged for slot in self.slots)
        print(f"# {acknowledged} changes were acknowledged")
        self.assertGreater(acknowledged, KILLS, "too little load to mean anything")
        self.clean_up()
        self.host.daemon.restart()
        self.assertEqual({repr(s) for s in self.observe().values()}, {"absent"})
        files = [p for folder in (self.host.daemon.settled(), self.host.daemon.run)
                 for p in folder.rglob("*") if p.is_file() and "kill-slot" in p.name]
        self.assertEqual(files, [])
        after = vireotest.Leftovers()
        self.assertEqual({c for _, c in after.before["process"] if "qemu-system" in c}, set())
        self.assertEqual(after.before["link"], before.before["link"])

    def settled(self):
        """Whether guests whose start or stop was cut off are either running or gone."""
        domains = [facts["org.vireo.Vireo1.Domain"]
                   for facts in self.client.managed_objects().values()
                   if "org.vireo.Vireo1.Domain" in facts]
        if any(d["State"] == "shutdown" or d["StateReason"] == "starting-up" for d in domains):
            return False
        found = self.observe()
        return (all(len(qemu_of(slot)) == int(now.active) for slot, now in found.items())
                and not self.leftovers([slot for slot, now in found.items() if now.active]))

    def leftovers(self, active):
        """What is there beside what the active ones have, and what they lack."""
        run = self.host.daemon.run / "qemu"
        names = [path.name for path in run.iterdir()]
        processes = leftovers.processes().values()
        plugged = sum(slot.plugged for slot in active)
        counts = {
            "records": (len(list(run.glob("status/*.status"))), len(active)),
            "folders": (sum(name.isdigit() for name in names), len(active)),
            "monitors": (sum(name.endswith(".monitor") for name in names), len(active)),
            "taps": (sum(name.startswith("vireotap") for name in leftovers.links()), plugged),
            "emulators": (sum("qemu-system" in command for command in processes), len(active)),
            "dnsmasq": (sum("dnsmasq" in command for command in processes), self.dnsmasq),
            "daemons": (sum("src/service/vireod" in command for command in processes), 1),
        }
        return {what: pair for what, pair in counts.items() if pair[0] != pair[1]}

    def wait_settled(self):
        wait_until(self.settled, 30, lambda: f"guests to settle; seed {SEED}\n{self.describe()}")

    def describe(self):
        """All that is known of what does not settle."""
        objects = self.client.managed_objects()
        active = [slot for slot, now in self.observe().items() if now.active]
        lines = [f"what is there, and should be: {self.leftovers(active)}"]
        for slot in self.slots:
            facts = objects.get(slot.path, {}).get("org.vireo.Vireo1.Domain", {})
            processes = qemu_of(slot)
            if not facts.get("Active") and not processes:
                continue
            lines.append(f"{slot.name}: {facts.get('State')}, {facts.get('StateReason')}; it was "
                         f"{slot.state}, then {slot.wanted}; processes {processes}")
            status = self.host.daemon.run / "qemu" / "status" / f"{slot.uuid}.status"
            lines += without_xml(status) if status.exists() else ["no status file"]
            for log in sorted(self.host.daemon.log.rglob(f"{slot.name}*")):
                lines += [f"{log.name}:", *log.read_text(errors="replace").splitlines()[-5:]]
        return "\n".join([*lines, "--- vireod's log ---", self.host.daemon.log_tail()])


vireotest.main(prepare=guest.prepare_emulator)
