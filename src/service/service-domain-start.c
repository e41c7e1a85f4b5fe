/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starting domains, those that have a definition and those that get one for as long as they run. */

#include "service-domain-work.h"
#include "vireo-define.h"
#include "vireo-handlers.h"

static VireoDomainDriverInterface *
get_iface (VireoCall *call)
{
  return VIREO_DOMAIN_DRIVER_GET_IFACE (call->part);
}

static VireoDomainStartFlags
get_flags (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "paused", VIREO_DOMAIN_START_PAUSED },
    { "force-boot", VIREO_DOMAIN_START_FORCE_BOOT },
    { "bypass-cache", VIREO_DOMAIN_START_BYPASS_CACHE },
    { "reset-nvram", VIREO_DOMAIN_START_RESET_NVRAM },
    { NULL },
  };

  return vireo_call_get_flags (call, options);
}

/* ---- for as long as the caller is there ---- */

static void
return_path (VireoCall *call, VireoNode *node)
{
  vireo_call_return (call, node != call->node ? g_variant_new ("(o)", node->path) : NULL);
}

typedef struct
{
  VireoCall *call;
  VireoNode *node;
} Bound;

static void
on_bound (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Bound *bound = user_data;
  g_autoptr (GError) error = NULL;

  /* It is so all the same, but for a daemon that comes after this one. */
  if (!vireo_autodestroy_bind_finish (vireo_server_get_autodestroy (bound->call->server), result,
                                      &error))
    g_warning ("%s: %s", bound->node->path, error->message);
  return_path (bound->call, bound->node);
  vireo_node_unref (bound->node);
  g_free (bound);
}

/* What runs now is at @node. */
static void
return_started (VireoCall *call, VireoNode *node)
{
  Bound *bound;

  if (!vireo_call_get_boolean (call, "autodestroy"))
    {
      return_path (call, node);
      return;
    }
  bound = g_new (Bound, 1);
  *bound = (Bound){ call, vireo_node_ref (node) };
  vireo_autodestroy_bind_async (vireo_server_get_autodestroy (call->server), node, call->caller,
                                on_bound, bound);
}

/* ---- with a definition ---- */

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    return_started (call, call->node);
  else
    vireo_call_return_error (call, error);
}

void
vireo_domain_start (VireoCall *call)
{
  get_iface (call)->start (call->part, VIREO_DOMAIN_OBJ (call->node->object), get_flags (call),
                           vireo_call_task (call, on_started));
}

void
vireo_domain_start_with_files (VireoCall *call)
{
  g_autoptr (GUnixFDList) files = vireo_call_get_fds (call, 0);

  if (files != NULL)
    get_iface (call)->start_with_files (call->part, VIREO_DOMAIN_OBJ (call->node->object), files,
                                        get_flags (call), vireo_call_task (call, on_started));
}

/* ---- without one ---- */

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoNode *node = vireo_call_take_node (user_data, result);

  if (node != NULL)
    return_started (user_data, node);
}

void
vireo_connection_create_domain (VireoCall *call)
{
  get_iface (call)->create (call->part, call->def, vireo_define_get_owner (call), get_flags (call),
                            vireo_call_task (call, on_created));
}

void
vireo_connection_create_domain_with_files (VireoCall *call)
{
  g_autoptr (GUnixFDList) files = vireo_call_get_fds (call, 1);

  if (files != NULL)
    get_iface (call)->create_with_files (call->part, call->def, vireo_define_get_owner (call),
                                         files, get_flags (call),
                                         vireo_call_task (call, on_created));
}
