/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parameters, by the names that libvirt gives them. */

#include <string.h>

#include "vireo-domain-edit-private.h"

/* A parameter and where it is. */
typedef struct
{
  const char *name;
  const char *field; /* (nullable): when it is called differently there */
} Parameter;

static const Parameter blkio_rows[] = { { "weight" }, { NULL } };

static const Parameter memory_rows[]
    = { { "hard_limit" }, { "soft_limit" }, { "min_guarantee" }, { "swap_hard_limit" }, { NULL } };

static const Parameter numa_rows[]
    = { { "numa_mode", "mode" }, { "numa_nodeset", "nodeset" }, { NULL } };

static const Parameter scheduler_rows[] = {
  { "cpu_shares", "shares" }, { "vcpu_period", "period" },
  { "vcpu_quota", "quota" },  { "global_period" },
  { "global_quota" },         { "emulator_period" },
  { "emulator_quota" },       { "iothread_period" },
  { "iothread_quota" },       { NULL },
};

static const Parameter block_rows[] = {
  { "total_bytes_sec" },
  { "read_bytes_sec" },
  { "write_bytes_sec" },
  { "total_iops_sec" },
  { "read_iops_sec" },
  { "write_iops_sec" },
  { "total_bytes_sec_max" },
  { "read_bytes_sec_max" },
  { "write_bytes_sec_max" },
  { "total_iops_sec_max" },
  { "read_iops_sec_max" },
  { "write_iops_sec_max" },
  { "size_iops_sec" },
  { "group_name" },
  { "total_bytes_sec_max_length" },
  { "read_bytes_sec_max_length" },
  { "write_bytes_sec_max_length" },
  { "total_iops_sec_max_length" },
  { "read_iops_sec_max_length" },
  { "write_iops_sec_max_length" },
  { NULL },
};

static const Parameter rate_rows[]
    = { { "average" }, { "peak" }, { "burst" }, { "floor" }, { NULL } };

/* libvirt's, but for those that no kernel has had since 4.14. */
static const char *const perf_events[] = {
  "cpu_cycles",
  "instructions",
  "cache_references",
  "cache_misses",
  "branch_instructions",
  "branch_misses",
  "bus_cycles",
  "stalled_cycles_frontend",
  "stalled_cycles_backend",
  "ref_cpu_cycles",
  "cpu_clock",
  "task_clock",
  "page_faults",
  "context_switches",
  "cpu_migrations",
  "page_faults_min",
  "page_faults_maj",
  "alignment_faults",
  "emulation_faults",
  "cmt",
  "mbmt",
  "mbml",
  NULL,
};

/* ---- where a kind's parameters are ---- */

static VireoDiskDef *
find_disk (const VireoDomainDef *def, const char *name)
{
  for (guint i = 0; i < def->n_disks; i++)
    {
      const VireoDiskDef *disk = def->disks[i];

      if (g_strcmp0 (disk->target->dev, name) == 0 || g_strcmp0 (disk->alias, name) == 0
          || (disk->source != NULL && g_strcmp0 (disk->source->file, name) == 0))
        return def->disks[i];
    }
  return NULL;
}

static VireoInterfaceDef *
find_interface (const VireoDomainDef *def, const char *name)
{
  for (guint i = 0; i < def->n_interfaces; i++)
    {
      const VireoInterfaceDef *interface = def->interfaces[i];

      if ((interface->mac != NULL && interface->mac->address != NULL
           && g_ascii_strcasecmp (interface->mac->address, name) == 0)
          || (interface->target != NULL && g_strcmp0 (interface->target->dev, name) == 0)
          || g_strcmp0 (interface->alias, name) == 0)
        return def->interfaces[i];
    }
  return NULL;
}

/* The struct that has a kind's parameters: of the domain, or of @device, which for the others is
 * %NULL. It is made where it is missing. */
static gpointer
ensure_holder (VireoDomainDef *def, VireoDomainEditKind kind, const char *device)
{
  VireoDiskDef *disk;

  if (kind == VIREO_DOMAIN_EDIT_SCHEDULER)
    return _vireo_edit_ensure_cputune (def);
  if (kind == VIREO_DOMAIN_EDIT_BLKIO)
    {
      if (def->blkiotune == NULL)
        def->blkiotune = vireo_blkiotune_def_new ();
      return def->blkiotune;
    }
  if (kind == VIREO_DOMAIN_EDIT_MEMORY_PARAMETERS)
    {
      if (def->memtune == NULL)
        def->memtune = vireo_memtune_def_new ();
      return def->memtune;
    }
  if (kind == VIREO_DOMAIN_EDIT_NUMA)
    {
      if (def->numatune == NULL)
        def->numatune = vireo_numatune_def_new ();
      if (def->numatune->memory == NULL)
        def->numatune->memory = vireo_numatune_memory_def_new ();
      return def->numatune->memory;
    }
  disk = find_disk (def, device);
  if (disk != NULL && disk->iotune == NULL)
    disk->iotune = vireo_disk_iotune_def_new ();
  return disk != NULL ? disk->iotune : NULL;
}

