/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl secret …, device …, interface … */
#include "cli-domain.h"

#include <string.h>

/* ---- secrets ---- */

static gboolean opt_plain;
static char *opt_base64;
static gboolean opt_file_is_base64;

static const GOptionEntry get_options[] = {
  { "plain", 0, 0, G_OPTION_ARG_NONE, &opt_plain, "As it is, rather than in base64", NULL },
  G_OPTION_ENTRY_NULL,
};

static const GOptionEntry set_options[] = {
  { "base64", 0, 0, G_OPTION_ARG_STRING, &opt_base64, "The value, which others on the host can see",
    "TEXT" },
  { "file-is-base64", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt_file_is_base64, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

static int
run_get_value (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  if (path != NULL)
    reply = cli_call (call->context, path, CLI_IFACE ("Secret"), "GetValue",
                      g_variant_new ("(a{sv})", NULL), "(ay)", &error);
  if (reply == NULL)
    return cli_fail (error);
  if (opt_plain && !call->context->json)
    return cli_print_reply (call->context, cli_verb_member (call->verb), reply);
  value = g_variant_get_child_value (reply, 0);
  text = g_base64_encode (g_variant_get_data (value), g_variant_get_size (value));
  if (call->context->json)
    return cli_print_json (g_variant_new_string (text));
  g_print ("%s\n", text);
  return 0;
}

/* Of base64, which may have white space in it. */
static GBytes *
decode (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  g_autofree char *plain = g_strjoinv ("", words);
  gsize n = strspn (plain, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/");
  gsize length = 0;
  guchar *data;

  n += strspn (plain + n, "=");
  if (plain[n] != '\0' || n % 4 != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "the value is not in base64");
      return NULL;
    }
  data = g_base64_decode (plain, &length);
  return g_bytes_new_take (data, length);
}

static GBytes *
read_value (const char *file, GError **error)
{
  g_autoptr (GBytes) bytes = cli_read_file (file, 65536, error);
  g_autofree char *text = NULL;

  if (bytes == NULL || !opt_file_is_base64)
    return g_steal_pointer (&bytes);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return decode (text, error);
}

/* SECRET [FILE]; without either it is asked for. */
static int
run_set_value (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GBytes) value = NULL;

  if (opt_base64 != NULL && call->n_words == 2)
    {
      g_printerr ("vireoctl: the value is in the file or in base64, not both\n");
      return CLI_EXIT_USAGE;
    }
  if (opt_base64 != NULL)
    value = decode (opt_base64, &error);
  else if (call->n_words == 2)
    value = read_value (call->words[1], &error);
  else
    {
      char *typed = cli_ask_secret ("Value", &error);

      value = typed != NULL ? g_bytes_new_take (typed, strlen (typed)) : NULL;
    }
  if (value != NULL)
    path = cli_call_path (call, &error);
  if (path == NULL)
    return cli_fail (error);
  return cli_call_member (
      call, "Secret.SetValue", path,
      g_variant_new ("(@aya{sv})",
                     g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, value, TRUE), NULL));
}

static const CliVerb secret_verbs[] = {
  { "list", "ls", "Connection.GetSecrets", "List secrets", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties, but not the value", cli_run_info },
  { "define", NULL, "Connection.DefineSecret", "Define a secret, or replace its definition" },
  { "undefine", NULL, "Secret.Undefine", "Forget a secret" },
  { "get-value", NULL, "Secret.GetValue", "Print the value", run_get_value,
    .options = get_options },
  { "set-value", NULL, "Secret.SetValue", "Set the value, which is asked for without a file",
    run_set_value, .optional = 1, .options = set_options },
  { "xml", "dumpxml", "Secret.GetXml", "Print the definition" },
  { "edit", NULL, "Secret.GetXml", "Edit the definition", cli_run_edit, "Secret.SetXml" },
  { "set-xml", NULL, "Secret.SetXml", "Replace the definition" },
};

const CliGroup cli_secret_group = { "secret", NULL, "secret-", "Secret", secret_verbs,
                                    G_N_ELEMENTS (secret_verbs),
                                    "passwords and keys that guests' devices need" };

/* ---- devices of the host ---- */

static const CliVerb device_verbs[] = {
  { "list", "ls", "Connection.GetNodeDevices", "List devices of the host", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "create", NULL, "Connection.CreateNodeDevice", "Make a transient device" },
  { "define", NULL, "Connection.DefineNodeDevice",
    "Define a device, or replace its definition" },
  { "start", NULL, "NodeDevice.Start", "Make a defined device" },
  { "destroy", "stop", "NodeDevice.Destroy", "Remove a device; its definition stays" },
  { "undefine", NULL, "NodeDevice.Undefine", "Remove the definition" },
  { "autostart", NULL, "NodeDevice:Autostart", "Make the device with the host",
    cli_run_autostart, .options = cli_autostart_options },
  { "detach", "dettach", "NodeDevice.Detach", "Take a device from the host's driver" },
  { "reattach", NULL, "NodeDevice.Reattach", "Give a device back to the host's driver" },
  { "reset", NULL, "NodeDevice.Reset", "Reset a device" },
  { "xml", "dumpxml", "NodeDevice.GetXml", "Print the description" },
  { "edit", "update", "NodeDevice.GetXml", "Edit the definition", cli_run_edit,
    "Connection.DefineNodeDevice" },
  { "find-scsi-host", NULL, "Connection.LookupScsiHostByWwn",
    "Print the Fibre Channel adapter with these names" },
};

const CliGroup cli_device_group = { "device", "nodedev", "nodedev-", "NodeDevice", device_verbs,
                                    G_N_ELEMENTS (device_verbs), "devices of the host" };

static const CliVerb interface_verbs[] = {
  { "list", "ls", "Connection.GetHostInterfaces", "List network interfaces of the host",
    cli_run_list, .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "define", NULL, "Connection.DefineHostInterface",
    "Define an interface, or replace its definition" },
  { "undefine", NULL, "HostInterface.Undefine", "Remove the definition" },
  { "start", NULL, "HostInterface.Start", "Bring an interface up" },
  { "destroy", "stop", "HostInterface.Destroy", "Take an interface down" },
  { "xml", "dumpxml", "HostInterface.GetXml", "Print the definition" },
  { "edit", NULL, "HostInterface.GetXml", "Edit the definition", cli_run_edit,
    "Connection.DefineHostInterface" },
  { "name", NULL, "HostInterface:Name", "Print the name", cli_run_property },
  { "mac", NULL, "HostInterface:Mac", "Print the address", cli_run_property },
  { "begin", NULL, "Connection.BeginInterfaceChange", "Remember how the interfaces are" },
  { "commit", NULL, "Connection.CommitInterfaceChange", "Keep what was changed since begin" },
  { "rollback", NULL, "Connection.RollbackInterfaceChange", "Undo what was changed since begin" },
};

const CliGroup cli_interface_group
    = { "interface", "iface", "iface-", "HostInterface", interface_verbs,
        G_N_ELEMENTS (interface_verbs), "network interfaces of the host" };
