/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-secret-obj.h"

G_BEGIN_DECLS

/* The most bytes that a value may have; as in libvirt's protocol. */
#define VIREO_SECRET_VALUE_MAX 65536

/* (transfer full): bytes that are overwritten when nobody refers to them any more. The first copies
 * @data; the other takes it over, from g_malloc(). */
GBytes *vireo_secret_bytes_new (gconstpointer data, gsize size);
GBytes *vireo_secret_bytes_new_take (gpointer data, gsize size);

#define VIREO_TYPE_SECRET_DRIVER (vireo_secret_driver_get_type ())
G_DECLARE_INTERFACE (VireoSecretDriver, vireo_secret_driver, VIREO, SECRET_DRIVER, GObject)

/**
 * VireoSecretDriverInterface:
 * @get_secrets: (transfer none): the secrets
 * @define: as for domains
 * @replace: as for domains
 * @undefine: as for domains; the value goes, too
 * @get_value: returns the value as #GBytes that wipe themselves; NotFound when there is none. It is
 *   for hypervisors: whether somebody else may have it, the service decides. Without the slot
 * @set_value: replaces the value; at most %VIREO_SECRET_VALUE_MAX bytes, which the driver refers to
 *   and does not copy
 * @reload: as for domains
 *
 * What can be done with secrets. See the folder's README for the rules.
 *
 * Since: 0.1
 */
struct _VireoSecretDriverInterface
{
  GTypeInterface parent;

  VireoObjList *(*get_secrets) (VireoSecretDriver *self);

  void (*define) (VireoSecretDriver *self, const VireoSecretDef *def, guint owner, GTask *task);
  void (*replace) (VireoSecretDriver *self,
                   VireoSecretObj *obj,
                   const VireoSecretDef *def,
                   GTask *task);
  void (*undefine) (VireoSecretDriver *self, VireoSecretObj *obj, GTask *task);
  void (*get_value) (VireoSecretDriver *self, VireoSecretObj *obj, GTask *task);
  void (*set_value) (VireoSecretDriver *self, VireoSecretObj *obj, GBytes *value, GTask *task);
  void (*reload) (VireoSecretDriver *self, GTask *task);
};

G_END_DECLS
