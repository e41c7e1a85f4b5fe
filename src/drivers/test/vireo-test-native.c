/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-native.h"

#include <libxml/parser.h>
#include <string.h>

#include "drivers/common/vireo-keeper.h"

/* A configuration "test-ini":
 *
 *     [domain]
 *     name=web
 *     memory=65536
 *     [disk vda]
 *     file=/images/web.qcow2
 *     [interface 0]
 *     network=default
 *
 * It has room for little. A definition that it cannot hold whole is refused. */
#define FORMAT "test-ini"

/* No configuration that people write is as large. */
#define MAX_SIZE (64 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

/* Where in the definition a key's value is. */
typedef struct
{
  const char *key;
  const char *path;
} Key;

static const Key domain_keys[]
    = { { "name", "name" },     { "uuid", "uuid" }, { "title", "title" },
        { "description", "description" }, { "memory", "memory" }, { "vcpus", "vcpu" },
        { NULL, NULL } };
static const Key disk_keys[] = { { "type", "@type" },         { "device", "@device" },
                                 { "format", "driver/@type" }, { "file", "source/@file" },
                                 { "path", "source/@dev" },    { "bus", "target/@bus" },
                                 { NULL, NULL } };
static const Key interface_keys[]
    = { { "type", "@type" },           { "mac", "mac/@address" },  { "network", "source/@network" },
        { "bridge", "source/@bridge" }, { "model", "model/@type" }, { NULL, NULL } };

/* Devices have a group each, whose second word tells them apart. */
static const struct
{
  const char *element;
  const char *label; /* (nullable): where that word is; a number when absent */
  const Key *keys;
} devices[] = {
  { "disk", "target/@dev", disk_keys },
  { "interface", NULL, interface_keys },
};

/* ---- trees ---- */

static xmlNode *
find_child (xmlNode *node, const char *name)
{
  for (xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE && g_str_equal (child->name, name))
      return child;
  return NULL;
}

/* @path: such as "target/@dev". Returns (nullable) (transfer full). */
static xmlChar *
get_value (xmlNode *node, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (parts[i][0] == '@')
        return xmlGetProp (node, (const xmlChar *) parts[i] + 1);
      node = find_child (node, parts[i]);
      if (node == NULL)
        return NULL;
    }
  return xmlNodeGetContent (node);
}

static void
set_value (xmlNode *node, const char *path, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      xmlNode *child;

      if (parts[i][0] == '@')
        {
          xmlSetProp (node, (const xmlChar *) parts[i] + 1, (const xmlChar *) value);
          return;
        }
      child = find_child (node, parts[i]);
      node = child != NULL ? child : xmlNewChild (node, NULL, (const xmlChar *) parts[i], NULL);
    }
  xmlNodeAddContent (node, (const xmlChar *) value);
}

/* ---- from a configuration ---- */

static const Key *
find_key (const Key *keys, const char *name)
{
  for (; keys->key != NULL; keys++)
    if (g_str_equal (keys->key, name))
      return keys;
  return NULL;
}

static gboolean
read_group (GKeyFile *file, const char *group, const Key *keys, xmlNode *node, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      const Key *key = find_key (keys, names[i]);
      g_autoptr (GError) cause = NULL;
      g_autofree char *value = NULL;

      if (key == NULL)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       "[%s]: there is no key \"%s\"", group, names[i]);
          return FALSE;
        }
      /* It returns what it made of a value that is wrong, too. */
      value = g_key_file_get_string (file, group, names[i], &cause);
      if (cause != NULL)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "[%s] %s: %s", group,
                       names[i], cause->message);
          return FALSE;
        }
      set_value (node, key->path, value);
    }
  return TRUE;
}

