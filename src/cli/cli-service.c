/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl connection …, job …, service …: what is not about one kind of guest object. */
#include "cli-import.h"

#include <string.h>

/* GetManagedObjects, cut to those that have @interface: an a{oa{sv}}. */
static GVariant *
get_objects (CliContext *context, const char *interface, GError **error)
{
  g_autoptr (GVariant) reply
      = cli_call (context, CLI_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                  "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", error);
  g_autoptr (GVariant) all = NULL;
  GVariantBuilder builder;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (reply == NULL)
    return NULL;
  all = g_variant_get_child_value (reply, 0);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sv}}"));
  g_variant_iter_init (&iter, all);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      g_autoptr (GVariant) properties
          = g_variant_lookup_value (interfaces, interface, G_VARIANT_TYPE_VARDICT);

      if (properties != NULL)
        g_variant_builder_add (&builder, "{o@a{sv}}", path, properties);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static int
run_objects (CliCall *call)
{
  const CliKind *kind = cli_kind_find (call->group->kind);
  g_autofree char *interface = g_strconcat (CLI_BUS_NAME ".", kind->name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) objects = get_objects (call->context, interface, &error);

  if (objects == NULL)
    return cli_fail (error);
  if (call->context->json)
    return cli_print_json (objects);
  cli_print_objects (objects, kind->name, kind->columns, TRUE);
  return 0;
}

/* [ID] */
static int
run_connection_info (CliCall *call)
{
  if (call->n_words > 0)
    {
      g_autofree char *path
          = g_strdup_printf (CLI_ROOT_PATH "/connections/%s", call->words[0]);

      if (!g_variant_is_object_path (path) || strchr (call->words[0], '/') != NULL)
        {
          g_printerr ("vireoctl: “%s” is not the id of a connection\n", call->words[0]);
          return CLI_EXIT_USAGE;
        }
      g_free (call->context->connection);
      call->context->connection = g_strdup (call->words[0]);
    }
  return cli_run_info (call);
}

/* PERMISSION [OBJECT]; the words of the object are those of the kind that the permission is
 * about. */
static int
run_check (CliCall *call)
{
  static const struct
  {
    const char *object;
    const char *kind;
  } rows[] = {
    { "domain", "Domain" },
    { "network", "Network" },
    { "network-port", "NetworkPort" },
    { "storage-pool", "StoragePool" },
    { "storage-vol", "StorageVolume" },
    { "secret", "Secret" },
    { "nwfilter", "NetworkFilter" },
    { "nwfilter-binding", "NetworkFilterBinding" },
    { "node-device", "NodeDevice" },
    { "interface", "HostInterface" },
    { "manager", "Manager" },
    { "connect", "Connection" },
  };
  g_auto (GStrv) parts = g_strsplit (call->words[0], ".", 2);
  const CliKind *kind = cli_kind_find ("Connection");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GVariant) reply = NULL;
  gboolean authorized = FALSE;
  gboolean challenge = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (parts[0], rows[i].object) && call->n_words > 1)
      kind = cli_kind_find (rows[i].kind);
  if ((guint) call->n_words - 1 != cli_kind_depth (kind))
    {
      g_printerr ("vireoctl: these words do not say one object of the kind that “%s” is about\n",
                  call->words[0]);
      return CLI_EXIT_USAGE;
    }
  path = cli_kind_find_object (call->context, kind, (const char *const *) call->words + 1, &error);
  if (path != NULL)
    reply = cli_call (call->context, CLI_ROOT_PATH, CLI_IFACE ("Manager"), "CheckAuthorization",
                      g_variant_new ("(soa{sv})", call->words[0], path, NULL), "(bb)", &error);
  if (reply == NULL)
    return cli_fail (error);
  g_variant_get (reply, "(bb)", &authorized, &challenge);
  if (call->context->json)
    cli_print_reply (call->context, cli_verb_member (call->verb), reply);
  else
    g_print ("%s\n", authorized ? "yes" : challenge ? "after authentication" : "no");
  return authorized ? 0 : CLI_EXIT_FAILURE;
}

static int
run_job_wait (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  CliJobEnd end = path != NULL ? cli_job_follow (call->context, path, &error) : CLI_JOB_FAILED;

  if (end == CLI_JOB_FAILED)
    return cli_fail (error);
  return cli_print_text (call->context, end == CLI_JOB_READY ? "ready" : "completed");
}

