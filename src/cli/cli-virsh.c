/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options of virsh are here. Those that have the same name are in no table. */
#include "cli-virsh.h"

#include <string.h>

/* How an option of virsh is said here: tokens between spaces, each with its value in it where VALUE
 * stands. Those that begin with "--" are options; others are words, which come last. A token with a
 * comma at its end comes once for each part of the value between commas; one with VALUE1 is for the
 * first of them, if there is something. */
typedef struct
{
  const char *verbs;  /* group and verb; several between commas */
  const char *option; /* with "=" when it has a value */
  const char *ours;
} Row;

#define XML_OF_MOMENTS "snapshot info,snapshot xml,snapshot delete,snapshot revert," \
                       "snapshot parent,snapshot edit"

static const Row rows[] = {
  { "domain block-commit,domain block-copy,domain block-pull,domain save,domain dump,"
    "domain managed-save,domain migrate",
    "verbose", "" },
  { "domain block-commit,domain block-copy,domain block-pull", "bytes", "" },
  { "domain block-commit", "keep-overlay", "--finish" },
  { "domain block-commit,domain block-pull", "keep-relative", "--relative" },
  { "domain block-job,domain block-job-speed", "bytes", "" },
  { "domain block-job", "info", "" },
  { "domain block-job", "raw", "" },
  { "domain block-job-abort", "abort", "" },
  { "domain block-stats", "human", "" },
  { "domain addresses", "full", "" },
  { "domain console", "safe", "" },
  { "domain disks,domain interfaces", "inactive", "--config" },
  { "domain disks", "details", "" },
  { "domain job-stats", "anystats", "" },
  { "domain job-stats", "rawstats", "" },
  { "domain memory-stats-period", "period=", "VALUE" },
  { "domain guest-vcpus,domain set-vcpu", "enable", "on" },
  { "domain guest-vcpus,domain set-vcpu", "disable", "off" },
  { "domain reboot,domain shutdown", "mode=", "--modes=VALUE," },
  { "domain send-key", "holdtime=", "--hold-time=VALUE" },
  { "domain set-ssh-keys", "reset", "" },
  { "domain start-with-files,domain create-with-files,domain associate-fds", "pass-fds=",
    "VALUE," },
  { "domain time", "now", "now" },
  { "domain time,domain vcpus,domain agent-command,domain monitor-command,domain monitor-events,"
    "connection host-cpus",
    "pretty", "" },
  { "domain agent-command", "block", "--timeout=-2" },
  { "domain monitor-command", "hmp", "--human" },
  { "domain monitor-command", "pass-fds=", "VALUE," },
  { "domain monitor-events", "domain=", "VALUE" },
  { "domain monitor-events,service watch", "timestamp", "" },
  { "service watch", "event=", "--signal=VALUE" },
  { "service watch", "domain=", "VALUE" },

  { "domain all-stats", "cpu-total", "cpu" },
  { "domain all-stats", "balloon", "balloon" },
  { "domain all-stats", "vcpu", "vcpu" },
  { "domain all-stats", "interface", "interface" },
  { "domain all-stats", "block", "block" },
  { "domain all-stats", "perf", "perf" },
  { "domain all-stats", "iothread", "iothread" },
  { "domain all-stats", "memory", "memory" },
  { "domain all-stats", "dirtyrate", "dirtyrate" },
  { "domain all-stats", "vm", "vm" },
  { "domain all-stats", "list-active", "--active" },
  { "domain all-stats", "list-inactive", "--inactive" },
  { "domain all-stats", "list-persistent", "--persistent" },
  { "domain all-stats", "list-transient", "--transient" },
  { "domain all-stats", "list-running", "--state=running" },
  { "domain all-stats", "list-paused", "--state=paused" },
  { "domain all-stats", "list-shutoff", "--state=shutoff" },
  { "domain all-stats", "raw", "" },

  { "domain guest-info", "user", "users" },
  { "domain guest-info", "os", "os" },
  { "domain guest-info", "timezone", "timezone" },
  { "domain guest-info", "hostname", "hostname" },
  { "domain guest-info", "filesystem", "filesystem" },
  { "domain guest-info", "disk", "disks" },
  { "domain guest-info", "interface", "interfaces" },

  { "domain list", "with-snapshot", "--has-snapshot" },
  { "domain list", "without-snapshot", "--no-has-snapshot" },
  { "domain list", "with-checkpoint", "--has-checkpoint" },
  { "domain list", "without-checkpoint", "--no-has-checkpoint" },
  { "domain list", "with-managed-save", "--managed-save" },
  { "domain list", "without-managed-save", "--no-managed-save" },
  { "domain list", "state-running", "--state=running" },
  { "domain list", "state-paused", "--state=paused" },
  { "domain list", "state-shutoff", "--state=shutoff" },
  { "domain list,network list,port list", "table", "" },
  { "pool list,volume list", "details", "" },
  { "pool info,volume info", "bytes", "" },
  { "device list", "cap=", "--capabilities=VALUE," },
  { "snapshot list,snapshot children", "active", "--state=active" },
  { "snapshot list,snapshot children", "inactive", "--state=inactive" },
  { "snapshot list,snapshot children", "disk-only", "--state=disk-only" },
  { "snapshot list,snapshot children", "internal", "--location=internal" },
  { "snapshot list,snapshot children", "external", "--location=external" },
  { "snapshot list,snapshot children,checkpoint list,checkpoint children", "topological", "" },
  { "snapshot children", "from=", "--snapshot=VALUE" },
  { "checkpoint children", "from=", "--checkpoint=VALUE" },
  { "snapshot children", "current", "--snapshot=" },
  { XML_OF_MOMENTS, "current", "--snapshot=" },
  { "snapshot delete,checkpoint delete", "metadata", "--metadata-only" },
  { "volume delete", "delete-snapshots", "--with-snapshots" },

  { "domain migrate", "p2p", "" },
  { "domain migrate", "persistent", "--persist-destination" },
  { "domain migrate", "undefinesource", "--undefine-source" },
  { "domain migrate", "suspend", "--paused" },
  { "domain migrate", "copy-storage-all", "--copy-storage" },
  { "domain migrate", "copy-storage-inc", "--copy-storage-increment" },
  { "domain migrate", "copy-storage-synchronous-writes", "--synchronous-writes" },
  { "domain migrate", "migrateuri=", "--uri=VALUE" },
  { "domain migrate", "graphicsuri=", "--graphics-uri=VALUE" },
  { "domain migrate", "dname=", "--name=VALUE" },
  { "domain migrate", "migrate-disks=", "--disks=VALUE," },
  { "domain migrate", "comp-methods=", "--compression=VALUE," },
  { "domain migrate", "comp-mt-level=", "--compression-mt-level=VALUE" },
  { "domain migrate", "comp-mt-threads=", "--compression-mt-threads=VALUE" },
  { "domain migrate", "comp-mt-dthreads=", "--compression-mt-dthreads=VALUE" },
  { "domain migrate", "comp-xbzrle-cache=", "--compression-xbzrle-cache=VALUE" },

  /* Parameters whose names are not the same either. */
  { "domain blkio", "device-weights=", "device_weight=VALUE" },
  { "domain interface-tuning", "inbound=",
    "inbound.average=VALUE1 inbound.peak=VALUE2 inbound.burst=VALUE3 inbound.floor=VALUE4" },
  { "domain interface-tuning", "outbound=",
    "outbound.average=VALUE1 outbound.peak=VALUE2 outbound.burst=VALUE3" },
  { "domain metadata", "set=", "--file=VALUE" },
  { "domain numa", "mode=", "numa_mode=VALUE" },
  { "domain numa", "nodeset=", "numa_nodeset=VALUE" },
  { "domain perf", "enable=", "VALUE=on," },
  { "domain perf", "disable=", "VALUE=off," },
  { "domain scheduler", "set=", "VALUE" },

  { "connection allocate-pages", "cellno=", "--node=VALUE" },
  { "connection host-memory-stats", "cell=", "--node=VALUE" },
  { "connection host-memory-stats", "cellno=", "--node=VALUE" },
  { "connection free-pages", "pagesize=", "VALUE" },
  { "connection free-pages", "all", "" },
  { "connection baseline-cpu", "features", "--expand-features" },
  { "connection compare-cpu", "error", "--fail-incompatible" },
  { "connection domain-capabilities,connection baseline-cpu,connection compare-cpu", "virttype=",
    "--virt-type=VALUE" },
  { "connection domain-capabilities", "emulatorbin=", "--emulator=VALUE" },

  { "secret set-value", "interactive", "" },
  { "secret set-value", "plain", "" },
};

