#!/usr/bin/gjs
// SPDX-License-Identifier: LGPL-2.1-or-later
// Defines a domain, starts it, sees it run, and reads its console.
imports.gi.versions.Vireo = '1.0';
const {Gio, GLib, Vireo} = imports.gi;

const XML = `<domain type='test'><name>javascript</name><memory unit='KiB'>8192</memory>
  <os><type>hvm</type></os><devices><console type='pty'/></devices></domain>`;

const client = Vireo.Client.new_for_bus_sync(Gio.BusType.SYSTEM, null);
const connection = client.get_manager().open_connection_sync('test:///default', null, null);
const domain = connection.define_domain_sync(XML, null, null);
const loop = new GLib.MainLoop(null, false);

domain.connect('notify::state', changed => {
    print('state:', changed.get_state());
    if (changed.get_state() === 'running')
        loop.quit();
});
domain.start_async(null, null, (source, result) => source.start_finish(result));
loop.run();

const domains = client.get_domain_model();
for (let i = 0; i < domains.get_n_items(); i++)
    print('listed:', domains.get_item(i).get_name(), domains.get_item(i).get_state());

const terminal = domain.open_console_sync('', null, null);
const input = terminal.get_input_stream();
let text = '';
while (!text.includes('Vireo test guest') || !text.endsWith('login: '))
    text += new TextDecoder().decode(input.read_bytes(256, null).get_data());
print('console:', text.split('\r\n')[1]);

try {
    connection.lookup_domain_by_name_sync('absent', null);
} catch (error) {
    print('not found:', error.matches(Vireo.Error, Vireo.Error.NOT_FOUND) ? 'True' : 'False');
}

domain.destroy_sync(null, null);
domain.undefine_sync(null, null);
