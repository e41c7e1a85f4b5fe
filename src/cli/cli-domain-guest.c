/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys, screens, passwords and notes. */
#include "cli-domain.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* ---- keys ---- */

/* Those that a guest is sent; all others have numbers. Names as in linux/input-event-codes.h. */
static const struct
{
  const char *name;
  guint code;
} keys[] = {
  { "KEY_ESC", KEY_ESC },
  { "KEY_1", KEY_1 },
  { "KEY_2", KEY_2 },
  { "KEY_3", KEY_3 },
  { "KEY_4", KEY_4 },
  { "KEY_5", KEY_5 },
  { "KEY_6", KEY_6 },
  { "KEY_7", KEY_7 },
  { "KEY_8", KEY_8 },
  { "KEY_9", KEY_9 },
  { "KEY_0", KEY_0 },
  { "KEY_MINUS", KEY_MINUS },
  { "KEY_EQUAL", KEY_EQUAL },
  { "KEY_BACKSPACE", KEY_BACKSPACE },
  { "KEY_TAB", KEY_TAB },
  { "KEY_Q", KEY_Q },
  { "KEY_W", KEY_W },
  { "KEY_E", KEY_E },
  { "KEY_R", KEY_R },
  { "KEY_T", KEY_T },
  { "KEY_Y", KEY_Y },
  { "KEY_U", KEY_U },
  { "KEY_I", KEY_I },
  { "KEY_O", KEY_O },
  { "KEY_P", KEY_P },
  { "KEY_LEFTBRACE", KEY_LEFTBRACE },
  { "KEY_RIGHTBRACE", KEY_RIGHTBRACE },
  { "KEY_ENTER", KEY_ENTER },
  { "KEY_LEFTCTRL", KEY_LEFTCTRL },
  { "KEY_A", KEY_A },
  { "KEY_S", KEY_S },
  { "KEY_D", KEY_D },
  { "KEY_F", KEY_F },
  { "KEY_G", KEY_G },
  { "KEY_H", KEY_H },
  { "KEY_J", KEY_J },
  { "KEY_K", KEY_K },
  { "KEY_L", KEY_L },
  { "KEY_SEMICOLON", KEY_SEMICOLON },
  { "KEY_APOSTROPHE", KEY_APOSTROPHE },
  { "KEY_GRAVE", KEY_GRAVE },
  { "KEY_LEFTSHIFT", KEY_LEFTSHIFT },
  { "KEY_BACKSLASH", KEY_BACKSLASH },
  { "KEY_Z", KEY_Z },
  { "KEY_X", KEY_X },
  { "KEY_C", KEY_C },
  { "KEY_V", KEY_V },
  { "KEY_B", KEY_B },
  { "KEY_N", KEY_N },
  { "KEY_M", KEY_M },
  { "KEY_COMMA", KEY_COMMA },
  { "KEY_DOT", KEY_DOT },
  { "KEY_SLASH", KEY_SLASH },
  { "KEY_RIGHTSHIFT", KEY_RIGHTSHIFT },
  { "KEY_LEFTALT", KEY_LEFTALT },
  { "KEY_SPACE", KEY_SPACE },
  { "KEY_CAPSLOCK", KEY_CAPSLOCK },
  { "KEY_F1", KEY_F1 },
  { "KEY_F2", KEY_F2 },
  { "KEY_F3", KEY_F3 },
  { "KEY_F4", KEY_F4 },
  { "KEY_F5", KEY_F5 },
  { "KEY_F6", KEY_F6 },
  { "KEY_F7", KEY_F7 },
  { "KEY_F8", KEY_F8 },
  { "KEY_F9", KEY_F9 },
  { "KEY_F10", KEY_F10 },
  { "KEY_F11", KEY_F11 },
  { "KEY_F12", KEY_F12 },
  { "KEY_RIGHTCTRL", KEY_RIGHTCTRL },
  { "KEY_SYSRQ", KEY_SYSRQ },
  { "KEY_RIGHTALT", KEY_RIGHTALT },
  { "KEY_HOME", KEY_HOME },
  { "KEY_UP", KEY_UP },
  { "KEY_PAGEUP", KEY_PAGEUP },
  { "KEY_LEFT", KEY_LEFT },
  { "KEY_RIGHT", KEY_RIGHT },
  { "KEY_END", KEY_END },
  { "KEY_DOWN", KEY_DOWN },
  { "KEY_PAGEDOWN", KEY_PAGEDOWN },
  { "KEY_INSERT", KEY_INSERT },
  { "KEY_DELETE", KEY_DELETE },
  { "KEY_POWER", KEY_POWER },
  { "KEY_LEFTMETA", KEY_LEFTMETA },
  { "KEY_RIGHTMETA", KEY_RIGHTMETA },
};

