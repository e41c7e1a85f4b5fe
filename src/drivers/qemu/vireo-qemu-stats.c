/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of a domain, with libvirt's names (virConnectGetAllDomainStats): from its definition,
 * from the emulator, which is asked all at once, and then from the kernel. What the emulator does
 * not tell in time is left out. */
#include "vireo-qemu-stats.h"

#include <string.h>

#include "drivers/common/vireo-domain-edit.h"
#include "vireo-qemu-command.h"
#include "vireo-qemu-figures.h"
#include "vireo-qemu-volumes.h"
#include "vireo-qmp-message.h"

/* The longest name in a reply, and more processors than any guest has. */
#define MAX_NAME 1024u
#define MAX_VCPUS 8192

typedef enum
{
  GROUP_STATE = 1 << 0,
  GROUP_CPU = 1 << 1,
  GROUP_BALLOON = 1 << 2,
  GROUP_VCPU = 1 << 3,
  GROUP_INTERFACE = 1 << 4,
  GROUP_BLOCK = 1 << 5,
  GROUP_IOTHREAD = 1 << 6,
} Groups;

static const struct
{
  const char *name;
  Groups group;
} group_names[] = {
  { "state", GROUP_STATE },         { "cpu", GROUP_CPU },     { "balloon", GROUP_BALLOON },
  { "vcpu", GROUP_VCPU },           { "block", GROUP_BLOCK }, { "interface", GROUP_INTERFACE },
  { "iothread", GROUP_IOTHREAD },
};

typedef struct
{
  VireoQemuDomain *domain;
  VireoDomainDef *def; /* as it is now; NULL for none */
  Groups groups;
  GVariantDict values;
  guint n_pending;
  VireoQemuFigures *figures;
  GHashTable *fdsets; /* disk's index -> GArray of its fd sets */
} Stats;

static void
stats_free (gpointer data)
{
  Stats *stats = data;

  g_object_unref (stats->domain);
  g_clear_pointer (&stats->def, vireo_domain_def_free);
  g_variant_dict_clear (&stats->values);
  vireo_qemu_figures_free (stats->figures);
  g_hash_table_unref (stats->fdsets);
  g_free (stats);
}

static void
put (Stats *stats, const char *key, GVariant *value)
{
  g_variant_dict_insert_value (&stats->values, key, value);
}

static void
put_u64 (Stats *stats, const char *key, guint64 value)
{
  put (stats, key, g_variant_new_uint64 (value));
}

static void
put_numbered (Stats *stats, const char *group, guint number, const char *key, GVariant *value)
{
  g_autofree char *name = g_strdup_printf ("%s.%u.%s", group, number, key);

  put (stats, name, value);
}

/* ---- from the definition ---- */

static void
put_state (Stats *stats)
{
  VireoDomainObj *obj = VIREO_DOMAIN_OBJ (stats->domain);

  put (stats, "state.state", g_variant_new_int32 (vireo_domain_obj_get_state (obj)));
  put (stats, "state.reason", g_variant_new_string (vireo_domain_obj_get_state_reason (obj)));
}

static void
put_balloon (Stats *stats)
{
  const VireoDomainDef *def = stats->def;

  put_u64 (stats, "balloon.current", def->has_current_memory ? def->current_memory : def->memory);
  put_u64 (stats, "balloon.maximum", def->memory);
}

static void
put_vcpus (Stats *stats)
{
  const VireoDomainDef *def = stats->def;
  guint most = def->has_vcpus ? def->vcpus : 1;

  put (stats, "vcpu.current",
       g_variant_new_uint32 (def->has_vcpu_current ? def->vcpu_current : most));
  put (stats, "vcpu.maximum", g_variant_new_uint32 (most));
}

static const char *
tap_of (const VireoInterfaceDef *interface)
{
  return interface->target != NULL && interface->target->dev != NULL ? interface->target->dev : "";
}

static void
put_interfaces (Stats *stats)
{
  const VireoDomainDef *def = stats->def;

  put (stats, "net.count", g_variant_new_uint32 (def->n_interfaces));
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const char *tap = tap_of (def->interfaces[i]);
      const char *alias = def->interfaces[i]->alias;

      if (*tap != '\0' || alias != NULL)
        put_numbered (stats, "net", i, "name", g_variant_new_string (*tap != '\0' ? tap : alias));
      g_ptr_array_add (stats->figures->taps, g_strdup (tap));
    }
}

