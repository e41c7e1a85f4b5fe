# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process behind Agent: a polkit authentication agent that answers as it is told."""

import pathlib
import os
import sys

import gi
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

from .client import Client  # noqa: E402
from .worker import emit, serve  # noqa: E402

POLKIT = "org.freedesktop.PolicyKit1"
AUTHORITY = "/org/freedesktop/PolicyKit1/Authority"
AGENT = "/org/vireo/TestAgent"
INTERFACE = """<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
<method name="BeginAuthentication">
  <arg type="s" name="action_id" direction="in"/><arg type="s" name="message" direction="in"/>
  <arg type="s" name="icon_name" direction="in"/><arg type="a{ss}" name="details" direction="in"/>
  <arg type="s" name="cookie" direction="in"/>
  <arg type="a(sa{sv})" name="identities" direction="in"/>
</method>
<method name="CancelAuthentication"><arg type="s" name="cookie" direction="in"/></method>
</interface></node>"""


class AgentObject:
    def __init__(self, address, pid, answer):
        self.answer = answer
        self.waiting = {}
        self.polkit = Client(address, name=POLKIT).connection
        node = Gio.DBusNodeInfo.new_for_xml(INTERFACE)
        self.polkit.register_object(AGENT, node.interfaces[0], self.called, None, None)
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        subject = ("unix-process", {
            "pid": GLib.Variant("u", pid), "start-time": GLib.Variant("t", int(stat[19])),
            "uid": GLib.Variant("i", os.stat(f"/proc/{pid}").st_uid)})
        self.ask("RegisterAuthenticationAgent", GLib.Variant("((sa{sv})ss)", (subject, "C", AGENT)))

    def ask(self, method, parameters):
        self.polkit.call_sync(POLKIT, AUTHORITY, f"{POLKIT}.Authority", method, parameters, None,
                              Gio.DBusCallFlags.NONE, 10000, None)

    def called(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        if method == "CancelAuthentication":
            emit({"event": "cancelled", "cookie": parameters[0]})
            invocation.return_value(None)
            return
        action, message, _icon, details, cookie, identities = parameters.unpack()
        emit({"event": "asked", "action": action, "message": message, "details": details,
              "cookie": cookie})
        self.waiting[cookie] = (invocation, [i for i in identities if i[0] == "unix-user"][0])
        if self.answer != "ask":
            self.respond(cookie, self.answer)

    def respond(self, cookie, answer):
        if answer == "never":
            return
        invocation, (kind, details) = self.waiting.pop(cookie)
        if answer == "cancel":
            invocation.return_dbus_error(f"{POLKIT}.Error.Cancelled", "The user closed the dialog")
            return
        if answer == "yes":
            identity = (kind, {k: GLib.Variant("u", v) for k, v in details.items()})
            self.polkit.call(
                POLKIT, AUTHORITY, f"{POLKIT}.Authority", "AuthenticationAgentResponse2",
                GLib.Variant("(us(sa{sv}))", (os.getuid(), cookie, identity)), None,
                Gio.DBusCallFlags.NONE, 10000, None,
                lambda *_: invocation.return_value(None), None)
            return
        invocation.return_value(None)

    def handle(self, order):
        if order["do"] == "mode":
            self.answer = order["answer"]
            emit({"event": "mode"})
        else:
            self.respond(order["cookie"], order["answer"])


if __name__ == "__main__":
    serve(AgentObject(sys.argv[1], int(sys.argv[2]), sys.argv[3]).handle)
