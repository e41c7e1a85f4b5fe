/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What secrets are used for, by number; ending with %NULL. */
extern const char *const vireo_libvirt_secret_usages[];

G_END_DECLS
