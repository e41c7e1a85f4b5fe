/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-signals.h"

#include "drivers/vireo-job.h"
#include "libvirt-domain-disks.h"
#include "libvirt-domain-save.h"
#include "libvirt-domain-tune.h"
#include "vireo-libvirt-convert.h"
#include "vireo-libvirt-signals.h"

static void
emit_lifecycle (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  const char *event_word, *detail_word;
  gint event, detail;

  g_variant_get (args, "(&s&s)", &event_word, &detail_word);
  if (vireo_libvirt_domain_event (event_word, detail_word, &event, &detail))
    vireo_libvirt_signals_emit_event (signals, node, "DomainEvent", event, detail);
}

static void
emit_tray (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const reasons[] = { "open", "close", NULL };
  const char *alias, *reason;

  g_variant_get (args, "(&s&s)", &alias, &reason);
  vireo_libvirt_signals_emit (
      signals, node, "TrayChange",
      g_variant_new ("(si)", alias, vireo_libvirt_number (reasons, reason, 0)));
}

static void
emit_metadata (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  const char *type, *uri;

  g_variant_get (args, "(&s&s)", &type, &uri);
  vireo_libvirt_signals_emit (
      signals, node, "MetadataChange",
      g_variant_new ("(is)", vireo_libvirt_number (vireo_libvirt_metadata_types, type, 2), uri));
}

static void
emit_tunable (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  g_autoptr (GVariant) parameters = g_variant_get_child_value (args, 0);

  vireo_libvirt_signals_emit (signals, node, "Tunable",
                              g_variant_new ("(@a{sv})", vireo_libvirt_wrap_values (parameters)));
}

/* Numbers that begin at 1. */
static void
emit_agent (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const states[] = { "", "connected", "disconnected", NULL };
  static const char *const reasons[] = { "unknown", "domain-started", "channel", NULL };
  const char *state, *reason;

  g_variant_get (args, "(&s&s)", &state, &reason);
  vireo_libvirt_signals_emit (signals, node, "AgentEvent",
                              g_variant_new ("(ii)", vireo_libvirt_number (states, state, 2),
                                             vireo_libvirt_number (reasons, reason, 0)));
}

static void
emit_block_job (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const statuses[] = { "completed", "failed", "canceled", "ready", NULL };
  const char *disk, *type, *status;

  g_variant_get (args, "(&s&s&s)", &disk, &type, &status);
  vireo_libvirt_signals_emit (
      signals, node, "BlockJob",
      g_variant_new ("(sii)", disk, vireo_libvirt_number (vireo_libvirt_block_job_types, type, 0),
                     vireo_libvirt_number (statuses, status, 1)));
}

static void
emit_disk_change (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const reasons[] = { "missing-on-start", "dropped-on-start", NULL };
  const char *old, *new, *alias, *reason;

  g_variant_get (args, "(&s&s&s&s)", &old, &new, &alias, &reason);
  vireo_libvirt_signals_emit (
      signals, node, "DiskChange",
      g_variant_new ("(sssi)", old, new, alias, vireo_libvirt_number (reasons, reason, 0)));
}

/* One end of a display's connection. */
static GVariant *
end_of (GVariant *args, gsize index)
{
  static const char *const families[] = { "ipv4", "ipv6", "unix", NULL };
  const char *family, *address, *port;

  g_variant_get_child (args, index, "(&s&s&s)", &family, &address, &port);
  return g_variant_new ("(iss)", vireo_libvirt_number (families, family, 0), address, port);
}

static void
emit_graphics (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const phases[] = { "connect", "initialize", "disconnect", NULL };
  g_autoptr (GVariant) identities = g_variant_get_child_value (args, 4);
  const char *phase, *auth;

  g_variant_get_child (args, 0, "&s", &phase);
  g_variant_get_child (args, 3, "&s", &auth);
  vireo_libvirt_signals_emit (signals, node, "Graphics",
                              g_variant_new ("(i@(iss)@(iss)s@a(ss))",
                                             vireo_libvirt_number (phases, phase, 0),
                                             end_of (args, 1), end_of (args, 2), auth, identities));
}