static const struct
{
  const char *tag;
  const Parameter *rows;
} kinds[VIREO_DOMAIN_N_EDITS] = {
  [VIREO_DOMAIN_EDIT_BLKIO] = { "blkiotune", blkio_rows },
  [VIREO_DOMAIN_EDIT_MEMORY_PARAMETERS] = { "memtune", memory_rows },
  [VIREO_DOMAIN_EDIT_NUMA] = { "memory", numa_rows },
  [VIREO_DOMAIN_EDIT_SCHEDULER] = { "cputune", scheduler_rows },
  [VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE] = { "iotune", block_rows },
};

static const VireoField *
find_field (const char *tag, const Parameter *rows, const char *name)
{
  for (; rows->name != NULL; rows++)
    if (g_str_equal (rows->name, name))
      return vireo_field_find (tag, rows->field != NULL ? rows->field : rows->name);
  return NULL;
}

static gboolean
refuse_parameter (const char *name, GError **error)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "there is no parameter \"%.100s\" here", name);
  return FALSE;
}

/* ---- rates of interfaces: "inbound.average" and so on ---- */

static gboolean
split_rate (const char *name, gboolean *ret_inbound, const VireoField **ret_field)
{
  const char *dot = strchr (name, '.');

  if (dot == NULL)
    return FALSE;
  *ret_inbound = g_str_has_prefix (name, "inbound.");
  if (!*ret_inbound && !g_str_has_prefix (name, "outbound."))
    return FALSE;
  for (const Parameter *row = rate_rows; row->name != NULL; row++)
    if (g_str_equal (row->name, dot + 1))
      {
        *ret_field = vireo_field_find ("BandwidthRate", row->name);
        return *ret_inbound || !g_str_equal (row->name, "floor");
      }
  return FALSE;
}

static VireoBandwidthRateDef **
rate_place (VireoInterfaceDef *interface, gboolean inbound)
{
  if (interface->bandwidth == NULL)
    interface->bandwidth = vireo_bandwidth_def_new ();
  return inbound ? &interface->bandwidth->inbound : &interface->bandwidth->outbound;
}

static gboolean
set_rate (VireoInterfaceDef *interface, const char *name, GVariant *value, GError **error)
{
  const VireoField *field = NULL;
  VireoBandwidthRateDef **place;
  gboolean inbound;

  if (!split_rate (name, &inbound, &field))
    return refuse_parameter (name, error);
  place = rate_place (interface, inbound);
  if (*place == NULL)
    *place = vireo_bandwidth_rate_def_new ();
  return vireo_field_set (field, *place, value, error);
}

/* What has no average is not limited. */
static void
drop_empty_rates (VireoInterfaceDef *interface)
{
  for (guint inbound = 0; inbound < 2; inbound++)
    {
      VireoBandwidthRateDef **place = rate_place (interface, inbound);

      if (*place != NULL && (!(*place)->has_average || (*place)->average == 0)
          && (!(*place)->has_floor || (*place)->floor == 0))
        g_clear_pointer (place, vireo_bandwidth_rate_def_free);
    }
  if (interface->bandwidth->inbound == NULL && interface->bandwidth->outbound == NULL)
    g_clear_pointer (&interface->bandwidth, vireo_bandwidth_def_free);
}

static void
view_rates (GVariantBuilder *values, const VireoInterfaceDef *interface)
{
  static const char *const directions[] = { "outbound", "inbound" };

  for (guint inbound = 0; inbound < 2; inbound++)
    for (const Parameter *row = rate_rows; row->name != NULL; row++)
      {
        const VireoBandwidthDef *bandwidth = interface->bandwidth;
        const VireoBandwidthRateDef *rate = bandwidth == NULL ? NULL
                                            : inbound         ? bandwidth->inbound
                                                              : bandwidth->outbound;
        g_autofree char *name = g_strconcat (directions[inbound], ".", row->name, NULL);
        GVariant *value
            = rate != NULL ? vireo_field_get (vireo_field_find ("BandwidthRate", row->name), rate)
                           : NULL;

        if (!inbound && g_str_equal (row->name, "floor"))
          continue;
        g_variant_builder_add (values, "{sv}", name,
                               value != NULL ? value : g_variant_new_uint64 (0));
      }
}

/* ---- performance events ---- */

