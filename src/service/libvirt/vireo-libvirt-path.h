/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/vireo-tree.h"

G_BEGIN_DECLS

#define VIREO_LIBVIRT_ROOT "/org/libvirt"

/**
 * VireoLibvirtDriver:
 * @name: last part of the connection's path
 * @uri: what it opens
 *
 * A connection object of org.libvirt. It is there whether the connection can be opened or not.
 */
typedef struct
{
  const char *name;
  const char *uri;
} VireoLibvirtDriver;

/* Those of a bus, ending with an empty one. */
const VireoLibvirtDriver *vireo_libvirt_get_drivers (gboolean session);

/**
 * VireoLibvirtPath:
 * @driver: (nullable): the connection; %NULL of the root
 * @path_kind: what is there: %VIREO_PATH_MANAGER for the root, %VIREO_PATH_FOLDER, or a kind of
 *   object
 * @of: what is in the folder
 * @element: (nullable): last part of the path of an object below a connection; not a copy
 *
 * What a path of org.libvirt says.
 */
typedef struct
{
  const VireoLibvirtDriver *driver;
  VireoPathKind path_kind;
  VireoPathKind of;
  const char *element;
} VireoLibvirtPath;

gboolean vireo_libvirt_path_parse (const char *path, gboolean session, VireoLibvirtPath *ret_path);

VireoNode *vireo_libvirt_find_connection (VireoTree *tree, const VireoLibvirtDriver *driver);

/* Our path of an object of org.libvirt in @connection; %NULL when there is none, or it is seen from
 * the path alone that there cannot be one. */
char *vireo_libvirt_path_to_node_path (const VireoLibvirtPath *self, VireoNode *connection);

/* What the last part of the path names, as it is there: a UUID, a name, a key; %NULL of what is no
 * object below a connection, or is not spelled as a path of one. */
char *vireo_libvirt_path_get_identity (const VireoLibvirtPath *self);

/* Its path in org.libvirt; %NULL of what org.libvirt does not know. */
char *vireo_libvirt_path_of_node (VireoNode *node, gboolean session);
const VireoLibvirtDriver *vireo_libvirt_driver_of_node (VireoNode *node, gboolean session);

/* The folders below a connection, and what is in them; ending with an empty one. */
typedef struct
{
  const char *folder;
  VireoPathKind path_kind;
} VireoLibvirtFolder;

extern const VireoLibvirtFolder vireo_libvirt_folders[];

/* (transfer full) (element-type VireoNode): the objects of a kind in a connection, also those that
 * are below other objects. */
GPtrArray *vireo_libvirt_list_nodes (VireoNode *connection, VireoPathKind path_kind);

G_END_DECLS
