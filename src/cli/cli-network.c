/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl network …, port …, filter …, filter-binding … */
#include "cli.h"

/* NETWORK COMMAND SECTION FILE: "add" is what virsh has for "add-last". */
static int
run_update (CliCall *call)
{
  if (g_str_equal (call->words[1], "add"))
    {
      g_free (call->words[1]);
      call->words[1] = g_strdup ("add-last");
    }
  return cli_run_call (call);
}

static const CliVerb network_verbs[] = {
  { "list", "ls", "Connection.GetNetworks", "List networks", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "start", NULL, "Network.Start", "Start an inactive network" },
  { "destroy", "stop", "Network.Destroy", "Stop the network" },
  { "define", NULL, "Connection.DefineNetwork", "Define a network, or replace its definition" },
  { "create", NULL, "Connection.CreateNetwork", "Start a transient network" },
  { "undefine", NULL, "Network.Undefine", "Remove the definition" },
  { "autostart", NULL, "Network:Autostart", "Start the network with the host", cli_run_autostart,
    .options = cli_autostart_options },
  { "xml", "dumpxml", "Network.GetXml", "Print the definition" },
  { "edit", NULL, "Network.GetXml", "Edit the definition", cli_run_edit, "Network.SetXml" },
  { "set-xml", NULL, "Network.SetXml", "Replace the definition" },
  { "update", NULL, "Network.Update", "Change one element while the network is up",
    run_update },
  { "name", NULL, "Network:Name", "Print the name", cli_run_property },
  { "uuid", NULL, "Network:Uuid", "Print the UUID", cli_run_property },
  { "leases", "dhcp-leases", "Network.GetLeases", "List the addresses that were given out" },
};

const CliGroup cli_network_group = { "network", "net", "net-", "Network", network_verbs,
                                     G_N_ELEMENTS (network_verbs), "virtual networks" };

static const CliVerb port_verbs[] = {
  { "list", "ls", "Network.GetPorts", "List the ports of a network", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "create", NULL, "Network.CreatePort", "Make a port as a document says" },
  { "delete", NULL, "NetworkPort.Delete", "Remove a port" },
  { "xml", "dumpxml", "NetworkPort.GetXml", "Print the description" },
  { "tuning", NULL, "NetworkPort.SetParameters", "Say or set how fast it may be",
    .show = "NetworkPort.GetParameters" },
};

const CliGroup cli_port_group = { "port", "net-port", "net-port-", "NetworkPort", port_verbs,
                                  G_N_ELEMENTS (port_verbs), "places in virtual networks" };

static const CliVerb filter_verbs[] = {
  { "list", "ls", "Connection.GetNetworkFilters", "List network filters", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "define", NULL, "Connection.DefineNetworkFilter",
    "Define a network filter, or replace its definition" },
  { "undefine", NULL, "NetworkFilter.Undefine", "Remove the definition" },
  { "xml", "dumpxml", "NetworkFilter.GetXml", "Print the definition" },
  { "edit", NULL, "NetworkFilter.GetXml", "Edit the definition", cli_run_edit,
    "NetworkFilter.SetXml" },
  { "set-xml", NULL, "NetworkFilter.SetXml", "Replace the definition" },
};

const CliGroup cli_filter_group = { "filter", "nwfilter", "nwfilter-", "NetworkFilter",
                                    filter_verbs, G_N_ELEMENTS (filter_verbs),
                                    "rules for what guests may send and get" };

static const CliVerb binding_verbs[] = {
  { "list", "ls", "Connection.GetNetworkFilterBindings", "List where filters are in force",
    cli_run_list, .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "create", NULL, "Connection.CreateNetworkFilterBinding", "Put a filter in force" },
  { "delete", NULL, "NetworkFilterBinding.Delete", "Take a filter out of force" },
  { "xml", "dumpxml", "NetworkFilterBinding.GetXml", "Print the description" },
};

const CliGroup cli_binding_group
    = { "filter-binding", "nwfilter-binding", "nwfilter-binding-", "NetworkFilterBinding",
        binding_verbs, G_N_ELEMENTS (binding_verbs), "filters in force on a guest's interface" };
