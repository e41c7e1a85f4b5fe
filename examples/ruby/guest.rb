#!/usr/bin/ruby
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Defines a domain, starts it and sees it run, with D-Bus alone (ruby-dbus, which reads what an
# object has from its introspection). ruby-dbus cannot receive file descriptors, so the console is
# read through `vireoctl console`, which is on the PATH or what VIREOCTL says.
require "dbus"
require "open3"

SERVICE = "org.vireo.Vireo1"
PROPERTIES = "org.freedesktop.DBus.Properties"
DEFINITION = "<domain type='test'><name>ruby</name><memory unit='KiB'>8192</memory>" \
             "<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>"

# DBus.system_bus knows only the usual place.
address = ENV.fetch("DBUS_SYSTEM_BUS_ADDRESS", nil)
bus = address ? DBus::RemoteBus.new(address) : DBus.system_bus
service = bus.service(SERVICE)
# Who asked for signals gets those about what they may read.
manager = service["/org/vireo/Vireo1"]["#{SERVICE}.Manager"]
manager.Subscribe({})
path = manager.OpenConnection("test:///default", {})
connection = service[path]["#{SERVICE}.Connection"]
object = service[connection.DefineDomain(DEFINITION, {})]
domain = object["#{SERVICE}.Domain"]

loop_of_signals = DBus::Main.new
loop_of_signals << bus
running = false
object[PROPERTIES].on_signal("PropertiesChanged") do |_interface, changed, _invalidated|
  if changed.key?("State")
    puts "state: #{changed["State"]}"
    running ||= changed["State"] == "running"
    loop_of_signals.quit if running
  end
end
domain.Start({})
# Signals that came before the reply were handled with it.
loop_of_signals.run unless running

connection.GetDomains(%w[Name State], {}).each_value do |properties|
  puts "listed: #{properties["Name"]} #{properties["State"]}"
end

vireoctl = ENV.fetch("VIREOCTL", "vireoctl")
Open3.popen2(vireoctl, "-c", "test", "console", "ruby") do |_input, output, thread|
  text = +""
  until text.include?("Vireo test guest") && text.end_with?("login: ")
    text << output.readpartial(256)
  end
  Process.kill("TERM", thread.pid)
  puts "console: #{text.split("\r\n").find { |line| line.include?("Vireo test guest") }}"
end

begin
  connection.LookupDomainByName("absent")
rescue DBus::Error => error
  puts "not found: True" if error.name == "#{SERVICE}.Error.NotFound"
end

domain.Destroy({})
domain.Undefine({})
