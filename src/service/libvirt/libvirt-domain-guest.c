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

GVariant *
vireo_libvirt_stats_out (VireoLibvirtCall *call, VireoNode *node, GVariant *values, GError **error)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);

  return g_variant_new ("(@a{sv})", vireo_libvirt_wrap_values (stats));
}

/* Of all domains, one after the other. */
typedef struct
{
  GVariant *paths; /* ao, of ours */
  gsize next;
  GVariantBuilder records;
} AllStats;

static void
all_stats_free (gpointer data)
{
  AllStats *all = data;

  g_clear_pointer (&all->paths, g_variant_unref);
  g_variant_builder_clear (&all->records);
  g_free (all);
}

static void ask_next (VireoLibvirtCall *call);

static void
on_stats (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  AllStats *all = call->data;

  /* What went, or may not be read, is left out, as it is of lists. */
  if (error == NULL)
    {
      g_autoptr (GVariant) stats = g_variant_get_child_value (values, 0);

      g_variant_builder_add (&all->records, "(s@a{sv})",
                             vireo_obj_get_name (VIREO_OBJ (native->node->object)),
                             vireo_libvirt_wrap_values (stats));
    }
  ask_next (call);
}

static void
ask_next (VireoLibvirtCall *call)
{
  AllStats *all = call->data;
  const char *path;

  if (all->next == g_variant_n_children (all->paths))
    {
      vireo_libvirt_call_return (
          call, g_variant_new ("(@a(sa{sv}))", g_variant_builder_end (&all->records)), NULL);
      return;
    }
  g_variant_get_child (all->paths, all->next++, "&o", &path);
  vireo_libvirt_call_native (call, "Domain.GetStats", path, vireo_libvirt_stats_in (call, NULL),
                             on_stats);
}

static void
on_domains (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  AllStats *all = call->data;

  if (error != NULL)
    {
      vireo_libvirt_call_return_native_error (call, error);
      return;
    }
  all->paths = g_variant_get_child_value (values, 0);
  ask_next (call);
}

void
vireo_libvirt_run_all_stats (VireoLibvirtCall *call)
{
  AllStats *all = g_new0 (AllStats, 1);
  guint32 active = call->flags & 3;
  GVariantBuilder options;

  g_variant_builder_init (&all->records, G_VARIANT_TYPE ("a(sa{sv})"));
  call->data = all;
  call->data_free = all_stats_free;
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (active == 1 || active == 2)
    g_variant_builder_add (&options, "{sv}", "active", g_variant_new_boolean (active == 1));
  vireo_libvirt_call_native (call, "Connection.ListDomains", call->connection->path,
                             g_variant_new ("(a{sv})", &options), on_domains);
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