/* What virsh means without a word, of a verb that is called by its name of it. */
static const struct
{
  const char *called;
  const char *ours;
  const char *unless;
} implied[] = {
  { "set-user-sshkeys", "--append", "reset remove append" },
  { "secret-set-value", "--file-is-base64", "plain base64 interactive" },
};

/* Another verb, by an option. */
static const struct
{
  const CliGroup *group;
  const char *verb;
  const char *option;
  const char *other;
} switches[] = {
  { &cli_domain_group, "block-job", "abort", "block-job-abort" },
  { &cli_domain_group, "block-job", "pivot", "block-job-abort" },
  { &cli_domain_group, "block-job", "bandwidth", "block-job-speed" },
  { &cli_domain_group, "memory-stats", "period", "memory-stats-period" },
  { &cli_domain_group, "start", "pass-fds", "start-with-files" },
  { &cli_domain_group, "create", "pass-fds", "create-with-files" },
  { &cli_snapshot_group, "list", "from", "children" },
  { &cli_snapshot_group, "list", "current", "children" },
  { &cli_checkpoint_group, "list", "from", "children" },
};

/* ---- words that are options ---- */

/* The name of an option, and its value behind "="; %NULL when it is none. */
static char *
option_of (const char *word, const char **ret_value)
{
  const char *equals;

  *ret_value = NULL;
  if (!g_str_has_prefix (word, "--") || word[2] == '\0')
    return NULL;
  equals = strchr (word, '=');
  if (equals == NULL)
    return g_strdup (word + 2);
  *ret_value = equals + 1;
  return g_strndup (word + 2, (gsize) (equals - word - 2));
}

