/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots and checkpoints made of words, with virsh's --diskspec and --memspec. */
#include "cli-document.h"
#include "cli-domain.h"

#include <string.h>

static char *opt_name, *opt_description, *opt_memory;
static char **opt_disks;
static gboolean opt_print_xml;

#define COMMON_OPTIONS(disk_text) \
  { "name", 0, 0, G_OPTION_ARG_STRING, &opt_name, "What it is called", "NAME" }, \
  { "description", 0, 0, G_OPTION_ARG_STRING, &opt_description, "What it is for", "TEXT" }, \
  { "diskspec", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_disks, disk_text, "SPEC" }, \
  { "print-xml", 0, 0, G_OPTION_ARG_NONE, &opt_print_xml, "Only print the document", NULL }

const GOptionEntry cli_snapshot_as_options[] = {
  COMMON_OPTIONS ("DISK[,snapshot=no|internal|external][,driver=FORMAT][,stype=file|block]"
                  "[,file=PATH]; “,,” is a comma"),
  { "memspec", 0, 0, G_OPTION_ARG_STRING, &opt_memory,
    "[file=]PATH[,snapshot=no|internal|external]: where memory is kept", "SPEC" },
  G_OPTION_ENTRY_NULL,
};

const GOptionEntry cli_checkpoint_as_options[] = {
  COMMON_OPTIONS ("DISK[,checkpoint=no|bitmap][,bitmap=NAME]; “,,” is a comma"),
  G_OPTION_ENTRY_NULL,
};

/* A key of a specification, and where its value goes. */
typedef struct
{
  const char *key;
  const char *path;
} Place;

static const Place snapshot_disk[] = {
  { "snapshot", "@snapshot" }, { "driver", "driver/@type" }, { "stype", "@type" },
  { "file", "source/@file" },  { NULL },
};
static const Place checkpoint_disk[] = {
  { "checkpoint", "@checkpoint" },
  { "bitmap", "@bitmap" },
  { NULL },
};
static const Place memory[] = {
  { "file", "@file" },
  { "snapshot", "@snapshot" },
  { NULL },
};

/* At commas, of which two are one that is meant. */
static char **
split (const char *spec)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  GString *part = g_string_new (NULL);

  for (const char *p = spec; *p != '\0'; p++)
    if (*p == ',' && p[1] != ',')
      {
        g_ptr_array_add (parts, g_string_free (part, FALSE));
        part = g_string_new (NULL);
      }
    else
      {
        p += *p == ',' ? 1 : 0;
        g_string_append_c (part, *p);
      }
  g_ptr_array_add (parts, g_string_free (part, FALSE));
  g_ptr_array_add (parts, NULL);
  return (char **) g_ptr_array_steal (parts, NULL);
}

static const char *
find_path (const Place *places, const char *part, const char **ret_value)
{
  const char *equals = strchr (part, '=');

  for (; equals != NULL && places->key != NULL; places++)
    if (strlen (places->key) == (gsize) (equals - part) && g_str_has_prefix (part, places->key))
      {
        *ret_value = equals + 1;
        return places->path;
      }
  return NULL;
}

/* @first: (nullable): where a first part without a key goes */
static gboolean
set_spec (CliContext *context, xmlNode *node, const char *spec, const char *first,
          const Place *places, GError **error)
{
  g_auto (GStrv) parts = split (spec);

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      const char *value = NULL;
      const char *path = find_path (places, parts[i], &value);
      g_autofree char *file = NULL;

      if (path == NULL && i == 0 && first != NULL)
        {
          path = first;
          value = parts[i];
        }
      if (path == NULL || *value == '\0')
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "“%s” in “%s” is not understood", parts[i], spec);
          return FALSE;
        }
      if (g_str_has_suffix (path, "@file"))
        file = cli_source_path (context, value);
      cli_document_set (node, path, file != NULL ? file : value);
    }
  return TRUE;
}

/* The source of a disk that is a block device is called otherwise. */
static void
name_source (xmlNode *disk)
{
  xmlChar *type = xmlGetProp (disk, BAD_CAST "type");

  if (xmlStrEqual (type, BAD_CAST "block"))
    for (xmlNode *child = disk->children; child != NULL; child = child->next)
      {
        xmlAttr *file = xmlHasProp (child, BAD_CAST "file");

        if (file != NULL)
          xmlNodeSetName ((xmlNode *) file, BAD_CAST "dev");
      }
  xmlFree (type);
}

static gboolean
add_disk (CliContext *context, xmlNode *root, const char *spec, gboolean is_snapshot,
          GError **error)
{
  xmlNode *disks = cli_document_child (root, "disks");
  xmlNode *disk = cli_document_add (disks, "disk");

  if (!set_spec (context, disk, spec, "@name", is_snapshot ? snapshot_disk : checkpoint_disk,
                 error))
    return FALSE;
  name_source (disk);
  return TRUE;
}

static gboolean
fill (CliCall *call, xmlNode *root, gboolean is_snapshot, GError **error)
{
  const char *name = opt_name != NULL || call->n_words < 2 ? opt_name : call->words[1];
  const char *description
      = opt_description != NULL || call->n_words < 3 ? opt_description : call->words[2];

  cli_document_set (root, "name", name);
  cli_document_set (root, "description", description);
  if (opt_memory != NULL
      && !set_spec (call->context, cli_document_child (root, "memory"), opt_memory, "@file", memory,
                    error))
    return FALSE;
  for (gsize i = 0; opt_disks != NULL && opt_disks[i] != NULL; i++)
    if (!add_disk (call->context, root, opt_disks[i], is_snapshot, error))
      return FALSE;
  for (int i = 3; i < call->n_words; i++)
    if (!add_disk (call->context, root, call->words[i], is_snapshot, error))
      return FALSE;
  return TRUE;
}

static int
create (CliCall *call, const char *document)
{
  char *words[] = { call->words[0], (char *) document, NULL };
  CliCall whole = *call;

  whole.words = words;
  whole.n_words = 2;
  return cli_run_call (&whole);
}

static gboolean
is_about_snapshots (CliCall *call)
{
  return g_str_equal (call->group->kind, "DomainSnapshot");
}

/* DOMAIN [FILE] */
int
cli_run_moment (CliCall *call)
{
  if (call->n_words >= 2)
    return cli_run_call (call);
  return create (call, is_about_snapshots (call) ? "<domainsnapshot/>" : "<domaincheckpoint/>");
}

/* DOMAIN [NAME] [DESCRIPTION] [DISKSPEC…] */
int
cli_run_moment_as (CliCall *call)
{
  gboolean is_snapshot = is_about_snapshots (call);
  g_autoptr (xmlDoc) document
      = cli_document_new (is_snapshot ? "domainsnapshot" : "domaincheckpoint");
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;

  if (!fill (call, xmlDocGetRootElement (document), is_snapshot, &error))
    {
      cli_fail (error);
      return CLI_EXIT_USAGE;
    }
  xml = cli_document_finish (document, is_snapshot ? "snapshot" : "checkpoint", &error);
  if (xml == NULL)
    return cli_fail (error);
  if (!opt_print_xml)
    return create (call, xml);
  return cli_print_text (call->context, xml);
}