static gboolean
find_key (const char *word, guint32 *ret_code)
{
  gboolean hex = g_str_has_prefix (word, "0x");
  guint64 number = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_ascii_strcasecmp (keys[i].name, word) == 0)
      {
        *ret_code = keys[i].code;
        return TRUE;
      }
  if (!g_ascii_string_to_unsigned (word + (hex ? 2 : 0), hex ? 16 : 10, 0, 0xffff, &number, NULL))
    return FALSE;
  *ret_code = (guint32) number;
  return TRUE;
}

int
cli_run_send_key (CliCall *call)
{
  g_auto (GVariantBuilder) codes = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("au"));
  const CliMember *member = cli_verb_member (call->verb);
  const char *codeset = cli_options_text (call->options, "codeset");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GVariant) hold = NULL;

  for (int i = 1; i < call->n_words; i++)
    {
      guint32 code = 0;

      if (!find_key (call->words[i], &code))
        {
          g_printerr ("vireoctl: “%s” is neither the number of a key nor a name such as "
                      "KEY_ENTER\n",
                      call->words[i]);
          return CLI_EXIT_USAGE;
        }
      g_variant_builder_add (&codes, "u", code);
    }
  hold = cli_words_parse (cli_fields_find (member->ins, "hold-time"),
                          cli_options_text (call->options, "hold-time"), &error);
  if (hold != NULL)
    {
      g_variant_ref_sink (hold);
      path = cli_call_path (call, &error);
    }
  if (path == NULL)
    return cli_fail (error);
  codeset = codeset != NULL ? codeset : "linux";
  return cli_call_member (call, member->name, path,
                          g_variant_new ("(s@uaua{sv})", codeset, hold, &codes, NULL));
}

/* ---- the screen ---- */

static gboolean
copy_image (int from, const char *name, GError **error)
{
  gboolean is_stdout = g_str_equal (name, "-");
  g_autoptr (GInputStream) in = g_unix_input_stream_new (from, TRUE);
  g_autoptr (GFile) file = is_stdout ? NULL : g_file_new_for_commandline_arg (name);
  g_autoptr (GOutputStream) out
      = is_stdout ? g_unix_output_stream_new (STDOUT_FILENO, FALSE)
                  : G_OUTPUT_STREAM (g_file_replace (file, NULL, FALSE, G_FILE_CREATE_NONE, NULL,
                                                     error));

  if (out == NULL)
    return FALSE;
  return g_output_stream_splice (out, in,
                                 G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE
                                     | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                 NULL, error)
         >= 0;
}

/* DOMAIN FILE */
int
cli_run_screenshot (CliCall *call)
{
  const CliMember *member = cli_verb_member (call->verb);
  CliCall shorter = *call;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  int fd = -1;

  shorter.n_words = 1;
  if (path != NULL)
    args = cli_call_arguments (&shorter, member, NULL, &error);
  if (args != NULL)
    reply = cli_call_with_fds (call->context, path, CLI_IFACE ("Domain"), "Screenshot", args,
                               "(h)", &fds, &error);
  if (reply != NULL && fds != NULL)
    fd = g_unix_fd_list_get (fds, 0, &error);
  if (fd < 0 && error == NULL)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "no picture came with the reply");
  if (fd < 0 || !copy_image (fd, call->words[1], &error))
    return cli_fail (error);
  return 0;
}

