#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Defines a domain, starts it, sees it run, and reads its console."""

import gi
gi.require_version("Vireo", "1.0")
from gi.repository import Gio, GLib, Vireo  # noqa: E402

XML = """<domain type='test'><name>python</name><memory unit='KiB'>8192</memory>
  <os><type>hvm</type></os><devices><console type='pty'/></devices></domain>"""

client = Vireo.Client.new_for_bus_sync(Gio.BusType.SYSTEM, None)
connection = client.get_manager().open_connection_sync("test:///default", None, None)
domain = connection.define_domain_sync(XML, None, None)
loop = GLib.MainLoop()


def state_changed(changed, _property):
    print("state:", changed.get_state())
    if changed.get_state() == "running":
        loop.quit()


domain.connect("notify::state", state_changed)
domain.start_async(None, None, lambda source, result: source.start_finish(result))
loop.run()

for item in client.get_domain_model():
    print("listed:", item.get_name(), item.get_state())

console = domain.open_console_sync("", None, None)
text = b""
while b"Vireo test guest" not in text or not text.endswith(b"login: "):
    text += console.get_input_stream().read_bytes(256, None).get_data()
print("console:", text.decode().split("\r\n")[1])

try:
    connection.lookup_domain_by_name_sync("absent", None)
except GLib.Error as error:
    print("not found:", error.matches(Vireo.error_quark(), Vireo.Error.NOT_FOUND))

domain.destroy_sync(None, None)
domain.undefine_sync(None, None)
