/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "util/vireo-error.h"

G_BEGIN_DECLS

/**
 * VireoQmpReader:
 *
 * Cuts a stream of bytes into lines, of which each is one message.
 *
 * Since: 0.1
 */
typedef struct _VireoQmpReader VireoQmpReader;

VireoQmpReader *vireo_qmp_reader_new (gsize max_message);
void vireo_qmp_reader_free (VireoQmpReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoQmpReader, vireo_qmp_reader_free)

gboolean vireo_qmp_reader_push (VireoQmpReader *self, const void *data, gsize length,
                                GError **error);
GBytes *vireo_qmp_reader_next (VireoQmpReader *self);

JsonObject *vireo_qmp_message_parse (GBytes *line, guint max_depth, GError **error);
GBytes *vireo_qmp_message_format (const char *command, JsonObject *arguments, guint64 id);

/* Members of an object from the other side, which may be of any type or absent: NULL, or the
 * fallback, if they are not what is wanted. Strings are limited to @max bytes. */
JsonObject *vireo_qmp_get_object (JsonObject *object, const char *member);
JsonArray *vireo_qmp_get_array (JsonObject *object, const char *member);
const char *vireo_qmp_get_string (JsonObject *object, const char *member, gsize max);
gint64 vireo_qmp_get_int (JsonObject *object, const char *member, gint64 fallback);
gboolean vireo_qmp_get_boolean (JsonObject *object, const char *member, gboolean fallback);
/* The same for an array's elements and for a whole reply. */
JsonObject *vireo_qmp_element_object (JsonArray *array, guint index);
JsonObject *vireo_qmp_node_object (JsonNode *node);
JsonArray *vireo_qmp_node_array (JsonNode *node);

G_END_DECLS
