/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/vireo-error.h"
#include "util/vireo-store.h"
#include "util/vireo-watch.h"
#include "vireo-dir-folder.h"
#include "vireo-dir-storage.h"

G_BEGIN_DECLS

/* What the files of the driver share; for nobody else. */

#define VIREO_DIR_STATUS_SUFFIX ".xml"

struct _VireoDirStorage
{
  VireoStorageKeeper parent_instance;
  const VireoEnv *env;
  VireoWatch *watch;   /* (nullable): of the folders of active pools */
  VireoStore *status;  /* what is active; a reboot clears it */
  GHashTable *folders; /* VireoStoragePoolObj -> VireoDirFolder, of those that are active */
};

/* The folder of an active pool. */
typedef struct
{
  char *path;
  guint generation; /* how often we changed something in it: what was read before is old then */
  gboolean scanning;
  GPtrArray *waiting; /* GTask: who wants a scan that begins from now on */
} VireoDirFolder;

VireoDirFolder *_vireo_dir_storage_find (VireoDirStorage *self, VireoStoragePoolObj *pool);

/* Scans the folder of an active pool; @task: (transfer full) (nullable): told when it was. */
void _vireo_dir_storage_scan (VireoDirStorage *self, VireoStoragePoolObj *pool, GTask *task);
/* Takes what was found over; whether volumes came or went by it. */
gboolean _vireo_dir_storage_apply (VireoStoragePoolObj *pool, GPtrArray *found);

/* Writes down that a pool is active, or is not any more. */
void _vireo_dir_storage_note (VireoDirStorage *self,
                              VireoStoragePoolObj *pool,
                              gboolean active,
                              GTask *task);

void _vireo_dir_storage_init_volumes (VireoStorageKeeperClass *klass);

G_END_DECLS