static gboolean
is_said (const char *names, int argc, char **argv)
{
  g_auto (GStrv) list = g_strsplit (names, " ", -1);

  for (int i = 0; i < argc && !g_str_equal (argv[i], "--"); i++)
    {
      const char *value;
      g_autofree char *name = option_of (argv[i], &value);

      if (name != NULL && g_strv_contains ((const char *const *) list, name))
        return TRUE;
    }
  return FALSE;
}

const CliVerb *
cli_virsh_verb (const CliGroup *group, const CliVerb *verb, int argc, char **argv)
{
  for (gsize i = 0; i < G_N_ELEMENTS (switches); i++)
    if (switches[i].group == group && g_str_equal (switches[i].verb, verb->name)
        && is_said (switches[i].option, argc, argv))
      return cli_group_find_verb (group, switches[i].other);
  return verb;
}

/* ---- their rows ---- */

typedef struct
{
  const char *name; /* "domain start" */
  const GOptionEntry *own;
  const GOptionEntry *named;
  gboolean takes_parameters;
  GPtrArray *options; /* what comes of the words: options and words as they were */
  GPtrArray *words;   /* and those that come behind them */
} Rewriting;

static const GOptionEntry *
find_entry (const GOptionEntry *entries, const char *name)
{
  for (; entries->long_name != NULL; entries++)
    if (g_str_equal (entries->long_name, name))
      return entries;
  return NULL;
}

static gboolean
is_known (const Rewriting *self, const char *name)
{
  return find_entry (self->own, name) != NULL || find_entry (self->named, name) != NULL;
}

static gboolean
takes_value (const Rewriting *self, const char *name)
{
  const GOptionEntry *entry = find_entry (self->own, name);

  if (entry == NULL)
    entry = find_entry (self->named, name);
  return entry != NULL && entry->arg != G_OPTION_ARG_NONE;
}

static const Row *
find_row (const Rewriting *self, const char *option)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length = strcspn (rows[i].option, "=");
      g_auto (GStrv) verbs = NULL;

      if (strncmp (rows[i].option, option, length) != 0 || option[length] != '\0')
        continue;
      verbs = g_strsplit (rows[i].verbs, ",", -1);
      if (g_strv_contains ((const char *const *) verbs, self->name))
        return &rows[i];
    }
  return NULL;
}

static void
add (Rewriting *self, char *token)
{
  g_ptr_array_add (g_str_has_prefix (token, "--") ? self->options : self->words, token);
}

static char *
fill (const char *token, gsize length, const char *value)
{
  g_autofree char *pattern = g_strndup (token, length);
  g_auto (GStrv) parts = g_strsplit (pattern, "VALUE", 2);

  return g_strconcat (parts[0], parts[1] != NULL ? value : NULL, parts[1], NULL);
}

/* "inbound.peak=VALUE2". */
static gboolean
add_part (Rewriting *self, const char *token, const char *value)
{
  const char *at = strstr (token, "VALUE");
  guint number = at != NULL && g_ascii_isdigit (at[5]) ? (guint) g_ascii_digit_value (at[5]) : 0;
  g_auto (GStrv) parts = NULL;

  if (number == 0)
    return FALSE;
  parts = g_strsplit (value, ",", -1);
  if (number <= g_strv_length (parts) && *parts[number - 1] != '\0')
    add (self, g_strdup_printf ("%.*s%s", (int) (at - token), token, parts[number - 1]));
  return TRUE;
}

