/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * VireoQuota:
 * @VIREO_QUOTA_OBJECTS: what a user owns: definitions, volumes, snapshots
 * @VIREO_QUOTA_JOBS: changes that are under way, and long ones that go on after their call
 * @VIREO_QUOTA_CALLS: calls that are not answered
 * @VIREO_QUOTA_CALL_MEMORY: bytes of their arguments
 * @VIREO_QUOTA_SUBSCRIPTIONS: connections that get signals
 * @VIREO_QUOTA_UNREAD: bytes that were sent to their connections and these have not read; nothing
 *   is taken of it here, see #VireoBacklog
 *
 * What there is only so much of for a user, over all of their connections.
 */
typedef enum
{
  VIREO_QUOTA_OBJECTS,
  VIREO_QUOTA_JOBS,
  VIREO_QUOTA_CALLS,
  VIREO_QUOTA_CALL_MEMORY,
  VIREO_QUOTA_SUBSCRIPTIONS,
  VIREO_QUOTA_UNREAD,
  VIREO_N_QUOTAS
} VireoQuota;

/**
 * VireoQuotas:
 *
 * How much of each a user may have, and has. The superuser may have all, and so may the one user of
 * a session.
 */
typedef struct _VireoQuotas VireoQuotas;

/* @folder: of the configuration; from its file vireod.conf, if it is there, come limits */
VireoQuotas *vireo_quotas_new (const char *folder, gboolean session, GError **error);
void vireo_quotas_free (VireoQuotas *self);

gboolean vireo_quotas_is_of_session (VireoQuotas *self);
gboolean vireo_quotas_is_exempt (VireoQuotas *self, guint uid);
guint64 vireo_quotas_get_limit (VireoQuotas *self, VireoQuota what);

/* QuotaExceeded, and nothing is taken, when @uid would have more than it may. */
gboolean
vireo_quotas_take (VireoQuotas *self, guint uid, VireoQuota what, guint64 amount, GError **error);
/* The same for what a user has already: it is counted, however much there is. */
void vireo_quotas_charge (VireoQuotas *self, guint uid, VireoQuota what, guint64 amount);
void vireo_quotas_give_back (VireoQuotas *self, guint uid, VireoQuota what, guint64 amount);

/* The same for what is counted elsewhere: @has is what there is beside what was taken. */
gboolean
vireo_quotas_check (VireoQuotas *self, guint uid, VireoQuota what, guint64 has, GError **error);

G_END_DECLS
