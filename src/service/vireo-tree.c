/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-tree.h"

#include "util/vireo-error.h"
#include "vireo-audit.h"

struct _VireoTree
{
  GObject parent;

  VireoExport *exports[VIREO_PATH_N_KINDS];
  /* (element-type utf8): operations whose jobs are shown */
  GHashTable *shown_operations;
  GHashTable *nodes; /* path -> node, which it owns */
  GHashTable *owned; /* uid -> how many of them are whose */
  VireoNode *manager;
  GPtrArray *connections;
  VireoJobBook *book;
  GQueue lingering; /* nodes of jobs that have ended, in the order in which they did */
  guint linger_id;
};

/* The objects of one kind that are in another one, such as a connection. */
typedef struct
{
  VireoTree *tree;   /* not owned */
  VireoNode *parent; /* not a reference: it has us */
  VireoPathKind path_kind;
  VireoObjList *list;
  GPtrArray *nodes; /* of its objects; not references: they are the tree's */
} ListEntry;

enum
{
  SIGNAL_ADDED,
  SIGNAL_REMOVED,
  SIGNAL_CHANGED,
  SIGNAL_EVENT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_TYPE (VireoTree, vireo_tree, G_TYPE_OBJECT)

static GQuark
node_quark (void)
{
  static GQuark quark = 0;

  if (quark == 0)
    quark = g_quark_from_static_string ("vireo-tree-node");
  return quark;
}

static VireoNode *
node_new (VireoPathKind path_kind,
          const VireoExport *export,
          gpointer object,
          VireoNode *parent,
          char *path)
{
  VireoNode *self = g_new0 (VireoNode, 1);

  self->n_refs = 1;
  self->path_kind = path_kind;
  self->export = export;
  self->object = object != NULL ? g_object_ref (object) : NULL;
  self->parent = parent != NULL ? vireo_node_ref (parent) : NULL;
  self->path = path;
  return self;
}

VireoNode *
vireo_node_ref (VireoNode *self)
{
  self->n_refs++;
  return self;
}

void
vireo_node_unref (VireoNode *self)
{
  if (--self->n_refs > 0)
    return;
  g_clear_object (&self->object);
  g_clear_pointer (&self->parent, vireo_node_unref);
  g_clear_pointer (&self->subject, vireo_node_unref);
  g_clear_pointer (&self->details, vireo_details_unref);
  g_free (self->path);
  g_free (self);
}

VireoNode *
vireo_node_of (gpointer object)
{
  return object != NULL ? g_object_get_qdata (object, node_quark ()) : NULL;
}

VireoNode *
vireo_node_get_subject (VireoNode *self)
{
  return self->subject != NULL ? self->subject : self;
}

VireoNode *
vireo_node_get_connection (VireoNode *self)
{
  while (self != NULL && self->path_kind != VIREO_PATH_CONNECTION)
    self = self->parent;
  return self;
}

VireoObjList *
vireo_node_get_list (VireoNode *self, VireoPathKind path_kind)
{
  return vireo_obj_get_children (VIREO_OBJ (self->object), vireo_path_kind_name (path_kind));
}

GPtrArray *
vireo_node_get_children (VireoNode *self, VireoPathKind path_kind)
{
  ListEntry *entry = NULL;
  GPtrArray *children;

  for (GSList *link = self->lists; link != NULL; link = link->next)
    if (((ListEntry *) link->data)->path_kind == path_kind)
      entry = link->data;
  children = g_ptr_array_new_full (entry != NULL ? entry->nodes->len : 0,
                                   (GDestroyNotify) vireo_node_unref);
  for (guint i = 0; entry != NULL && i < entry->nodes->len; i++)
    g_ptr_array_add (children, vireo_node_ref (entry->nodes->pdata[i]));
  return children;
}

/* (transfer full): paths of all jobs that work on an object and are shown. */
GVariant *
vireo_node_get_job_paths (VireoNode *self)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  GPtrArray *jobs = vireo_job_get_background (VIREO_OBJ (self->object));
  VireoNode *node = vireo_node_of (vireo_obj_get_current_job (VIREO_OBJ (self->object)));

