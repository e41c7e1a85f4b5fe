/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vireoctl domain … */
#include "cli-domain.h"

/* DOMAIN [FILE] [CHECKPOINT-FILE] */
static int
run_backup (CliCall *call)
{
  char *words[] = { call->words[0], (char *) "<domainbackup/>", NULL };
  CliCall whole = *call;

  if (call->n_words > 1)
    return cli_run_call (call);
  whole.words = words;
  whole.n_words = 2;
  return cli_run_call (&whole);
}

/* Of @stats, those of the device that is called @name, without "block.0." before them; %NULL when
 * there is none. */
static GVariant *
stats_of_device (GVariant *stats, const char *name)
{
  g_autofree char *start = NULL;
  GVariantBuilder found;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, stats);
  while (start == NULL && g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if ((g_str_has_suffix (key, ".name") || g_str_has_suffix (key, ".path"))
        && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
        && g_str_equal (g_variant_get_string (value, NULL), name))
      {
        start = g_strndup (key, strlen (key) - strlen ("name"));
        g_variant_unref (value);
      }
  if (start == NULL)
    return NULL;
  g_variant_builder_init (&found, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, stats);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (g_str_has_prefix (key, start))
      g_variant_builder_add (&found, "{sv}", key + strlen (start), value);
  return g_variant_ref_sink (g_variant_builder_end (&found));
}

static int
print_stats_of_device (CliCall *call, GVariant *stats)
{
  g_autoptr (GVariant) found = stats_of_device (stats, call->words[1]);

  if (found == NULL)
    {
      g_printerr ("vireoctl: the domain has no device “%s” with such figures now\n",
                  call->words[1]);
      return CLI_EXIT_FAILURE;
    }
  if (call->context->json)
    return cli_print_json (found);
  cli_print_properties (found, NULL, NULL);
  return 0;
}

/* DOMAIN [DEVICE]: the figures of the group that the verb is for. */
static int
run_stats_of (CliCall *call)
{
  static const struct
  {
    const char *verb;
    const char *group;
  } rows[] = {
    { "block-stats", "block" },
    { "interface-stats", "interface" },
    { "memory-stats", "balloon" },
  };
  const CliMember *member = cli_verb_member (call->verb);
  const char *groups[] = { NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) stats = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].verb, call->verb->name))
      groups[0] = rows[i].group;
  if (path != NULL && cli_options_take (call, member, &options, &error))
    reply = cli_call (call->context, path, CLI_IFACE ("Domain"), "GetStats",
                      g_variant_new ("(^as@a{sv})", groups, options), "(a{sv})", &error);
  if (reply == NULL)
    return cli_fail (error);
  if (call->n_words == 1)
    return cli_print_reply (call->context, member, reply);
  stats = g_variant_get_child_value (reply, 0);
  return print_stats_of_device (call, stats);
}

static gboolean
is_group (const char *word)
{
  static const char *const groups[]
      = { "state", "cpu", "balloon", "vcpu",      "interface", "block",
          "perf",  "vm",  "memory",  "dirtyrate", "iothread",  NULL };

  return g_strv_contains (groups, word);
}

/* [GROUP…|DOMAIN…]: virsh names domains. */
static int
run_all_stats (CliCall *call)
{
  const CliMember *of_one = cli_member_find ("Domain.GetStats");
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{oa{sv}}"));
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < call->n_words; i++)
    g_ptr_array_add (is_group (call->words[i]) ? groups : domains, call->words[i]);
  if (domains->len == 0)
    return cli_run_call (call);
  g_ptr_array_add (groups, NULL);
  if (!cli_options_take (call, of_one, &options, &error))
    return cli_fail (error);
  for (guint i = 0; i < domains->len; i++)
    {
      g_autofree char *path
          = cli_kind_find_object (call->context, cli_kind_find ("Domain"),
                                  (const char *const[]){ domains->pdata[i], NULL }, &error);
      g_autoptr (GVariant) one = NULL;
      g_autoptr (GVariant) stats = NULL;

      if (path != NULL)
        one = cli_call (call->context, path, CLI_IFACE ("Domain"), "GetStats",
                        g_variant_new ("(^as@a{sv})", groups->pdata, options), "(a{sv})", &error);
      if (one == NULL)
        return cli_fail (error);
      stats = g_variant_get_child_value (one, 0);
      g_variant_builder_add (&builder, "{o@a{sv}}", path, stats);
    }
  reply = g_variant_ref_sink (g_variant_new ("(a{oa{sv}})", &builder));
  return cli_print_reply (call->context, cli_verb_member (call->verb), reply);
}