/* ---- passwords ---- */

/* A line from the user, which a terminal does not show; from a pipe, its first line. */
char *
cli_ask_secret (const char *prompt, GError **error)
{
  struct termios saved;
  gboolean is_tty = isatty (STDIN_FILENO) && tcgetattr (STDIN_FILENO, &saved) == 0;
  char line[4096];
  gboolean got;

  if (is_tty)
    {
      struct termios silent = saved;

      g_printerr ("%s: ", prompt);
      silent.c_lflag &= (tcflag_t) ~ECHO;
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
    }
  got = fgets (line, sizeof line, stdin) != NULL;
  if (is_tty)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &saved);
      g_printerr ("\n");
    }
  if (!got)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "nothing was typed");
      return NULL;
    }
  line[strcspn (line, "\n")] = '\0';
  return g_strdup (line);
}

/* DOMAIN USER [PASSWORD]; a password that is not a word cannot be seen by others on the host. */
int
cli_run_set_password (CliCall *call)
{
  const CliMember *member = cli_verb_member (call->verb);
  g_autofree char *asked = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GVariant) args = NULL;
  char *words[4] = { call->words[0], call->words[1], call->n_words > 2 ? call->words[2] : NULL };
  CliCall whole = *call;

  if (words[2] == NULL)
    words[2] = asked = cli_ask_secret ("New password", &error);
  whole.words = words;
  whole.n_words = 3;
  if (words[2] != NULL)
    path = cli_call_path (call, &error);
  if (path != NULL)
    args = cli_call_arguments (&whole, member, NULL, &error);
  if (args == NULL)
    return cli_fail (error);
  return cli_call_member (call, member->name, path, args);
}

/* ---- notes ---- */

static gboolean text_live, text_config, text_title;

const GOptionEntry cli_text_options[] = {
  { "live", 0, 0, G_OPTION_ARG_NONE, &text_live, "Of what runs", NULL },
  { "config", 0, 0, G_OPTION_ARG_NONE, &text_config, "Of what the next start uses", NULL },
  { "title", 0, 0, G_OPTION_ARG_NONE, &text_title, "The title rather than the description", NULL },
  G_OPTION_ENTRY_NULL,
};

static GVariant *
text_flags (void)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (text_live)
    g_variant_dict_insert (&options, "live", "b", TRUE);
  if (text_config)
    g_variant_dict_insert (&options, "config", "b", TRUE);
  return g_variant_dict_end (&options);
}

/* DOMAIN [TEXT] */
int
cli_run_desc (CliCall *call)
{
  const char *type = text_title ? "title" : "description";
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);

  if (path == NULL)
    return cli_fail (error);
  if (call->n_words == 1)
    return cli_call_member (call, "Domain.GetMetadata", path,
                            g_variant_new ("(ss@a{sv})", type, "", text_flags ()));
  return cli_call_member (
      call, "Domain.SetMetadata", path,
      g_variant_new ("(ssss@a{sv})", type, call->words[1], "", "", text_flags ()));
}

/* DOMAIN URI [KEY FILE] */
int
cli_run_metadata (CliCall *call)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = cli_call_path (call, &error);

  if (path == NULL)
    return cli_fail (error);
  if (call->n_words == 2)
    return cli_call_member (
        call, "Domain.GetMetadata", path,
        g_variant_new ("(ss@a{sv})", "element", call->words[1], text_flags ()));
  if (call->n_words == 3)
    {
      g_printerr ("vireoctl: a prefix and a file go together\n");
      return CLI_EXIT_USAGE;
    }
  text = call->words[3][0] == '<' || call->words[3][0] == '\0'
             ? g_strdup (call->words[3])
             : cli_read_text (call->words[3], &error);
  if (text == NULL)
    return cli_fail (error);
  return cli_call_member (call, "Domain.SetMetadata", path,
                          g_variant_new ("(ssss@a{sv})", "element", text, call->words[2],
                                         call->words[1], text_flags ()));
}
