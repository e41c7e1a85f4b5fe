/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-keeper-private.h"

G_BEGIN_DECLS

/* Those with the usual name come first, for they win when two have one UUID; those that cannot be
 * parsed last, for they take the names and UUIDs that are left. */
enum
{
  VIREO_FOUND_USUAL,
  VIREO_FOUND_UNUSUAL,
  VIREO_FOUND_UNPARSABLE,
};

/* A file that an object has already. */
typedef struct
{
  VireoDigest digest; /* of what it said when it was last read or written */
  VireoObj *obj;      /* not a reference, and for the main loop only */
  gboolean found;     /* likewise: it is still there */
} VireoKnownFile;

/* A file of the folder, as a thread found it. */
typedef struct
{
  char *name;
  GBytes *text;       /* (nullable): %NULL when it could not be read */
  guint8 *packed;     /* (nullable): the definition, of the keeper's kind, with a UUID */
  char *uuid;         /* (nullable): likewise */
  char *message;      /* (nullable): why there is no definition */
  gboolean unchanged; /* as it was when it was last read or written: nothing more is known */
  guint rank;         /* see above */
  gboolean taken;     /* for whoever takes them: that it was */
  VireoDigest digest; /* of the text */
  guint owner;
  gboolean autostart;
  const VireoDocKind *doc;
} VireoFoundFile;

/* (transfer full) (nullable): the definition, which leaves @file. */
gpointer vireo_found_file_take_def (VireoFoundFile *file);
/* As text that can go over the bus. */
char *vireo_found_file_get_text (VireoFoundFile *file);

/* Gets a file, which stays the scan's, in the order of names. */
typedef void (*VireoFoundFunc) (VireoFoundFile *file, gpointer user_data);

/* @known: (nullable) (element-type filename VireoKnownFile): not to be changed until the end. */
void vireo_keeper_scan_async (VireoKeeper *self,
                              GHashTable *known,
                              VireoFoundFunc func,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
/* (element-type VireoFoundFile); @ret_confs: names of sidecars. */
GPtrArray *vireo_keeper_scan_finish (VireoKeeper *self,
                                     GAsyncResult *result,
                                     GPtrArray **ret_confs,
                                     GError **error);

G_END_DECLS