static char *
disk_path (VireoQemuDomain *domain, const VireoDiskDef *disk)
{
  if (disk->source == NULL)
    return NULL;
  if (disk->type == VIREO_DISK_TYPE_VOLUME)
    return vireo_qemu_volume_find (domain->driver->storage, disk->source,
                                   vireo_obj_get_owner (VIREO_OBJ (domain)), NULL);
  return g_strdup (disk->source->file != NULL ? disk->source->file : disk->source->dev);
}

static void
put_disks (Stats *stats)
{
  const VireoDomainDef *def = stats->def;

  put (stats, "block.count", g_variant_new_uint32 (def->n_disks));
  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];
      g_autofree char *path = disk_path (stats->domain, disk);

      put_numbered (stats, "block", i, "name", g_variant_new_string (disk->target->dev));
      if (path != NULL)
        put_numbered (stats, "block", i, "path", g_variant_new_string (path));
      if (stats->domain->status != NULL && disk->alias != NULL)
        g_hash_table_insert (stats->fdsets, GUINT_TO_POINTER (i),
                             vireo_qemu_status_get_fdsets (stats->domain->status, disk->alias));
    }
}

static void
put_iothreads (Stats *stats)
{
  g_autoptr (GVariant) threads = g_variant_ref_sink (vireo_domain_view_iothreads (stats->def));

  put (stats, "iothread.count", g_variant_new_uint32 ((guint) g_variant_n_children (threads)));
}

static const struct
{
  Groups group;
  void (*put) (Stats *stats);
} of_definition[] = {
  { GROUP_BALLOON, put_balloon },     { GROUP_VCPU, put_vcpus },
  { GROUP_INTERFACE, put_interfaces }, { GROUP_BLOCK, put_disks },
  { GROUP_IOTHREAD, put_iothreads },
};

/* ---- from the emulator ---- */

static void
take_balloon (Stats *stats, JsonNode *reply)
{
  JsonObject *object = vireo_qmp_node_object (reply);
  gint64 actual = object != NULL ? vireo_json_get_int (object, "actual", -1) : -1;

  if (actual >= 0)
    put_u64 (stats, "balloon.current", (guint64) actual / 1024);
}

/* What the guest's balloon driver tells (virtio, "Memory Statistics"), and its units. */
static const struct
{
  const char *member;
  const char *key;
  guint64 unit;
} guest_stats[] = {
  { "stat-swap-in", "balloon.swap_in", 1024 },
  { "stat-swap-out", "balloon.swap_out", 1024 },
  { "stat-major-faults", "balloon.major_fault", 1 },
  { "stat-minor-faults", "balloon.minor_fault", 1 },
  { "stat-free-memory", "balloon.unused", 1024 },
  { "stat-total-memory", "balloon.available", 1024 },
  { "stat-available-memory", "balloon.usable", 1024 },
  { "stat-disk-caches", "balloon.disk_caches", 1024 },
  { "stat-htlb-pgalloc", "balloon.hugetlb_pgalloc", 1 },
  { "stat-htlb-pgfail", "balloon.hugetlb_pgfail", 1 },
};

static void
take_guest_stats (Stats *stats, JsonNode *reply)
{
  JsonObject *object = vireo_qmp_node_object (reply);
  JsonObject *values = object != NULL ? vireo_json_get_object (object, "stats") : NULL;
  gint64 updated = object != NULL ? vireo_json_get_int (object, "last-update", 0) : 0;

  /* One that never told anything has all of them -1. */
  if (values == NULL || updated <= 0)
    return;
  put_u64 (stats, "balloon.last-update", (guint64) updated);
  for (gsize i = 0; i < G_N_ELEMENTS (guest_stats); i++)
    {
      gint64 value = vireo_json_get_int (values, guest_stats[i].member, -1);

      if (value >= 0)
        put_u64 (stats, guest_stats[i].key, (guint64) value / guest_stats[i].unit);
    }
}

