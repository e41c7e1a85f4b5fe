/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * VireoCredentials:
 *
 * A user's rights to files, which a worker thread takes on around the opening of files that this
 * user named: the kernel then decides as it would for the user, without a race between a check and
 * an opening. Only the calling thread changes (setfsuid(2) and the system calls beneath the C
 * library's setgroups(), which would change all threads); its capabilities to override permissions
 * go and come with the user id.
 *
 * Since: 0.1
 */
typedef struct _VireoCredentials VireoCredentials;

/* Looks the user's groups up: blocks. Errors: MissingResource for a user that is not known. */
VireoCredentials *vireo_credentials_new (guint uid, GError **error);
void vireo_credentials_free (VireoCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoCredentials, vireo_credentials_free)

/* Takes the rights on, or gives them back; for worker threads. Whoever took them on gives them back
 * before the thread does anything else: a thread that cannot ends the process. */
gboolean vireo_credentials_assume (VireoCredentials *self, GError **error);
void vireo_credentials_restore (VireoCredentials *self);

G_END_DECLS