  if (node != NULL)
    g_ptr_array_add (paths, node->path);
  for (guint i = 0; jobs != NULL && i < jobs->len; i++)
    if ((node = vireo_node_of (jobs->pdata[i])) != NULL)
      g_ptr_array_add (paths, node->path);
  return g_variant_ref_sink (
      g_variant_new_objv ((const char *const *) paths->pdata, (gssize) paths->len));
}

const char *
vireo_node_get_job_path (VireoNode *self)
{
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self->object));
  VireoNode *node = vireo_node_of (job);

  return node != NULL ? node->path : "/";
}

/**
 * vireo_node_get_details:
 * @self: a node
 *
 * Gives what polkit is told of a node, or of the node whose permissions count for it. Of a node
 * that was removed, it is what it was last.
 *
 * Returns: (transfer none): the details
 */
VireoDetails *
vireo_node_get_details (VireoNode *self)
{
  VireoNode *subject = vireo_node_get_subject (self);
  VireoNode *connection = vireo_node_get_connection (subject);
  g_autofree char *driver = NULL;
  g_autofree char *uri = NULL;
  VireoSubject about = { NULL };

  if (subject->details != NULL)
    return subject->details;

  if (connection != NULL)
    g_object_get (connection->object, "driver", &driver, "uri", &uri, NULL);
  about.driver = driver;
  about.uri = uri;
  if (connection != NULL && subject != connection)
    {
      about.object = VIREO_OBJ (subject->object);
      about.kind = vireo_obj_get_kind (about.object);
      about.name = vireo_obj_get_name (about.object);
      about.uuid = vireo_obj_get_uuid (about.object);
      about.owner = vireo_obj_get_owner (about.object);
      about.has_owner = TRUE;
      if (subject->parent != connection)
        about.parent = VIREO_OBJ (subject->parent->object);
    }
  subject->details = vireo_details_new (&about);
  return subject->details;
}

static void
list_entry_free (gpointer data)
{
  ListEntry *self = data;

  g_signal_handlers_disconnect_by_data (self->list, self);
  g_object_unref (self->list);
  g_ptr_array_unref (self->nodes);
  g_free (self);
}

static void
tree_dispose (GObject *object)
{
  VireoTree *self = VIREO_TREE (object);
  GHashTableIter iter;
  VireoNode *node;

  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &node))
    if (node->object != NULL)
      {
        g_slist_free_full (g_steal_pointer (&node->lists), list_entry_free);
        g_signal_handlers_disconnect_by_data (node->object, self);
        g_object_set_qdata (node->object, node_quark (), NULL);
      }
  g_hash_table_remove_all (self->nodes);
  G_OBJECT_CLASS (vireo_tree_parent_class)->dispose (object);
}

static void
tree_finalize (GObject *object)
{
  VireoTree *self = VIREO_TREE (object);

  g_clear_pointer (&self->manager, vireo_node_unref);
  g_clear_handle_id (&self->linger_id, g_source_remove);
  g_queue_clear_full (&self->lingering, (GDestroyNotify) vireo_node_unref);
  g_ptr_array_unref (self->connections);
  g_hash_table_unref (self->nodes);
  g_hash_table_unref (self->owned);
  g_hash_table_unref (self->shown_operations);
  g_object_unref (self->book);
  for (gsize i = 0; i < VIREO_PATH_N_KINDS; i++)
    g_clear_pointer (&self->exports[i], vireo_export_free);
  G_OBJECT_CLASS (vireo_tree_parent_class)->finalize (object);
}

static void
vireo_tree_class_init (VireoTreeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = tree_dispose;
  G_OBJECT_CLASS (klass)->finalize = tree_finalize;

  signals[SIGNAL_ADDED] = g_signal_new ("added", VIREO_TYPE_TREE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_REMOVED] = g_signal_new ("removed", VIREO_TYPE_TREE, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", VIREO_TYPE_TREE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[SIGNAL_EVENT] = g_signal_new (
      "event", VIREO_TYPE_TREE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4,
      G_TYPE_POINTER, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_VARIANT, G_TYPE_POINTER);
}

static void
vireo_tree_init (VireoTree *self)
{
  self->nodes
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) vireo_node_unref);
  self->owned = g_hash_table_new (NULL, NULL);
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_node_unref);
  self->shown_operations = g_hash_table_new (g_str_hash, g_str_equal);
  self->book = vireo_job_book_new (NULL, NULL);
}