static void
take_cpus (Stats *stats, JsonNode *reply)
{
  JsonArray *list = vireo_qmp_node_array (reply);
  GArray *threads = stats->figures->threads;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *cpu = vireo_qmp_element_object (list, i);
      gint64 index = cpu != NULL ? vireo_json_get_int (cpu, "cpu-index", -1) : -1;
      gint64 tid = cpu != NULL ? vireo_json_get_int (cpu, "thread-id", 0) : 0;
      const int none = 0;

      if (index < 0 || index >= MAX_VCPUS || tid <= 0 || tid > G_MAXINT)
        continue;
      while (threads->len <= index)
        g_array_append_val (threads, none);
      g_array_index (threads, int, index) = (int) tid;
    }
}

/* The disk that a device of QEMU is, by its name or by its path, of which the name is a part. */
static gboolean
find_disk (Stats *stats, const char *qdev, guint *ret_index)
{
  static const char prefix[] = "/machine/peripheral/";
  const char *name = g_str_has_prefix (qdev, prefix) ? qdev + strlen (prefix) : qdev;
  gsize length = strcspn (name, "/");

  for (guint i = 0; i < stats->def->n_disks; i++)
    {
      const char *alias = stats->def->disks[i]->alias;

      if (alias != NULL && strlen (alias) == length && strncmp (alias, name, length) == 0)
        {
          *ret_index = i;
          return TRUE;
        }
    }
  return FALSE;
}

static const struct
{
  const char *member;
  const char *key;
} block_stats[] = {
  { "rd_operations", "rd.reqs" },       { "rd_bytes", "rd.bytes" },
  { "rd_total_time_ns", "rd.times" },   { "wr_operations", "wr.reqs" },
  { "wr_bytes", "wr.bytes" },           { "wr_total_time_ns", "wr.times" },
  { "flush_operations", "fl.reqs" },    { "flush_total_time_ns", "fl.times" },
};

static void
take_block_stats (Stats *stats, JsonNode *reply)
{
  JsonArray *list = vireo_qmp_node_array (reply);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *block = vireo_qmp_element_object (list, i);
      const char *qdev = block != NULL ? vireo_json_get_string (block, "qdev", MAX_NAME) : NULL;
      JsonObject *values = block != NULL ? vireo_json_get_object (block, "stats") : NULL;
      guint index;

      if (qdev == NULL || values == NULL || !find_disk (stats, qdev, &index))
        continue;
      for (gsize j = 0; j < G_N_ELEMENTS (block_stats); j++)
        {
          gint64 value = vireo_json_get_int (values, block_stats[j].member, -1);

          if (value >= 0)
            put_numbered (stats, "block", index, block_stats[j].key,
                          g_variant_new_uint64 ((guint64) value));
        }
    }
}

/* Of what the guest sees, its size; of the file, what it takes. */
static void
take_node (Stats *stats, guint disk, guint fdset, const char *name, JsonObject *image)
{
  g_autofree char *image_node = vireo_qemu_image_node (fdset);
  g_autofree char *file_node = vireo_qemu_file_node (fdset);
  gint64 size = vireo_json_get_int (image, "virtual-size", -1);
  gint64 allocated = vireo_json_get_int (image, "actual-size", -1);

  if (size >= 0 && strcmp (name, image_node) == 0)
    put_numbered (stats, "block", disk, "capacity", g_variant_new_uint64 ((guint64) size));
  if (strcmp (name, file_node) != 0)
    return;
  if (size >= 0)
    put_numbered (stats, "block", disk, "physical", g_variant_new_uint64 ((guint64) size));
  if (allocated >= 0)
    put_numbered (stats, "block", disk, "allocation", g_variant_new_uint64 ((guint64) allocated));
}

static void
take_nodes (Stats *stats, JsonNode *reply)
{
  JsonArray *list = vireo_qmp_node_array (reply);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *node = vireo_qmp_element_object (list, i);
      const char *name = node != NULL ? vireo_json_get_string (node, "node-name", MAX_NAME) : NULL;
      JsonObject *image = node != NULL ? vireo_json_get_object (node, "image") : NULL;
      GHashTableIter iter;
      gpointer disk, fdsets;

      if (name == NULL || image == NULL)
        continue;
      g_hash_table_iter_init (&iter, stats->fdsets);
      while (g_hash_table_iter_next (&iter, &disk, &fdsets))
        if (((GArray *) fdsets)->len > 0)
          take_node (stats, GPOINTER_TO_UINT (disk), g_array_index ((GArray *) fdsets, guint, 0),
                     name, image);
    }
}

