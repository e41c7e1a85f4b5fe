/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-backend.h"

#include "util/vireo-task.h"
#include "vireo-qemu-commands.h"
#include "vireo-qemu-open.h"
#include "vireo-qemu-postparse.h"

/* ---- the emulator ---- */

static void
on_caps (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  VireoQemuCaps **ret_caps = g_task_get_task_data (task);
  GError *error = NULL;

  *ret_caps = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &error);
  vireo_task_end (task, *ret_caps != NULL, error);
}

void
vireo_qemu_backend_find_caps (VireoQemuDomain *self,
                              const VireoDomainDef *def,
                              VireoQemuCaps **ret_caps,
                              GTask *task)
{
  g_autofree char *emulator = vireo_qemu_post_parse_emulator (def);

  if (emulator == NULL)
    {
      vireo_task_end (task, FALSE,
                      g_error_new (VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                                   "the definition names no emulator, and there is none for its "
                                   "architecture"));
      return;
    }
  g_task_set_task_data (task, ret_caps, NULL);
  vireo_qemu_caps_cache_get_async (self->driver->caps, emulator, g_task_get_cancellable (task),
                                   on_caps, task);
}

/* ---- images ---- */

typedef struct
{
  VireoQemuDomain *domain;
  const VireoDiskDef *disk;
  GPtrArray **ret_chain;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_object_unref (opening->domain);
  g_free (opening);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  const Opening *opening = g_task_get_task_data (task);
  GPtrArray **chain = opening->ret_chain;
  GError *error = NULL;
  gboolean success = vireo_qemu_open_disk_finish (result, chain, &error)
                     && vireo_qemu_domain_check_active (opening->domain, &error);

  if (success && *chain != NULL)
    {
      opening->domain->status->next_fdset += (*chain)->len;
      success = vireo_qemu_domain_claim (opening->domain, opening->disk, *chain, &error);
    }
  vireo_task_end (task, success, error);
}

void
vireo_qemu_backend_open_disk (VireoQemuDomain *self,
                              const VireoDiskDef *disk,
                              GPtrArray **ret_chain,
                              GTask *task)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->domain = g_object_ref (self);
  opening->disk = disk;
  opening->ret_chain = ret_chain;
  g_task_set_task_data (task, opening, opening_free);
  vireo_qemu_open_disk_async (disk, self->driver->storage, VIREO_DOMAIN_OBJ (self),
                              self->status->next_fdset, g_task_get_cancellable (task), on_opened,
                              task);
}

void
vireo_qemu_backend_close_disk (VireoQemuDomain *self, const GPtrArray *chain)
{
  for (guint i = 0; chain != NULL && self->status != NULL && i < chain->len; i++)
    vireo_qemu_domain_disclaim (self, ((const VireoQemuImage *) chain->pdata[i])->fdset);
}

/* ---- commands ---- */

/* The places before the device's are left empty. */
static VireoQemuResources *
make_resources (VireoDeviceKind kind, guint index, GPtrArray *chain, int tap)
{
  VireoQemuResources *resources = vireo_qemu_resources_new ();
  const int none = -1;

  for (guint i = 0; i < index && kind == VIREO_DEVICE_DISK; i++)
    g_ptr_array_add (resources->disks, NULL);
  if (chain != NULL)
    g_ptr_array_add (resources->disks, g_ptr_array_ref (chain));
  for (guint i = 0; i < index && kind == VIREO_DEVICE_INTERFACE; i++)
    g_array_append_val (resources->taps, none);
  if (kind == VIREO_DEVICE_INTERFACE)
    g_array_append_val (resources->taps, tap);
  return resources;
}

GPtrArray *
vireo_qemu_backend_build_plug (const VireoDomainDef *def,
                               VireoQemuCaps *caps,
                               VireoDeviceKind kind,
                               guint index,
                               GPtrArray *chain,
                               int tap,
                               VireoQemuPlugPart part,
                               GError **error)
{
  VireoQemuResources *resources = make_resources (kind, index, chain, tap);
  const VireoQemuCommandInput input = {
    .def = def, .caps = caps, .resources = resources, .now = g_get_real_time () / G_USEC_PER_SEC
  };
  GPtrArray *commands = vireo_qemu_command_build_plug (&input, kind, index, part, error);

  if (commands != NULL && chain != NULL)
    vireo_qemu_commands_pass_images (commands, chain);
  /* Or the resources would close it. */
  g_array_set_size (resources->taps, 0);
  vireo_qemu_resources_free (resources);
  return commands;
}