static gboolean
set_perf_event (VireoDomainDef *def, const char *name, GVariant *value, GError **error)
{
  VireoPerfEventDef *event = NULL;

  if (!g_strv_contains (perf_events, name) || !g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return refuse_parameter (name, error);
  for (guint i = 0; i < def->n_perf_events; i++)
    if (g_str_equal (def->perf_events[i]->name, name))
      event = def->perf_events[i];
  if (event == NULL)
    {
      event = vireo_perf_event_def_new ();
      event->name = g_strdup (name);
      vireo_domain_def_add_perf_event (def, event);
    }
  event->enabled = g_variant_get_boolean (value) ? VIREO_TRISTATE_YES : VIREO_TRISTATE_NO;
  return TRUE;
}

static void
view_perf_events (GVariantBuilder *values, const VireoDomainDef *def)
{
  for (gsize i = 0; perf_events[i] != NULL; i++)
    {
      gboolean enabled = FALSE;

      for (guint j = 0; j < def->n_perf_events; j++)
        if (g_str_equal (def->perf_events[j]->name, perf_events[i]))
          enabled = def->perf_events[j]->enabled == VIREO_TRISTATE_YES;
      g_variant_builder_add (values, "{sv}", perf_events[i], g_variant_new_boolean (enabled));
    }
}

/* ---- block devices of the host: "PATH,VALUE,PATH,VALUE" ---- */

static const struct
{
  const char *parameter;
  const char *field;
} device_rows[] = {
  { "device_weight", "weight" },
  { "device_read_iops_sec", "read_iops_sec" },
  { "device_write_iops_sec", "write_iops_sec" },
  { "device_read_bytes_sec", "read_bytes_sec" },
  { "device_write_bytes_sec", "write_bytes_sec" },
};

static VireoBlkioDeviceDef *
ensure_blkio_device (VireoBlkiotuneDef *blkiotune, const char *path)
{
  VireoBlkioDeviceDef *device;

  for (guint i = 0; i < blkiotune->n_devices; i++)
    if (g_strcmp0 (blkiotune->devices[i]->path, path) == 0)
      return blkiotune->devices[i];
  device = vireo_blkio_device_def_new ();
  device->path = g_strdup (path);
  vireo_blkiotune_def_add_device (blkiotune, device);
  return device;
}

static gboolean
set_blkio_devices (VireoBlkiotuneDef *blkiotune,
                   const char *name,
                   const char *field_name,
                   GVariant *value,
                   GError **error)
{
  const VireoField *field = vireo_field_find ("device", field_name);
  gboolean wide = g_str_has_suffix (field_name, "bytes_sec");
  g_auto (GStrv) parts = NULL;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return refuse_parameter (name, error);
  parts = g_strsplit (g_variant_get_string (value, NULL), ",", -1);
  for (gsize i = 0; parts[i] != NULL; i += 2)
    {
      g_autoptr (GVariant) number = NULL;
      guint64 parsed = 0;

      if (parts[i][0] != '/' || parts[i + 1] == NULL
          || !g_ascii_string_to_unsigned (parts[i + 1], 10, 0, wide ? G_MAXUINT64 : G_MAXUINT32,
                                          &parsed, NULL))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s is a list of paths, each with a number behind it: /dev/sda,500", name);
          return FALSE;
        }
      number = g_variant_ref_sink (wide ? g_variant_new_uint64 (parsed)
                                        : g_variant_new_uint32 ((guint) parsed));
      if (!vireo_field_set (field, ensure_blkio_device (blkiotune, parts[i]), number, error))
        return FALSE;
    }
  return TRUE;
}

static void
view_blkio_devices (GVariantBuilder *values, const VireoDomainDef *def)
{
  for (gsize row = 0; row < G_N_ELEMENTS (device_rows); row++)
    {
      const VireoField *field = vireo_field_find ("device", device_rows[row].field);
      g_autoptr (GString) text = g_string_new (NULL);

      for (guint i = 0; def->blkiotune != NULL && i < def->blkiotune->n_devices; i++)
        {
          const VireoBlkioDeviceDef *device = def->blkiotune->devices[i];
          g_autoptr (GVariant) value = vireo_field_get (field, device);
          g_autofree char *number = value != NULL ? g_variant_print (value, FALSE) : NULL;

          if (value != NULL)
            g_string_append_printf (text, "%s%s,%s", text->len > 0 ? "," : "", device->path,
                                    number);
        }
      g_variant_builder_add (values, "{sv}", device_rows[row].parameter,
                             g_variant_new_string (text->str));
    }
}

/* ---- setting ---- */

