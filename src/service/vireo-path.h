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
 * @VIREO_PATH_CONNECTION: of a connection, whether there is such a one or not; so the others
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
  VIREO_PATH_NETWORK,
  VIREO_PATH_JOB,
  VIREO_PATH_N_KINDS,
} VireoPathKind;

VireoPathKind vireo_path_classify (const char *path);

char *vireo_path_escape (const char *text);
char *vireo_path_unescape (const char *element);

char *vireo_path_for_connection (const char *id);
char *vireo_path_for_object (const char *connection_path, const char *kind, const char *uuid);
char *vireo_path_for_job (guint64 number);

G_END_DECLS
