/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command says of itself, in lines that fit the terminal. */
#include "cli-help.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Lines of more words than these are hard to read, and of fewer hard to make. */
#define MAX_WIDTH 100
#define MIN_WIDTH 30
#define PIPE_WIDTH 80

/* The columns that @fd, if it is a terminal, has; 0 when it does not say. */
int
cli_columns (int fd)
{
  struct winsize size = { 0 };

  return ioctl (fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int
line_width (void)
{
  int columns = cli_columns (STDOUT_FILENO);

  return columns > 0 ? CLAMP (columns, MIN_WIDTH, MAX_WIDTH) : PIPE_WIDTH;
}

/* ---- lines ---- */

/* Prints @text in lines of which all but the first are indented; the first begins at @column. */
static void
print_wrapped (const char *text, int column, int indent)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  int width = line_width ();
  gboolean first = TRUE;

  for (gsize i = 0; words[i] != NULL; i++)
    {
      int length = (int) g_utf8_strlen (words[i], -1);

      if (!first && column + 1 + length > width)
        {
          g_print ("\n%*s", indent, "");
          column = indent;
        }
      else if (!first)
        {
          g_print (" ");
          column++;
        }
      g_print ("%s", words[i]);
      column += length;
      first = FALSE;
    }
  g_print ("\n");
}

/* A name and what is said of it, in two columns; where there is no room, below each other. */
static void
print_row (const char *left, const char *text, int column)
{
  int length = (int) g_utf8_strlen (left, -1) + 2;

  if (length + 2 > column)
    {
      g_print ("  ");
      print_wrapped (left, 2, 6);
      if (*text != '\0')
        g_print ("%*s", column, "");
    }
  else
    g_print ("  %s%*s", left, *text != '\0' ? column - length : 0, "");
  if (*text != '\0')
    print_wrapped (text, column, column);
  else if (length + 2 <= column)
    g_print ("\n");
}

/* Where the second column begins. */
static int
column_for (GPtrArray *lefts)
{
  int column = 0;
  int most = line_width () * 2 / 5;

  for (guint i = 0; i < lefts->len; i++)
    {
      int needed = (int) g_utf8_strlen (lefts->pdata[i], -1) + 4;

      if (needed <= most)
        column = MAX (column, needed);
    }
  return MAX (column, 8);
}

/* ---- groups ---- */

void
cli_help_group (const CliGroup *group)
{
  g_autoptr (GPtrArray) lefts = g_ptr_array_new_with_free_func (g_free);
  int column;

  g_print ("vireoctl %s: ", group->name);
  print_wrapped (group->summary, (int) strlen (group->name) + 11, 4);
  for (gsize i = 0; i < group->n_verbs; i++)
    {
      g_autofree char *usage = cli_verb_usage (group, &group->verbs[i]);

      g_ptr_array_add (lefts, g_strdup_printf ("%s%s%s", group->verbs[i].name,
                                               *usage != '\0' ? " " : "", usage));
    }
  column = column_for (lefts);
  for (gsize i = 0; i < group->n_verbs; i++)
    print_row (lefts->pdata[i], group->verbs[i].summary, column);
}

void
cli_help (void)
{
  static const char *const options[][2] = {
    { "--session", "the user's own service on the session bus" },
    { "-H, --host=HOST", "the service on another machine, over ssh" },
    { "-c, --connection=ID", "a connection other than qemu" },
    { "--json", "print JSON" },
    { "--no-ask-password", "do not ask for a password" },
    { "--version", "print the version" },
  };

  print_wrapped ("Usage: vireoctl [OPTION…] GROUP VERB [ARGUMENT…]", 0, 9);
  print_wrapped ("       vireoctl [OPTION…] VERB [ARGUMENT…] (a verb of the group domain)", 0, 9);
  g_print ("\n");
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    print_row (options[i][0], options[i][1], 23);
  g_print ("\n");
  for (const CliGroup *const *group = cli_get_groups (); *group != NULL; group++)
    {
      cli_help_group (*group);
      g_print ("\n");
    }
  print_wrapped ("vireoctl GROUP VERB --help describes a verb's options.", 0, 0);
}

/* ---- verbs ---- */

static char *
option_left (const GOptionEntry *option)
{
  char letter[5] = "";

  if (option->short_name != '\0')
    g_snprintf (letter, sizeof letter, "-%c, ", option->short_name);
  return g_strconcat (letter, "--", option->long_name, option->arg_description != NULL ? "=" : "",
                      option->arg_description, NULL);
}

static void
print_options (const CliOptions *options)
{
  g_autoptr (GPtrArray) lefts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  int column;

  for (const GOptionEntry *o = cli_options_entries (options); o->long_name != NULL; o++)
    if ((o->flags & G_OPTION_FLAG_HIDDEN) == 0)
      {
        g_ptr_array_add (lefts, option_left (o));
        g_ptr_array_add (texts, (gpointer) (o->description != NULL ? o->description : ""));
      }
  g_ptr_array_add (lefts, g_strdup ("-h, --help"));
  g_ptr_array_add (texts, (gpointer) "Print this help");
  column = column_for (lefts);
  g_print ("\nOptions:\n");
  for (guint i = 0; i < lefts->len; i++)
    print_row (lefts->pdata[i], texts->pdata[i], column);
}

/* The names that lead to a verb: of its group, and without it those of virsh. */
static void
print_aliases (const CliGroup *group, const CliVerb *verb)
{
  g_auto (GStrv) names = g_strsplit (verb->alias != NULL ? verb->alias : "", " ", -1);
  g_autofree char *list = g_strjoinv (", ", names);
  g_autofree char *text = g_strdup_printf ("Also called: %s", list);

  if (*list == '\0')
    return;
  g_print ("\n");
  print_wrapped (text, 0, 2);
}

void
cli_help_verb (const CliGroup *group, const CliVerb *verb, const CliOptions *options)
{
  g_autofree char *usage = cli_verb_usage (group, verb);
  g_autofree char *line = g_strdup_printf ("Usage: vireoctl %s %s [OPTION…]%s%s", group->name,
                                           verb->name, *usage != '\0' ? " " : "", usage);
  g_autofree char *summary = g_strconcat (verb->summary, ".", NULL);

  print_wrapped (line, 0, 9);
  g_print ("\n");
  print_wrapped (summary, 0, 0);
  print_options (options);
  print_aliases (group, verb);
}
