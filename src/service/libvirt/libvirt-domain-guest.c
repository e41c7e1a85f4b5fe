/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-guest.h"

#include "vireo-libvirt-convert.h"

/* ---- figures ---- */

const VireoLibvirtFlag vireo_libvirt_stats_flags[] = {
  { 1u << 29, "nowait" },
  { 1u << 30, "backing" },
  { 1u << 31, "enforce" },
  { 0 },
};

/* The filters of lists come before. */
const VireoLibvirtFlag vireo_libvirt_all_stats_flags[] = {
  { 0xff, NULL }, { 1u << 29, "nowait" }, { 1u << 30, "backing" }, { 1u << 31, "enforce" }, { 0 },
};

/* By bit. */
static const char *const groups[]
    = { "state", "cpu",      "balloon", "vcpu",      "interface", "block",
        "perf",  "iothread", "memory",  "dirtyrate", "vm" };

GVariant *
vireo_libvirt_stats_in (VireoLibvirtCall *call, GError **error)
{
  GVariantBuilder wanted;
  guint32 bits;

  g_variant_get_child (call->args, 0, "u", &bits);
  g_variant_builder_init (&wanted, G_VARIANT_TYPE ("as"));
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if ((bits & (1u << i)) != 0)
      g_variant_builder_add (&wanted, "s", groups[i]);
  return g_variant_new ("(as@a{sv})", &wanted, vireo_libvirt_call_options (call));
}

/* (transfer floating): with the reason of the state as a number, and variants in variants. */
static GVariant *
their_stats (GVariant *stats)
{
  g_autoptr (GVariant) theirs = NULL;
  const char *reason;
  GVariantDict dict;
  gint state;

  g_variant_dict_init (&dict, stats);
  if (g_variant_dict_lookup (&dict, "state.reason", "&s", &reason)
      && g_variant_dict_lookup (&dict, "state.state", "i", &state))
    g_variant_dict_insert (&dict, "state.reason", "i",
                           vireo_libvirt_state_reason ((guint) state, reason));
  theirs = g_variant_ref_sink (g_variant_dict_end (&dict));
  return vireo_libvirt_wrap_values (theirs);
}

GVariant *
vireo_libvirt_stats_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);

  return g_variant_new ("(@a{sv})", their_stats (stats));
}

/* Which domains: by bit, an option of ours, and its value. Both bits of a pair are none. */
static const struct
{
  guint32 bit;
  guint32 other;
  const char *option;
  gboolean value;
} stats_filters[] = {
  { 1 << 0, 1 << 1, "active", TRUE },
  { 1 << 1, 1 << 0, "active", FALSE },
  { 1 << 2, 1 << 3, "persistent", TRUE },
  { 1 << 3, 1 << 2, "persistent", FALSE },
};

/* States, of which ours takes one. */
static const struct
{
  guint32 bit;
  const char *state;
} stats_states[] = {
  { 1 << 4, "running" },
  { 1 << 5, "paused" },
  { 1 << 6, "shutoff" },
};

#define STATS_STATES 0xf0u

static void
add_filters (VireoLibvirtCall *call, GVariantBuilder *options)
{
  for (gsize i = 0; i < G_N_ELEMENTS (stats_filters); i++)
    if ((call->flags & stats_filters[i].bit) != 0 && (call->flags & stats_filters[i].other) == 0)
      g_variant_builder_add (options, "{sv}", stats_filters[i].option,
                             g_variant_new_boolean (stats_filters[i].value));
  for (gsize i = 0; i < G_N_ELEMENTS (stats_states); i++)
    if ((call->flags & STATS_STATES) == stats_states[i].bit)
      g_variant_builder_add (options, "{sv}", "state",
                             g_variant_new_string (stats_states[i].state));
}

GVariant *
vireo_libvirt_all_stats_in (VireoLibvirtCall *call, GError **error)
{
  g_autoptr (GVariant) groups_and_options
      = g_variant_ref_sink (vireo_libvirt_stats_in (call, NULL));
  g_autoptr (GVariant) wanted = g_variant_get_child_value (groups_and_options, 0);
  GVariantBuilder options;

  vireo_libvirt_call_begin_options (call, &options);
  add_filters (call, &options);
  return g_variant_new ("(@asa{sv})", wanted, &options);
}

/* By name instead of path. */
GVariant *
vireo_libvirt_all_stats_entry (VireoLibvirtCall *call, VireoNode *node, GVariant *entry)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (entry, 1);

  return g_variant_new ("(s@a{sv})", vireo_obj_get_name (VIREO_OBJ (node->object)),
                        their_stats (stats));
}

