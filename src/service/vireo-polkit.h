/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How polkit is spoken to: what is sent, and what its answers mean. See the D-Bus interface
 * org.freedesktop.PolicyKit1.Authority in its reference. */
#pragma once

#include "vireo-authority.h"

G_BEGIN_DECLS

#define VIREO_POLKIT_NAME "org.freedesktop.PolicyKit1"
#define VIREO_POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define VIREO_POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define VIREO_POLKIT_FLAG_INTERACTION 1u

/* Arguments of CheckAuthorization. @flags: VIREO_POLKIT_FLAG_INTERACTION when a person may be
 * asked; @cancellation_id: "" for a question that is not taken back. A floating reference. */
GVariant *vireo_polkit_request (VireoCaller *caller,
                                const VireoAction *action,
                                VireoDetails *details,
                                guint flags,
                                const char *cancellation_id);

/* @ret_fresh: whether polkit decided by its rules alone, not by what somebody authenticated for
 * some time ago; @ret_silent: (nullable): whether it has said nothing for too long. */
VireoVerdict vireo_polkit_read_answer (GObject *source,
                                       GAsyncResult *result,
                                       gboolean *ret_fresh,
                                       gboolean *ret_silent);

G_END_DECLS