static void
note_operations (VireoTree *self, const VireoHandler *rows)
{
  for (; rows->name != NULL; rows++)
    if (rows->show_job)
      g_hash_table_add (self->shown_operations, (gpointer) rows->operation);
}

static void
note_all_operations (VireoTree *self, const VireoService *service)
{
  const VireoHandler *rows;

  for (guint n = 0; (rows = vireo_service_get_methods (service, n)) != NULL; n++)
    note_operations (self, rows);
}

/**
 * vireo_tree_new:
 * @services: how each interface is served, ending with %NULL
 * @error: says which member is incomplete
 *
 * Returns: (transfer full): a tree with the manager alone, or %NULL with @error
 */
VireoTree *
vireo_tree_new (const VireoService *const *services, GError **error)
{
  g_autoptr (VireoTree) self = g_object_new (VIREO_TYPE_TREE, NULL);
  guint n = 0;

  for (; services[n] != NULL; n++)
    {
      VireoExport *export = vireo_export_new (services[n], error);

      if (export == NULL)
        return NULL;
      self->exports[services[n]->path_kind] = export;
      note_all_operations (self, services[n]);
    }

  for (const VireoInterfaceInfo *info = vireo_interfaces; info->name != NULL; info++)
    {
      gboolean served = FALSE;

      for (guint i = 0; i < n; i++)
        served |= g_str_equal (services[i]->interface, info->name);
      if (!served)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "nothing serves %s", info->name);
          return NULL;
        }
    }

  self->manager = node_new (VIREO_PATH_MANAGER, self->exports[VIREO_PATH_MANAGER], NULL, NULL,
                            g_strdup (VIREO_PATH_ROOT));
  return g_steal_pointer (&self);
}

const VireoExport *
vireo_tree_get_export (VireoTree *self, VireoPathKind path_kind)
{
  return self->exports[path_kind];
}

void
vireo_tree_set_job_book (VireoTree *self, VireoJobBook *book)
{
  g_set_object (&self->book, book);
}

VireoJobBook *
vireo_tree_get_job_book (VireoTree *self)
{
  return self->book;
}

VireoNode *
vireo_tree_get_manager (VireoTree *self)
{
  return self->manager;
}

/* (transfer none) (nullable) */
VireoNode *
vireo_tree_find (VireoTree *self, const char *path)
{
  if (g_str_equal (path, VIREO_PATH_ROOT))
    return self->manager;
  return g_hash_table_lookup (self->nodes, path);
}

guint
vireo_tree_count_owned (VireoTree *self, guint uid)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->owned, GUINT_TO_POINTER (uid)));
}

/* (transfer full) (element-type VireoNode): everything but the manager */
GPtrArray *
vireo_tree_snapshot (VireoTree *self)
{
  GPtrArray *nodes
      = g_ptr_array_new_full (g_hash_table_size (self->nodes), (GDestroyNotify) vireo_node_unref);
  GHashTableIter iter;
  gpointer node;

  g_hash_table_iter_init (&iter, self->nodes);
  while (g_hash_table_iter_next (&iter, NULL, &node))
    g_ptr_array_add (nodes, vireo_node_ref (node));
  return nodes;
}

/* (transfer none) (element-type VireoNode) */
GPtrArray *
vireo_tree_get_connections (VireoTree *self)
{
  return self->connections;
}

/* Asked for at each change, so it is not to be counted then. */
static void
count_owned (VireoTree *self, const VireoNode *node, gint change)
{
  gpointer owner = GUINT_TO_POINTER (node->owner);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->owned, owner)) + (guint) change;

  if (!VIREO_IS_OBJ (node->object) || node->path_kind == VIREO_PATH_CONNECTION)
    return;
  if (n > 0)
    g_hash_table_insert (self->owned, owner, GUINT_TO_POINTER (n));
  else
    g_hash_table_remove (self->owned, owner);
}

static void
insert_node (VireoTree *self, VireoNode *node)
{
  if (VIREO_IS_OBJ (node->object))
    node->owner = vireo_obj_get_owner (VIREO_OBJ (node->object));
  g_hash_table_insert (self->nodes, node->path, node);
  count_owned (self, node, 1);
  g_object_set_qdata (node->object, node_quark (), node);
  g_signal_emit (self, signals[SIGNAL_ADDED], 0, node);
}