/* ---- what is asked of guests ---- */

GVariant *
vireo_libvirt_addresses_in (VireoLibvirtCall *call, GError **error)
{
  static const char *const sources[] = { "lease", "agent", "arp" };
  guint source;

  g_variant_get_child (call->args, 0, "u", &source);
  if (source >= G_N_ELEMENTS (sources))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "there is no source of addresses %u", source);
      return NULL;
    }
  return g_variant_new ("(s@a{sv})", sources[source], vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_addresses_out (VireoLibvirtCall *call,
                             VireoNode *node,
                             GVariant *values,
                             GError **error)
{
  static const char *const families[] = { "ipv4", "ipv6", NULL };
  g_autoptr (GVariantIter) interfaces = NULL;
  GVariantBuilder builder;
  GVariantIter *addresses;
  const char *name, *mac;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ssa(isu))"));
  g_variant_get (values, "(a(ssa(ssu)))", &interfaces);
  while (g_variant_iter_loop (interfaces, "(&s&sa(ssu))", &name, &mac, &addresses))
    {
      const char *family, *address;
      guint prefix;

      g_variant_builder_open (&builder, G_VARIANT_TYPE ("(ssa(isu))"));
      g_variant_builder_add (&builder, "s", name);
      g_variant_builder_add (&builder, "s", mac);
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a(isu)"));
      while (g_variant_iter_next (addresses, "(&s&su)", &family, &address, &prefix))
        g_variant_builder_add (&builder, "(isu)", vireo_libvirt_number (families, family, 0),
                               address, prefix);
      g_variant_builder_close (&builder);
      g_variant_builder_close (&builder);
    }
  return g_variant_new ("(a(ssa(isu)))", &builder);
}

GVariant *
vireo_libvirt_time_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  guint64 time;

  g_variant_get (values, "(t)", &time);
  return g_variant_new ("((tu))", time / G_USEC_PER_SEC, (guint) (time % G_USEC_PER_SEC * 1000));
}

GVariant *
vireo_libvirt_send_key_in (VireoLibvirtCall *call, GError **error)
{
  static const char *const codesets[]
      = { "linux", "xt", "atset1", "atset2", "atset3", "os-x", "xt-kbd", "usb", "win32", "qnum" };
  g_autoptr (GVariant) codes = g_variant_get_child_value (call->args, 2);
  guint codeset, hold_time;

  g_variant_get_child (call->args, 0, "u", &codeset);
  g_variant_get_child (call->args, 1, "u", &hold_time);
  if (codeset >= G_N_ELEMENTS (codesets))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no codeset %u",
                   codeset);
      return NULL;
    }
  return g_variant_new ("(su@au@a{sv})", codesets[codeset], hold_time, codes,
                        vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_fs_info_out (VireoLibvirtCall *call,
                           VireoNode *node,
                           GVariant *values,
                           GError **error)
{
  static const char *const keys[] = { "mountpoint", "name", "fstype" };
  g_autoptr (GVariant) all = g_variant_get_child_value (values, 0);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sssas)"));
  for (gsize i = 0; i < g_variant_n_children (all); i++)
    {
      g_autoptr (GVariant) one = g_variant_get_child_value (all, i);
      g_autoptr (GVariant) devices
          = g_variant_lookup_value (one, "devices", G_VARIANT_TYPE_STRING_ARRAY);

      g_variant_builder_open (&builder, G_VARIANT_TYPE ("(sssas)"));
      for (gsize j = 0; j < G_N_ELEMENTS (keys); j++)
        {
          const char *text = "";

          g_variant_lookup (one, keys[j], "&s", &text);
          g_variant_builder_add (&builder, "s", text);
        }
      g_variant_builder_add_value (
          &builder,
          devices != NULL ? devices : g_variant_new_array (G_VARIANT_TYPE_STRING, NULL, 0));
      g_variant_builder_close (&builder);
    }
  return g_variant_new ("(a(sssas))", &builder);
}

GVariant *
vireo_libvirt_disk_errors_out (VireoLibvirtCall *call,
                               VireoNode *node,
                               GVariant *values,
                               GError **error)
{
  static const char *const words[] = { "none", "unspecified", "no-space", NULL };
  g_autoptr (GVariantIter) iter = NULL;
  GVariantBuilder builder;
  const char *disk, *word;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(si)"));
  g_variant_get (values, "(a{ss})", &iter);
  while (g_variant_iter_next (iter, "{&s&s}", &disk, &word))
    g_variant_builder_add (&builder, "(si)", disk, vireo_libvirt_number (words, word, 1));
  return g_variant_new ("(a(si))", &builder);
}

