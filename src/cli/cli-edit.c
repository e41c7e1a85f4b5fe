/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets the user edit a document, and try again when it is refused. */
#include "cli.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gboolean
run_editor (const char *file, GError **error)
{
  const char *editor = g_getenv ("VISUAL");
  g_auto (GStrv) words = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  int status = 0;

  if (editor == NULL || *editor == '\0')
    editor = g_getenv ("EDITOR");
  if (editor == NULL || *editor == '\0')
    editor = "sensible-editor";
  if (!g_shell_parse_argv (editor, NULL, &words, error))
    return FALSE;
  for (gsize i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, words[i]);
  g_ptr_array_add (argv, (gpointer) file);
  g_ptr_array_add (argv, NULL);
  if (g_spawn_sync (NULL, (char **) argv->pdata, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                    &status, error)
      && g_spawn_check_wait_status (status, error))
    return TRUE;
  g_prefix_error (error, "nothing was changed, for the editor “%s” failed: ", editor);
  return FALSE;
}

typedef enum
{
  ANSWER_AGAIN,
  ANSWER_IGNORE,
  ANSWER_FORCE,
  ANSWER_STOP,
} Answer;

static Answer
ask_retry (gboolean is_changed)
{
  char line[16];

  if (!isatty (STDIN_FILENO))
    return ANSWER_STOP;
  g_printerr (is_changed ? "Edit it again? [Y/n/f] (f: put it in the place of what is there now) "
                         : "Edit it again? [Y/n/i] (i: take it without looking for what is not "
                           "known) ");
  if (fgets (line, sizeof line, stdin) == NULL)
    return ANSWER_STOP;
  if (g_ascii_tolower (line[0]) == 'i' && !is_changed)
    return ANSWER_IGNORE;
  if (g_ascii_tolower (line[0]) == 'f' && is_changed)
    return ANSWER_FORCE;
  return g_ascii_tolower (line[0]) == 'n' ? ANSWER_STOP : ANSWER_AGAIN;
}

/* Whether it is over: @edited was taken, or the user gave up. Asked without validation, the service
 * may refuse it still. */
static gboolean
apply_or_ask (CliContext *context, const char *edited, CliEditApply apply, gpointer data,
              int *ret_status)
{
  CliEditFlags flags = CLI_EDIT_VALIDATE;

  *ret_status = 0;
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      Answer answer;

      if (apply (context, edited, flags, data, &error))
        return TRUE;
      *ret_status = cli_fail (error);
      answer = ask_retry (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG));
      if (answer == ANSWER_FORCE)
        flags |= CLI_EDIT_FORCE;
      else if (answer == ANSWER_IGNORE && (flags & CLI_EDIT_VALIDATE) != 0)
        flags &= ~CLI_EDIT_VALIDATE;
      else
        return answer == ANSWER_STOP;
      *ret_status = 0;
    }
}

static int
edit_file (CliContext *context, const char *file, const char *text, CliEditApply apply,
           gpointer data)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *edited = NULL;
      int status = 0;

      if (!run_editor (file, &error) || !g_file_get_contents (file, &edited, NULL, &error))
        return cli_fail (error);
      if (g_str_equal (edited, text))
        {
          g_print ("Nothing was changed.\n");
          return 0;
        }
      if (apply_or_ask (context, edited, apply, data, &status))
        return status;
    }
}

int
cli_edit (CliContext *context, const char *text, CliEditApply apply, gpointer data)
{
  g_autofree char *file = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("vireo-XXXXXX.xml", &file, &error);
  gboolean written;
  int status;

  if (fd < 0)
    return cli_fail (error);
  /* The file is readable by its owner only, for the document may hold passwords. */
  written = write (fd, text, strlen (text)) == (gssize) strlen (text);
  close (fd);
  if (!written)
    {
      g_unlink (file);
      g_printerr ("vireoctl: cannot write %s\n", file);
      return CLI_EXIT_FAILURE;
    }
  status = edit_file (context, file, text, apply, data);
  g_unlink (file);
  return status;
}