static void
remove_node (VireoTree *self, VireoNode *node)
{
  g_autoptr (VireoNode) kept = vireo_node_ref (node);

  /* What is in it goes first. */
  for (GSList *link = node->lists; link != NULL; link = link->next)
    {
      ListEntry *entry = link->data;
      g_autoptr (GPtrArray) children = vireo_obj_list_snapshot (entry->list);

      for (guint i = 0; i < children->len; i++)
        {
          VireoNode *child = vireo_node_of (g_ptr_array_index (children, i));

          if (child != NULL)
            remove_node (self, child);
        }
    }
  g_slist_free_full (g_steal_pointer (&node->lists), list_entry_free);

  /* Who may hear that it is gone is who could read it: what it was is kept. */
  vireo_node_get_details (node);
  node->gone = TRUE;
  g_object_set_qdata (node->object, node_quark (), NULL);
  count_owned (self, node, -1);
  g_hash_table_remove (self->nodes, node->path);
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0, node);
}

/* ---- jobs ---- */

/* For how long a job that clients got instead of an answer is there when it ended, and how many
 * are: more are removed earlier, the oldest first. */
#define LINGER_SECONDS 60
#define MAX_LINGERING 256

static void
end_lingering (VireoTree *self)
{
  g_autoptr (VireoNode) node = g_queue_pop_head (&self->lingering);

  vireo_job_book_forget (self->book, VIREO_JOB (node->object));
  remove_node (self, node);
}

/* Those that stay for a while began to do so one after the other: there is one timer for all. */
static gboolean
remove_lingering (gpointer data)
{
  VireoTree *self = data;
  gint64 now = g_get_monotonic_time ();
  const VireoNode *node;

  while ((node = g_queue_peek_head (&self->lingering)) != NULL)
    {
      if (node->linger_until > now)
        return G_SOURCE_CONTINUE;
      end_lingering (self);
    }
  self->linger_id = 0;
  return G_SOURCE_REMOVE;
}

static void
linger (VireoTree *self, VireoNode *node)
{
  node->linger_until = g_get_monotonic_time () + LINGER_SECONDS * G_USEC_PER_SEC;
  g_queue_push_tail (&self->lingering, vireo_node_ref (node));
  if (self->lingering.length > MAX_LINGERING)
    end_lingering (self);
  if (self->linger_id == 0)
    self->linger_id = g_timeout_add_seconds (LINGER_SECONDS / 4, remove_lingering, self);
}

static void
on_job_completed (VireoJob *job, const GError *error, gpointer user_data)
{
  VireoTree *self = user_data;
  VireoNode *node = vireo_node_of (job);
  GVariant *args;

  g_signal_handlers_disconnect_by_data (job, self);
  if (node == NULL)
    return;
  args = g_variant_ref_sink (g_variant_new ("(bss)", error == NULL,
                                            error != NULL ? vireo_error_dbus_name (error) : "",
                                            error != NULL ? error->message : ""));
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, node, "Completed", args, node);
  g_variant_unref (args);
  if (vireo_job_get_detached (job))
    {
      vireo_audit_job (node, job, error);
      vireo_job_book_keep_result (self->book, job);
      linger (self, node);
    }
  else
    {
      vireo_job_book_forget (self->book, job);
      remove_node (self, node);
    }
}

static void
on_job_notify (VireoJob *job, GParamSpec *pspec, gpointer user_data)
{
  VireoTree *self = user_data;
  VireoNode *node = vireo_node_of (job);

  if (node != NULL)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, node, pspec->name);
}

/* What the next daemon is to know of what a job works on, and of what that is in: a(sa{ss}). */
static GVariant *
describe_subject (VireoNode *node)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sa{ss})"));
  for (; node != NULL; node = node->parent)
    g_variant_builder_add (&builder, "(s@a{ss})", node->path,
                           vireo_details_get_dictionary (vireo_node_get_details (node)));
  return g_variant_builder_end (&builder);
}

static VireoNode *
new_job_node (VireoTree *self, VireoNode *of, VireoJob *job)
{
  guint64 number = vireo_job_book_enter (self->book, job, describe_subject (of));
  VireoNode *node = node_new (VIREO_PATH_JOB, self->exports[VIREO_PATH_JOB], job, NULL,
                              vireo_path_for_job (number));

  node->subject = vireo_node_ref (of);
  return node;
}

