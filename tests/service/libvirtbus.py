# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of org.libvirt share."""

from gi.repository import Gio, GLib

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


class LibvirtClient(Client):
    """Calls by the method's name alone."""

    def __init__(self, address, name=NAME):
        super().__init__(address, name)
        self.signatures = {}

    def subscribe(self):
        """Who calls is told."""
        self.read(TEST, "Hostname")

    def signature(self, interface, method, path):
        if interface not in self.signatures:
            xml = self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
            info = Gio.DBusNodeInfo.new_for_xml(xml).lookup_interface(interface)
            self.signatures[interface] = {
                m.name: "(" + "".join(a.signature for a in m.in_args) + ")" for m in info.methods}
        return self.signatures[interface][method]

    def do(self, path, method, *args):
        interface = interface_of(path)
        return self.call(path, interface, method, self.signature(interface, method, path), *args)

    def do_variant(self, path, method, *args):
        """The same, with what is in variants left there."""
        interface = interface_of(path)
        return self.call_variant(path, interface, method, GLib.Variant(
            self.signature(interface, method, path), args))

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
