/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "vireo-error.h"

G_BEGIN_DECLS

/* JSON that comes from outside. */

/* The object that a text is. An error begins with a participle or a noun, for the caller to put
 * "… is " before it. Errors: InvalidArgument, LimitExceeded. */
JsonObject *vireo_json_parse_object (const char *text,
                                     gsize length,
                                     guint max_depth,
                                     GError **error);

/* One line. */
char *vireo_json_object_to_text (JsonObject *object);

/* Members of an object from outside, which may be of any type or absent: NULL, or the fallback, if
 * they are not what is wanted. Strings are limited to @max bytes. @object: (nullable) */
JsonObject *vireo_json_get_object (JsonObject *object, const char *member);
JsonArray *vireo_json_get_array (JsonObject *object, const char *member);
const char *vireo_json_get_string (JsonObject *object, const char *member, gsize max);
gint64 vireo_json_get_int (JsonObject *object, const char *member, gint64 fallback);
gboolean vireo_json_get_boolean (JsonObject *object, const char *member, gboolean fallback);

G_END_DECLS