static void
show_job (VireoTree *self, VireoNode *of, VireoJob *job)
{
  VireoNode *node = new_job_node (self, of, job);

  g_signal_connect (job, "completed", G_CALLBACK (on_job_completed), self);
  g_signal_connect (job, "notify", G_CALLBACK (on_job_notify), self);
  insert_node (self, node);
}

void
vireo_tree_show_ended_job (VireoTree *self, VireoJob *job, VireoNode *subject)
{
  VireoNode *node = new_job_node (self, subject, job);

  insert_node (self, node);
  linger (self, node);
}

VireoNode *
vireo_tree_recall (VireoTree *self, const char *path, VireoNode *parent, GVariant *details)
{
  VireoPathKind path_kind = vireo_path_classify (path);
  VireoNode *node;

  if (path_kind < VIREO_PATH_CONNECTION || self->exports[path_kind] == NULL
      || path_kind == VIREO_PATH_JOB)
    return NULL;
  node = node_new (path_kind, self->exports[path_kind], NULL, parent, g_strdup (path));
  node->gone = TRUE;
  node->details = vireo_details_new_again (details);
  return node;
}

/* Those that work beside who has the slot. */
static void
follow_background (VireoTree *self, VireoNode *of)
{
  GPtrArray *jobs = vireo_job_get_background (VIREO_OBJ (of->object));

  for (guint i = 0; jobs != NULL && i < jobs->len; i++)
    if (vireo_node_of (jobs->pdata[i]) == NULL && !vireo_job_is_ended (jobs->pdata[i]))
      show_job (self, of, jobs->pdata[i]);
}

/* Looks at who has the slot now. Returns whether that is something else for clients: jobs that take
 * no time worth talking about are not shown. */
static gboolean
follow_job (VireoTree *self, VireoNode *of)
{
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (of->object));
  gpointer before = of->shown_job;

  if (job != NULL
      && (vireo_job_is_ended (job)
          || !g_hash_table_contains (self->shown_operations, vireo_job_get_operation (job))))
    job = NULL;
  if (job != NULL && vireo_node_of (job) == NULL)
    show_job (self, of, job);
  of->shown_job = job;
  return of->shown_job != before;
}

static void add_children (VireoTree *self, VireoNode *node);

static void
on_added (VireoObjList *list, VireoObj *obj, gpointer user_data)
{
  ListEntry *entry = user_data;
  VireoTree *self = entry->tree;
  VireoNode *node
      = node_new (entry->path_kind, self->exports[entry->path_kind], obj, entry->parent,
                  vireo_path_for_object (entry->parent->path, entry->path_kind,
                                         vireo_obj_get_uuid (obj), vireo_obj_get_name (obj)));

  node->place = entry->nodes->len;
  g_ptr_array_add (entry->nodes, node);
  insert_node (self, node);
  follow_job (self, node);
  follow_background (self, node);
  add_children (self, node);
}

static void
on_removed (VireoObjList *list, VireoObj *obj, gpointer user_data)
{
  ListEntry *entry = user_data;
  VireoNode *node = vireo_node_of (obj);

  if (node == NULL)
    return;
  g_ptr_array_remove_index_fast (entry->nodes, node->place);
  if (node->place < entry->nodes->len)
    ((VireoNode *) entry->nodes->pdata[node->place])->place = node->place;
  remove_node (entry->tree, node);
}

/* What was decided holds for the details that were decided about, as long as they say the same. */
static void
renew_details (VireoNode *node)
{
  g_autoptr (VireoDetails) old = g_steal_pointer (&node->details);
  VireoDetails *now;

  if (old == NULL)
    return;
  now = vireo_node_get_details (node);
  if (g_variant_equal (vireo_details_get_dictionary (old), vireo_details_get_dictionary (now)))
    {
      node->details = g_steal_pointer (&old);
      vireo_details_unref (now);
    }
}

