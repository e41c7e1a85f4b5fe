/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define VIREO_TYPE_OBJECT (vireo_object_get_type ())

typedef struct _VireoObject VireoObject;
typedef struct _VireoObjectClass VireoObjectClass;
typedef struct _VireoClient VireoClient;

GType vireo_object_get_type (void) G_GNUC_CONST;

static inline VireoObject *
VIREO_OBJECT (gpointer object)
{
  return G_TYPE_CHECK_INSTANCE_CAST (object, vireo_object_get_type (), VireoObject);
}

static inline gboolean
VIREO_IS_OBJECT (gpointer object)
{
  return G_TYPE_CHECK_INSTANCE_TYPE (object, vireo_object_get_type ());
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoObject, g_object_unref)

/**
 * VireoAuthorization:
 * @VIREO_AUTHORIZATION_NO: the caller may not
 * @VIREO_AUTHORIZATION_CHALLENGE: the caller may after authenticating
 * @VIREO_AUTHORIZATION_YES: the caller may
 * @VIREO_AUTHORIZATION_UNKNOWN: the question was not answered
 *
 * Whether a caller may do something.
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_AUTHORIZATION_NO,
  VIREO_AUTHORIZATION_CHALLENGE,
  VIREO_AUTHORIZATION_YES,
  VIREO_AUTHORIZATION_UNKNOWN = -1,
} VireoAuthorization;

const char *vireo_object_get_path (VireoObject *self);
gboolean vireo_object_get_removed (VireoObject *self);
VireoClient *vireo_object_dup_client (VireoObject *self);

void vireo_object_check_authorization_async (VireoObject *self, const char *permission,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
VireoAuthorization vireo_object_check_authorization_finish (VireoObject *self,
                                                            GAsyncResult *result, GError **error);
VireoAuthorization vireo_object_check_authorization_sync (VireoObject *self,
                                                          const char *permission,
                                                          GCancellable *cancellable,
                                                          GError **error);

G_END_DECLS
