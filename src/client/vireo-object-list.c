/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A balanced tree by name, so that a change of one among ten thousand costs a few steps. */
#include "vireo-object-list.h"

#include "vireo-object-private.h"

#include <string.h>

typedef struct
{
  VireoObject *object;
  char *key;
} Entry;

struct _VireoObjectList
{
  GObject parent_instance;

  GType item_type;
  GSequence *entries;   /* Entry */
  GHashTable *iters;    /* VireoObject -> GSequenceIter */
  guint n_freezes;
  guint n_before;       /* how many there were when it was frozen */
  gboolean is_changed;  /* since then */
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_TYPE_WITH_CODE (VireoObjectList, vireo_object_list, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
entry_free (Entry *entry)
{
  g_object_unref (entry->object);
  g_free (entry->key);
  g_free (entry);
}

/* By name as people count (vm9 before vm10); the path decides between equal names. */
static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  const Entry *x = a;
  const Entry *y = b;
  int order = strcmp (x->key, y->key);

  return order != 0 ? order : strcmp (x->object->path, y->object->path);
}

static char *
make_key (VireoObject *object)
{
  return g_utf8_collate_key_for_filename (vireo_object_get_sort_name (object), -1);
}

VireoObjectList *
vireo_object_list_new (GType item_type)
{
  VireoObjectList *self = g_object_new (VIREO_TYPE_OBJECT_LIST, NULL);

  self->item_type = item_type;
  return self;
}

static void
tell (VireoObjectList *self, guint position, guint removed, guint added)
{
  if (self->n_freezes == 0)
    g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
  else
    self->is_changed = TRUE;
}

void
vireo_object_list_add (VireoObjectList *self, VireoObject *object)
{
  Entry *entry;
  GSequenceIter *iter;

  if (g_hash_table_contains (self->iters, object))
    return;
  entry = g_new0 (Entry, 1);
  entry->object = g_object_ref (object);
  entry->key = make_key (object);
  iter = g_sequence_insert_sorted (self->entries, entry, compare, NULL);
  g_hash_table_insert (self->iters, object, iter);
  tell (self, (guint) g_sequence_iter_get_position (iter), 0, 1);
}

void
vireo_object_list_remove (VireoObjectList *self, VireoObject *object)
{
  GSequenceIter *iter = g_hash_table_lookup (self->iters, object);
  guint position;

  if (iter == NULL)
    return;
  position = (guint) g_sequence_iter_get_position (iter);
  g_hash_table_remove (self->iters, object);
  g_sequence_remove (iter);
  tell (self, position, 1, 0);
}

/* After the object's name changed. */
void
vireo_object_list_resort (VireoObjectList *self, VireoObject *object)
{
  g_autoptr (VireoObject) held = g_object_ref (object);

  if (!g_hash_table_contains (self->iters, object))
    return;
  vireo_object_list_remove (self, held);
  vireo_object_list_add (self, held);
}

/* Until it is thawed, changes are collected into one. */
void
vireo_object_list_freeze (VireoObjectList *self)
{
  if (self->n_freezes++ == 0)
    self->n_before = (guint) g_sequence_get_length (self->entries);
}

void
vireo_object_list_thaw (VireoObjectList *self)
{
  guint n_now = (guint) g_sequence_get_length (self->entries);

  g_return_if_fail (self->n_freezes > 0);
  if (--self->n_freezes > 0 || !self->is_changed)
    return;
  self->is_changed = FALSE;
  g_list_model_items_changed (G_LIST_MODEL (self), 0, self->n_before, n_now);
}

static GType
get_item_type (GListModel *model)
{
  return VIREO_OBJECT_LIST (model)->item_type;
}

static guint
get_n_items (GListModel *model)
{
  return (guint) g_sequence_get_length (VIREO_OBJECT_LIST (model)->entries);
}

static gpointer
get_item (GListModel *model, guint position)
{
  VireoObjectList *self = VIREO_OBJECT_LIST (model);
  Entry *entry;

  if (position >= (guint) g_sequence_get_length (self->entries))
    return NULL;
  entry = g_sequence_get (g_sequence_get_iter_at_pos (self->entries, (int) position));
  return g_object_ref (entry->object);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
vireo_object_list_finalize (GObject *object)
{
  VireoObjectList *self = VIREO_OBJECT_LIST (object);

  g_hash_table_unref (self->iters);
  g_sequence_free (self->entries);
  G_OBJECT_CLASS (vireo_object_list_parent_class)->finalize (object);
}

static void
vireo_object_list_class_init (VireoObjectListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_object_list_finalize;
}

static void
vireo_object_list_init (VireoObjectList *self)
{
  self->entries = g_sequence_new ((GDestroyNotify) entry_free);
  self->iters = g_hash_table_new (NULL, NULL);
}