static const CliVerb verbs[] = {
  { "list", "ls", "Connection.GetDomains", "List domains", cli_run_list,
    .options = cli_list_options },
  { "info", "show dominfo", NULL, "Show all properties", cli_run_info },
  { "start", NULL, "Domain.Start", "Start an inactive domain", cli_run_start,
    .options = cli_start_options },
  { "shutdown", NULL, "Domain.Shutdown", "Ask the guest to power off", cli_run_shutdown,
    .options = cli_shutdown_options },
  { "reboot", NULL, "Domain.Reboot", "Ask the guest to restart" },
  { "reset", NULL, "Domain.Reset", "Reset the machine at once" },
  { "destroy", "stop", "Domain.Destroy", "Stop the domain at once" },
  { "suspend", "pause", "Domain.Suspend", "Stop the guest's processors" },
  { "resume", NULL, "Domain.Resume", "Let a suspended guest run" },
  { "console", NULL, "Domain.OpenConsole", "Open the text console; Ctrl+] leaves it",
    cli_run_console, .optional = 1 },
  { "define", NULL, "Connection.DefineDomain", "Define a domain, or replace its definition" },
  { "create", NULL, "Connection.CreateDomain", "Start a transient domain", cli_run_start,
    .options = cli_start_options },
  { "start-with-files", NULL, "Domain.StartWithFiles",
    "Start a container that gets files, or descriptors of these numbers", cli_run_start },
  { "create-with-files", NULL, "Connection.CreateDomainWithFiles",
    "Start a transient container that gets files, or descriptors of these numbers",
    cli_run_start },
  { "associate-fds", "fd-associate", "Domain.AssociateFds",
    "Hand files over for the disks that refer to a group of them", .optional = 1 },
  { "undefine", NULL, "Domain.Undefine", "Remove the definition", cli_run_undefine,
    .options = cli_undefine_options },
  { "rename", "domrename", "Domain.Rename", "Give an inactive domain a new name" },
  { "autostart", NULL, "Domain:Autostart", "Start the domain with the host", cli_run_autostart,
    .options = cli_autostart_options },
  { "xml", "dumpxml", "Domain.GetXml", "Print the definition" },
  { "xml-from-native", "domxml-from-native", "Connection.DomainXmlFromNative",
    "Print the definition that another program's configuration comes to" },
  { "xml-to-native", "domxml-to-native", "Connection.DomainXmlToNative",
    "Print how the hypervisor itself would be told to run a domain, or the definition of a file" },
  { "edit", NULL, "Domain.GetXml", "Edit the definition", cli_run_edit, "Domain.SetXml" },
  { "set-xml", NULL, "Domain.SetXml", "Replace the definition" },
  { "state", "domstate", "Domain:State", "Print the state", cli_run_state,
    .options = cli_state_options,
    .json = "[string, string]" },
  { "uuid", "domuuid", "Domain:Uuid", "Print the UUID", cli_run_property },
  { "id", "domid", "Domain:Id", "Print the id; 0 if inactive", cli_run_property },
  { "name", "domname", "Domain:Name", "Print the name", cli_run_property },
  { "problems", NULL, "Domain:PostParseProblems", "Say what the definition waits for",
    cli_run_problems,
    .json = "[[string, string, string, string, {KEY: any}]]" },
  { "rerun-post-parse", NULL, "Domain.RerunPostParse", "Complete the definition again" },

  /* Saving and keeping */
  { "save", NULL, "Domain.Save", "Save what the guest does to a file, and stop it" },
  { "restore", NULL, "Connection.RestoreDomain", "Let a saved domain go on" },
  { "save-image-xml", "save-image-dumpxml", "Connection.GetSaveImageXml",
    "Print the definition in a file that save wrote" },
  { "save-image-edit", NULL, "Connection.GetSaveImageXml",
    "Edit the definition in a file that save wrote", cli_run_edit, "Connection.SetSaveImageXml" },
  { "save-image-define", NULL, "Connection.SetSaveImageXml",
    "Replace the definition in a file that save wrote" },
  { "managed-save", "managedsave", "Domain.ManagedSave",
    "Save what the guest does; the next start goes on from there" },
  { "managed-save-remove", "managedsave-remove", "Domain.RemoveManagedSave",
    "Forget what managed-save saved" },
  { "managed-save-xml", "managedsave-dumpxml", "Domain.GetManagedSaveXml",
    "Print the definition that managed-save saved" },
  { "managed-save-edit", "managedsave-edit", "Domain.GetManagedSaveXml",
    "Edit the definition that managed-save saved", cli_run_edit, "Domain.SetManagedSaveXml" },
  { "managed-save-define", "managedsave-define", "Domain.SetManagedSaveXml",
    "Replace the definition that managed-save saved" },
  { "dump", NULL, "Domain.CoreDump", "Write the guest's memory to a file" },
  { "job-stats", "domjobinfo", "Domain.GetJobStats", "Say how far the work on a domain is" },
  { "abort-job", "domjobabort", "Domain.AbortJob", "End the work on a domain" },

  { "migrate", NULL, "Domain.Migrate", "Move a domain to another host", cli_run_job,
    .options = cli_job_options,
    .json = "nothing | path" },
  { "migration-tuning", "migrate-setspeed migrate-setmaxdowntime "
                        "migrate-getspeed migrate-getmaxdowntime migrate-compcache",
    "Domain.SetMigrationParameters", "Say or set how a domain is moved",
    .show = "Domain.GetMigrationParameters" },
  { "migrate-postcopy", NULL, "Domain.StartPostcopy",
    "Let the guest go on there before all of its memory is" },
  { "migrate-postcopy-pause", NULL, "Domain.PausePostcopy",
    "Stop the memory that follows it, as when the way is lost" },
  { "migrate-postcopy-resume", NULL, "Domain.ResumePostcopy",
    "Let the memory follow again" },

  /* Devices */
  { "attach-device", NULL, "Domain.AttachDevice", "Add the device of a file" },
  { "detach-device", NULL, "Domain.DetachDevice", "Remove the device of a file" },
  { "detach-device-alias", NULL, "Domain.DetachDeviceByAlias", "Remove the device with an alias" },
  { "update-device", NULL, "Domain.UpdateDevice", "Change a device to what a file says" },
  { "attach-disk", NULL, NULL, "Add a disk", cli_run_attach_disk,
    .usage = "DOMAIN SOURCE TARGET", .options = cli_attach_disk_options,
    .json = "nothing | string" },
  { "detach-disk", NULL, NULL, "Remove a disk", cli_run_detach_disk, .usage = "DOMAIN TARGET",
    .options = cli_affect_options },
  { "attach-interface", NULL, NULL, "Add a network interface", cli_run_attach_interface,
    .usage = "DOMAIN TYPE [SOURCE]", .options = cli_attach_interface_options,
    .json = "nothing | string" },
  { "detach-interface", NULL, NULL, "Remove a network interface", cli_run_detach_interface,
    .usage = "DOMAIN TYPE", .options = cli_detach_interface_options },
  { "change-media", NULL, NULL, "Put a medium in, or take it out", cli_run_change_media,
    .usage = "DOMAIN TARGET [SOURCE]", .options = cli_media_options },
  { "disks", "domblklist", NULL, "List the disks", cli_run_disks, .options = cli_affect_options,
    .json = "[{\"type\": string, \"device\": string, \"target\": string, \"source\": string}]" },
  { "interfaces", "domiflist", NULL, "List the network interfaces", cli_run_interfaces,
    .options = cli_affect_options,
    .json = CLI_JSON_INTERFACES },
  { "link", "domif-getlink domif-setlink", NULL,
    "Print or set whether the cable of a network interface is plugged in", cli_run_link,
    .usage = "DOMAIN TARGET|MAC [up|down]", .options = cli_affect_options,
    .json = "nothing | string" },
  { "tty", "ttyconsole", NULL, "Print the host's terminal of the console", cli_run_tty,
    .usage = "DOMAIN",
    .json = "string" },
  { "display", "domdisplay vncdisplay", NULL, "Print where viewers connect to",
    cli_run_display,
    .json = "[string]" },

  /* Memory and processors */
  { "set-memory", "setmem", "Domain.SetMemory", "Set how much memory the guest has, in KiB" },
  { "set-max-memory", "setmaxmem", "Domain.SetMaxMemory",
    "Set how much memory it can have at most, in KiB" },
  { "memory-stats-period", NULL, "Domain.SetMemoryStatsPeriod",
    "Set how often the guest tells of its memory" },
  { "set-vcpus", "setvcpus", "Domain.SetVcpus", "Set how many processors it has" },
  { "set-vcpu", "setvcpu", "Domain.SetVcpuState", "Add or take out particular processors" },
  { "pin-vcpu", "vcpupin", "Domain.PinVcpu", "Say or set where its processors run",
    .show = "Domain.GetVcpus" },
  { "vcpus", "vcpuinfo vcpucount", "Domain.GetVcpus", "List its processors" },
  { "pin-emulator", "emulatorpin", "Domain.PinEmulator",
    "Say or set where its hypervisor's other threads run", .show = "Domain.GetEmulatorPin" },
  { "iothreads", "iothreadinfo", "Domain.GetIoThreads", "List the threads for disks" },
  { "add-iothread", "iothreadadd", "Domain.AddIoThread", "Add a thread for disks" },
  { "delete-iothread", "iothreaddel", "Domain.DeleteIoThread", "Remove a thread for disks" },
  { "set-iothread", "iothreadset", "Domain.SetIoThread", "Change a thread for disks" },
  { "pin-iothread", "iothreadpin", "Domain.PinIoThread", "Set where a thread for disks runs" },

  /* Tuning: without KEY=VALUE it says how it is */
  { "blkio", "blkiotune", "Domain.SetBlkioParameters", "Say or set its share of the host's disks",
    .show = "Domain.GetBlkioParameters" },
  { "memory-tuning", "memtune", "Domain.SetMemoryParameters", "Say or set limits of memory",
    .show = "Domain.GetMemoryParameters" },
  { "numa", "numatune", "Domain.SetNumaParameters", "Say or set which memory of the host it has",
    .show = "Domain.GetNumaParameters" },
  { "scheduler", "schedinfo", "Domain.SetSchedulerParameters",
    "Say or set its share of the host's processors", .show = "Domain.GetSchedulerParameters" },
  { "disk-tuning", "blkdeviotune", "Domain.SetBlockIoTune", "Say or set how fast a disk may be",
    .show = "Domain.GetBlockIoTune" },
  { "interface-tuning", "domiftune", "Domain.SetInterfaceParameters",
    "Say or set how fast an interface may be", .show = "Domain.GetInterfaceParameters" },
  { "perf", NULL, "Domain.SetPerfEvents", "Say or set which events are counted",
    .show = "Domain.GetPerfEvents" },
  { "lifecycle-action", "set-lifecycle-action", "Domain.SetLifecycleAction",
    "Set what follows when the guest ends" },

  /* Figures and notes */
  { "stats", NULL, "Domain.GetStats", "Print figures of a domain", .optional = 1 },
  { "all-stats", "domstats", "Connection.GetDomainStats", "Print figures of many domains",
    run_all_stats, .usage = "[GROUP…|DOMAIN…]" },
  { "block-stats", "domblkstat", "Domain.GetStats", "Print what disks did", run_stats_of,
    .usage = "DOMAIN [DEVICE]" },
  { "interface-stats", "domifstat", "Domain.GetStats", "Print what network interfaces did",
    run_stats_of, .usage = "DOMAIN [DEVICE]" },
  { "memory-stats", "dommemstat", "Domain.GetStats", "Print how the guest's memory is used",
    run_stats_of, .usage = "DOMAIN" },
  { "cpu-stats", NULL, "Domain.GetCpuStats", "Print what the processors did" },
  { "messages", "dommesg", "Domain.GetMessages", "Print what is amiss with a domain" },
  { "control-info", "domcontrol", "Domain.GetControlInfo", "Say whether the hypervisor answers" },
  { "security-labels", NULL, "Domain.GetSecurityLabels", "Print what keeps it from others" },
  { "desc", NULL, NULL, "Print or set the description", cli_run_desc, .usage = "DOMAIN [TEXT]",
    .options = cli_text_options,
    .json = "nothing | string" },
  { "metadata", NULL, NULL, "Print or set an application's element", cli_run_metadata,
    .usage = "DOMAIN URI [PREFIX] [FILE]", .options = cli_text_options,
    .json = "nothing | string" },
  { "dirty-rate", "domdirtyrate-calc", "Domain.StartDirtyRateCalc",
    "Measure how fast the guest changes its memory; stats has the result" },
  { "launch-security", "domlaunchsecinfo", "Domain.GetLaunchSecurityInfo",
    "Print how it was measured at its launch" },
  { "set-launch-security", "domsetlaunchsecstate", "Domain.SetLaunchSecurityState",
    "Give a secret to a guest that was measured" },

  /* The guest and its agent */
  { "addresses", "domifaddr", "Domain.GetInterfaceAddresses",
    "Print the guest's addresses, as “lease”, “agent” or “arp” knows them",
    .named = "source=lease" },
  { "hostname", "domhostname", "Domain.GetHostname", "Print the guest's name" },
  { "guest-info", "guestinfo", "Domain.GetGuestInfo", "Print what the guest's agent says",
    .optional = 1 },
  { "filesystems", "domfsinfo", "Domain.GetFsInfo", "List the guest's file systems" },
  { "freeze", "domfsfreeze", "Domain.FsFreeze", "Freeze the guest's file systems",
    .optional = 1 },
  { "thaw", "domfsthaw", "Domain.FsThaw", "Thaw the guest's file systems", .optional = 1 },
  { "trim", "domfstrim", "Domain.FsTrim", "Give back the room that file systems do not use",
    .optional = 1, .named = "minimum=0" },
  { "time", "domtime", "Domain.SetTime",
    "Print or set the guest's clock; “now” is the host's time", .show = "Domain.GetTime" },
  { "set-password", "set-user-password", "Domain.SetUserPassword",
    "Set the password of a user of the guest; it is asked for when it is no word",
    cli_run_set_password, .optional = 1 },
  { "ssh-keys", "get-user-sshkeys", "Domain.GetAuthorizedSshKeys",
    "Print the SSH keys of a user of the guest" },
  { "set-ssh-keys", "set-user-sshkeys", "Domain.SetAuthorizedSshKeys",
    "Set the SSH keys of a user of the guest" },
  { "guest-vcpus", "guestvcpus setguestvcpus", "Domain.SetGuestVcpus",
    "Say or set which processors the guest uses", .show = "Domain.GetGuestVcpus" },
  { "agent-timeout", "guest-agent-timeout", "Domain.SetAgentResponseTimeout",
    "Set how long the guest's agent is waited for" },
  { "send-key", NULL, "Domain.SendKey", "Press keys: KEY_LEFTCTRL KEY_LEFTALT KEY_DELETE",
    cli_run_send_key, .named = "codeset=linux hold-time=0", .usage = "DOMAIN KEY…" },
  { "send-signal", "send-process-signal", "Domain.SendProcessSignal",
    "Send a signal to a process of the guest" },
  { "monitor-command", "qemu-monitor-command", "Domain.RunMonitorCommand",
    "Give the hypervisor's own monitor a command, and files with it", .optional = 1 },
  { "agent-command", "qemu-agent-command", "Domain.RunAgentCommand",
    "Give the guest's agent a command" },
  { "monitor-events", "qemu-monitor-event", "Connection.SubscribeMonitorEvents",
    "Print what the monitors of hypervisors say, as it comes", cli_run_watch,
    .usage = "[DOMAIN…]", .options = cli_monitor_options,
    .json = CLI_JSON_SIGNALS },
  { "inject-nmi", NULL, "Domain.InjectNmi", "Send an interrupt that cannot be masked" },
  { "screenshot", NULL, "Domain.Screenshot", "Keep a picture of the screen in a file",
    cli_run_screenshot, .named = "screen=0", .usage = "DOMAIN FILE" },
  { "graphics", NULL, "Domain.OpenGraphics",
    "Join the display's protocol and the standard input and output", cli_run_console,
    .optional = 1 },
  { "channel", NULL, "Domain.OpenChannel", "Open a channel to the guest", cli_run_console,
    .optional = 1 },
  { "namespace", "lxc-enter-namespace", "Domain.OpenNamespace",
    "Run a command in one of a container's namespaces; -- stands before it", cli_run_namespace,
    .usage = "DOMAIN TYPE COMMAND…" },
  { "pm-suspend", "dompmsuspend", "Domain.PmSuspend", "Let the guest sleep",
    .named = "duration=0" },
  { "pm-wakeup", "dompmwakeup", "Domain.PmWakeup", "Wake the guest" },

  /* Disks */
  { "block-info", "domblkinfo", "Domain.GetBlockInfo", "Print how large a disk is" },
  { "block-resize", "blockresize", "Domain.BlockResize", "Change how large the guest sees a disk",
    .optional = 1 },
  { "block-peek", NULL, "Domain.BlockPeek", "Print what is on a disk" },
  { "memory-peek", NULL, "Domain.MemoryPeek", "Print what is in the guest's memory" },
  { "disk-errors", "domblkerror", "Domain.GetDiskErrors", "Say which disks have failed" },
  { "block-threshold", "domblkthreshold", "Domain.SetBlockThreshold",
    "Ask to be told when the guest has written so far" },
  { "backup-begin", NULL, "Domain.BeginBackup", "Begin a backup, and print its job", run_backup,
    .optional = 2 },
  { "backup-xml", "backup-dumpxml", "Domain.GetBackupXml", "Print the backup that goes on" },
  { "backup-end", NULL, "Domain.EndBackup", "End a backup" },
  { "block-pull", "blockpull", "Domain.BlockPull", "Copy what is below an image into it",
    cli_run_job, .options = cli_job_options,
    .json = "nothing | path" },
  { "block-commit", "blockcommit", "Domain.BlockCommit", "Copy an image into the one below it",
    cli_run_job, .options = cli_ready_options,
    .json = "nothing | string | path" },
  { "block-copy", "blockcopy", "Domain.BlockCopy",
    "Copy a disk to a path, or to where an element says", cli_run_job, .options = cli_ready_options,
    .json = "nothing | string | path" },
  { "block-job", "blockjob", "Domain.GetBlockJobInfo", "Say how far a disk's job is" },
  { "block-job-speed", NULL, "Domain.SetBlockJobSpeed", "Set how fast a disk's job may be" },
  { "block-job-abort", NULL, "Domain.AbortBlockJob", "End a disk's job" },
};

