/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qmp-message.h"

#include <gio/gio.h>
#include <string.h>

/* Messages of the QEMU Machine Protocol: JSON objects, one a line ("QEMU Machine Protocol
 * Specification", section 2; QEMU breaks lines inside a message only when asked to be pretty). */

struct _VireoQmpReader
{
  GByteArray *bytes;
  gsize start;   /* of the line that is being received */
  gsize scanned; /* no newline before it */
  gsize max_message;
};

/**
 * vireo_qmp_reader_new:
 * @max_message: the longest line that is taken, in bytes
 *
 * Returns: (transfer full): a reader without bytes
 * Since: 0.1
 */
VireoQmpReader *
vireo_qmp_reader_new (gsize max_message)
{
  VireoQmpReader *self = g_new0 (VireoQmpReader, 1);

  self->bytes = g_byte_array_new ();
  self->max_message = max_message;
  return self;
}

void
vireo_qmp_reader_free (VireoQmpReader *self)
{
  g_byte_array_unref (self->bytes);
  g_free (self);
}

/* What was handed out is dropped when it is worth the move. */
static void
compact (VireoQmpReader *self)
{
  if (self->start == 0 || (self->start < self->bytes->len && self->start < 65536))
    return;
  /* g_byte_array keeps its memory for good: give it back after a large message. */
  if (self->start == self->bytes->len && self->start > 1024 * 1024)
    {
      g_byte_array_unref (self->bytes);
      self->bytes = g_byte_array_new ();
    }
  else
    g_byte_array_remove_range (self->bytes, 0, self->start);
  self->scanned -= self->start;
  self->start = 0;
}

/**
 * vireo_qmp_reader_push:
 * @self: a reader
 * @data: what was received
 * @length: bytes of it
 * @error: LimitExceeded when a line grows longer than is taken
 *
 * Adds bytes. To be called when vireo_qmp_reader_next() has nothing more.
 *
 * Returns: whether all is well
 * Since: 0.1
 */
gboolean
vireo_qmp_reader_push (VireoQmpReader *self, const void *data, gsize length, GError **error)
{
  compact (self);
  if (self->bytes->len - self->start + length > self->max_message)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "A message is longer than %" G_GSIZE_FORMAT " bytes", self->max_message);
      return FALSE;
    }
  g_byte_array_append (self->bytes, data, (guint) length);
  return TRUE;
}

/**
 * vireo_qmp_reader_next:
 * @self: a reader
 *
 * Takes the next line that is complete and not blank.
 *
 * Returns: (transfer full) (nullable): the line without its end; %NULL when there is none yet
 * Since: 0.1
 */
GBytes *
vireo_qmp_reader_next (VireoQmpReader *self)
{
  while (self->scanned < self->bytes->len)
    {
      const guint8 *line = self->bytes->data + self->start;
      const guint8 *from = self->bytes->data + self->scanned;
      const guint8 *end = memchr (from, '\n', self->bytes->len - self->scanned);
      gsize length;

      if (end == NULL)
        {
          self->scanned = self->bytes->len;
          return NULL;
        }
      length = (gsize) (end - line);
      self->start += length + 1;
      self->scanned = self->start;
      while (length > 0 && g_ascii_isspace (line[length - 1]))
        length--;
      if (length > 0)
        return g_bytes_new (line, length);
    }
  return NULL;
}

/**
 * vireo_qmp_message_parse:
 * @line: a line
 * @max_depth: how deep it may nest
 * @error: Hypervisor for what is no JSON object in UTF-8, LimitExceeded for what nests too deep
 *
 * Returns: (transfer full): the message
 * Since: 0.1
 */
JsonObject *
vireo_qmp_message_parse (GBytes *line, guint max_depth, GError **error)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (line, &length);
  g_autoptr (GError) cause = NULL;
  JsonObject *message = vireo_json_parse_object (text, length, max_depth, &cause);

  if (message == NULL)
    g_set_error (error, VIREO_ERROR,
                 g_error_matches (cause, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED)
                     ? VIREO_ERROR_LIMIT_EXCEEDED
                     : VIREO_ERROR_HYPERVISOR,
                 "A message is %s", cause->message);
  return message;
}

/**
 * vireo_qmp_message_format:
 * @command: name of a command
 * @arguments: (nullable): its arguments
 * @id: comes back with the reply
 *
 * Returns: (transfer full): the line to send
 * Since: 0.1
 */
GBytes *
vireo_qmp_message_format (const char *command, JsonObject *arguments, guint64 id)
{
  g_autoptr (JsonObject) message = json_object_new ();
  g_autofree char *text = NULL;
  char *line;

  json_object_set_string_member (message, "execute", command);
  if (arguments != NULL)
    json_object_set_object_member (message, "arguments", json_object_ref (arguments));
  json_object_set_int_member (message, "id", (gint64) id);
  text = vireo_json_object_to_text (message);
  line = g_strconcat (text, "\n", NULL);
  return g_bytes_new_take (line, strlen (line));
}

JsonObject *
vireo_qmp_node_object (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
vireo_qmp_node_array (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

JsonObject *
vireo_qmp_element_object (JsonArray *array, guint index)
{
  return vireo_qmp_node_object (json_array_get_element (array, index));
}