static void
on_changed (VireoObjList *list, VireoObj *obj, guint n, GParamSpec **pspecs, gpointer user_data)
{
  ListEntry *entry = user_data;
  VireoTree *self = entry->tree;
  VireoNode *node = vireo_node_of (obj);

  for (guint i = 0; node != NULL && i < n; i++)
    {
      const char *name = pspecs[i]->name;

      if (g_str_equal (name, "name") || g_str_equal (name, "owner") || g_str_equal (name, "tags"))
        renew_details (node);
      if (g_str_equal (name, "current-job"))
        {
          if (!follow_job (self, node))
            continue;
          g_signal_emit (self, signals[SIGNAL_CHANGED], 0, node, "jobs");
        }
      else if (g_str_equal (name, "jobs"))
        follow_background (self, node);
      g_signal_emit (self, signals[SIGNAL_CHANGED], 0, node, name);
    }
}

static void
on_event (VireoObjList *list, VireoObj *obj, const char *signal, GVariant *args, gpointer user_data)
{
  ListEntry *entry = user_data;
  VireoNode *node = vireo_node_of (obj);
  VireoNode *connection = vireo_node_get_connection (entry->parent);
  g_autoptr (GVariant) path = NULL;

  if (node == NULL)
    return;
  g_signal_emit (entry->tree, signals[SIGNAL_EVENT], 0, node, signal, args, node);

  /* The connection says of its objects what clients may want to hear without watching each. */
  if (vireo_signal_find (connection->export->info, signal) == NULL)
    return;
  path = g_variant_ref_sink (g_variant_new ("(o)", node->path));
  g_signal_emit (entry->tree, signals[SIGNAL_EVENT], 0, connection, signal, path, node);
}

static void on_children (VireoObjList *list, VireoObj *obj, const char *kind, gpointer user_data);

/* Puts the objects that are, and will be, in @list on the bus. */
static void
add_list (VireoTree *self, VireoNode *parent, VireoPathKind path_kind, VireoObjList *list)
{
  ListEntry *entry = g_new0 (ListEntry, 1);
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (list);

  entry->tree = self;
  entry->parent = parent;
  entry->path_kind = path_kind;
  entry->list = g_object_ref (list);
  entry->nodes = g_ptr_array_new ();
  parent->lists = g_slist_prepend (parent->lists, entry);
  g_signal_connect (list, "added", G_CALLBACK (on_added), entry);
  g_signal_connect (list, "removed", G_CALLBACK (on_removed), entry);
  g_signal_connect (list, "changed", G_CALLBACK (on_changed), entry);
  g_signal_connect (list, "event", G_CALLBACK (on_event), entry);
  g_signal_connect (list, "children", G_CALLBACK (on_children), entry);
  for (guint i = 0; i < objects->len; i++)
    on_added (list, g_ptr_array_index (objects, i), entry);
}

static void
on_children (VireoObjList *list, VireoObj *obj, const char *kind, gpointer user_data)
{
  ListEntry *entry = user_data;
  VireoNode *node = vireo_node_of (obj);
  VireoPathKind path_kind = vireo_path_kind_of_child (entry->path_kind, kind);

  if (node != NULL && entry->tree->exports[path_kind] != NULL)
    add_list (entry->tree, node, path_kind, vireo_obj_get_children (obj, kind));
}

static void
add_children (VireoTree *self, VireoNode *node)
{
  for (guint i = 0; i < VIREO_PATH_N_KINDS; i++)
    if (self->exports[i] != NULL && vireo_path_kind_name (i) != NULL
        && vireo_path_kind_parent (i) == node->path_kind)
      {
        VireoObjList *list = vireo_node_get_list (node, i);

        if (list != NULL)
          add_list (self, node, i, list);
      }
}

static void
on_connection_notify (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_CHANGED], 0, vireo_node_of (object), pspec->name);
}

/**
 * vireo_tree_add_connection:
 * @connection: an open connection, whose name is the last part of its path
 *
 * Puts a connection, and what is in it now and later, on the bus.
 *
 * Returns: (transfer none): its node
 */
VireoNode *
vireo_tree_add_connection (VireoTree *self, VireoObj *connection)
{
  VireoNode *node
      = node_new (VIREO_PATH_CONNECTION, self->exports[VIREO_PATH_CONNECTION], connection, NULL,
                  vireo_path_for_connection (vireo_obj_get_name (connection)));

  g_ptr_array_add (self->connections, vireo_node_ref (node));
  g_signal_connect (connection, "notify", G_CALLBACK (on_connection_notify), self);
  insert_node (self, node);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, self->manager, "connections");
  add_children (self, node);
  return node;
}