static void
emit_io_error (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const actions[] = { "none", "pause", "report", NULL };
  const char *path, *alias, *action, *reason;

  g_variant_get (args, "(&s&s&s&s)", &path, &alias, &action, &reason);
  vireo_libvirt_signals_emit (
      signals, node, "IOError",
      g_variant_new ("(ssis)", path, alias, vireo_libvirt_number (actions, action, 0), reason));
}

/* The only reason that there is, of all of them, is 0. */
static void
emit_pm_suspend (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  const char *target;

  g_variant_get (args, "(&s)", &target);
  vireo_libvirt_signals_emit (signals, node,
                              g_str_equal (target, "disk") ? "PMSuspendDisk" : "PMSuspend",
                              g_variant_new ("(i)", 0));
}

static void
emit_pm_wakeup (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  vireo_libvirt_signals_emit (signals, node, "PMWakeup", g_variant_new ("(i)", 0));
}

static void
emit_iteration (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  guint iteration;

  g_variant_get (args, "(u)", &iteration);
  vireo_libvirt_signals_emit (signals, node, "MigrationIteration",
                              g_variant_new ("(i)", (gint) MIN (iteration, G_MAXINT)));
}

static void
emit_watchdog (VireoLibvirtSignals *signals, VireoNode *node, GVariant *args)
{
  static const char *const actions[]
      = { "none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi", NULL };
  const char *action;

  g_variant_get (args, "(&s)", &action);
  vireo_libvirt_signals_emit (signals, node, "Watchdog",
                              g_variant_new ("(i)", vireo_libvirt_number (actions, action, 0)));
}

/* Those that went somewhere: it is told of saves, dumps, migrations and backups. */
static const gint told_operations[] = { 2, 5, 8, 9 };

static gboolean
is_told (GVariant *stats)
{
  gint operation = vireo_libvirt_job_operation (stats);
  gboolean success = FALSE;

  g_variant_lookup (stats, "success", "b", &success);
  for (gsize i = 0; i < G_N_ELEMENTS (told_operations); i++)
    if (told_operations[i] == operation)
      return success || g_variant_lookup (stats, "data_total", "t", NULL);
  return FALSE;
}

static void
emit_job_completed (VireoLibvirtSignals *signals, VireoNode *job, GVariant *args)
{
  g_autoptr (GVariant) stats = g_variant_ref_sink (vireo_job_describe (VIREO_JOB (job->object)));
  g_autoptr (GVariant) theirs = vireo_libvirt_job_stats (stats);

  if (is_told (stats))
    vireo_libvirt_signals_emit (signals, job->subject, "JobCompleted",
                                g_variant_new ("(@a{sv})", vireo_libvirt_wrap_values (theirs)));
}

const VireoLibvirtSignal vireo_libvirt_domain_signals[] = {
  { "Lifecycle", .emit = emit_lifecycle },
  { "AgentLifecycle", .emit = emit_agent },
  { "BalloonChanged", "BalloonChange" },
  { "BlockJob", .emit = emit_block_job },
  { "BlockThresholdReached", "BlockThreshold" },
  { "ControlError", "ControlError" },
  { "DeviceAdded", "DeviceAdded" },
  { "DeviceRemovalFailed", "DeviceRemovalFailed" },
  { "DeviceRemoved", "DeviceRemoved" },
  { "DiskChanged", .emit = emit_disk_change },
  { "Graphics", .emit = emit_graphics },
  { "IoError", .emit = emit_io_error },
  { "Completed", .of_jobs = TRUE, .emit = emit_job_completed },
  { "MetadataChanged", .emit = emit_metadata },
  { "MigrationIteration", .emit = emit_iteration },
  { "PmSuspended", .emit = emit_pm_suspend },
  { "PmWokeUp", .emit = emit_pm_wakeup },
  { "Rebooted", "Reboot" },
  { "RtcChanged", "RTCChange" },
  { "TrayChanged", .emit = emit_tray },
  { "TunableChanged", .emit = emit_tunable },
  { "Watchdog", .emit = emit_watchdog },
  { NULL },
};
