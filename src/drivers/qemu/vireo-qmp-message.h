/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/vireo-json.h"

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

/* An array's elements and whole replies, which may be of any type: NULL if they are not that. */
JsonObject *vireo_qmp_element_object (JsonArray *array, guint index);
JsonObject *vireo_qmp_node_object (JsonNode *node);
JsonArray *vireo_qmp_node_array (JsonNode *node);

G_END_DECLS
