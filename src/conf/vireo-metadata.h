/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Elements of applications in a domain's <metadata>, each known by the namespace that it is in. */

char *vireo_metadata_get (const char *metadata, const char *uri);
gboolean vireo_metadata_set (char **metadata,
                             const char *uri,
                             const char *key,
                             const char *element,
                             GError **error);

/* Words that somebody put on a domain, for rules to look at. */
#define VIREO_METADATA_TAGS "https://vireo.org/xmlns/tags/1.0"

char **vireo_metadata_get_tags (const char *metadata);

G_END_DECLS