const CliGroup cli_domain_group = { "domain", "dom", "dom-", "Domain", verbs,
                                    G_N_ELEMENTS (verbs), "virtual machines and containers" };

/* ---- snapshots and checkpoints ---- */

static int
run_current (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *domain = cli_call_path (call, &error);
  g_autoptr (GVariant) properties
      = domain != NULL ? cli_get_all (call->context, domain, CLI_IFACE ("Domain"), &error) : NULL;
  const char *path = "/";

  if (properties == NULL)
    return cli_fail (error);
  g_variant_lookup (properties, "CurrentSnapshot", "&o", &path);
  if (g_str_equal (path, "/"))
    {
      g_printerr ("vireoctl: what the domain does follows no snapshot\n");
      return CLI_EXIT_FAILURE;
    }
  g_clear_pointer (&properties, g_variant_unref);
  properties = cli_get_all (call->context, path, CLI_IFACE ("DomainSnapshot"), &error);
  if (properties == NULL)
    return cli_fail (error);
  if (call->context->json)
    return cli_print_json (properties);
  cli_print_properties (properties, "DomainSnapshot", NULL);
  return 0;
}

static const CliVerb snapshot_verbs[] = {
  { "list", "ls", "Domain.GetSnapshots", "List the snapshots of a domain", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "create", NULL, "Domain.CreateSnapshot", "Make a snapshot", cli_run_moment, .optional = 1 },
  { "create-as", NULL, "Domain.CreateSnapshot", "Make a snapshot, without a document",
    cli_run_moment_as, .usage = "DOMAIN [NAME] [DESCRIPTION] [DISKSPEC…]",
    .options = cli_snapshot_as_options,
    .json = "path | string" },
  { "revert", NULL, "DomainSnapshot.Revert", "Make the domain what it was" },
  { "delete", NULL, "DomainSnapshot.Delete", "Forget a snapshot, and give back its room" },
  { "current", NULL, "Domain:CurrentSnapshot", "Show the snapshot that the domain follows",
    run_current,
    .json = "@DomainSnapshot" },
  { "children", NULL, "DomainSnapshot.GetChildren", "List the snapshots that follow one",
    cli_run_list, .options = cli_list_options },
  { "parent", NULL, "DomainSnapshot:Parent", "Print the snapshot that it follows",
    cli_run_property },
  { "xml", "dumpxml", "DomainSnapshot.GetXml", "Print the document" },
  { "edit", NULL, "DomainSnapshot.GetXml", "Edit the document", cli_run_edit,
    "Domain.CreateSnapshot" },
};