static void
add_row (Rewriting *self, const Row *row, const char *value)
{
  g_auto (GStrv) tokens = g_strsplit (row->ours, " ", -1);

  for (guint i = 0; tokens[i] != NULL && *tokens[i] != '\0'; i++)
    {
      gsize length = strlen (tokens[i]);
      gboolean each = tokens[i][length - 1] == ',';
      g_auto (GStrv) values = g_strsplit (value != NULL ? value : "", each ? "," : "\n", -1);

      if (add_part (self, tokens[i], value))
        continue;
      for (guint n = 0; each && values[n] != NULL; n++)
        add (self, fill (tokens[i], length - 1, values[n]));
      if (!each)
        add (self, fill (tokens[i], length, value != NULL ? value : ""));
    }
}

/* "--current" is what is meant anyway, of a verb that can be told otherwise. */
static gboolean
is_current (const Rewriting *self, const char *option)
{
  return g_str_equal (option, "current") && is_known (self, "config");
}

/* "--total-bytes-sec" is "total_bytes_sec=". */
static void
add_parameter (Rewriting *self, const char *option, const char *value)
{
  g_autofree char *key = g_strdelimit (g_strdup (option), "-", '_');

  g_ptr_array_add (self->words, g_strdup_printf ("%s=%s", key, value));
}

/* Returns how many words behind it were its value, or -1 when it stays as it is. */
static int
rewrite (Rewriting *self, const char *option, const char *value, const char *next)
{
  const Row *row = find_row (self, option);
  gboolean has_value = row != NULL ? strchr (row->option, '=') != NULL : self->takes_parameters;
  const char *found = value != NULL ? value : next;

  if (is_current (self, option))
    return 0;
  if (has_value ? found == NULL : value != NULL)
    return -1;
  if (row != NULL)
    add_row (self, row, has_value ? found : NULL);
  else if (self->takes_parameters)
    add_parameter (self, option, found);
  else
    return -1;
  return has_value && value == NULL;
}

/* "domstats --state" asks for figures of that group; "--state=running", as "--state running", is
 * which domains. */
static gboolean
is_group_of_figures (const Rewriting *self, const char *option, const char *value, const char *next)
{
  static const char *const states[] = { "nostate",  "running", "blocked", "paused",     "shutdown",
                                        "shutoff", "crashed", "pmsuspended", NULL };

  return g_str_equal (self->name, "domain all-stats") && g_str_equal (option, "state")
         && value == NULL && (next == NULL || !g_strv_contains (states, next));
}

static void
rewrite_all (Rewriting *self, int argc, char **argv)
{
  int i = 0;

  for (; i < argc && !g_str_equal (argv[i], "--"); i++)
    {
      const char *value, *next = i + 1 < argc ? argv[i + 1] : NULL;
      g_autofree char *option = option_of (argv[i], &value);
      int used = -1;

      if (option != NULL && is_group_of_figures (self, option, value, next))
        {
          g_ptr_array_add (self->words, g_steal_pointer (&option));
          continue;
        }
      if (option != NULL && !is_known (self, option) && !g_str_equal (option, "help"))
        used = rewrite (self, option, value, next);
      if (used >= 0)
        {
          i += used;
          continue;
        }
      g_ptr_array_add (self->options, g_strdup (argv[i]));
      /* The value of an option is no option. */
      if (option != NULL && value == NULL && takes_value (self, option) && next != NULL)
        g_ptr_array_add (self->options, g_strdup (argv[++i]));
    }
  for (; i < argc; i++)
    g_ptr_array_add (self->words, g_strdup (argv[i]));
}

GStrv
cli_virsh_words (const CliGroup *group, const CliVerb *verb, const char *usage,
                 const GOptionEntry *own, const GOptionEntry *named, int argc, char **argv)
{
  g_autofree char *name = g_strdup_printf ("%s %s", group->name, verb->name);
  Rewriting self = { .name = name,
                     .own = own,
                     .named = named,
                     .takes_parameters = strstr (usage, "KEY=VALUE…") != NULL,
                     .options = g_ptr_array_new (),
                     .words = g_ptr_array_new () };

  for (gsize i = 0; i < G_N_ELEMENTS (implied); i++)
    if (g_str_equal (implied[i].called, argv[-1]) && !is_said (implied[i].unless, argc, argv))
      g_ptr_array_add (self.options, g_strdup (implied[i].ours));
  rewrite_all (&self, argc, argv);
  g_ptr_array_extend_and_steal (self.options, self.words);
  g_ptr_array_add (self.options, NULL);
  return (GStrv) g_ptr_array_free (self.options, FALSE);
}
