#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# Defines a domain, starts it, sees it run, and reads its console.
use strict;
use warnings;
use Glib::Object::Introspection;

Glib::Object::Introspection->setup(basename => 'Gio', version => '2.0', package => 'Glib::IO');
Glib::Object::Introspection->setup(basename => 'Vireo', version => '1.0', package => 'Vireo');

my $xml = <<'XML';
<domain type='test'><name>perl</name><memory unit='KiB'>8192</memory>
  <os><type>hvm</type></os><devices><console type='pty'/></devices></domain>
XML

my $client = Vireo::Client->new_for_bus_sync('system', undef);
my $connection = $client->get_manager->open_connection_sync('test:///default', undef, undef);
my $domain = $connection->define_domain_sync($xml, undef, undef);
my $loop = Glib::MainLoop->new;

$domain->signal_connect('notify::state' => sub {
    my $state = $_[0]->get_state;
    print "state: $state\n";
    $loop->quit if $state eq 'running';
});
$domain->start_async(undef, undef, sub { $_[0]->start_finish($_[1]) }, undef);
$loop->run;

my $domains = $client->get_domain_model;
for my $i (0 .. $domains->get_n_items - 1) {
    my $item = $domains->get_item($i);
    print 'listed: ', $item->get_name, ' ', $item->get_state, "\n";
}

my $console = $domain->open_console_sync('', undef, undef);
my $input = $console->get_input_stream;
my $text = '';
until ($text =~ /Vireo test guest/ && $text =~ /login: $/) {
    my $bytes = $input->read_bytes(256, undef)->get_data;
    $text .= ref $bytes ? pack('C*', @$bytes) : $bytes;
}
print "console: $1\n" if $text =~ /(Vireo test guest[^\r]*)/;

eval { $connection->lookup_domain_by_name_sync('absent', undef); };
my $found = ref $@ && $@->domain eq 'vireo-error-quark' && $@->code == 10;
print 'not found: ', ($found ? 'True' : 'False'), "\n";

$domain->destroy_sync(undef, undef);
$domain->undefine_sync(undef, undef);