static gboolean
read_device (GKeyFile *file, const char *group, xmlNode *list, GError **error)
{
  g_auto (GStrv) words = g_strsplit (group, " ", 2);

  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    if (g_strcmp0 (words[0], devices[i].element) == 0 && words[1] != NULL)
      {
        xmlNode *node = xmlNewChild (list, NULL, (const xmlChar *) words[0], NULL);

        if (devices[i].label != NULL)
          set_value (node, devices[i].label, words[1]);
        return read_group (file, group, devices[i].keys, node, error);
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "there is no group [%s]: [domain], [disk TARGET] and [interface NUMBER] are all",
               group);
  return FALSE;
}

static gboolean
read_groups (GKeyFile *file, xmlNode *root, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  xmlNode *os = xmlNewChild (root, NULL, (const xmlChar *) "os", NULL);
  xmlNode *list = xmlNewChild (root, NULL, (const xmlChar *) "devices", NULL);

  xmlNewChild (os, NULL, (const xmlChar *) "type", (const xmlChar *) "hvm");
  xmlSetProp (root, (const xmlChar *) "type", (const xmlChar *) "test");
  for (guint i = 0; groups[i] != NULL; i++)
    if (g_str_equal (groups[i], "domain")
            ? !read_group (file, groups[i], domain_keys, root, error)
            : !read_device (file, groups[i], list, error))
      return FALSE;
  return TRUE;
}

/* The definition is valid, but not completed. */
static VireoDomainDef *
read_config (const char *config, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (xmlDoc) document = NULL;
  g_autoptr (GError) cause = NULL;
  VireoDomainDef *def = NULL;
  xmlNode *root;
  xmlChar *text;

  if (strlen (config) > MAX_SIZE)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "a configuration has at most %d bytes", MAX_SIZE);
      return NULL;
    }
  if (!g_key_file_load_from_data (file, config, strlen (config), G_KEY_FILE_KEEP_TRANSLATIONS,
                                  &cause))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "the configuration: %s",
                   cause->message);
      return NULL;
    }
  document = xmlNewDoc ((const xmlChar *) "1.0");
  root = xmlNewDocNode (document, NULL, (const xmlChar *) "domain", NULL);
  xmlDocSetRootElement (document, root);
  if (!read_groups (file, root, error))
    return NULL;
  xmlDocDumpMemory (document, &text, NULL);
  def = vireo_domain_def_parse ((const char *) text, -1, VIREO_PARSE_STRICT, error);
  xmlFree (text);
  return def;
}

static gboolean
check_format (const char *format, GError **error)
{
  if (g_str_equal (format, FORMAT))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "there is no format \"%s\" here: \"" FORMAT "\" is the only one", format);
  return FALSE;
}

