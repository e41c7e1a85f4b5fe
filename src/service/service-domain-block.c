/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Block jobs: what they are asked for, and what is known of them. */

#include "service-domain-work.h"

#include <string.h>

#include "conf/vireo-device.h"
#include "vireo-gate.h"

/* Descriptions of disks are short. */
#define MAX_DISK_TEXT 32768

static VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static const char *
get_disk (VireoCall *call)
{
  const char *disk;

  g_variant_get_child (call->args, 0, "&s", &disk);
  return disk;
}

typedef void (*BeginFunc) (VireoDomainDriver *self,
                           VireoDomainObj *obj,
                           const VireoBlockJobRequest *request,
                           GTask *task);

/* @destination: (nullable): of a copy */
static void
begin (VireoCall *call, const VireoDiskDef *destination)
{
  static const VireoFlagOption options[] = {
    { "shallow", VIREO_BLOCK_JOB_SHALLOW },
    { "reuse-external", VIREO_BLOCK_JOB_REUSE_EXTERNAL },
    { "transient-job", VIREO_BLOCK_JOB_TRANSIENT },
    { "synchronous-writes", VIREO_BLOCK_JOB_SYNCHRONOUS_WRITES },
    { "relative", VIREO_BLOCK_JOB_RELATIVE },
    { "delete", VIREO_BLOCK_JOB_DELETE },
    { "active", VIREO_BLOCK_JOB_ACTIVE },
    { NULL },
  };
  VireoBlockJobRequest request = {
    .disk = get_disk (call),
    .base = vireo_call_get_string (call, "base"),
    .top = vireo_call_get_string (call, "top"),
    .destination = destination,
    .bandwidth = vireo_call_get_uint64 (call, "bandwidth"),
    .granularity = vireo_call_get_uint (call, "granularity"),
    .buffer_size = vireo_call_get_uint64 (call, "buf-size"),
    .flags = vireo_call_get_flags (call, options),
  };

  ((BeginFunc) call->op) (call->part, VIREO_DOMAIN_OBJ (call->node->object), &request,
                          vireo_call_task_job (call));
}

void
vireo_domain_block_begin (VireoCall *call)
{
  begin (call, NULL);
}

/* Where a copy goes may be anywhere on the host. */
void
vireo_domain_prepare_block_copy (VireoCall *call)
{
  vireo_call_require (call, vireo_action_find ("domain", "unrestricted"));
  vireo_call_prepared (call);
}

void
vireo_domain_block_copy (VireoCall *call)
{
  VireoDeviceKind kind;
  GError *error = NULL;
  const char *text;
  gpointer device;

  g_variant_get_child (call->args, 1, "&s", &text);
  if (strlen (text) > MAX_DISK_TEXT)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_LIMIT_EXCEEDED,
                                   "a disk is described in at most %d bytes", MAX_DISK_TEXT);
      return;
    }
  device = vireo_device_parse (text, VIREO_PARSE_NONE, &kind, &error);
  if (device == NULL)
    vireo_call_return_error (call, error);
  else if (kind != VIREO_DEVICE_DISK)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "what is copied to is a `disk` element");
  else
    begin (call, device);
  if (device != NULL)
    vireo_device_free (kind, device);
}

static void
return_info (VireoCall *call, const VireoBlockJobInfo *info)
{
  const VireoNode *node = info->job != NULL ? vireo_node_of (info->job) : NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (info->job != NULL)
    {
      g_variant_dict_insert (&dict, "type", "s", info->type);
      g_variant_dict_insert (&dict, "bandwidth", "t", info->bandwidth);
      g_variant_dict_insert (&dict, "cur", "t", info->current);
      g_variant_dict_insert (&dict, "end", "t", info->end);
      g_variant_dict_insert (&dict, "job", "o", node != NULL ? node->path : "/");
    }
  vireo_call_return (call, g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)));
}

void
vireo_domain_get_block_job_info (VireoCall *call)
{
  VireoBlockJobInfo info;
  GError *error = NULL;

  if (get_iface (call)->get_block_job (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                                       get_disk (call), &info, &error))
    return_info (call, &info);
  else
    vireo_call_return_error (call, error);
}

void
vireo_domain_set_block_job_speed (VireoCall *call)
{
  guint64 bandwidth;

  g_variant_get_child (call->args, 1, "t", &bandwidth);
  get_iface (call)->set_block_job_speed (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                                         get_disk (call), bandwidth,
                                         vireo_call_task_boolean (call));
}

void
vireo_domain_abort_block_job (VireoCall *call)
{
  get_iface (call)->abort_block_job (call->part, VIREO_DOMAIN_OBJ (call->node->object),
                                     get_disk (call), vireo_call_get_boolean (call, "pivot"),
                                     vireo_call_task_boolean (call));
}
