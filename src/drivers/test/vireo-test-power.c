/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sleep, confidential guests, and how fast memory changes. */

#include "util/vireo-error.h"
#include "vireo-test-domains.h"
#include "vireo-test-operation.h"

/* What a guest without work changes, in MiB/s for each of its processors. */
#define IDLE_DIRTY_RATE 4

/* ---- sleep ---- */

static void
wake_up (VireoTestGuest *guest)
{
  g_clear_handle_id (&guest->wakeup_id, g_source_remove);
  guest->suspended = NULL;
  vireo_domain_obj_set_state (guest->domain, VIREO_DOMAIN_STATE_RUNNING, "wakeup");
  vireo_domain_obj_emit_lifecycle (guest->domain, "started", "wakeup");
  vireo_obj_emit_event (VIREO_OBJ (guest->domain), "PmWokeUp", NULL);
}

static gboolean
slept_long_enough (gpointer data)
{
  VireoTestGuest *guest = data;

  guest->wakeup_id = 0;
  wake_up (guest);
  return G_SOURCE_REMOVE;
}

static GVariant *
fall_asleep (VireoTestGuest *guest, const char *target, guint64 duration)
{
  VireoDomainObj *domain = guest->domain;
  gboolean to_disk = g_str_equal (target, "disk");

  vireo_obj_emit_event (VIREO_OBJ (domain), "PmSuspended",
                        g_variant_new ("(s)", to_disk ? "disk" : "mem"));
  if (to_disk)
    {
      /* Its state is on its disk then: the machine is off. */
      vireo_test_domains_power_off (domain);
      return vireo_test_done ();
    }
  guest->suspended = "mem";
  vireo_domain_obj_set_state (domain, VIREO_DOMAIN_STATE_PMSUSPENDED, "unknown");
  vireo_domain_obj_emit_lifecycle (domain, "pmsuspended", "memory");
  if (duration > 0)
    guest->wakeup_id
        = g_timeout_add_seconds ((guint) MIN (duration, 86400), slept_long_enough, guest);
  return vireo_test_done ();
}

static GVariant *
pm_suspend_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  static const char *const targets[] = { "mem", "disk", "hybrid", NULL };
  const char *target;
  guint64 duration;

  g_variant_get_child (args, 0, "&s", &target);
  g_variant_get_child (args, 1, "t", &duration);
  if (!g_strv_contains (targets, target))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "a guest sleeps in mem, disk or hybrid, not in \"%.100s\"", target);
  else if (vireo_domain_obj_get_state (guest->domain) != VIREO_DOMAIN_STATE_RUNNING)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "the guest does not run");
  else if (!vireo_test_guest_has_agent (guest))
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                         "the guest has no agent that could put it to sleep");
  else
    return fall_asleep (guest, target, duration);
  return NULL;
}

static GVariant *
pm_wakeup_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  if (guest->suspended == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                           "the guest does not sleep");
      return NULL;
    }
  wake_up (guest);
  return vireo_test_done ();
}

/* ---- confidential guests ---- */

static const VireoLaunchSecurityDef *
need_sev (VireoTestGuest *guest, GError **error)
{
  const VireoDomainDef *def = vireo_domain_obj_get_live_def (guest->domain);

  if (def->launch_security == NULL)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                         "the guest is not a confidential one");
  return def->launch_security;
}

static GVariant *
get_launch_security_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  const VireoLaunchSecurityDef *sev = need_sev (guest, error);
  const char *uuid = vireo_obj_get_uuid (VIREO_OBJ (guest->domain));
  g_autofree char *measurement = NULL;
  GVariantBuilder info;

  if (sev == NULL)
    return NULL;
  measurement = g_base64_encode ((const guchar *) uuid, 36);
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "sev-measurement", g_variant_new_string (measurement));
  g_variant_builder_add (&info, "{sv}", "sev-api-major", g_variant_new_uint32 (1));
  g_variant_builder_add (&info, "{sv}", "sev-api-minor", g_variant_new_uint32 (0));
  g_variant_builder_add (&info, "{sv}", "sev-build-id", g_variant_new_uint32 (1));
  g_variant_builder_add (&info, "{sv}", "sev-policy", g_variant_new_uint32 (sev->policy));
  return g_variant_new ("(a{sv})", &info);
}

static GVariant *
set_launch_security_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  g_autoptr (GVariant) state = g_variant_get_child_value (args, 0);
  const char *header, *secret;

  if (need_sev (guest, error) == NULL)
    return NULL;
  if (vireo_domain_obj_get_state (guest->domain) != VIREO_DOMAIN_STATE_PAUSED)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                         "a secret is handed over before the guest runs: start it paused");
  else if (!g_variant_lookup (state, "sev-secret-header", "&s", &header)
           || !g_variant_lookup (state, "sev-secret", "&s", &secret))
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                         "sev-secret-header and sev-secret are both needed");
  else
    {
      guest->launch_secret = TRUE;
      return vireo_test_done ();
    }
  return NULL;
}

/* ---- how fast memory changes ---- */

static gboolean
measured (gpointer data)
{
  VireoTestGuest *guest = data;
  guint vcpus;

  g_object_get (guest->domain, "vcpus", &vcpus, NULL);
  guest->dirty_id = 0;
  guest->dirty_rate = vireo_domain_obj_get_state (guest->domain) == VIREO_DOMAIN_STATE_RUNNING
                          ? (gint64) vcpus * IDLE_DIRTY_RATE
                          : 0;
  return G_SOURCE_REMOVE;
}

static GVariant *
start_dirty_rate_now (VireoTestGuest *guest, GVariant *args, GError **error)
{
  static const char *const modes[] = { "page-sampling", "dirty-bitmap", "dirty-ring", NULL };
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 1);
  const char *mode = modes[0];
  guint seconds;

  g_variant_get_child (args, 0, "u", &seconds);
  g_variant_lookup (options, "mode", "&s", &mode);
  if (seconds < 1 || seconds > 60 || !g_strv_contains (modes, mode))
    g_set_error (
        error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
        "it is measured for 1 to 60 seconds, by page-sampling, dirty-bitmap or dirty-ring, "
        "not for %u by \"%.100s\"",
        seconds, mode);
  else if (guest->dirty_id != 0)
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_BUSY, "it is being measured already");
  else
    {
      guest->dirty_seconds = seconds;
      guest->dirty_rate = -1;
      guest->dirty_id = g_timeout_add_seconds (seconds, measured, guest);
      return vireo_test_done ();
    }
  return NULL;
}

VIREO_TEST_OPERATION (pm_suspend)
VIREO_TEST_OPERATION (pm_wakeup)
VIREO_TEST_OPERATION (get_launch_security)
VIREO_TEST_OPERATION (set_launch_security)
VIREO_TEST_OPERATION (start_dirty_rate)

void
vireo_test_power_fill (VireoDomainDriverInterface *iface)
{
  iface->pm_suspend = pm_suspend;
  iface->pm_wakeup = pm_wakeup;
  iface->get_launch_security = get_launch_security;
  iface->set_launch_security = set_launch_security;
  iface->start_dirty_rate = start_dirty_rate;
}