/* ---- its clock, processes, processors and memory ---- */

const VireoLibvirtFlag vireo_libvirt_time_flags[] = { { 1 << 0, "sync" }, { 0 } };

GVariant *
vireo_libvirt_set_time_in (VireoLibvirtCall *call, GError **error)
{
  guint64 seconds;
  guint nanoseconds;

  g_variant_get (call->args, "(tuu)", &seconds, &nanoseconds, NULL);
  if (seconds > G_MAXINT64 / G_USEC_PER_SEC || nanoseconds >= 1000000000)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "there is no time of %" G_GUINT64_FORMAT " seconds and %u nanoseconds", seconds,
                   nanoseconds);
      return NULL;
    }
  return g_variant_new ("(t@a{sv})", seconds * G_USEC_PER_SEC + nanoseconds / 1000,
                        vireo_libvirt_call_options (call));
}

/* By number; those from the 32nd on are "rt0" and so on. */
static const char *const process_signals[]
    = { "nop",  "hup",  "int",  "quit", "ill",    "trap",   "abrt",  "bus",  "fpe",  "kill", "usr1",
        "segv", "usr2", "pipe", "alrm", "term",   "stkflt", "chld",  "cont", "stop", "tstp", "ttin",
        "ttou", "urg",  "xcpu", "xfsz", "vtalrm", "prof",   "winch", "poll", "pwr",  "sys" };
#define LAST_PROCESS_SIGNAL 64

GVariant *
vireo_libvirt_process_signal_in (VireoLibvirtCall *call, GError **error)
{
  g_autofree char *real_time = NULL;
  guint number;
  gint64 pid;

  g_variant_get (call->args, "(xuu)", &pid, &number, NULL);
  if (number > LAST_PROCESS_SIGNAL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no signal %u",
                   number);
      return NULL;
    }
  if (number >= G_N_ELEMENTS (process_signals))
    real_time = g_strdup_printf ("rt%u", number - (guint) G_N_ELEMENTS (process_signals));
  return g_variant_new ("(xs@a{sv})", pid, real_time != NULL ? real_time : process_signals[number],
                        vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_set_guest_vcpus_in (VireoLibvirtCall *call, GError **error)
{
  g_autoptr (GVariant) map = g_variant_get_child_value (call->args, 0);
  g_autofree char *list = vireo_libvirt_cpu_list (map);
  gint state;

  g_variant_get_child (call->args, 1, "i", &state);
  if (state != 0 && state != 1)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "processors are on or off, 1 or 0, not %d", state);
      return NULL;
    }
  return g_variant_new ("(sb@a{sv})", list, state == 1, vireo_libvirt_call_options (call));
}

const VireoLibvirtFlag vireo_libvirt_memory_peek_flags[] = {
  { 1 << 0, NULL },
  { 1 << 1, "physical" },
  { 0 },
};

GVariant *
vireo_libvirt_memory_peek_in (VireoLibvirtCall *call, GError **error)
{
  guint64 start, size;

  g_variant_get (call->args, "(ttu)", &start, &size, NULL);
  if (call->flags != 1 && call->flags != 2)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "an address is either virtual or physical: flags must be 1 or 2");
      return NULL;
    }
  return g_variant_new ("(tu@a{sv})", start, (guint) MIN (size, G_MAXUINT),
                        vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_memory_stats_in (VireoLibvirtCall *call, GError **error)
{
  const char *const wanted[] = { "balloon", NULL };

  return g_variant_new ("(^as@a{sv})", wanted, vireo_libvirt_call_options (call));
}

/* By number. */
static const char *const memory_figures[]
    = { "balloon.swap_in",       "balloon.swap_out",    "balloon.major_fault",
        "balloon.minor_fault",   "balloon.unused",      "balloon.available",
        "balloon.current",       "balloon.rss",         "balloon.usable",
        "balloon.last-update",   "balloon.disk_caches", "balloon.hugetlb_pgalloc",
        "balloon.hugetlb_pgfail" };

GVariant *
vireo_libvirt_memory_stats_out (VireoLibvirtCall *call,
                                VireoNode *node,
                                GVariant *values,
                                GError **error)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{it}"));
  for (gsize i = 0; i < G_N_ELEMENTS (memory_figures); i++)
    {
      guint64 figure;

      if (g_variant_lookup (stats, memory_figures[i], "t", &figure))
        g_variant_builder_add (&builder, "{it}", (gint) i, figure);
    }
  return g_variant_new ("(a{it})", &builder);
}
