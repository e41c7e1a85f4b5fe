/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-def-obj.h"
#include "util/vireo-store.h"

G_BEGIN_DECLS

/**
 * VireoKeeperKind:
 * @kind: "domain", "network", …
 * @folder: folder of the definitions below the driver's, such as "domains"
 * @doc: name of the kind of document, for vireo_doc_kind_find()
 * @name: where in a definition its name is
 * @uuid: where in a definition its UUID is
 * @get_problems: (nullable): why post-parse failed for now; %NULL for a kind that has no post-parse
 * @set_problems: (nullable): replaces them
 * @is_volatile: (nullable): whether a definition must not be written to a disk; it does not change
 *   for an object
 * @validate: the generic rules of the kind
 *
 * What the keeper needs to know of a kind of object, which derives from #VireoDefObj. There is one
 * static table a kind.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *kind;
  const char *folder;
  const char *doc;
  char **(*name) (gpointer def);
  char **(*uuid) (gpointer def);
  GPtrArray *(*get_problems) (VireoObj *obj);
  void (*set_problems) (VireoObj *obj, GPtrArray *problems);
  gboolean (*is_volatile) (gconstpointer def);
  void (*validate) (gconstpointer def, GPtrArray *problems);
} VireoKeeperKind;

/**
 * VireoKeeper:
 *
 * Keeps the definitions of one driver's objects of one kind: their list, their files, and the rules
 * by which one is defined, replaced, renamed and undefined. Abstract: #VireoDomainKeeper and
 * #VireoNetworkKeeper know their kinds, and drivers derive from those. Construct property:
 * `state-dir` s, the driver's folder, in which the kind's folder is made; %NULL keeps everything in
 * memory only.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_KEEPER (vireo_keeper_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoKeeper, vireo_keeper, VIREO, KEEPER, GObject)

/**
 * VireoKeeperClass:
 * @kind: set by the keeper of a kind
 * @obj_type: type of the objects; a driver sets its own that derives from the kind's
 * @prepare: (nullable): makes ready what completing @def will need and that takes time, such as the
 *   emulator's capabilities. Returns a boolean; that something could not be found out is no error
 *   here: @complete says it, with the place. Only Cancelled counts
 * @complete: (nullable): post-parse: replaces *@def by the completed definition, as
 *   vireo_post_parse_run() does. Does not block
 * @validate: (nullable): adds what the driver cannot do about @def to @problems; changes nothing
 * @check: (nullable): last word before @def is written for @obj (%NULL for a new object), with name
 *   and UUID reserved. May complete @def with what must be unique among the driver's objects, for
 *   until the definition is on disk vireo_keeper_foreach_def() shows it
 * @made: (nullable): @obj has just been made; it has no definition yet, and nobody else has seen it
 * @defined: (nullable): the definition of @obj has just been made, replaced or loaded
 *
 * Since: 0.1
 */
struct _VireoKeeperClass
{
  GObjectClass parent_class;

  const VireoKeeperKind *kind;
  GType obj_type;

  void (*prepare) (VireoKeeper *self, gconstpointer def, GTask *task);
  gboolean (*complete) (VireoKeeper *self,
                        gpointer *def,
                        gboolean existing,
                        VireoParseFlags flags,
                        GPtrArray **ret_problems,
                        GError **error);
  void (*validate) (VireoKeeper *self, gconstpointer def, GPtrArray *problems);
  gboolean (*check) (VireoKeeper *self, VireoObj *obj, gpointer def, GError **error);
  void (*made) (VireoKeeper *self, VireoObj *obj);
  void (*defined) (VireoKeeper *self, VireoObj *obj);
};

VireoObjList *vireo_keeper_get_list (VireoKeeper *self);

/* Reads all definitions; to be called once, before anything else. Each becomes an object, whatever
 * is wrong with it; fails only when the folder cannot be used. */
void vireo_keeper_load_async (VireoKeeper *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean vireo_keeper_load_finish (VireoKeeper *self, GAsyncResult *result, GError **error);

/* Calls @func with each persistent definition and each that is on its way to become one. @obj is
 * %NULL for a new object's. */
typedef void (*VireoKeeperDefFunc) (VireoObj *obj, gconstpointer def, gpointer user_data);
void vireo_keeper_foreach_def (VireoKeeper *self, VireoKeeperDefFunc func, gpointer user_data);

/* ---- for starting ---- */

/* With the slot of @obj held, before its persistent definition is used: re-runs post-parse if it
 * failed. Errors: MissingResource, Unparsable, InvalidState for a transient object. Then the driver
 * copies the persistent definition and makes it the live one. */
void vireo_keeper_make_ready_async (VireoKeeper *self,
                                    VireoObj *obj,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean vireo_keeper_make_ready_finish (VireoKeeper *self, GAsyncResult *result, GError **error);

/* For the operation `create`: completes and checks @def, and makes it the live definition of a new
 * transient object, which is in the list, or of an inactive persistent one that has its name and
 * UUID. Gives the job that has the object's slot; the driver starts the object in it, calls
 * vireo_keeper_stopped() if that fails, and ends it. */
void vireo_keeper_create_async (VireoKeeper *self,
                                gconstpointer def,
                                guint owner,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
VireoJob *vireo_keeper_create_finish (VireoKeeper *self, GAsyncResult *result, GError **error);

/* The object does not run any more: drops its live definition, and a transient object with it. The
 * driver has set the state and emitted Lifecycle before. */
void vireo_keeper_stopped (VireoKeeper *self, VireoObj *obj);

/* An object that was found running without a definition on disk (a daemon before us made it
 * transient): adds it to the list with @live_def, which is taken over. */
VireoObj *vireo_keeper_adopt (VireoKeeper *self, gpointer live_def, guint owner, GError **error);

/**
 * vireo_keeper_complete_async:
 * @def: a definition that somebody gave, to be used beside the list: in the place of one in a file
 *
 * Completes and checks a copy of @def, as that of a new object.
 */
void vireo_keeper_complete_async (VireoKeeper *self,
                                  gconstpointer def,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
/* (transfer full) */
gpointer vireo_keeper_complete_finish (VireoKeeper *self, GAsyncResult *result, GError **error);

/* ---- what the keepers of the kinds put into their interfaces; @task is taken over ---- */

void vireo_keeper_define (VireoKeeper *self, gconstpointer def, guint owner, GTask *task);
void vireo_keeper_replace (VireoKeeper *self, VireoObj *obj, gconstpointer def, GTask *task);
void vireo_keeper_undefine (VireoKeeper *self, VireoObj *obj, GTask *task);
void vireo_keeper_rename (VireoKeeper *self, VireoObj *obj, const char *name, GTask *task);
void vireo_keeper_set_autostart (VireoKeeper *self, VireoObj *obj, gboolean autostart, GTask *task);
void vireo_keeper_rerun_post_parse (VireoKeeper *self, VireoObj *obj, GTask *task);
void vireo_keeper_reload (VireoKeeper *self, GTask *task);

G_END_DECLS
