/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/vireo-obj.h"

G_BEGIN_DECLS

/**
 * VireoDetails:
 *
 * What polkit is told of the object of a call: a dictionary under libvirt's variable names. Never
 * changes once it is made, so that what was decided for it can be kept under its address.
 */
typedef struct _VireoDetails VireoDetails;

/**
 * VireoSubject:
 * @driver: (nullable): of the connection
 * @uri: (nullable): of the connection
 * @kind: (nullable): "domain", "network", …; %NULL when it is about the connection
 * @name: (nullable): of the object
 * @uuid: (nullable): of the object
 * @has_owner: whether @owner is known
 * @owner: uid of who made the object
 * @object: (nullable): the object, for what else its kind is known by
 * @describe: (nullable): tells of @def what else the kind is known by, where there is no object yet
 * @def: (nullable): a definition
 * @parent: (nullable): what the object is in, when that is not the connection
 *
 * What details are made from.
 */
typedef struct
{
  const char *driver;
  const char *uri;
  const char *kind;
  const char *name;
  const char *uuid;
  gboolean has_owner;
  guint owner;
  VireoObj *object;
  void (*describe) (gconstpointer def, VireoDescribeFunc func, gpointer user_data);
  gconstpointer def;
  VireoObj *parent;
} VireoSubject;

VireoDetails *vireo_details_new (const VireoSubject *subject);
/* Those that were made before: @dictionary, of the type a{ss}, is what they had. */
VireoDetails *vireo_details_new_again (GVariant *dictionary);
VireoDetails *vireo_details_ref (VireoDetails *self);
void vireo_details_unref (VireoDetails *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoDetails, vireo_details_unref)

/* (transfer none): of the type a{ss} */
GVariant *vireo_details_get_dictionary (VireoDetails *self);

G_END_DECLS
