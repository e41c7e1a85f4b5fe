/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <xxhash.h>

#include "util/vireo-error.h"
#include "util/vireo-watch.h"
#include "vireo-keeper.h"

G_BEGIN_DECLS

/* What the files of the keeper share; for nobody else. */

/* XXH3, 128 bits, of a file's text: it tells what was changed, and protects from nobody. */
typedef struct
{
  XXH128_hash_t hash;
} VireoDigest;

/* What is known of an object's file. */
typedef struct
{
  char *file; /* (nullable): name in the folder */
  VireoDigest digest;
  guint64 generation; /* when it was last written or read: see `generation` below */
} VireoKeeperRecord;

/* Name and UUID of a definition that is on its way to the disk. */
typedef struct
{
  char *name;
  char *uuid;
  VireoObj *obj; /* not a reference: that is the change's */
  gconstpointer def;
} VireoKeeperReservation;

typedef struct
{
  char *state_dir;
  VireoStore *store; /* (nullable): %NULL when everything is in memory */
  VireoObjList *list;
  const VireoDocKind *doc;
  GHashTable *records;        /* VireoObj -> VireoKeeperRecord */
  GHashTable *reserved_names; /* VireoKeeperReservation's name -> it */
  GHashTable *reserved_uuids;
  guint64 generation;  /* counts changes, so that what read the folder knows what is newer */
  VireoWatch *watch;   /* (nullable) */
  GHashTable *waiting; /* path -> GPtrArray of VireoObj that wait for it */
  GQueue reruns;       /* VireoObj whose resource has changed, and that have not begun yet */
  guint reruns_id;
  gboolean reloading;
} VireoKeeperPrivate;

VireoKeeperPrivate *_vireo_keeper_get_private (VireoKeeper *self);

char *_vireo_keeper_conf_name (const char *uuid);
/* (transfer full) (nullable): %NULL when there is to be no sidecar. */
GBytes *_vireo_keeper_conf_text (guint owner, gboolean autostart);
GBytes *_vireo_keeper_format (VireoKeeper *self, gconstpointer def, GError **error);
gboolean
_vireo_keeper_fix_identity (VireoKeeper *self, gpointer def, const char *otherwise, GError **error);

VireoKeeperReservation *
_vireo_keeper_reserve (VireoKeeper *self, VireoObj *obj, gpointer def, GError **error);
void _vireo_keeper_release (VireoKeeper *self, VireoKeeperReservation *reservation);
gboolean _vireo_keeper_collides (VireoKeeper *self, VireoObj *obj, gpointer def, GError **error);

/* As vireo_obj_begin_job_async(), for "KIND-@what". */
void _vireo_keeper_begin_job (VireoKeeper *self,
                              VireoObj *obj,
                              const char *what,
                              guint uid,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
VireoKeeperRecord *_vireo_keeper_get_record (VireoKeeper *self, VireoObj *obj);
/* Returns @ret_digest; or %NULL when there is no text. */
const VireoDigest *_vireo_keeper_digest (GBytes *text, VireoDigest *ret_digest);
/* @digest: (nullable): as before */
void _vireo_keeper_record (VireoKeeper *self,
                           VireoObj *obj,
                           const char *file,
                           const VireoDigest *digest);
VireoObj *
_vireo_keeper_new_obj (VireoKeeper *self, const char *name, const char *uuid, guint owner);
void _vireo_keeper_remove_obj (VireoKeeper *self, VireoObj *obj);
void _vireo_keeper_drop_definition (VireoKeeper *self, VireoObj *obj);
/* Makes @def (taken over) the persistent definition, of a new object when @obj is %NULL or has
 * another UUID, in which case it goes away. */
VireoObj *_vireo_keeper_publish (VireoKeeper *self,
                                 VireoObj *obj,
                                 gpointer def,
                                 guint owner,
                                 const char *file,
                                 const VireoDigest *digest,
                                 const char *detail);

/* A found definition becomes that of a new object; @problems: (nullable): what it lacks for now. */
VireoObj *_vireo_keeper_publish_found (VireoKeeper *self,
                                       gpointer def,
                                       guint owner,
                                       gboolean autostart,
                                       const char *file,
                                       const VireoDigest *digest,
                                       GPtrArray *problems);
void _vireo_keeper_publish_unparsable (VireoKeeper *self,
                                       const char *file,
                                       const VireoDigest *digest,
                                       const char *raw,
                                       const char *message,
                                       guint owner,
                                       gboolean autostart);

/* Prepares and completes @def (taken over). @existing and @flags as for vireo_post_parse_run(). */
void _vireo_keeper_complete_async (VireoKeeper *self,
                                   gpointer def,
                                   gboolean existing,
                                   VireoParseFlags flags,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gpointer _vireo_keeper_complete_finish (VireoKeeper *self,
                                        GAsyncResult *result,
                                        GPtrArray **ret_problems,
                                        GError **error);
gboolean _vireo_keeper_validate (VireoKeeper *self, gconstpointer def, GError **error);

/* Sets them, watches what they wait for, and says so when they are new. */
void _vireo_keeper_set_problems (VireoKeeper *self, VireoObj *obj, GPtrArray *problems);
void _vireo_keeper_emit_rerun_needed (VireoObj *obj);
void _vireo_keeper_forget_waiting (VireoKeeper *self, VireoObj *obj);
/* Takes the slot and runs post-parse again; nobody waits for it. */
void _vireo_keeper_rerun_by_itself (VireoKeeper *self, VireoObj *obj);

G_END_DECLS
