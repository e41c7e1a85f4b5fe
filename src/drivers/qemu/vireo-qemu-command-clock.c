/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clock, timers and what SMBIOS says. */
#include "vireo-qemu-build.h"

#include <string.h>

static gboolean
add_date (GString *options, gint64 seconds, gboolean local, GError **error)
{
  g_autoptr (GDateTime) date = local ? g_date_time_new_from_unix_local (seconds)
                                     : g_date_time_new_from_unix_utc (seconds);
  g_autofree char *text = NULL;

  if (date == NULL)
    return vireo_qemu_unsupported (error, "<clock>: a time beyond all calendars");
  text = g_date_time_format (date, "%Y-%m-%dT%H:%M:%S");
  vireo_qemu_opt_add (options, "base", text);
  return TRUE;
}

static gboolean
add_variable (VireoQemuBuild *build, const VireoClockDef *clock, GString *options, GError **error)
{
  gint64 adjustment = 0;

  if (clock->adjustment != NULL && !g_str_equal (clock->adjustment, "reset")
      && !g_ascii_string_to_signed (clock->adjustment, 10, -(G_GINT64_CONSTANT (1) << 40),
                                    G_GINT64_CONSTANT (1) << 40, &adjustment, NULL))
    return vireo_qemu_unsupported (error, "<clock adjustment='%s'>: not a number of seconds",
                                   clock->adjustment);
  return add_date (options, build->now + adjustment, clock->basis == VIREO_CLOCK_BASIS_LOCALTIME,
                   error);
}

static gboolean
add_base (VireoQemuBuild *build, const VireoClockDef *clock, GString *options, GError **error)
{
  VireoClockOffset offset = clock != NULL ? clock->offset : VIREO_CLOCK_OFFSET_UTC;

  if (offset == VIREO_CLOCK_OFFSET_VARIABLE)
    return add_variable (build, clock, options, error);
  if (offset == VIREO_CLOCK_OFFSET_ABSOLUTE)
    return add_date (options, (gint64) MIN (clock->start, (guint64) G_MAXINT64 / 2), FALSE, error);
  if (offset == VIREO_CLOCK_OFFSET_TIMEZONE)
    {
      if (clock->timezone == NULL)
        return vireo_qemu_unsupported (error, "<clock offset='timezone'>: needs timezone");
      g_ptr_array_add (build->envp, g_strconcat ("TZ=", clock->timezone, NULL));
    }
  vireo_qemu_opt_add (options, "base",
                      offset == VIREO_CLOCK_OFFSET_LOCALTIME
                              || offset == VIREO_CLOCK_OFFSET_TIMEZONE
                          ? "localtime"
                          : "utc");
  return TRUE;
}

static gboolean
refuse_tick_policy (const VireoTimerDef *timer, GError **error)
{
  return vireo_qemu_unsupported (error, "<timer name='%s' tickpolicy='%s'> is not supported",
                                 vireo_timer_name_to_string (timer->name),
                                 vireo_timer_tickpolicy_to_string (timer->tickpolicy));
}

static gboolean
add_rtc (const VireoTimerDef *timer, GString *options, GError **error)
{
  static const char *const tracks[VIREO_TIMER_TRACK_N_VALUES] = {
    [VIREO_TIMER_TRACK_BOOT] = NULL,
    [VIREO_TIMER_TRACK_GUEST] = "vm",
    [VIREO_TIMER_TRACK_WALL] = "host",
    [VIREO_TIMER_TRACK_REALTIME] = "rt",
  };

  if (timer->track == VIREO_TIMER_TRACK_BOOT)
    return vireo_qemu_unsupported (error, "<timer name='rtc' track='boot'> is not supported");
  if (tracks[timer->track] != NULL)
    vireo_qemu_opt_add (options, "clock", tracks[timer->track]);
  if (timer->tickpolicy == VIREO_TIMER_TICKPOLICY_CATCHUP)
    vireo_qemu_opt_add (options, "driftfix", "slew");
  else if (timer->tickpolicy != VIREO_TIMER_TICKPOLICY_UNSET
           && timer->tickpolicy != VIREO_TIMER_TICKPOLICY_DELAY)
    return refuse_tick_policy (timer, error);
  return TRUE;
}