/* ---- from the kernel, and the end ---- */

static void
put_traffic (Stats *stats, guint index)
{
  static const char *const names[] = { "bytes", "pkts", "errs", "drop" };
  const VireoQemuTraffic *traffic
      = &g_array_index (stats->figures->traffic, VireoQemuTraffic, index);

  for (gsize i = 0; traffic->known && i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *rx = g_strconcat ("rx.", names[i], NULL);
      g_autofree char *tx = g_strconcat ("tx.", names[i], NULL);

      put_numbered (stats, "net", index, rx, g_variant_new_uint64 (traffic->rx[i]));
      put_numbered (stats, "net", index, tx, g_variant_new_uint64 (traffic->tx[i]));
    }
}

/* The state is libvirt's virVcpuState: offline, running. */
static void
put_processors (Stats *stats)
{
  const VireoQemuFigures *figures = stats->figures;

  for (guint i = 0; i < figures->threads->len; i++)
    {
      gboolean online = g_array_index (figures->threads, int, i) > 0;

      put_numbered (stats, "vcpu", i, "state", g_variant_new_int32 (online));
      if (!online)
        continue;
      put_numbered (stats, "vcpu", i, "time",
                    g_variant_new_uint64 (g_array_index (figures->times, guint64, i)));
      put_numbered (stats, "vcpu", i, "delay",
                    g_variant_new_uint64 (g_array_index (figures->delays, guint64, i)));
    }
}

static void
put_figures (Stats *stats)
{
  const VireoQemuFigures *figures = stats->figures;

  for (guint i = 0; i < figures->traffic->len; i++)
    put_traffic (stats, i);
  if (!figures->known)
    return;
  if (stats->groups & GROUP_CPU)
    {
      put_u64 (stats, "cpu.time", figures->user + figures->system);
      put_u64 (stats, "cpu.user", figures->user);
      put_u64 (stats, "cpu.system", figures->system);
    }
  if (stats->groups & GROUP_BALLOON)
    put_u64 (stats, "balloon.rss", figures->rss);
  put_processors (stats);
}

static void
return_stats (GTask *task)
{
  Stats *stats = g_task_get_task_data (task);

  put_figures (stats);
  g_task_return_pointer (
      task,
      g_variant_ref_sink (g_variant_new ("(@a{sv})", g_variant_dict_end (&stats->values))),
      (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  return_stats (user_data);
}

static void
read_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  vireo_qemu_figures_read (task_data);
  g_task_return_boolean (task, TRUE);
}

static void
answered (GTask *task)
{
  Stats *stats = g_task_get_task_data (task);
  g_autoptr (GTask) reading = NULL;

  if (--stats->n_pending > 0)
    return;
  if (stats->figures->pid == 0)
    {
      return_stats (task);
      return;
    }
  reading = g_task_new (NULL, NULL, on_read, task);
  g_task_set_source_tag (reading, answered);
  g_task_set_task_data (reading, stats->figures, NULL);
  g_task_run_in_thread (reading, read_thread);
}

/* ---- asking ---- */

typedef struct
{
  GTask *task;
  void (*take) (Stats *stats, JsonNode *reply);
} Question;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, NULL);

  if (reply != NULL)
    question->take (g_task_get_task_data (question->task), reply);
  answered (question->task);
  g_free (question);
}

static void
ask (GTask *task, const char *command, JsonObject *arguments,
     void (*take) (Stats *stats, JsonNode *reply))
{
  Stats *stats = g_task_get_task_data (task);
  Question *question = g_new (Question, 1);

  question->task = task;
  question->take = take;
  stats->n_pending++;
  vireo_qmp_execute_async (stats->domain->qmp, command, arguments, NULL,
                           stats->domain->driver->timeouts.stats, g_task_get_cancellable (task),
                           on_answer, question);
}

static void
ask_balloon (GTask *task, const VireoMemballoonDef *balloon)
{
  JsonObject *arguments = json_object_new ();
  g_autofree char *path = g_strdup_printf ("/machine/peripheral/%s", balloon->alias);

  json_object_set_string_member (arguments, "path", path);
  json_object_set_string_member (arguments, "property", "guest-stats");
  ask (task, "query-balloon", NULL, take_balloon);
  ask (task, "qom-get", arguments, take_guest_stats);
}