const CliGroup cli_snapshot_group
    = { "snapshot", "snap", "snapshot-", "DomainSnapshot", snapshot_verbs,
        G_N_ELEMENTS (snapshot_verbs), "moments of domains that can be gone back to" };

static const CliVerb checkpoint_verbs[] = {
  { "list", "ls", "Domain.GetCheckpoints", "List the checkpoints of a domain", cli_run_list,
    .options = cli_list_options },
  { "info", "show", NULL, "Show all properties", cli_run_info },
  { "create", NULL, "Domain.CreateCheckpoint", "Make a checkpoint", cli_run_moment, .optional = 1 },
  { "create-as", NULL, "Domain.CreateCheckpoint", "Make a checkpoint, without a document",
    cli_run_moment_as, .usage = "DOMAIN [NAME] [DESCRIPTION] [DISKSPEC…]",
    .options = cli_checkpoint_as_options,
    .json = "path | string" },
  { "delete", NULL, "DomainCheckpoint.Delete", "Forget a checkpoint" },
  { "children", NULL, "DomainCheckpoint.GetChildren", "List the checkpoints that follow one",
    cli_run_list, .options = cli_list_options },
  { "parent", NULL, "DomainCheckpoint:Parent", "Print the checkpoint that it follows",
    cli_run_property },
  { "xml", "dumpxml", "DomainCheckpoint.GetXml", "Print the document" },
  { "edit", NULL, "DomainCheckpoint.GetXml", "Edit the document", cli_run_edit,
    "Domain.CreateCheckpoint" },
};

const CliGroup cli_checkpoint_group
    = { "checkpoint", NULL, "checkpoint-", "DomainCheckpoint", checkpoint_verbs,
        G_N_ELEMENTS (checkpoint_verbs), "moments since which changes of disks are known" };