/* The interval timer is KVM's, or QEMU's own, which always catches up. */
static gboolean
add_pit (VireoQemuBuild *build, const VireoTimerDef *timer, GError **error)
{
  gboolean kvm = build->def->type == VIREO_DOMAIN_TYPE_KVM;

  if (timer->tickpolicy == VIREO_TIMER_TICKPOLICY_UNSET
      || timer->tickpolicy == VIREO_TIMER_TICKPOLICY_CATCHUP)
    return TRUE;
  if (kvm && timer->tickpolicy == VIREO_TIMER_TICKPOLICY_DELAY)
    {
      vireo_qemu_build_arg (build, "-global", "kvm-pit.lost_tick_policy=delay");
      return TRUE;
    }
  if (kvm && timer->tickpolicy == VIREO_TIMER_TICKPOLICY_DISCARD)
    {
      vireo_qemu_build_arg (build, "-global", "kvm-pit.lost_tick_policy=discard");
      return TRUE;
    }
  /* Delay is what most definitions say for QEMU without KVM too; it has no other policy there. */
  return timer->tickpolicy == VIREO_TIMER_TICKPOLICY_DELAY ? TRUE
                                                           : refuse_tick_policy (timer, error);
}

static gboolean
add_timers (VireoQemuBuild *build, const VireoClockDef *clock, GString *options, GError **error)
{
  for (guint i = 0; clock != NULL && i < clock->n_timers; i++)
    {
      const VireoTimerDef *timer = clock->timers[i];

      if (timer->name == VIREO_TIMER_NAME_PLATFORM || timer->name == VIREO_TIMER_NAME_ARMVTIMER)
        return vireo_qemu_unsupported (error, "<timer name='%s'> is not supported",
                                       vireo_timer_name_to_string (timer->name));
      if (timer->name == VIREO_TIMER_NAME_RTC && !add_rtc (timer, options, error))
        return FALSE;
      if (timer->name == VIREO_TIMER_NAME_PIT && !add_pit (build, timer, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
vireo_qemu_build_clock (VireoQemuBuild *build, GError **error)
{
  const VireoClockDef *clock = build->def->clock;
  g_autoptr (GString) options = g_string_new (NULL);

  if (!add_base (build, clock, options, error) || !add_timers (build, clock, options, error))
    return FALSE;
  vireo_qemu_build_arg (build, "-rtc", options->str);
  return TRUE;
}

/* --- SMBIOS: what definitions call a field, and what QEMU calls it (the manual page, -smbios). */

typedef struct
{
  const char *name;
  const char *option;
} Field;

static const Field bios_fields[] = {
  { "vendor", "vendor" }, { "version", "version" }, { "date", "date" }, { "release", "release" },
  { NULL, NULL },
};
static const Field system_fields[] = {
  { "manufacturer", "manufacturer" }, { "product", "product" }, { "version", "version" },
  { "serial", "serial" }, { "uuid", "uuid" }, { "sku", "sku" }, { "family", "family" },
  { NULL, NULL },
};
static const Field board_fields[] = {
  { "manufacturer", "manufacturer" }, { "product", "product" }, { "version", "version" },
  { "serial", "serial" }, { "asset", "asset" }, { "location", "location" }, { NULL, NULL },
};
static const Field chassis_fields[] = {
  { "manufacturer", "manufacturer" }, { "version", "version" }, { "serial", "serial" },
  { "asset", "asset" }, { "sku", "sku" }, { NULL, NULL },
};

static const char *
find_option (const Field *fields, const char *name)
{
  for (; fields->name != NULL; fields++)
    if (g_strcmp0 (fields->name, name) == 0)
      return fields->option;
  return NULL;
}

static gboolean
add_block (VireoQemuBuild *build, const VireoSysinfoBlockDef *block, guint type,
           const Field *fields, GError **error)
{
  g_autoptr (GString) options = g_string_new (NULL);

  if (block == NULL)
    return TRUE;
  vireo_qemu_opt_add_uint (options, "type", type);
  for (guint i = 0; i < block->n_entries; i++)
    {
      const VireoSysinfoEntryDef *entry = block->entries[i];
      const char *option = find_option (fields, entry->name);

      if (option == NULL)
        return vireo_qemu_unsupported (error, "<sysinfo>: <entry name='%s'> of SMBIOS type %u is "
                                              "not supported",
                                       entry->name, type);
      vireo_qemu_opt_add (options, option, entry->value != NULL ? entry->value : "");
    }
  vireo_qemu_build_arg (build, "-smbios", options->str);
  return TRUE;
}

static void
add_oem_strings (VireoQemuBuild *build, const VireoSysinfoBlockDef *block)
{
  g_autoptr (GString) options = g_string_new (NULL);

  if (block == NULL)
    return;
  vireo_qemu_opt_add_uint (options, "type", 11);
  for (guint i = 0; i < block->n_entries; i++)
    vireo_qemu_opt_add (options, "value",
                        block->entries[i]->value != NULL ? block->entries[i]->value : "");
  vireo_qemu_build_arg (build, "-smbios", options->str);
}

static gboolean
add_smbios (VireoQemuBuild *build, const VireoSysinfoDef *sysinfo, GError **error)
{
  if (!add_block (build, sysinfo->bios, 0, bios_fields, error)
      || !add_block (build, sysinfo->system, 1, system_fields, error))
    return FALSE;
  for (guint i = 0; i < sysinfo->n_base_boards; i++)
    if (!add_block (build, sysinfo->base_boards[i], 2, board_fields, error))
      return FALSE;
  if (!add_block (build, sysinfo->chassis, 3, chassis_fields, error))
    return FALSE;
  add_oem_strings (build, sysinfo->oem_strings);
  return TRUE;
}

static gboolean
add_fw_cfg (VireoQemuBuild *build, const VireoSysinfoDef *sysinfo, GError **error)
{
  for (guint i = 0; i < sysinfo->n_entries; i++)
    {
      const VireoSysinfoEntryDef *entry = sysinfo->entries[i];
      g_autoptr (GString) options = g_string_new (NULL);

      if (entry->name == NULL || entry->file != NULL)
        return vireo_qemu_unsupported (
            error, "<sysinfo type='fwcfg'>: an <entry> needs a name, and its value as text");
      vireo_qemu_opt_add (options, "name", entry->name);
      vireo_qemu_opt_add (options, "string", entry->value != NULL ? entry->value : "");
      vireo_qemu_build_arg (build, "-fw_cfg", options->str);
    }
  return TRUE;
}

gboolean
vireo_qemu_build_smbios (VireoQemuBuild *build, GError **error)
{
  const VireoDomainDef *def = build->def;

  if (def->os->smbios == VIREO_SMBIOS_MODE_HOST)
    return vireo_qemu_unsupported (error, "<os><smbios mode='host'> is not supported");
  for (guint i = 0; i < def->n_sysinfos; i++)
    {
      const VireoSysinfoDef *sysinfo = def->sysinfos[i];
      gboolean wanted = def->os->smbios == VIREO_SMBIOS_MODE_SYSINFO;

      if (sysinfo->type == VIREO_SYSINFO_TYPE_FWCFG)
        {
          if (!add_fw_cfg (build, sysinfo, error))
            return FALSE;
        }
      else if (wanted && !add_smbios (build, sysinfo, error))
        return FALSE;
    }
  return TRUE;
}