static void
ask_blocks (GTask *task)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_boolean_member (arguments, "flat", TRUE);
  ask (task, "query-blockstats", NULL, take_block_stats);
  ask (task, "query-named-block-nodes", arguments, take_nodes);
}

static void
ask_all (GTask *task)
{
  Stats *stats = g_task_get_task_data (task);
  const VireoMemballoonDef *balloon = stats->def->memballoon;

  if ((stats->groups & GROUP_BALLOON) && balloon != NULL && balloon->alias != NULL
      && balloon->model != VIREO_MEMBALLOON_MODEL_NONE)
    ask_balloon (task, balloon);
  if (stats->groups & GROUP_VCPU)
    ask (task, "query-cpus-fast", NULL, take_cpus);
  if ((stats->groups & GROUP_BLOCK) && stats->def->n_disks > 0)
    ask_blocks (task);
}

static Groups
get_groups (GVariant *args)
{
  g_autofree const char **wanted = NULL;
  Groups groups = 0;

  g_variant_get_child (args, 0, "^a&s", &wanted);
  for (gsize i = 0; i < G_N_ELEMENTS (group_names); i++)
    if (wanted[0] == NULL || g_strv_contains (wanted, group_names[i].name))
      groups |= group_names[i].group;
  return groups;
}

static gboolean
get_option (GVariant *args, const char *name)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, g_variant_n_children (args) - 1);
  gboolean value = FALSE;

  g_variant_lookup (options, name, "b", &value);
  return value;
}

/* Whether all groups that were asked for by name are there. */
static gboolean
check_groups (GVariant *args, GError **error)
{
  g_autofree const char **wanted = NULL;

  g_variant_get_child (args, 0, "^a&s", &wanted);
  for (gsize i = 0; wanted[i] != NULL; i++)
    {
      gsize row = 0;

      while (row < G_N_ELEMENTS (group_names) && !g_str_equal (group_names[row].name, wanted[i]))
        row++;
      if (row < G_N_ELEMENTS (group_names))
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                   "this driver has no figures of the group \"%.100s\"", wanted[i]);
      return FALSE;
    }
  return TRUE;
}

static Stats *
stats_new (VireoQemuDomain *self, Groups groups)
{
  const VireoDomainDef *def = vireo_domain_obj_get_def (VIREO_DOMAIN_OBJ (self));
  Stats *stats = g_new0 (Stats, 1);

  stats->domain = g_object_ref (self);
  stats->groups = groups;
  stats->def = def != NULL ? vireo_domain_def_copy (def) : NULL;
  stats->figures = vireo_qemu_figures_new ();
  stats->fdsets = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  g_variant_dict_init (&stats->values, NULL);
  if (groups & GROUP_STATE)
    put_state (stats);
  for (gsize i = 0; stats->def != NULL && i < G_N_ELEMENTS (of_definition); i++)
    if (groups & of_definition[i].group)
      of_definition[i].put (stats);
  if (self->status != NULL && self->process != NULL)
    {
      stats->figures->pid = self->status->pid;
      stats->figures->start_time = self->status->start_time;
    }
  return stats;
}

/* Takes @task over, whose data becomes the figures. */
static void
run (VireoQemuDomain *self, Groups groups, gboolean wait, GTask *task)
{
  Stats *stats = stats_new (self, groups);

  g_task_set_task_data (task, stats, stats_free);
  g_task_set_check_cancellable (task, FALSE);
  /* One more than there are, so that the last answer cannot come before the last question. */
  stats->n_pending = 1;
  if (wait && stats->def != NULL && vireo_qemu_domain_check_monitor (self, NULL))
    ask_all (task);
  answered (task);
}

void
vireo_qemu_get_stats (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  GError *error = NULL;

  if (get_option (args, "backing"))
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                         "this driver has figures of the images that guests write to, not of those "
                         "below: the option `backing` cannot be had");
  else if (!get_option (args, "enforce") || check_groups (args, &error))
    {
      run (VIREO_QEMU_DOMAIN (obj), get_groups (args), !get_option (args, "nowait"), task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}
