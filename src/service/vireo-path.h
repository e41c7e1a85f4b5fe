/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VIREO_PATH_ROOT "/org/vireo/Vireo1"

/**
 * VireoPathKind:
 * @VIREO_PATH_NONE: no path of ours
 * @VIREO_PATH_ABOVE: one that leads to the root object: `/`, `/org`, `/org/vireo`
 * @VIREO_PATH_MANAGER: the root object
 * @VIREO_PATH_FOLDER: one that only has children: `…/connections`, `…/domains`, `…/jobs`
 * @VIREO_PATH_CONNECTION: of a connection, whether there is such a one or not; so the others, which
 *   are each in a folder below a connection or another object
 *
 * What can be said of a path without knowing what exists.
 */
typedef enum
{
  VIREO_PATH_NONE,
  VIREO_PATH_ABOVE,
  VIREO_PATH_MANAGER,
  VIREO_PATH_FOLDER,
  VIREO_PATH_CONNECTION,
  VIREO_PATH_DOMAIN,
  VIREO_PATH_DOMAIN_SNAPSHOT,
  VIREO_PATH_DOMAIN_CHECKPOINT,
  VIREO_PATH_NETWORK,
  VIREO_PATH_NETWORK_PORT,
  VIREO_PATH_NETWORK_FILTER,
  VIREO_PATH_NETWORK_FILTER_BINDING,
  VIREO_PATH_STORAGE_POOL,
  VIREO_PATH_STORAGE_VOLUME,
  VIREO_PATH_SECRET,
  VIREO_PATH_NODE_DEVICE,
  VIREO_PATH_HOST_INTERFACE,
  VIREO_PATH_JOB,
  VIREO_PATH_N_KINDS,
} VireoPathKind;

VireoPathKind vireo_path_classify (const char *path);

/* What is in folders: "domain" for VIREO_PATH_DOMAIN …; %NULL for what is not. */
const char *vireo_path_kind_name (VireoPathKind path_kind);
/* Of the objects that the folder is in. */
VireoPathKind vireo_path_kind_parent (VireoPathKind path_kind);
/* The other way; VIREO_PATH_NONE when objects of @parent have no such children. */
VireoPathKind vireo_path_kind_of_child (VireoPathKind parent, const char *name);
/* "domains" … */
const char *vireo_path_kind_folder (VireoPathKind path_kind);

char *vireo_path_escape (const char *text);
char *vireo_path_unescape (const char *element);

char *vireo_path_for_connection (const char *id);
char *vireo_path_for_object (const char *parent_path,
                             VireoPathKind path_kind,
                             const char *uuid,
                             const char *name);
char *vireo_path_for_job (guint64 number);

G_END_DECLS
