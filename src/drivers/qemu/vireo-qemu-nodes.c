/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-nodes.h"

/* All nodes that we add have names. Those that QEMU adds by itself begin with this; jobs add some
 * of these kinds, which have no file of their own. */
#define BY_ITSELF "#"
static const char *const filters[] = { "mirror_top", "commit_top", "copy-before-write",
                                       "copy-on-read", "throttle",  NULL };

void
vireo_qemu_nodes_check_async (VireoQmp *qmp, guint timeout, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_boolean_member (arguments, "flat", TRUE);
  vireo_qmp_execute_async (qmp, "query-named-block-nodes", arguments, NULL, timeout, cancellable,
                           callback, user_data);
}

static const char *
get_string (JsonObject *node, const char *member)
{
  return json_object_get_string_member_with_default (node, member, "");
}

gboolean
vireo_qemu_nodes_check_finish (VireoQmp *qmp, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (qmp, result, error);
  JsonArray *nodes;

  if (reply == NULL)
    return FALSE;
  nodes = JSON_NODE_HOLDS_ARRAY (reply) ? json_node_get_array (reply) : NULL;
  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    {
      JsonNode *element = json_array_get_element (nodes, i);
      JsonObject *node = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      if (node == NULL || !g_str_has_prefix (get_string (node, "node-name"), BY_ITSELF)
          || g_strv_contains (filters, get_string (node, "drv")))
        continue;
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "an image was changed while it was opened, and now keeps its data in another "
                   "file, %s, which is not supported",
                   get_string (node, "file"));
      return FALSE;
    }
  return TRUE;
}
