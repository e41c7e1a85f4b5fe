/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* The one name of errors. */
#define VIREO_LIBVIRT_ERROR_NAME "org.libvirt.Error"

/* (transfer full): the text for an error of ours: the beginnings are those that clients look for.
 */
char *vireo_libvirt_error_text (VireoLibvirtCall *call, const GError *error);

G_END_DECLS
