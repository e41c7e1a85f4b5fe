/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-settings.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#define NAMESPACE "https://vireo.org/xmlns/domain/test/1.0"
#define MAX_DELAY 600000
/* Of what nobody expects to be done at once. */
#define USUAL_DELAY 100

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
  { "delay", "save", FALSE, G_STRUCT_OFFSET (VireoTestSettings, save_delay) },
  { "delay", "snapshot", FALSE, G_STRUCT_OFFSET (VireoTestSettings, snapshot_delay) },
  { "delay", "dump", FALSE, G_STRUCT_OFFSET (VireoTestSettings, dump_delay) },
  { "delay", "block-job", FALSE, G_STRUCT_OFFSET (VireoTestSettings, block_job_delay) },
  { "delay", "migrate", FALSE, G_STRUCT_OFFSET (VireoTestSettings, migrate_delay) },
  { "fail", "start", TRUE, G_STRUCT_OFFSET (VireoTestSettings, start_failure) },
  { "fail", "save", TRUE, G_STRUCT_OFFSET (VireoTestSettings, save_failure) },
  { "fail", "snapshot", TRUE, G_STRUCT_OFFSET (VireoTestSettings, snapshot_failure) },
  { "fail", "block-job", TRUE, G_STRUCT_OFFSET (VireoTestSettings, block_job_failure) },
  { "fail", "migrate", TRUE, G_STRUCT_OFFSET (VireoTestSettings, migrate_failure) },
  { "keep", "device", TRUE, G_STRUCT_OFFSET (VireoTestSettings, kept_device) },
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
 * Reads what the metadata of @def says; what it does not say is 0, or 100 ms of what nobody expects
 * to be done at once, and %NULL.
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
  settings->block_job_delay = settings->migrate_delay = USUAL_DELAY;
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
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].is_text)
      g_clear_pointer (&G_STRUCT_MEMBER (char *, settings, rows[i].offset), g_free);
}
