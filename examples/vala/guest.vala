// SPDX-License-Identifier: LGPL-2.1-or-later
// Defines a domain, starts it, sees it run, and reads its console:
//   valac --pkg gio-2.0 --pkg vireo-1.0 guest.vala

const string XML = "<domain type='test'><name>vala</name><memory unit='KiB'>8192</memory>"
    + "<os><type>hvm</type></os><devices><console type='pty'/></devices></domain>";

string read_banner (IOStream terminal) throws Error {
    var text = new StringBuilder ();
    while (!text.str.contains ("Vireo test guest") || !text.str.has_suffix ("login: ")) {
        var bytes = terminal.input_stream.read_bytes (256);
        text.append_len ((string) bytes.get_data (), (ssize_t) bytes.get_size ());
    }
    return text.str.split ("\r\n")[1];
}

int main () {
    try {
        var client = new Vireo.Client.for_bus_sync (BusType.SYSTEM);
        var connection = client.get_manager ().open_connection_sync ("test:///default", null, null);
        var domain = connection.define_domain_sync (XML, null, null);
        var loop = new MainLoop ();

        domain.notify["state"].connect (() => {
            print ("state: %s\n", domain.get_state ());
            if (domain.get_state () == "running")
                loop.quit ();
        });
        domain.start_async.begin (null, null, (source, result) => {
            try {
                domain.start_async.end (result);
            } catch (Error error) {
                printerr ("%s\n", error.message);
                Process.exit (1);
            }
        });
        loop.run ();

        var domains = client.get_domain_model ();
        for (var i = 0; i < domains.get_n_items (); i++) {
            var listed = (Vireo.Domain) domains.get_item (i);
            print ("listed: %s %s\n", listed.get_name (), listed.get_state ());
        }
        print ("console: %s\n", read_banner (domain.open_console_sync ("", null, null)));
        try {
            connection.lookup_domain_by_name_sync ("absent", null);
        } catch (Vireo.Error.NOT_FOUND error) {
            print ("not found: True\n");
        }
        domain.destroy_sync (null, null);
        domain.undefine_sync (null, null);
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
