/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words by their names, as virsh takes them: "vol-info disk.img --pool default" is "volume info
 * default disk.img". */
#include "cli-named.h"

#include <string.h>

typedef struct
{
  char *name;  /* of the option */
  guint index; /* of the word in the usage */
  char *value;
} Named;

struct _CliNamed
{
  GStrv usage;
  GPtrArray *words; /* of Named */
  GArray *entries;  /* GOptionEntry */
};

static void
named_free (Named *word)
{
  g_free (word->name);
  g_free (word->value);
  g_free (word);
}

void
cli_named_free (CliNamed *named)
{
  g_strfreev (named->usage);
  g_ptr_array_unref (named->words);
  g_array_unref (named->entries);
  g_free (named);
}

static gboolean
is_taken (const CliNamed *named, const GOptionEntry *others, const char *name)
{
  for (; others->long_name != NULL; others++)
    if (g_str_equal (others->long_name, name))
      return TRUE;
  for (guint i = 0; i < named->words->len; i++)
    if (g_str_equal (((Named *) named->words->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

static void
add (CliNamed *named, const GOptionEntry *others, const char *name, guint index)
{
  GOptionEntry entry = { NULL, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, NULL, NULL, NULL };
  Named *word;

  if (is_taken (named, others, name))
    return;
  word = g_new0 (Named, 1);
  word->name = g_strdup (name);
  word->index = index;
  entry.long_name = word->name;
  entry.arg_data = &word->value;
  g_ptr_array_add (named->words, word);
  g_array_append_val (named->entries, entry);
}

/* virsh's names, where they are other ones; of several such words, of the last. */
static const struct
{
  const char *word;
  const char *name;
} names[] = {
  { "VOLUME", "vol" },
  { "SNAPSHOT", "snapshotname" },
  { "CHECKPOINT", "checkpointname" },
  { "FILTER", "nwfilter" },
  { "NODE-DEVICE", "device" },
  { "PORT-DEVICE", "binding" },
  { "POOL", "inputpool" },
  { "DOMAIN|FILE", "domain" },
  { "DOMAIN|FILE", "xml" },
  { "DOMAIN|PATH…", "domain" },
  { "PATH|FILE", "dest" },
  { "PATH|FILE", "xml" },
  { "KEY|PATH", "vol" },
  { "TARGET|MAC", "interface" },
  { "up|down", "state" },
  { "DISK", "path" },
  { "DISK", "device" },
  { "TARGET", "path" },
  { "DEVICE", "dev" },
  { "DEVICE", "device" },
  { "DEVICE", "devname" },
  { "DEVICE", "interface" },
  { "MEMORY", "size" },
  { "NAME", "newname" },
  { "NAME", "new-name" },
  { "TEXT", "new-desc" },
  { "CPUSET", "cpulist" },
  { "VCPUS", "cpulist" },
  { "VCPUS", "vcpulist" },
  { "ID", "iothread" },
  { "EVENT", "type" },
  { "COMMAND", "cmd" },
  { "COMMAND…", "cmd" },
  { "SIGNAL", "signame" },
  { "KEY…", "keycode" },
  { "MOUNTPOINT…", "mountpoint" },
  { "URI", "name" },
  { "DESTINATION", "desturi" },
  { "PREFIX", "key" },
  { "FILE", "xml" },
  { "FILE", "xmlfile" },
  { "FILE", "backupxml" },
  { "FILE", "config" },
  { "FILE", "srcSpec" },
  { "FILE…", "file" },
  { "CHECKPOINT-FILE", "checkpointxml" },
};

/* @usage: such as "POOL VOLUME [FILE]"; @others: the verb's own options, whose names are theirs. */
CliNamed *
cli_named_new (const char *usage, const GOptionEntry *others)
{
  CliNamed *named = g_new0 (CliNamed, 1);
  const GOptionEntry end = G_OPTION_ENTRY_NULL;

  named->usage = g_strsplit (usage, " ", -1);
  named->words = g_ptr_array_new_with_free_func ((GDestroyNotify) named_free);
  named->entries = g_array_new (FALSE, TRUE, sizeof (GOptionEntry));
  for (guint i = 0; named->usage[i] != NULL; i++)
    {
      g_autofree char *name = NULL;

      g_strstrip (g_strdelimit (named->usage[i], "[]", ' '));
      name = g_ascii_strdown (named->usage[i], -1);
      if (*name != '\0' && strspn (name, "abcdefghijklmnopqrstuvwxyz-") == strlen (name))
        add (named, others, name, i);
    }
  for (guint i = g_strv_length (named->usage); i > 0; i--)
    for (gsize n = 0; n < G_N_ELEMENTS (names); n++)
      if (g_str_equal (names[n].word, named->usage[i - 1]))
        add (named, others, names[n].name, i - 1);
  g_array_append_val (named->entries, end);
  return named;
}

const GOptionEntry *
cli_named_entries (const CliNamed *named)
{
  return (const GOptionEntry *) (gpointer) named->entries->data;
}

/* What the word at @index was named, if it was. */
static const char *
value_at (const CliNamed *named, guint index)
{
  for (guint i = 0; i < named->words->len; i++)
    {
      const Named *word = named->words->pdata[i];

      if (word->index == index && word->value != NULL)
        return word->value;
    }
  return NULL;
}

/* Whether @word says a volume by itself, so that no pool needs to be said. */
static gboolean
is_whole_volume (const char *word)
{
  return g_path_is_absolute (word)
         && (!g_str_has_prefix (word, CLI_ROOT_PATH "/") || strstr (word, "/volumes/") != NULL);
}

/* Puts the words that were named among the others, where the usage has them. Returns %NULL when one
 * before them is missing. */
GStrv
cli_named_place (const CliNamed *named, char **words)
{
  g_autoptr (GPtrArray) placed = g_ptr_array_new_with_free_func (g_free);
  guint last = 0;

  for (guint i = 0; named->usage[i] != NULL; i++)
    if (value_at (named, i) != NULL)
      last = i + 1;
  for (guint i = 0; i < last; i++)
    {
      const char *value = value_at (named, i);

      if (value == NULL && *words == NULL)
        return NULL;
      g_ptr_array_add (placed, g_strdup (value != NULL ? value : *words++));
    }
  for (; *words != NULL; words++)
    g_ptr_array_add (placed, g_strdup (*words));
  if (placed->len > 0 && g_strcmp0 (named->usage[0], "POOL") == 0
      && g_strcmp0 (named->usage[1], "VOLUME") == 0 && is_whole_volume (placed->pdata[0]))
    g_ptr_array_insert (placed, 0, g_strdup ("-"));
  g_ptr_array_add (placed, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&placed), FALSE);
}
