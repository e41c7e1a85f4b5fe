/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-json.h"

#include <string.h>

/* json-glib's parser recurses, so that nesting is limited before it sees the text. */
static gboolean
check_depth (const char *text, gsize length, guint max_depth)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];

      if (in_string && c == '\\')
        i++;
      else if (c == '"')
        in_string = !in_string;
      else if (in_string)
        continue;
      else if ((c == '{' || c == '[') && ++depth > max_depth)
        return FALSE;
      else if ((c == '}' || c == ']') && depth > 0)
        depth--;
    }
  return TRUE;
}

/**
 * vireo_json_parse_object:
 * @text: a text, which need not end with a zero
 * @length: bytes of it
 * @max_depth: how deep it may nest
 * @error: InvalidArgument for what is no JSON object in UTF-8, LimitExceeded for what nests too
 *   deep; the message is to come after "… is "
 *
 * Returns: (transfer full): the object
 * Since: 0.1
 */
JsonObject *
vireo_json_parse_object (const char *text, gsize length, guint max_depth, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) cause = NULL;
  JsonNode *root = NULL;

  if (!g_utf8_validate_len (text, length, NULL))
    g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "not UTF-8 text");
  else if (!check_depth (text, length, max_depth))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED, "nested deeper than %u",
                 max_depth);
  else if (!json_parser_load_from_data (parser, text, (gssize) length, &cause))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "not JSON: %s", cause->message);
  else
    {
      root = json_parser_get_root (parser);
      if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
        return json_node_dup_object (root);
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "not a JSON object");
    }
  return NULL;
}

/**
 * vireo_json_object_to_text:
 * @object: an object
 *
 * Returns: (transfer full): it, on one line
 * Since: 0.1
 */
char *
vireo_json_object_to_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return json_to_string (node, FALSE);
}

static JsonNode *
get_member (JsonObject *object, const char *member)
{
  return object != NULL ? json_object_get_member (object, member) : NULL;
}

/* A value of that type; NULL for anything else. */
static JsonNode *
get_value (JsonObject *object, const char *member, GType type)
{
  JsonNode *node = get_member (object, member);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type
             ? node
             : NULL;
}

JsonObject *
vireo_json_get_object (JsonObject *object, const char *member)
{
  JsonNode *node = get_member (object, member);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
vireo_json_get_array (JsonObject *object, const char *member)
{
  JsonNode *node = get_member (object, member);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

const char *
vireo_json_get_string (JsonObject *object, const char *member, gsize max)
{
  JsonNode *node = get_value (object, member, G_TYPE_STRING);
  const char *value = node != NULL ? json_node_get_string (node) : NULL;

  /* Escapes can spell what is no character. */
  return value != NULL && strlen (value) <= max && g_utf8_validate (value, -1, NULL) ? value : NULL;
}

gint64
vireo_json_get_int (JsonObject *object, const char *member, gint64 fallback)
{
  JsonNode *node = get_value (object, member, G_TYPE_INT64);

  return node != NULL ? json_node_get_int (node) : fallback;
}

gboolean
vireo_json_get_boolean (JsonObject *object, const char *member, gboolean fallback)
{
  JsonNode *node = get_value (object, member, G_TYPE_BOOLEAN);

  return node != NULL ? json_node_get_boolean (node) : fallback;
}