static gboolean
set_parameter (const VireoDomainEdit *edit,
               VireoDomainDef *def,
               const char *device,
               const char *name,
               GVariant *value,
               GError **error)
{
  const VireoField *field;

  if (edit->kind == VIREO_DOMAIN_EDIT_PERF)
    return set_perf_event (def, name, value, error);
  if (edit->kind == VIREO_DOMAIN_EDIT_INTERFACE)
    return set_rate (find_interface (def, device), name, value, error);
  for (gsize i = 0; edit->kind == VIREO_DOMAIN_EDIT_BLKIO && i < G_N_ELEMENTS (device_rows); i++)
    if (g_str_equal (device_rows[i].parameter, name))
      return set_blkio_devices (ensure_holder (def, edit->kind, NULL), name, device_rows[i].field,
                                value, error);
  field = find_field (kinds[edit->kind].tag, kinds[edit->kind].rows, name);
  if (field == NULL)
    return refuse_parameter (name, error);
  return vireo_field_set (field, ensure_holder (def, edit->kind, device), value, error);
}

static gboolean
has_device (const VireoDomainDef *def, VireoDomainEditKind kind, const char *device, GError **error)
{
  gboolean is_disk = kind == VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE;

  if (device == NULL
      || (is_disk ? (gpointer) find_disk (def, device) : (gpointer) find_interface (def, device))
             != NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "the domain has no %s \"%s\"",
               is_disk ? "disk" : "interface", device);
  return FALSE;
}

/* A total rate and one for a direction exclude each other, for bytes and for requests. */
static gboolean
check_block_rates (const VireoDiskDef *disk, GError **error)
{
  const VireoDiskIotuneDef *rates = disk->iotune;

  if (rates == NULL
      || !((rates->total_bytes_sec > 0 && (rates->read_bytes_sec > 0 || rates->write_bytes_sec > 0))
           || (rates->total_iops_sec > 0
               && (rates->read_iops_sec > 0 || rates->write_iops_sec > 0))))
    return TRUE;
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "a total rate and rates for reading or writing exclude each other");
  return FALSE;
}

gboolean
_vireo_edit_parameters (const VireoDomainEdit *edit,
                        VireoDomainDef *def,
                        gboolean live,
                        GError **error)
{
  gboolean of_device
      = edit->kind == VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE || edit->kind == VIREO_DOMAIN_EDIT_INTERFACE;
  g_autoptr (GVariant) parameters = g_variant_get_child_value (edit->args, of_device ? 1 : 0);
  const char *device = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (of_device)
    g_variant_get_child (edit->args, 0, "&s", &device);
  if (!has_device (def, edit->kind, device, error))
    return FALSE;
  g_variant_iter_init (&iter, parameters);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    if (!set_parameter (edit, def, device, name, value, error))
      {
        g_variant_unref (value);
        return FALSE;
      }
  if (edit->kind == VIREO_DOMAIN_EDIT_INTERFACE)
    drop_empty_rates (find_interface (def, device));
  return edit->kind != VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE
         || check_block_rates (find_disk (def, device), error);
}

/**
 * vireo_domain_view_parameters:
 * @def: a domain
 * @kind: one of the edits that have parameters
 * @device: (nullable): the disk or interface, for those that are about one
 * @error: NotFound
 *
 * Returns: (transfer floating) (nullable): the parameters, as a{sv}; numbers of a device that are
 *   not set are 0, and those of a domain are left out
 * Since: 0.1
 */
GVariant *
vireo_domain_view_parameters (const VireoDomainDef *def,
                              VireoDomainEditKind kind,
                              const char *device,
                              GError **error)
{
  g_autoptr (VireoDomainDef) copy = NULL;
  gconstpointer holder;
  GVariantBuilder values;

  if (!has_device (def, kind, device, error))
    return NULL;
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  if (kind == VIREO_DOMAIN_EDIT_PERF)
    view_perf_events (&values, def);
  else if (kind == VIREO_DOMAIN_EDIT_INTERFACE)
    view_rates (&values, find_interface (def, device));
  if (kind == VIREO_DOMAIN_EDIT_BLKIO)
    view_blkio_devices (&values, def);
  if (kinds[kind].rows == NULL)
    return g_variant_builder_end (&values);
  copy = vireo_domain_def_copy (def);
  holder = ensure_holder (copy, kind, device);
  for (const Parameter *row = kinds[kind].rows; row->name != NULL; row++)
    {
      const VireoField *field = find_field (kinds[kind].tag, kinds[kind].rows, row->name);
      GVariant *value = vireo_field_get (field, holder);

      if (value == NULL && device != NULL && !g_str_equal (row->name, "group_name"))
        value = g_variant_new_uint64 (0);
      if (value != NULL)
        g_variant_builder_add (&values, "{sv}", row->name, value);
    }
  return g_variant_builder_end (&values);
}
