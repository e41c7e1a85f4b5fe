/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One device of a definition, changed in one place and given back with all else that it says. */
#include "cli-document.h"
#include "cli-domain.h"

#include <libxml/parser.h>
#include <string.h>

static xmlDoc *
read_domain (CliCall *call, GError **error)
{
  g_autofree char *xml = cli_domain_xml (call, error);
  xmlDoc *document;

  if (xml == NULL)
    return NULL;
  document = xmlReadMemory (xml, (int) strlen (xml), NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (document == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the definition cannot be read");
  return document;
}

static xmlNode *
next_element (xmlNode *node, const char *name)
{
  while (node != NULL
         && (node->type != XML_ELEMENT_NODE || !xmlStrEqual (node->name, BAD_CAST name)))
    node = node->next;
  return node;
}

static xmlNode *
first_device (xmlDoc *domain, const char *name)
{
  xmlNode *devices = next_element (xmlDocGetRootElement (domain)->children, "devices");

  return devices != NULL ? next_element (devices->children, name) : NULL;
}

/* The attribute of the child, when there are both. */
static char *
get_text (xmlNode *node, const char *child, const char *attribute)
{
  xmlNode *found = next_element (node->children, child);
  xmlChar *value = found != NULL ? xmlGetProp (found, BAD_CAST attribute) : NULL;
  char *text = g_strdup ((const char *) value);

  xmlFree (value);
  return text;
}

static xmlNode *
find_interface (xmlDoc *domain, const char *word)
{
  xmlNode *interface = first_device (domain, "interface");

  while (interface != NULL)
    {
      g_autofree char *mac = get_text (interface, "mac", "address");
      g_autofree char *target = get_text (interface, "target", "dev");

      if (g_strcmp0 (target, word) == 0
          || (mac != NULL && g_ascii_strcasecmp (mac, word) == 0))
        return interface;
      interface = next_element (interface->next, "interface");
    }
  return NULL;
}

/* DOMAIN TARGET|MAC [up|down] */
int
cli_run_link (CliCall *call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) domain = NULL;
  g_autoptr (xmlDoc) device = NULL;
  g_autofree char *state = NULL;
  g_autofree char *xml = NULL;
  xmlNode *interface;

  if (call->n_words < 2 || call->n_words > 3)
    {
      g_printerr ("Usage: vireoctl domain link %s\n", call->verb->usage);
      return CLI_EXIT_USAGE;
    }
  domain = read_domain (call, &error);
  if (domain == NULL)
    return cli_fail (error);
  interface = find_interface (domain, call->words[1]);
  if (interface == NULL)
    {
      g_printerr ("vireoctl: the domain has no network interface “%s”\n", call->words[1]);
      return CLI_EXIT_FAILURE;
    }
  if (call->n_words == 2)
    {
      state = get_text (interface, "link", "state");
      return cli_print_text (call->context, state != NULL ? state : "up");
    }
  cli_document_set (interface, "link/@state", call->words[2]);
  device = xmlNewDoc (BAD_CAST "1.0");
  xmlDocSetRootElement (device, xmlDocCopyNode (interface, device, 1));
  xml = cli_document_print (device);
  return cli_call_device (call, "Domain.UpdateDevice", xml);
}

/* DOMAIN */
int
cli_run_tty (CliCall *call)
{
  static const char *const places[] = { "console", "serial" };
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) domain = read_domain (call, &error);

  if (domain == NULL)
    return cli_fail (error);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      xmlNode *device = first_device (domain, places[i]);
      g_autofree char *path = device != NULL ? get_text (device, "source", "path") : NULL;

      if (path != NULL)
        return cli_print_text (call->context, path);
    }
  g_printerr ("vireoctl: no console of the domain has a terminal of the host now\n");
  return CLI_EXIT_FAILURE;
}
