/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-job-book.h"
#include "vireo-details.h"
#include "vireo-exports.h"

G_BEGIN_DECLS

/**
 * VireoNode:
 * @path_kind: what it is
 * @export: how it is served
 * @object: (nullable): a #VireoObj or #VireoJob; %NULL for the manager
 * @path: object path
 * @parent: (nullable): what it is in: a connection, or another object
 * @subject: (nullable): whose permissions count instead of its own: of a job, what it works on
 * @gone: whether it was removed
 *
 * An object on the bus.
 */
struct _VireoNode
{
  guint n_refs;
  VireoPathKind path_kind;
  const VireoExport *export;
  GObject *object;
  char *path;
  VireoNode *parent;
  VireoNode *subject;
  gboolean gone;
  /*< private >*/
  guint owner; /* when it came */
  VireoDetails *details;
  gpointer shown_job;
  gint64 linger_until; /* of a job that has ended; monotonic, µs */
  GSList *lists; /* of its children, by kind */
  guint place;   /* among those of its kind */
};

VireoNode *vireo_node_ref (VireoNode *self);
void vireo_node_unref (VireoNode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoNode, vireo_node_unref)

/* The node of an object; %NULL when it is not on the bus. */
VireoNode *vireo_node_of (gpointer object);

VireoDetails *vireo_node_get_details (VireoNode *self);

/* Whose permissions count: itself, or what a job works on. */
VireoNode *vireo_node_get_subject (VireoNode *self);

/* The connection that it is, or is in. %NULL for the manager and for jobs. */
VireoNode *vireo_node_get_connection (VireoNode *self);
/* The objects of a kind that are in it; %NULL when there never were any. */
VireoObjList *vireo_node_get_list (VireoNode *self, VireoPathKind path_kind);
/* (transfer full) (element-type VireoNode): those that are there now, in no particular order; of
 * thousands the objects need not be looked at. */
GPtrArray *vireo_node_get_children (VireoNode *self, VireoPathKind path_kind);

/* Of the job that works on an object, or "/" when none is shown. */
const char *vireo_node_get_job_path (VireoNode *self);
/* Of that, and of those that work in the background. */
GVariant *vireo_node_get_job_paths (VireoNode *self);

/**
 * VireoTree:
 *
 * What is on the bus: the manager, connections, what they hold, and jobs that are shown. Signals:
 * `added` (VireoNode *), `removed` (VireoNode *), `changed` (VireoNode *, const char *attribute),
 * `event` (VireoNode *, const char *signal, GVariant *args, VireoNode *about): about is the object
 * that a receiver must be allowed to read, too.
 */
#define VIREO_TYPE_TREE (vireo_tree_get_type ())
G_DECLARE_FINAL_TYPE (VireoTree, vireo_tree, VIREO, TREE, GObject)

VireoTree *vireo_tree_new (const VireoService *const *services, GError **error);

const VireoExport *vireo_tree_get_export (VireoTree *self, VireoPathKind path_kind);

VireoNode *vireo_tree_get_manager (VireoTree *self);
VireoNode *vireo_tree_find (VireoTree *self, const char *path);
/* How many objects are a user's. */
guint vireo_tree_count_owned (VireoTree *self, guint uid);
GPtrArray *vireo_tree_snapshot (VireoTree *self);

/* Has jobs written down, and numbered, by @book; before there are any. */
void vireo_tree_set_job_book (VireoTree *self, VireoJobBook *book);
VireoJobBook *vireo_tree_get_job_book (VireoTree *self);
/* Shows a job that had ended when the daemon began, for as long as others that have ended.
 * @subject: what it worked on, which need not be there any more. */
void vireo_tree_show_ended_job (VireoTree *self, VireoJob *job, VireoNode *subject);
/* What was at @path, which is not in the tree, as a subject: who sees it is who saw it then.
 * @parent: (nullable). (transfer full) (nullable): %NULL when nothing can be at that path. */
VireoNode *vireo_tree_recall (VireoTree *self, const char *path, VireoNode *parent,
                              GVariant *details);

VireoNode *vireo_tree_add_connection (VireoTree *self, VireoObj *connection);
GPtrArray *vireo_tree_get_connections (VireoTree *self);

G_END_DECLS
