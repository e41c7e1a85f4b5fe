/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Snapshots and checkpoints: making them, and what both have in common. */

#include "service-domain-moments.h"

#include <string.h>

#include "vireo-documents.h"
#include "vireo-gate.h"
#include "vireo-handlers.h"

/* ---- lists ---- */

typedef struct
{
  const char *state;
  const char *location;
} Filters;

/* What a snapshot of is asked for by these is not its state word for word. */
static gboolean
is_in_state (VireoMomentObj *moment, const char *wanted)
{
  const VireoDomainSnapshotDef *def = vireo_moment_obj_get_def (moment);
  gboolean disks = def->state == VIREO_SNAPSHOT_STATE_DISK_SNAPSHOT;
  gboolean off = def->state == VIREO_SNAPSHOT_STATE_SHUTOFF;

  if (g_str_equal (wanted, "disk-only"))
    return disks;
  return g_str_equal (wanted, "inactive") ? off : !off && !disks;
}

static gboolean
read_choice (VireoCall *call,
             const char *option,
             const char *const *choices,
             const char **ret_value)
{
  *ret_value = vireo_call_get_string (call, option);
  if (*ret_value == NULL || g_strv_contains (choices, *ret_value))
    return TRUE;
  vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT, "there is no %s \"%s\"", option,
                               *ret_value);
  return FALSE;
}

static gboolean
matches (VireoCall *call, VireoMomentObj *moment, const Filters *filters)
{
  gboolean wanted;

  if (vireo_call_find_boolean (call, "roots", &wanted)
      && wanted != (vireo_moment_obj_get_parent (moment) == NULL))
    return FALSE;
  if (vireo_call_find_boolean (call, "leaves", &wanted)
      && wanted == vireo_moment_obj_has_children (moment))
    return FALSE;
  if (filters->state != NULL && !is_in_state (moment, filters->state))
    return FALSE;
  return filters->location == NULL
         || g_str_equal (filters->location, "external")
                == vireo_snapshot_def_is_external (vireo_moment_obj_get_def (moment));
}

/* Of a domain all that it has; of one of them those below it. Parents come before their children.
 * %NULL when the call was answered. */
static GPtrArray *
collect (VireoCall *call)
{
  static const char *const states[] = { "active", "inactive", "disk-only", NULL };
  static const char *const locations[] = { "internal", "external", NULL };
  VireoObj *object = vireo_call_get_object (call);
  VireoMomentObj *above = VIREO_IS_MOMENT_OBJ (object) ? VIREO_MOMENT_OBJ (object) : NULL;
  gboolean descendants = above == NULL || vireo_call_get_boolean (call, "descendants");
  VireoObjList *list = above != NULL ? vireo_obj_get_list (object)
                                     : vireo_node_get_list (call->node, call->handler->of);
  g_autoptr (GPtrArray) moments = NULL;
  GPtrArray *nodes;
  Filters filters;

  if (!read_choice (call, "state", states, &filters.state)
      || !read_choice (call, "location", locations, &filters.location))
    return NULL;
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  if (list != NULL)
    moments = vireo_moments_get_below (list, above, descendants);
  for (guint i = 0; moments != NULL && i < moments->len; i++)
    {
      VireoNode *node = vireo_node_of (moments->pdata[i]);

      if (node != NULL && matches (call, moments->pdata[i], &filters))
        g_ptr_array_add (nodes, vireo_node_ref (node));
    }
  return nodes;
}

void
vireo_moment_handle_list (VireoCall *call)
{
  g_autoptr (GPtrArray) nodes = collect (call);

  if (nodes != NULL)
    vireo_call_return_list (call, nodes);
}

void
vireo_moment_handle_get_objects (VireoCall *call)
{
  g_autoptr (GPtrArray) nodes = NULL;

  if (!vireo_call_check_properties (call))
    return;
  nodes = collect (call);
  if (nodes != NULL)
    vireo_call_return_objects (call, nodes);
}

/* ---- what is done to both ---- */

void
vireo_moment_handle_delete (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "children", VIREO_MOMENT_DELETE_CHILDREN },
    { "children-only", VIREO_MOMENT_DELETE_CHILDREN_ONLY },
    { "metadata-only", VIREO_MOMENT_DELETE_METADATA_ONLY },
    { NULL },
  };
  const guint both = VIREO_MOMENT_DELETE_CHILDREN | VIREO_MOMENT_DELETE_CHILDREN_ONLY;
  guint flags = vireo_call_get_flags (call, options);
  void (*function) (gpointer part, VireoMomentObj *moment, guint flags, GTask *task)
      = (void (*) (gpointer, VireoMomentObj *, guint, GTask *)) call->op;

  if ((flags & both) == both)
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_ARGUMENT,
                                 "either what is below goes, too, or only that");
  else
    function (call->part, VIREO_MOMENT_OBJ (call->node->object), flags,
              vireo_call_task_boolean (call));
}

