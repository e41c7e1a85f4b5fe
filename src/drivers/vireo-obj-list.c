/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/vireo-error.h"
#include "vireo-obj-private.h"

struct _VireoObjList
{
  GObject parent_instance;

  GHashTable *by_name; /* copy of the name -> reference to the VireoObj */
  GHashTable *by_uuid; /* VireoObj's own string -> it; not all kinds have one */
  VireoObj *parent;    /* (nullable): what these are children of; not a reference: it has us */
};

enum
{
  SIGNAL_ADDED,
  SIGNAL_REMOVED,
  SIGNAL_CHANGED,
  SIGNAL_EVENT,
  SIGNAL_CHILDREN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (VireoObjList, vireo_obj_list, G_TYPE_OBJECT)

static void
finalize (GObject *object)
{
  VireoObjList *self = VIREO_OBJ_LIST (object);
  GHashTableIter iter;
  gpointer obj;

  g_hash_table_iter_init (&iter, self->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &obj))
    _vireo_obj_removed (obj);
  g_hash_table_unref (self->by_uuid);
  g_hash_table_unref (self->by_name);
  G_OBJECT_CLASS (vireo_obj_list_parent_class)->finalize (object);
}

static void
vireo_obj_list_class_init (VireoObjListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;

  signals[SIGNAL_ADDED] = g_signal_new ("added", VIREO_TYPE_OBJ_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 1, VIREO_TYPE_OBJ);
  signals[SIGNAL_REMOVED] = g_signal_new ("removed", VIREO_TYPE_OBJ_LIST, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, VIREO_TYPE_OBJ);
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", VIREO_TYPE_OBJ_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 3, VIREO_TYPE_OBJ, G_TYPE_UINT, G_TYPE_POINTER);
  signals[SIGNAL_EVENT] = g_signal_new ("event", VIREO_TYPE_OBJ_LIST, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 3, VIREO_TYPE_OBJ,
                                        G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_VARIANT);
  signals[SIGNAL_CHILDREN]
      = g_signal_new ("children", VIREO_TYPE_OBJ_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 2, VIREO_TYPE_OBJ, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
vireo_obj_list_init (VireoObjList *self)
{
  self->by_uuid = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

/**
 * vireo_obj_list_new:
 *
 * Returns: (transfer full): an empty list
 * Since: 0.1
 */
VireoObjList *
vireo_obj_list_new (void)
{
  return g_object_new (VIREO_TYPE_OBJ_LIST, NULL);
}

/**
 * vireo_obj_list_get_size:
 * @self: a list
 *
 * Returns: how many objects it has
 * Since: 0.1
 */
guint
vireo_obj_list_get_size (VireoObjList *self)
{
  return g_hash_table_size (self->by_name);
}

/**
 * vireo_obj_list_find_by_uuid:
 * @self: a list
 * @uuid: a UUID in lower case with dashes
 *
 * Returns: (transfer none) (nullable): the object with that UUID
 * Since: 0.1
 */
VireoObj *
vireo_obj_list_find_by_uuid (VireoObjList *self, const char *uuid)
{
  return g_hash_table_lookup (self->by_uuid, uuid);
}

/**
 * vireo_obj_list_find_by_name:
 * @self: a list
 * @name: a name
 *
 * Returns: (transfer none) (nullable): the object with that name
 * Since: 0.1
 */
VireoObj *
vireo_obj_list_find_by_name (VireoObjList *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

/**
 * vireo_obj_list_snapshot:
 * @self: a list
 *
 * Gives the objects as they are now, to be walked while the list changes.
 *
 * Returns: (transfer full) (element-type VireoObj): the objects, in no particular order
 * Since: 0.1
 */
GPtrArray *
vireo_obj_list_snapshot (VireoObjList *self)
{
  GPtrArray *objects = g_ptr_array_new_full (g_hash_table_size (self->by_name), g_object_unref);
  GHashTableIter iter;
  gpointer obj;

  g_hash_table_iter_init (&iter, self->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &obj))
    g_ptr_array_add (objects, g_object_ref (obj));
  return objects;
}

/**
 * vireo_obj_list_add:
 * @self: a list
 * @obj: an object that is in no list
 * @error: UuidInUse or NameInUse
 *
 * Puts @obj in, with a reference of the list's own, and emits `added`.
 *
 * Returns: %FALSE with @error when another object has its UUID or name
 * Since: 0.1
 */
gboolean
vireo_obj_list_add (VireoObjList *self, VireoObj *obj, GError **error)
{
  const char *uuid = vireo_obj_get_uuid (obj);
  const char *name = vireo_obj_get_name (obj);

  g_return_val_if_fail (vireo_obj_get_list (obj) == NULL && name != NULL, FALSE);

  if (uuid != NULL && g_hash_table_contains (self->by_uuid, uuid))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UUID_IN_USE, "another %s has the UUID %s",
                   vireo_obj_get_kind (obj), uuid);
      return FALSE;
    }
  if (g_hash_table_contains (self->by_name, name))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE, "another %s has the name \"%s\"",
                   vireo_obj_get_kind (obj), name);
      return FALSE;
    }
  if (uuid != NULL)
    g_hash_table_insert (self->by_uuid, (gpointer) uuid, obj);
  g_hash_table_insert (self->by_name, g_strdup (name), g_object_ref (obj));
  _vireo_obj_set_list (obj, self);
  g_signal_emit (self, signals[SIGNAL_ADDED], 0, obj);
  return TRUE;
}

/**
 * vireo_obj_list_remove:
 * @self: a list
 * @obj: an object in it
 *
 * Takes @obj out and emits `removed`. The object is dead from then on: those who wait for its job
 * slot get UnknownObject.
 *
 * Since: 0.1
 */
void
vireo_obj_list_remove (VireoObjList *self, VireoObj *obj)
{
  g_autoptr (VireoObj) kept = g_object_ref (obj);

  g_return_if_fail (vireo_obj_get_list (obj) == self);

  if (vireo_obj_get_uuid (kept) != NULL)
    g_hash_table_remove (self->by_uuid, vireo_obj_get_uuid (kept));
  g_hash_table_remove (self->by_name, vireo_obj_get_name (kept));
  _vireo_obj_removed (kept);
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0, kept);
}

void
_vireo_obj_list_reindex (VireoObjList *self, VireoObj *obj, const char *old_name)
{
  const char *name = vireo_obj_get_name (obj);

  g_return_if_fail (!g_hash_table_contains (self->by_name, name));
  g_hash_table_insert (self->by_name, g_strdup (name), g_object_ref (obj));
  g_hash_table_remove (self->by_name, old_name);
}

void
_vireo_obj_list_emit_changed (VireoObjList *self, VireoObj *obj, guint n, GParamSpec **pspecs)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, obj, n, pspecs);
}

void
_vireo_obj_list_emit_event (VireoObjList *self, VireoObj *obj, const char *signal, GVariant *args)
{
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, obj, signal, args);
}

void
_vireo_obj_list_emit_children (VireoObjList *self, VireoObj *obj, const char *kind)
{
  g_signal_emit (self, signals[SIGNAL_CHILDREN], 0, obj, kind);
}

void
_vireo_obj_list_set_parent (VireoObjList *self, VireoObj *parent)
{
  self->parent = parent;
}

VireoObj *
_vireo_obj_list_get_parent (VireoObjList *self)
{
  return self->parent;
}
