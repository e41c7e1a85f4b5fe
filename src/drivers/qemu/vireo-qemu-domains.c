/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-domains.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "drivers/common/vireo-domain-files.h"
#include "vireo-qemu-agent.h"
#include "vireo-qemu-command.h"
#include "vireo-qemu-guest.h"
#include "vireo-qemu-moments.h"
#include "vireo-qemu-monitor-command.h"
#include "vireo-qemu-postparse.h"
#include "vireo-qemu-stats.h"
#include "vireo-qemu-undefine.h"

static const VireoQemuTimeouts default_timeouts = {
  .start = 30000,
  .quit = 3000,
  .terminate = 2000,
  .kill = 10000,
  .graceful = 5000,
  .unplug = 10000,
  .stats = 5000,
};

static void domain_driver_init (VireoDomainDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoQemuDomains, vireo_qemu_domains, VIREO_TYPE_DOMAIN_KEEPER,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_DOMAIN_DRIVER,
                                                      domain_driver_init))

static void
domain_driver_init (VireoDomainDriverInterface *iface)
{
  iface->create = vireo_qemu_create;
  iface->start = vireo_qemu_start;
  iface->shutdown = vireo_qemu_shutdown;
  iface->reboot = vireo_qemu_reboot;
  iface->reset = vireo_qemu_reset;
  iface->destroy = vireo_qemu_destroy;
  iface->suspend = vireo_qemu_suspend;
  iface->resume = vireo_qemu_resume;
  iface->open_console = vireo_qemu_open_console;
  iface->get_stats = vireo_qemu_get_stats;
  iface->get_block_info = vireo_qemu_get_block_info;
  iface->block_resize = vireo_qemu_block_resize;
  vireo_qemu_snapshots_fill (iface);
  vireo_qemu_undefine_fill (iface);
  iface->associate_fds = vireo_domain_files_associate;
  iface->screenshot = vireo_qemu_screenshot;
  iface->open_graphics = vireo_qemu_open_graphics;
  iface->inject_nmi = vireo_qemu_inject_nmi;
  iface->send_key = vireo_qemu_send_key;
  iface->run_monitor_command = vireo_qemu_run_monitor_command;
  iface->watch_monitors = vireo_qemu_watch_monitors;
  vireo_qemu_agent_fill (iface);
}

/* ---- completing definitions ---- */