static GVariant *
path_of (gpointer object)
{
  const VireoNode *node = vireo_node_of (object);

  return g_variant_new_object_path (node != NULL ? node->path : "/");
}

static GVariant *
get_parent (VireoNode *node, const VireoReading *reading)
{
  return path_of (vireo_moment_obj_get_parent (VIREO_MOMENT_OBJ (node->object)));
}

static GVariant *
get_domain (VireoNode *node, const VireoReading *reading)
{
  return g_variant_new_object_path (node->parent->path);
}

const VireoGetter vireo_moment_getters[] = {
  { "Domain", get_domain },
  { "Parent", get_parent },
  { NULL },
};

GVariant *
vireo_domain_get_current_snapshot (VireoNode *node, const VireoReading *reading)
{
  VireoObjList *list = vireo_node_get_list (node, VIREO_PATH_DOMAIN_SNAPSHOT);

  return path_of (list != NULL ? vireo_moments_get_current (list) : NULL);
}

/* ---- create ---- */

/* A guest's file systems are frozen by its agent, which takes a permission more. */
void
vireo_domain_prepare_quiesce (VireoCall *call)
{
  if (vireo_call_get_boolean (call, "quiesce"))
    vireo_call_require (call, vireo_action_find ("domain", "fs-freeze"));
  vireo_call_prepared (call);
}

static const char *
get_text (VireoCall *call)
{
  const char *text;

  g_variant_get_child (call->args, 0, "&s", &text);
  return text;
}

/* A text that may name files of the host, or is what the domain will be after going back, is more
 * than the owner of a domain may give. Better one too many than a reading of it that differs from
 * the parser's. */
void
vireo_domain_prepare_snapshot (VireoCall *call)
{
  static const char *const telling[] = { "source", "memory", "&", "<!" };
  const char *text = get_text (call);
  gboolean names_files = vireo_call_get_boolean (call, "redefine");

  for (gsize i = 0; i < G_N_ELEMENTS (telling); i++)
    names_files |= strstr (text, telling[i]) != NULL;
  if (names_files)
    vireo_call_require (call, vireo_action_find ("domain", "unrestricted"));
  vireo_domain_prepare_quiesce (call);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GObject) moment = g_task_propagate_pointer (G_TASK (result), &error);

  if (error != NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(@o)", path_of (moment)));
}

static void
create_snapshot (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "redefine", VIREO_SNAPSHOT_CREATE_REDEFINE },
    { "current", VIREO_SNAPSHOT_CREATE_CURRENT },
    { "no-metadata", VIREO_SNAPSHOT_CREATE_NO_METADATA },
    { "halt", VIREO_SNAPSHOT_CREATE_HALT },
    { "disk-only", VIREO_SNAPSHOT_CREATE_DISK_ONLY },
    { "reuse-external", VIREO_SNAPSHOT_CREATE_REUSE_EXTERNAL },
    { "quiesce", VIREO_SNAPSHOT_CREATE_QUIESCE },
    { "atomic", VIREO_SNAPSHOT_CREATE_ATOMIC },
    { "live", VIREO_SNAPSHOT_CREATE_LIVE },
    { NULL },
  };

  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->create_snapshot (call->part, VIREO_DOMAIN_OBJ (call->node->object), call->def,
                         vireo_call_get_flags (call, options), vireo_call_task (call, on_created));
}

void
vireo_domain_create_snapshot (VireoCall *call)
{
  vireo_call_with_document (call, "snapshot", get_text (call), create_snapshot);
}

static void
create_checkpoint (VireoCall *call)
{
  static const VireoFlagOption options[] = {
    { "redefine", VIREO_CHECKPOINT_CREATE_REDEFINE },
    { "redefine-validate", VIREO_CHECKPOINT_CREATE_REDEFINE_VALIDATE },
    { "quiesce", VIREO_CHECKPOINT_CREATE_QUIESCE },
    { NULL },
  };

  VIREO_DOMAIN_DRIVER_GET_IFACE (call->part)
      ->create_checkpoint (call->part, VIREO_DOMAIN_OBJ (call->node->object), call->def,
                           vireo_call_get_flags (call, options),
                           vireo_call_task (call, on_created));
}

void
vireo_domain_create_checkpoint (VireoCall *call)
{
  vireo_call_with_document (call, "checkpoint", get_text (call), create_checkpoint);
}