static const CliVerb connection_verbs[] = {
  { "list", "ls", NULL, "List open connections", run_objects,
    .json = "{PATH: @Connection}" },
  { "info", "show", NULL, "Show all properties", run_connection_info, .usage = "[ID]",
    .json = "@Connection" },
  { "open", "connect", "Manager.OpenConnection", "Open a connection" },
  { "capabilities", NULL, "Connection.GetCapabilities", "Print what the host can run" },
  { "domain-capabilities", "domcapabilities", "Connection.GetDomainCapabilities",
    "Print what guests of a kind can have" },
  { "cpu-models", NULL, "Connection.GetCpuModels", "List the models of processors" },
  { "host-info", "nodeinfo", "Connection.GetHostInfo", "Print what the host is" },
  { "host-cpus", "nodecpumap", "Connection.GetHostCpus", "Print which processors the host has" },
  { "host-cpu-stats", "nodecpustats", "Connection.GetHostCpuStats",
    "Print what the host's processors did", .named = "cpu=-1" },
  { "host-memory-stats", "nodememstats freecell", "Connection.GetHostMemoryStats",
    "Print how the host's memory is used", .named = "node=-1" },
  { "host-memory-tuning", "node-memory-tune", "Connection.SetHostMemoryParameters",
    "Say or set how the host shares memory", .show = "Connection.GetHostMemoryParameters" },
  { "free-pages", "freepages", "Connection.GetHostFreePages",
    "Print how many pages of these sizes, in KiB, are free" },
  { "allocate-pages", "allocpages", "Connection.AllocateHostPages",
    "Set pages aside: their size in KiB, and how many" },
  { "suspend-host", "nodesuspend", "Connection.SuspendHost", "Let the host sleep" },
  { "sev-info", "nodesevinfo", "Connection.GetHostSevInfo",
    "Print what the host has for confidential guests" },
  { "compare-cpu", "cpu-compare hypervisor-cpu-compare", "Connection.CompareCpu",
    "Compare a processor with the host's" },
  { "baseline-cpu", "cpu-baseline hypervisor-cpu-baseline", "Connection.BaselineCpu",
    "Print the processor that these have in common" },
  { "sysinfo", NULL, "Connection.GetSysinfo", "Print what the host's firmware says" },
  { "security-model", NULL, "Connection.GetSecurityModel", "Print what keeps guests apart" },
  { "uri", NULL, "Connection:Uri", "Print what opens this connection", cli_run_property },
  { "hostname", NULL, "Connection:Hostname", "Print the name of the host", cli_run_property },
  { "version", NULL, "Connection:HypervisorVersion", "Print the hypervisor's version",
    cli_run_property },
  { "features", NULL, "Connection:Features", "Print what the drivers can do", cli_run_property },
  { "reload", NULL, "Connection.Reload", "Read this connection's definitions again" },
};

static const CliVerb job_verbs[] = {
  { "list", "ls", NULL, "List the work that goes on", run_objects, .usage = "",
    .json = "{PATH: @Job}" },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "wait", NULL, "Job.Wait", "Return when a job has ended", run_job_wait,
    .json = "string" },
  { "cancel", "abort", "Job.Cancel", "Cancel a job" },
};

static const CliVerb manager_verbs[] = {
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "watch", "event net-event pool-event nodedev-event secret-event",
    "Manager.Subscribe", "Print signals as they come", cli_run_watch,
    .usage = "[DOMAIN|PATH…]", .options = cli_watch_options,
    .json = CLI_JSON_SIGNALS },
  { "check", NULL, "Manager.CheckAuthorization",
    "Say whether you may, such as: check domain.start vm1", run_check,
    .usage = "PERMISSION [OBJECT…]" },
  { "import-libvirt", NULL, NULL, "Take over what libvirt has; without --yes say what that is",
    cli_run_import, .options = cli_import_options,
    .json = CLI_JSON_IMPORT },
  { "reload", NULL, "Manager.Reload", "Read all definitions again" },
};

const CliGroup cli_connection_group
    = { "connection", "conn", NULL, "Connection", connection_verbs,
        G_N_ELEMENTS (connection_verbs), "hypervisors and the host" };
const CliGroup cli_job_group
    = { "job", NULL, NULL, "Job", job_verbs, G_N_ELEMENTS (job_verbs), "work that goes on" };
const CliGroup cli_manager_group = { "service", "manager", NULL, "Manager", manager_verbs,
                                     G_N_ELEMENTS (manager_verbs), "the service as a whole" };
