# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of org.libvirt share."""

import xml.etree.ElementTree as ElementTree

from gi.repository import Gio, GLib

import vireotest
from vireotest.client import PROPERTIES, Client

NAME = "org.libvirt"
TEST = "/org/libvirt/Test"
DOMAIN = f"{TEST}/domain/_6695eb01_f6a4_8304_79aa_97f2502e193f"
NETWORK = f"{TEST}/network/_dd8fe884_6c02_601e_7551_cca97df1c5df"


def interface_of(path):
    """Which of the ten interfaces objects at a path have."""
    names = {"domain": "Domain", "domainsnapshot": "DomainSnapshot", "interface": "Interface",
             "network": "Network", "nodedev": "NodeDevice", "nwfilter": "NWFilter",
             "secret": "Secret", "storagepool": "StoragePool", "storagevol": "StorageVol"}
    parts = path.split("/")
    return f"{NAME}.{names[parts[4]] if len(parts) > 4 else 'Connect'}"


def interface_members(xml):
    """By interface of a node: name, types and access of every member."""
    return {interface.get("name"): {
        (e.tag, e.get("name"), e.get("type"), e.get("access"),
         tuple((a.get("type"), a.get("direction", "in" if e.tag == "method" else "out"))
               for a in e.findall("arg"))) for e in interface if e.tag != "annotation"}
        for interface in ElementTree.fromstring(xml).findall("interface")}


def zero_arguments(types):
    """Arguments of the types, as empty as can be."""
    zeros = {"s": "", "b": False, "ab": [True], "ay": b""}
    return [zeros.get(t, {} if t.startswith("a{") else [] if t.startswith("a") else 0)
            for t in types]


class LibvirtClient(Client):
    """Calls by the method's name alone."""

    def __init__(self, address, name=NAME):
        super().__init__(address, name)
        self.signatures = {}

    def subscribe(self):
        """Who calls is told."""
        self.read(TEST, "Hostname")

    def methods(self, interface):
        """The types that calls take, by method."""
        if interface not in self.signatures:
            file = vireotest.SOURCE / "introspection/libvirt" / f"{interface}.xml"
            info = Gio.DBusNodeInfo.new_for_xml(file.read_text()).lookup_interface(interface)
            self.signatures[interface] = {
                m.name: [a.signature for a in m.in_args] for m in info.methods}
        return self.signatures[interface]

    def signature(self, interface, method):
        return f"({''.join(self.methods(interface)[method])})"

    def do(self, path, method, *args):
        interface = interface_of(path)
        return self.call(path, interface, method, self.signature(interface, method), *args)

    def do_variant(self, path, method, *args):
        """The same, with what is in variants left there."""
        interface = interface_of(path)
        return self.call_variant(path, interface, method, GLib.Variant(
            self.signature(interface, method), args))

    def read(self, path, name):
        return self.call(path, PROPERTIES, "Get", "(ss)", interface_of(path), name)

    def read_all(self, path):
        """The values, of which each must be in two variants."""
        reply = self.call_variant(path, PROPERTIES, "GetAll",
                                  GLib.Variant("(s)", (interface_of(path),)))
        values = reply.get_child_value(0)
        found = {}
        for i in range(values.n_children()):
            entry = values.get_child_value(i)
            outer = entry.get_child_value(1).get_variant()
            assert outer.is_of_type(GLib.VariantType("v")), entry
            found[entry.get_child_value(0).get_string()] = outer.get_variant().unpack()
        return found

    def write(self, path, name, signature, value):
        self.call(path, PROPERTIES, "Set", "(ssv)", interface_of(path), name,
                  GLib.Variant(signature, value))
