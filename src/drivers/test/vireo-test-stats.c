/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Figures, which follow from how long a domain has been running. */

#include "drivers/common/vireo-domain-edit.h"
#include "util/vireo-error.h"
#include "drivers/common/vireo-domain-chains.h"
#include "vireo-test-domains.h"
#include "vireo-test-operation.h"

/* What a guest without work takes: of a processor of the host's, a part in so many; and bytes a
 * second. */
#define CPU_PART 10
#define DISK_RATE 4096
#define NET_RATE 512

typedef struct
{
  GVariantBuilder *values;
  VireoDomainObj *domain;
  const VireoDomainDef *def;
  VireoTestGuest *guest; /* (nullable) */
  guint64 usec;          /* for how long it has been running */
  gboolean backing;      /* whether the images below disks are wanted, too */
} Stats;

static void
add_u64 (Stats *stats, const char *key, guint64 value)
{
  g_variant_builder_add (stats->values, "{sv}", key, g_variant_new_uint64 (value));
}

static void
add_numbered (Stats *stats, const char *group, guint number, const char *key, GVariant *value)
{
  g_autofree char *name = g_strdup_printf ("%s.%u.%s", group, number, key);

  g_variant_builder_add (stats->values, "{sv}", name, value);
}

static guint
count_vcpus (const VireoDomainDef *def)
{
  return def->has_vcpu_current ? def->vcpu_current : def->has_vcpus ? def->vcpus : 1;
}

static void
add_state (Stats *stats)
{
  g_variant_builder_add (stats->values, "{sv}", "state.state",
                         g_variant_new_int32 (vireo_domain_obj_get_state (stats->domain)));
  g_variant_builder_add (stats->values, "{sv}", "state.reason",
                         g_variant_new_string (vireo_domain_obj_get_state_reason (stats->domain)));
}

static void
add_cpu (Stats *stats)
{
  guint64 nsec = stats->usec * 1000 / CPU_PART * count_vcpus (stats->def);

  if (stats->guest == NULL)
    return;
  add_u64 (stats, "cpu.time", nsec);
  add_u64 (stats, "cpu.user", nsec * 3 / 4);
  add_u64 (stats, "cpu.system", nsec / 4);
}

static void
add_balloon (Stats *stats)
{
  const VireoDomainDef *def = stats->def;
  guint64 current = def->has_current_memory ? def->current_memory : def->memory;

  add_u64 (stats, "balloon.current", current);
  add_u64 (stats, "balloon.maximum", def->memory);
  if (stats->guest == NULL || def->memballoon == NULL)
    return;
  add_u64 (stats, "balloon.available", current);
  add_u64 (stats, "balloon.unused", current / 2);
  add_u64 (stats, "balloon.usable", current / 4 * 3);
  add_u64 (stats, "balloon.rss", current / 2);
}

static void
add_vcpus (Stats *stats)
{
  const VireoDomainDef *def = stats->def;

  g_variant_builder_add (stats->values, "{sv}", "vcpu.current",
                         g_variant_new_uint32 (count_vcpus (def)));
  g_variant_builder_add (stats->values, "{sv}", "vcpu.maximum",
                         g_variant_new_uint32 (def->has_vcpus ? def->vcpus : 1));
  for (guint i = 0; stats->guest != NULL && i < def->vcpus; i++)
    {
      if (!vireo_domain_view_vcpu_enabled (def, i))
        continue;
      add_numbered (stats, "vcpu", i, "state", g_variant_new_int32 (1));
      add_numbered (stats, "vcpu", i, "time", g_variant_new_uint64 (stats->usec * 1000 / CPU_PART));
    }
}

static void
add_interfaces (Stats *stats)
{
  static const char *const keys[] = { "rx.bytes", "rx.pkts", "rx.errs", "rx.drop",
                                      "tx.bytes", "tx.pkts", "tx.errs", "tx.drop" };
  guint64 rate = stats->usec * NET_RATE / G_USEC_PER_SEC;
  const guint64 values[] = { rate, rate / 64, 0, 0, rate, rate / 64, 0, 0 };

  g_variant_builder_add (stats->values, "{sv}", "net.count",
                         g_variant_new_uint32 (stats->def->n_interfaces));
  for (guint i = 0; stats->guest != NULL && i < stats->def->n_interfaces; i++)
    {
      const char *alias = stats->def->interfaces[i]->alias;

      add_numbered (stats, "net", i, "name", g_variant_new_string (alias != NULL ? alias : ""));
      for (gsize j = 0; j < G_N_ELEMENTS (keys); j++)
        add_numbered (stats, "net", i, keys[j], g_variant_new_uint64 (values[j]));
    }
}

/* One of the images of a disk, of which 0 is what the guest writes to. */
static void
add_image (Stats *stats, guint number, const VireoDiskDef *disk, guint index)
{
  const char *path = vireo_domain_chain_get_path (disk, index);
  g_autofree char *device = index > 0 ? g_strdup_printf ("%s[%u]", disk->target->dev, index)
                                      : g_strdup (disk->target->dev);
  const guint64 *threshold
      = stats->guest != NULL ? g_hash_table_lookup (stats->guest->thresholds, device) : NULL;

  add_numbered (stats, "block", number, "name", g_variant_new_string (disk->target->dev));
  if (path != NULL)
    add_numbered (stats, "block", number, "path", g_variant_new_string (path));
  if (stats->backing)
    add_numbered (stats, "block", number, "backingIndex", g_variant_new_uint32 (index));
  if (threshold != NULL)
    add_numbered (stats, "block", number, "threshold", g_variant_new_uint64 (*threshold));
}