static void
on_caps (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (VireoQemuCaps) caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &error);

  if (caps != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
prepare (VireoKeeper *keeper, gconstpointer def, GTask *task)
{
  VireoQemuDomains *self = VIREO_QEMU_DOMAINS (keeper);
  g_autofree char *emulator = vireo_qemu_post_parse_emulator (def);

  if (emulator != NULL)
    {
      vireo_qemu_caps_cache_get_async (self->caps, emulator, g_task_get_cancellable (task),
                                       on_caps, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
complete (VireoKeeper *keeper, gpointer *def, gboolean existing, VireoParseFlags flags,
          GPtrArray **ret_problems, GError **error)
{
  VireoDomainDef *domain = *def;
  gboolean success = vireo_post_parse_run (&domain, &vireo_qemu_post_parse_ops,
                                           VIREO_QEMU_DOMAINS (keeper)->caps, existing, flags,
                                           ret_problems, error);

  *def = domain;
  return success;
}

static void
validate (VireoKeeper *keeper, gconstpointer def, GPtrArray *problems)
{
  vireo_qemu_validate (def, problems);
}

static void
made (VireoKeeper *keeper, VireoObj *obj)
{
  VIREO_QEMU_DOMAIN (obj)->driver = VIREO_QEMU_DOMAINS (keeper);
}

/* ---- the object ---- */

static void
vireo_qemu_domains_finalize (GObject *object)
{
  VireoQemuDomains *self = VIREO_QEMU_DOMAINS (object);

  g_clear_object (&self->networks);
  g_clear_object (&self->storage);
  g_clear_object (&self->caps);
  g_clear_error (&self->identity_error);
  g_clear_object (&self->statuses);
  g_clear_object (&self->snapshots);
  g_clear_pointer (&self->images, vireo_qemu_image_registry_free);
  g_clear_pointer (&self->log_guard, vireo_qemu_log_guard_free);
  g_free (self->run_dir);
  g_free (self->log_dir);
  G_OBJECT_CLASS (vireo_qemu_domains_parent_class)->finalize (object);
}

static void
vireo_qemu_domains_class_init (VireoQemuDomainsClass *klass)
{
  VireoKeeperClass *keeper_class = VIREO_KEEPER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = vireo_qemu_domains_finalize;
  keeper_class->obj_type = VIREO_TYPE_QEMU_DOMAIN;
  keeper_class->prepare = prepare;
  keeper_class->complete = complete;
  keeper_class->validate = validate;
  keeper_class->made = made;
  VIREO_DOMAIN_KEEPER_CLASS (klass)->edit_live = vireo_qemu_edit_live;
}

static void
vireo_qemu_domains_init (VireoQemuDomains *self)
{
  self->images = vireo_qemu_image_registry_new ();
  self->next_id = 1;
  self->timeouts = default_timeouts;
}

VireoQemuDomains *
vireo_qemu_domains_new (const VireoEnv *env,
                        VireoNetworkDriver *networks,
                        VireoStorageDriver *storage)
{
  g_autofree char *state_dir = g_build_filename (env->state_dir, "qemu", NULL);
  g_autofree char *statuses = g_build_filename (env->run_dir, "qemu", "status", NULL);
  g_autofree char *snapshots = g_build_filename (state_dir, "snapshots", NULL);
  g_autofree char *cache_dir = g_build_filename (env->cache_dir, "qemu", NULL);
  VireoQemuDomains *self
      = g_object_new (VIREO_TYPE_QEMU_DOMAINS, "state-dir", state_dir, NULL);

  self->env = env;
  g_set_object (&self->networks, networks);
  g_set_object (&self->storage, storage);
  self->run_dir = g_build_filename (env->run_dir, "qemu", NULL);
  self->log_dir = g_build_filename (env->log_dir, "qemu", NULL);
  self->statuses = vireo_store_new (statuses);
  self->snapshots = vireo_store_new (snapshots);
  vireo_qemu_identity_look_up (env->session ? NULL : env->guest_user, &self->identity,
                               &self->identity_error);
  self->caps = vireo_qemu_caps_cache_new (cache_dir, &self->identity);
  return self;
}

/* ---- opening ---- */

static gboolean
make_folders (VireoQemuDomains *self, GError **error)
{
  g_autoptr (GError) ignored = NULL;

  /* Guests reach their own folders through it, and see no names in it. */
  if (g_mkdir_with_parents (self->run_dir, 0711) != 0 || chmod (self->run_dir, 0711) != 0)
    {
      vireo_error_set_errno (error, errno, "cannot make the folder %s", self->run_dir);
      return FALSE;
    }
  self->log_guard = vireo_qemu_log_guard_new (self->log_dir, &ignored);
  if (self->log_guard == NULL)
    g_warning ("logs of guests are not kept short: %s", ignored->message);
  return vireo_store_prepare (self->statuses, error)
         && vireo_store_prepare (self->snapshots, error);
}

static void
on_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  vireo_qemu_autostart (VIREO_QEMU_DOMAINS (g_task_get_task_data (task)));
  g_task_return_boolean (task, TRUE);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuDomains *self = VIREO_QEMU_DOMAINS (source);
  GError *error = NULL;

  if (!vireo_keeper_load_finish (VIREO_KEEPER (self), result, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_qemu_moments_load (self);
  vireo_qemu_attach_all (self, g_task_new (self, NULL, on_attached, task));
}

void
vireo_qemu_domains_open (VireoQemuDomains *self, GTask *task)
{
  GError *error = NULL;

  if (!make_folders (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, g_object_ref (self), g_object_unref);
  vireo_keeper_load_async (VIREO_KEEPER (self), g_task_get_cancellable (task), on_loaded, task);
}
