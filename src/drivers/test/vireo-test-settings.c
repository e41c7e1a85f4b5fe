/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-settings.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#define NAMESPACE "https://vireo.org/xmlns/domain/test/1.0"
#define MAX_DELAY 600000

/* What is in an attribute, and where in the settings it goes. */
static const struct
{
  const char *element;
  const char *attribute;
  gboolean is_text;
  gsize offset;
} rows[] = {
  { "delay", "start", FALSE, G_STRUCT_OFFSET (VireoTestSettings, start_delay) },
  { "delay", "shutdown", FALSE, G_STRUCT_OFFSET (VireoTestSettings, shutdown_delay) },
  { "delay", "destroy", FALSE, G_STRUCT_OFFSET (VireoTestSettings, destroy_delay) },
  { "fail", "start", TRUE, G_STRUCT_OFFSET (VireoTestSettings, start_failure) },
  { "missing", "resource", TRUE, G_STRUCT_OFFSET (VireoTestSettings, missing_resource) },
};

static void
set_row (VireoTestSettings *settings, gsize row, const char *value)
{
  if (rows[row].is_text)
    {
      char **text = &G_STRUCT_MEMBER (char *, settings, rows[row].offset);

      g_free (*text);
      *text = g_strdup (value);
    }
  else
    G_STRUCT_MEMBER (guint, settings, rows[row].offset)
        = (guint) MIN (g_ascii_strtoull (value, NULL, 10), MAX_DELAY);
}

static void
read_element (VireoTestSettings *settings, xmlNode *node)
{
  if (node->type != XML_ELEMENT_NODE || node->ns == NULL
      || strcmp ((const char *) node->ns->href, NAMESPACE) != 0)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      xmlChar *value = NULL;

      if (strcmp ((const char *) node->name, rows[i].element) == 0)
        value = xmlGetNoNsProp (node, (const xmlChar *) rows[i].attribute);
      if (value != NULL)
        set_row (settings, i, (const char *) value);
      xmlFree (value);
    }
}

/**
 * vireo_test_settings_init:
 * @settings: (out): to be cleared with vireo_test_settings_clear()
 * @def: a domain
 *
 * Reads what the metadata of @def says; what it does not say is 0 and %NULL.
 *
 * Since: 0.1
 */
void
vireo_test_settings_init (VireoTestSettings *settings, const VireoDomainDef *def)
{
  g_autofree char *text = NULL;
  xmlNode *top, *node;
  xmlDoc *doc;

  memset (settings, 0, sizeof *settings);
  /* Most have none, and are not parsed twice. */
  if (def->metadata == NULL || strstr (def->metadata, NAMESPACE) == NULL)
    return;
  /* A wrapper, for whether the element itself is part of the text is not our business. */
  text = g_strconcat ("<m xmlns:test=\"" NAMESPACE "\">", def->metadata, "</m>", NULL);
  doc = xmlReadMemory (text, (int) strlen (text), NULL, "UTF-8",
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING
                           | XML_PARSE_RECOVER);
  top = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  node = top != NULL ? top->children : NULL;
  for (; node != NULL; node = node->next)
    {
      read_element (settings, node);
      for (xmlNode *child = node->children; child != NULL; child = child->next)
        read_element (settings, child);
    }
  xmlFreeDoc (doc);
}

/**
 * vireo_test_settings_clear:
 * @settings: settings
 *
 * Frees what is in them.
 *
 * Since: 0.1
 */
void
vireo_test_settings_clear (VireoTestSettings *settings)
{
  g_clear_pointer (&settings->start_failure, g_free);
  g_clear_pointer (&settings->missing_resource, g_free);
}
