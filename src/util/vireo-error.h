/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-error-codes.h"

G_BEGIN_DECLS

/* Errors of other domains are translated where they enter (see vireo_error_from_errno ()) and reach
 * a caller as Failed, with their text, when somebody forgot to. */
#define VIREO_ERROR_DBUS_PREFIX "org.vireo.Vireo1.Error."

#define VIREO_ERROR_N_CODES (VIREO_ERROR_INTERRUPTED + 1)

const char *vireo_error_dbus_name (const GError *error);

void vireo_error_set_errno (GError **error, int saved_errno, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

VireoError vireo_error_from_errno (int saved_errno);

void vireo_error_translate (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
