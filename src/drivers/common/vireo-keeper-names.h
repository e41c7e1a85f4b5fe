/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UUIDs and names of definitions and of their files. */

char *vireo_uuid_normalize (const char *text);
char *vireo_uuid_for_file (const char *file);
char *vireo_name_for_file (const char *file);

G_END_DECLS