void
vireo_test_domain_xml_from_native (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  g_autoptr (VireoDomainDef) def = NULL;
  g_autofree char *xml = NULL;
  const char *format, *config;
  GError *error = NULL;

  g_variant_get_child (args, 0, "&s", &format);
  g_variant_get_child (args, 1, "&s", &config);
  if (check_format (format, &error))
    def = read_config (config, &error);
  if (def != NULL)
    xml = vireo_domain_def_format (def, VIREO_FORMAT_NONE, &error);
  if (xml == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new ("(s)", xml)),
                           (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

/* ---- to a configuration ---- */

typedef struct
{
  char *xml;    /* of the definition, when it is complete */
  char *config; /* what was made of it */
} Conversion;

static void
conversion_free (gpointer data)
{
  Conversion *self = data;

  g_free (self->xml);
  g_free (self->config);
  g_free (self);
}

static void
write_group (GKeyFile *file, const char *group, const Key *keys, xmlNode *node)
{
  for (; keys->key != NULL; keys++)
    {
      xmlChar *value = get_value (node, keys->path);

      if (value != NULL)
        g_key_file_set_string (file, group, keys->key, (const char *) value);
      xmlFree (value);
    }
}

static void
write_devices (GKeyFile *file, xmlNode *list, gsize kind)
{
  guint number = 0;

  for (xmlNode *node = list->children; node != NULL; node = node->next)
    {
      xmlChar *label;
      g_autofree char *group = NULL;

      if (node->type != XML_ELEMENT_NODE || !g_str_equal (node->name, devices[kind].element))
        continue;
      label = devices[kind].label != NULL ? get_value (node, devices[kind].label) : NULL;
      group = label != NULL ? g_strdup_printf ("%s %s", devices[kind].element, label)
                            : g_strdup_printf ("%s %u", devices[kind].element, number);
      write_group (file, group, devices[kind].keys, node);
      xmlFree (label);
      number++;
    }
}

static char *
write_config (const char *xml)
{
  g_autoptr (xmlDoc) document
      = xmlReadMemory (xml, (int) strlen (xml), NULL, NULL, XML_PARSE_NONET);
  xmlNode *root = xmlDocGetRootElement (document);
  xmlNode *list = find_child (root, "devices");
  g_autoptr (GKeyFile) file = g_key_file_new ();

  write_group (file, "domain", domain_keys, root);
  for (gsize i = 0; list != NULL && i < G_N_ELEMENTS (devices); i++)
    write_devices (file, list, i);
  return g_key_file_to_data (file, NULL, NULL);
}

/* An element that holds nothing is the same element: "<devices/>" is as "<devices>". */
static gsize
length_of_tag (const char *line)
{
  return strlen (line) - (g_str_has_suffix (line, "/>") ? 2 : g_str_has_suffix (line, ">"));
}

/* The first line of @whole that @rest has not; both are in the same order. */
static char *
find_lost (const char *whole, const char *rest)
{
  g_auto (GStrv) lines = g_strsplit (whole, "\n", -1);
  g_auto (GStrv) others = g_strsplit (rest, "\n", -1);
  guint i = 0;

  while (lines[i] != NULL && others[i] != NULL
         && length_of_tag (lines[i]) == length_of_tag (others[i])
         && strncmp (lines[i], others[i], length_of_tag (lines[i])) == 0)
    i++;
  return g_strdup (lines[i] != NULL ? g_strstrip (lines[i]) : "");
}

/* What was read back is complete: it has to be what was written. */
static void
on_read_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Conversion *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (VireoDomainDef) def
      = vireo_keeper_complete_finish (VIREO_KEEPER (source), result, &error);
  g_autofree char *xml
      = def != NULL ? vireo_domain_def_format (def, VIREO_FORMAT_SECURE, &error) : NULL;

  if (xml != NULL && g_str_equal (xml, self->xml))
    {
      g_task_return_pointer (task, g_steal_pointer (&self->config), g_free);
      return;
    }
  if (xml != NULL)
    {
      g_autofree char *lost = find_lost (self->xml, xml);

      g_set_error (&error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "the format \"" FORMAT "\" has no place for %s", lost);
    }
  g_task_return_error (task, error);
}

static void
on_completed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Conversion *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (VireoDomainDef) def
      = vireo_keeper_complete_finish (VIREO_KEEPER (source), result, &error);
  g_autoptr (VireoDomainDef) again = NULL;

  if (def != NULL)
    self->xml = vireo_domain_def_format (def, VIREO_FORMAT_SECURE, &error);
  if (self->xml != NULL && strlen (self->xml) > MAX_SIZE)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                 "the format \"" FORMAT "\" takes definitions of at most %d bytes", MAX_SIZE);
  else if (self->xml != NULL)
    {
      self->config = write_config (self->xml);
      again = read_config (self->config, &error);
    }
  if (again != NULL)
    {
      vireo_keeper_complete_async (VIREO_KEEPER (source), again, g_task_get_cancellable (task),
                                   on_read_back, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
vireo_test_domain_xml_to_native (VireoConnectionObj *connection,
                                 const char *format,
                                 const VireoDomainDef *def,
                                 guint owner,
                                 GTask *task)
{
  VireoDomainDriver *domains = vireo_connection_obj_get_domain_driver (connection);
  GError *error = NULL;

  g_task_set_task_data (task, g_new0 (Conversion, 1), conversion_free);
  if (check_format (format, &error))
    {
      vireo_keeper_complete_async (VIREO_KEEPER (domains), def, g_task_get_cancellable (task),
                                   on_completed, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}