static void
add_disks (Stats *stats)
{
  static const char *const keys[]
      = { "rd.reqs", "rd.bytes", "rd.times", "wr.reqs", "wr.bytes", "wr.times", "fl.reqs" };
  guint64 rate = stats->usec * DISK_RATE / G_USEC_PER_SEC;
  const guint64 values[]
      = { rate / 512, rate, rate * 10, rate / 512, rate, rate * 20, rate / 4096 };

  guint count = 0;

  for (guint i = 0; i < stats->def->n_disks; i++)
    {
      const VireoDiskDef *disk = stats->def->disks[i];
      guint length = stats->backing ? vireo_domain_chain_get_length (disk) : 1;

      add_image (stats, count, disk, 0);
      for (gsize j = 0; stats->guest != NULL && j < G_N_ELEMENTS (keys); j++)
        add_numbered (stats, "block", count, keys[j], g_variant_new_uint64 (values[j]));
      count++;
      for (guint j = 1; j < length; j++)
        add_image (stats, count++, disk, j);
    }
  g_variant_builder_add (stats->values, "{sv}", "block.count", g_variant_new_uint32 (count));
}

static void
add_perf (Stats *stats)
{
  for (guint i = 0; stats->guest != NULL && i < stats->def->n_perf_events; i++)
    if (stats->def->perf_events[i]->enabled == VIREO_TRISTATE_YES)
      {
        g_autofree char *key = g_strconcat ("perf.", stats->def->perf_events[i]->name, NULL);

        add_u64 (stats, key, stats->usec);
      }
}

static void
add_iothreads (Stats *stats)
{
  g_autoptr (GVariant) threads = g_variant_ref_sink (vireo_domain_view_iothreads (stats->def));
  GHashTableIter iter;
  gpointer key, value;

  g_variant_builder_add (stats->values, "{sv}", "iothread.count",
                         g_variant_new_uint32 ((guint) g_variant_n_children (threads)));
  if (stats->guest == NULL)
    return;
  g_hash_table_iter_init (&iter, stats->guest->iothreads);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_autofree char *name = g_strconcat ("iothread.", key, NULL);

      g_variant_builder_add (stats->values, "{sv}", g_strdelimit (name, "_", '-'), value);
    }
}

static void
add_memory (Stats *stats)
{
  g_variant_builder_add (stats->values, "{sv}", "memory.bandwidth.monitor.count",
                         g_variant_new_uint32 (0));
}

static void
add_dirty_rate (Stats *stats)
{
  VireoTestGuest *guest = stats->guest;

  if (guest == NULL)
    return;
  g_variant_builder_add (stats->values, "{sv}", "dirtyrate.calc_status",
                         g_variant_new_int32 (guest->dirty_id != 0     ? 1
                                              : guest->dirty_rate >= 0 ? 2
                                                                       : 0));
  if (guest->dirty_rate < 0)
    return;
  g_variant_builder_add (stats->values, "{sv}", "dirtyrate.calc_period",
                         g_variant_new_int32 ((int) guest->dirty_seconds));
  g_variant_builder_add (stats->values, "{sv}", "dirtyrate.megabytes_per_second",
                         g_variant_new_int64 (guest->dirty_rate));
}

static void
add_vm (Stats *stats)
{
  if (stats->guest != NULL)
    add_u64 (stats, "vm.exits.sum", stats->usec / 100);
}

static const struct
{
  const char *name;
  void (*add) (Stats *stats);
} groups[] = {
  { "state", add_state },
  { "cpu", add_cpu },
  { "balloon", add_balloon },
  { "vcpu", add_vcpus },
  { "interface", add_interfaces },
  { "block", add_disks },
  { "perf", add_perf },
  { "iothread", add_iothreads },
  { "memory", add_memory },
  { "dirtyrate", add_dirty_rate },
  { "vm", add_vm },
};

static void
get_stats (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  g_autofree const char **wanted = NULL;
  GVariantBuilder values;
  Stats stats = { .values = &values,
                  .domain = obj,
                  .def = vireo_domain_obj_get_def (obj),
                  .guest = vireo_test_domain_get_guest (obj),
                  .backing = vireo_test_option (args, "backing") };

  /* It has all groups, whatever `enforce` says, and waits for nothing. */
  g_variant_get_child (args, 0, "^a&s", &wanted);
  if (stats.guest != NULL)
    stats.usec = (guint64) (g_get_monotonic_time () - stats.guest->started_at);
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if ((wanted[0] == NULL || g_strv_contains (wanted, groups[i].name))
        && (stats.def != NULL || groups[i].add == add_state))
      groups[i].add (&stats);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_new ("(a{sv})", &values)),
                         (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

/* All of it ran on the first processor of the host. */
static GVariant *
get_cpu_stats_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  guint vcpus;
  guint64 nsec;
  GVariantBuilder total, cpus;

  g_object_get (guest->domain, "vcpus", &vcpus, NULL);
  nsec = (guint64) (g_get_monotonic_time () - guest->started_at) * 1000 / CPU_PART * vcpus;
  g_variant_builder_init (&total, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&total, "{sv}", "cpu_time", g_variant_new_uint64 (nsec));
  g_variant_builder_add (&total, "{sv}", "user_time", g_variant_new_uint64 (nsec * 3 / 4));
  g_variant_builder_add (&total, "{sv}", "system_time", g_variant_new_uint64 (nsec / 4));
  g_variant_builder_init (&cpus, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_open (&cpus, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&cpus, "{sv}", "cpu_time", g_variant_new_uint64 (nsec));
  g_variant_builder_close (&cpus);
  return g_variant_new ("(a{sv}aa{sv})", &total, &cpus);
}

VIREO_TEST_OPERATION (get_cpu_stats)

void
vireo_test_stats_fill (VireoDomainDriverInterface *iface)
{
  iface->get_stats = get_stats;
  iface->get_cpu_stats = get_cpu_stats;
}
