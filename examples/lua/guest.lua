-- SPDX-License-Identifier: LGPL-2.1-or-later
-- Defines a domain, starts it, sees it run, and reads its console.
local lgi = require 'lgi'
local GLib, Vireo = lgi.GLib, lgi.require('Vireo', '1.0')

local XML = [[<domain type='test'><name>lua</name><memory unit='KiB'>8192</memory>
  <os><type>hvm</type></os><devices><console type='pty'/></devices></domain>]]

local client = assert(Vireo.Client.new_for_bus_sync('SYSTEM'))
local connection = assert(client:get_manager():open_connection_sync('test:///default'))
local domain = assert(connection:define_domain_sync(XML))
local loop = GLib.MainLoop()

domain.on_notify['state'] = function(changed)
  print('state: ' .. changed:get_state())
  if changed:get_state() == 'running' then loop:quit() end
end
domain:start_async(nil, nil, function(source, result) assert(source:start_finish(result)) end)
loop:run()

local domains = client:get_domain_model()
for i = 0, domains:get_n_items() - 1 do
  local item = domains:get_item(i)
  print('listed: ' .. item:get_name() .. ' ' .. item:get_state())
end

local console = assert(domain:open_console_sync(''))
local input = console:get_input_stream()
local text = ''
while not (text:find('Vireo test guest', 1, true) and text:find('login: $')) do
  text = text .. input:read_bytes(256):get_data()
end
print('console: ' .. text:match('(Vireo test guest[^\r]*)'))

local _, problem = connection:lookup_domain_by_name_sync('absent')
print('not found: ' .. (problem:matches(Vireo.Error, 'NOT_FOUND') and 'True' or 'False'))

assert(domain:destroy_sync())
assert(domain:undefine_sync())
