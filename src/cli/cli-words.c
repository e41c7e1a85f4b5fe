/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the command line as arguments of a method. */
#include "cli-document.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A document is refused by the service beyond this; reading more would be in vain. */
#define MAX_FILE_SIZE (8u * 1024 * 1024)

typedef GVariant *(*Take) (CliWords *words, const CliField *field, GError **error);

static gboolean
refuse (GError **error, const char *word, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is not %s", word, what);
  return FALSE;
}

/* ---- files ---- */

/* What is in @file, or on the standard input when it is "-"; no more than @max bytes. */
GBytes *
cli_read_file (const char *file, gsize max, GError **error)
{
  g_autoptr (GFile) gfile
      = g_file_new_for_commandline_arg (g_str_equal (file, "-") ? "/dev/stdin" : file);
  g_autoptr (GFileInputStream) stream = g_file_read (gfile, NULL, error);
  g_autofree char *data = NULL;
  gsize length = 0;

  if (stream == NULL)
    return NULL;
  data = g_malloc (max + 1);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), data, max + 1, &length, NULL, error))
    return NULL;
  if (length > max)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s is larger than %" G_GSIZE_FORMAT " bytes", file, max);
      return NULL;
    }
  data[length] = '\0';
  return g_bytes_new_take (g_steal_pointer (&data), length);
}

char *
cli_read_text (const char *file, GError **error)
{
  g_autoptr (GBytes) bytes = cli_read_file (file, MAX_FILE_SIZE, error);
  const char *text;
  gsize length = 0;

  if (bytes == NULL)
    return NULL;
  text = g_bytes_get_data (bytes, &length);
  if (!g_utf8_validate (text, (gssize) length, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not UTF-8 text", file);
      return NULL;
    }
  return g_strndup (text, length);
}

/* ---- numbers ---- */

/* virsh's suffixes: K and KiB are 1024, KB is 1000. */
static gboolean
parse_suffix (const char *suffix, guint64 *ret_factor)
{
  static const char letters[] = "KMGTPE";
  const char *letter = strchr (letters, g_ascii_toupper (suffix[0]));
  guint64 base, factor = 1;

  if (g_ascii_strcasecmp (suffix, "b") == 0 || g_ascii_strcasecmp (suffix, "bytes") == 0)
    {
      *ret_factor = 1;
      return TRUE;
    }
  if (letter == NULL || (suffix[1] != '\0' && g_ascii_strcasecmp (suffix + 1, "iB") != 0
                         && g_ascii_strcasecmp (suffix + 1, "B") != 0))
    return FALSE;
  base = g_ascii_strcasecmp (suffix + 1, "B") == 0 ? 1000 : 1024;
  for (const char *p = letters; p <= letter; p++)
    factor *= base;
  *ret_factor = factor;
  return TRUE;
}

/* A size: in the field's unit without a suffix. */
static gboolean
parse_size (const char *unit, const char *word, guint64 *ret_size, GError **error)
{
  guint64 own = g_str_equal (unit, "KiB") ? 1024 : 1;
  guint64 factor = own;
  guint64 number, bytes;
  char *end = NULL;

  errno = 0;
  number = g_ascii_strtoull (word, &end, 10);
  if (!g_ascii_isdigit (word[0]) || errno != 0
      || (*end != '\0' && !parse_suffix (end, &factor)))
    return refuse (error, word, "a size, such as 4096 or 2G");
  if (!g_uint64_checked_mul (&bytes, number, factor))
    return refuse (error, word, "a size that can be");
  *ret_size = (bytes + own - 1) / own;
  return TRUE;
}

/* A moment, in microseconds: "now", "@SECONDS", or a date and a time. */
static gboolean
parse_time (const char *word, guint64 *ret_time, GError **error)
{
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (word, local);
  guint64 seconds = 0;

  if (g_str_equal (word, "now"))
    *ret_time = (guint64) g_get_real_time ();
  else if (word[0] == '@'
           && g_ascii_string_to_unsigned (word + 1, 10, 0, G_MAXINT64 / G_USEC_PER_SEC, &seconds,
                                          NULL))
    *ret_time = seconds * G_USEC_PER_SEC;
  else if (time != NULL && g_date_time_to_unix (time) >= 0)
    *ret_time = (guint64) g_date_time_to_unix (time) * G_USEC_PER_SEC
                + (guint64) g_date_time_get_microsecond (time);
  else
    return refuse (error, word, "“now”, “@SECONDS” or a moment such as 2026-01-31T12:00:00Z");
  return TRUE;
}

static GVariant *
parse_unsigned (const CliField *field, const char *word, GError **error)
{
  guint64 max = field->type[0] == 'u' ? G_MAXUINT32 : G_MAXUINT64;
  gboolean is_size = g_strcmp0 (field->unit, "KiB") == 0 || g_strcmp0 (field->unit, "bytes") == 0;
  guint64 number = 0;

  if (is_size && !parse_size (field->unit, word, &number, error))
    return NULL;
  if (g_strcmp0 (field->unit, "time") == 0 && !parse_time (word, &number, error))
    return NULL;
  if (!is_size && g_strcmp0 (field->unit, "time") != 0)
    {
      gboolean hex = g_str_has_prefix (word, "0x");

      if (!g_ascii_string_to_unsigned (word + (hex ? 2 : 0), hex ? 16 : 10, 0, max, &number, NULL))
        {
          refuse (error, word, "a number that can be here");
          return NULL;
        }
    }
  if (number > max)
    {
      refuse (error, word, "small enough");
      return NULL;
    }
  return field->type[0] == 'u' ? g_variant_new_uint32 ((guint32) number)
                               : g_variant_new_uint64 (number);
}

static GVariant *
parse_signed (const CliField *field, const char *word, GError **error)
{
  gboolean small = field->type[0] == 'i';
  gint64 number = 0;

  if (!g_ascii_string_to_signed (word, 10, small ? G_MININT32 : G_MININT64,
                                 small ? G_MAXINT32 : G_MAXINT64, &number, NULL))
    {
      refuse (error, word, "a number that can be here");
      return NULL;
    }
  return small ? g_variant_new_int32 ((gint32) number) : g_variant_new_int64 (number);
}

static GVariant *
parse_switch (const CliField *field, const char *word, GError **error)
{
  static const char *const on[] = { "on", "yes", "true", "1", NULL };
  static const char *const off[] = { "off", "no", "false", "0", NULL };

  if (g_strv_contains (on, word) || g_strv_contains (off, word))
    return g_variant_new_boolean (g_strv_contains (on, word));
  refuse (error, word, "“on” or “off”");
  return NULL;
}

static GVariant *
parse_text (const CliField *field, const char *word, GError **error)
{
  if (g_utf8_validate (word, -1, NULL))
    return g_variant_new_string (word);
  refuse (error, word, "UTF-8 text");
  return NULL;
}

static GVariant *
parse_double (const CliField *field, const char *word, GError **error)
{
  char *end = NULL;
  double number = g_ascii_strtod (word, &end);

  if (end != word && *end == '\0')
    return g_variant_new_double (number);
  refuse (error, word, "a number");
  return NULL;
}

/* The value of @field, whose type is a simple one, that @word says. */
GVariant *
cli_words_parse (const CliField *field, const char *word, GError **error)
{
  static const struct
  {
    char type;
    GVariant *(*parse) (const CliField *field, const char *word, GError **error);
  } rows[] = {
    { 's', parse_text },   { 'b', parse_switch }, { 'u', parse_unsigned }, { 't', parse_unsigned },
    { 'i', parse_signed }, { 'x', parse_signed }, { 'd', parse_double },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (field->type[0] == rows[i].type && field->type[1] == '\0')
      return rows[i].parse (field, word, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "no word can be a value of the type %s",
               field->type);
  return NULL;
}

/* ---- what the words of an argument are ---- */

/* The next word; %NULL when none is left. */
static const char *
next_word (CliWords *words)
{
  const char *word = words->n_words > 0 ? words->words[0] : NULL;

  if (word != NULL)
    {
      words->words++;
      words->n_words--;
    }
  return word;
}

static GVariant *
take_simple (CliWords *words, const CliField *field, GError **error)
{
  const char *word = next_word (words);

  if (word != NULL)
    return cli_words_parse (field, word, error);
  if (g_str_equal (field->type, "s"))
    return g_variant_new_string ("");
  return cli_words_parse (&(CliField){ .name = field->name, .type = field->type }, "0", error);
}

/* A file, "-", or the document itself. */
static GVariant *
take_document (CliWords *words, const CliField *field, GError **error)
{
  const char *word = next_word (words);
  g_autofree char *text = NULL;

  if (word == NULL)
    return g_variant_new_string ("");
  text = word[0] == '<' ? g_strdup (word) : cli_read_text (word, error);
  return text != NULL ? parse_text (field, text, error) : NULL;
}

/* A signal as kill (1) takes it: "SIGTERM", "TERM", "term" or its number on Linux, signal (7). */
static GVariant *
take_signal (CliWords *words, const CliField *field, GError **error)
{
  static const char *const numbered[]
      = { "nop",  "hup",  "int",  "quit", "ill",    "trap", "abrt",  "bus",  "fpe", "kill", "usr1",
          "segv", "usr2", "pipe", "alrm", "term",   "stkflt", "chld", "cont", "stop", "tstp",
          "ttin", "ttou", "urg",  "xcpu", "xfsz", "vtalrm", "prof", "winch", "poll", "pwr", "sys" };
  const char *word = next_word (words);
  g_autofree char *name = g_ascii_strdown (word != NULL ? word : "", -1);
  guint64 number = 0;

  if (g_ascii_string_to_unsigned (name, 10, 0, 64, &number, NULL))
    return number < G_N_ELEMENTS (numbered)
               ? g_variant_new_string (numbered[number])
               : g_variant_new_take_string (
                     g_strdup_printf ("rt%u", (guint) (number - G_N_ELEMENTS (numbered))));
  return parse_text (field, g_str_has_prefix (name, "sig") ? name + 3 : name, error);
}

static GVariant *
take_definition_of (CliWords *words, const CliField *field, const char *path, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  GVariantDict options;
  const char *xml;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "inactive", "b", TRUE);
  reply = cli_call (words->call->context, path, CLI_IFACE ("Domain"), "GetXml",
                    g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), "(s)", error);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(&s)", &xml);
  return parse_text (field, xml, error);
}

/* A definition, or the domain that has it. No domain's name has a slash. */
static GVariant *
take_domain_or_document (CliWords *words, const CliField *field, GError **error)
{
  const char *word = words->n_words > 0 ? words->words[0] : "-";
  g_autofree char *path = NULL;
  g_autoptr (GError) not_found = NULL;

  if (*word == '<' || g_str_equal (word, "-") || strchr (word, '/') != NULL)
    return take_document (words, field, error);
  path = cli_kind_find_object (words->call->context, cli_kind_find ("Domain"),
                               (const char *const[]){ word, NULL }, &not_found);
  if (path == NULL && g_file_test (word, G_FILE_TEST_EXISTS))
    return take_document (words, field, error);
  next_word (words);
  if (path != NULL)
    return take_definition_of (words, field, path, error);
  g_propagate_error (error, g_steal_pointer (&not_found));
  return NULL;
}

/* Where a disk is copied to: a path, or a file that has an element. */
static GVariant *
take_destination (CliWords *words, const CliField *field, GError **error)
{
  const char *word = words->n_words > 0 ? words->words[0] : "-";
  g_autoptr (xmlDoc) document = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  gboolean is_block = g_str_has_prefix (word, "/dev/");

  if (word[0] == '<' || g_str_equal (word, "-") || g_str_has_suffix (word, ".xml"))
    return take_document (words, field, error);
  word = next_word (words);
  path = words->call->context->host == NULL ? g_canonicalize_filename (word, NULL)
                                            : g_strdup (word);
  document = cli_document_new ("disk");
  cli_document_set (xmlDocGetRootElement (document), "@type", is_block ? "block" : "file");
  cli_document_set (xmlDocGetRootElement (document), is_block ? "source/@dev" : "source/@file",
                    path);
  /* Where the guest sees it does not change. */
  cli_document_set (xmlDocGetRootElement (document), "target/@dev", words->call->words[1]);
  text = cli_document_print (document);
  return parse_text (field, text, error);
}

/* A path on the host of the service, which is this one unless the user says otherwise. */
static GVariant *
take_path (CliWords *words, const CliField *field, GError **error)
{
  const char *word = next_word (words);
  g_autofree char *path = NULL;

  if (word == NULL)
    return g_variant_new_string ("");
  path = words->call->context->host == NULL ? g_canonicalize_filename (word, NULL)
                                            : g_strdup (word);
  return parse_text (field, path, error);
}

static GVariant *
take_strings (CliWords *words, const CliField *field, GError **error)
{
  GVariantBuilder builder;
  const char *word;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  while ((word = next_word (words)) != NULL)
    g_variant_builder_add (&builder, "s", word);
  return g_variant_builder_end (&builder);
}

static GVariant *
take_documents (CliWords *words, const CliField *field, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  while (words->n_words > 0)
    {
      GVariant *text = take_document (words, field, error);

      if (text == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, text);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
take_numbers (CliWords *words, const CliField *field, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("au"));
  const CliField item = { .name = field->name, .type = "u" };
  const char *word;

  while ((word = next_word (words)) != NULL)
    {
      GVariant *number = cli_words_parse (&item, word, error);

      if (number == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, number);
    }
  return g_variant_builder_end (&builder);
}

/* Numbers for numbers: "2048=16". */
static GVariant *
take_pairs (CliWords *words, const CliField *field, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ut}"));
  const char *word;

  while ((word = next_word (words)) != NULL)
    {
      g_auto (GStrv) pair = g_strsplit (word, "=", 2);
      guint64 key = 0, value = 0;

      if (pair[0] == NULL || pair[1] == NULL
          || !g_ascii_string_to_unsigned (pair[0], 10, 0, G_MAXUINT32, &key, NULL)
          || !g_ascii_string_to_unsigned (pair[1], 10, 0, G_MAXUINT64, &value, NULL))
        {
          refuse (error, word, "NUMBER=NUMBER");
          return NULL;
        }
      g_variant_builder_add (&builder, "{ut}", (guint32) key, value);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
take_lines (CliWords *words, const CliField *field, GError **error)
{
  const char *word = next_word (words);
  g_autofree char *text = cli_read_text (word != NULL ? word : "-", error);
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  GVariantBuilder builder;

  if (lines == NULL)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; lines[i] != NULL; i++)
    if (*g_strstrip (lines[i]) != '\0')
      g_variant_builder_add (&builder, "s", lines[i]);
  return g_variant_builder_end (&builder);
}

static GVariant *
take_bytes (CliWords *words, const CliField *field, GError **error)
{
  const char *word = next_word (words);
  g_autoptr (GBytes) bytes = cli_read_file (word != NULL ? word : "-", MAX_FILE_SIZE, error);

  return bytes != NULL ? g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE) : NULL;
}

static GVariant *
take_fd (CliWords *words, gboolean write, GError **error)
{
  const char *word = next_word (words);
  int fd, saved;
  int index;

  if (word == NULL || g_str_equal (word, "-"))
    fd = dup (write ? STDOUT_FILENO : STDIN_FILENO);
  else
    fd = open (word, (write ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY) | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      saved = errno;
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved), "%s: %s", word,
                   g_strerror (saved));
      return NULL;
    }
  index = g_unix_fd_list_append (words->fds, fd, error);
  close (fd);
  return index >= 0 ? g_variant_new_handle (index) : NULL;
}

static GVariant *
take_source (CliWords *words, const CliField *field, GError **error)
{
  return take_fd (words, FALSE, error);
}

static GVariant *
take_target (CliWords *words, const CliField *field, GError **error)
{
  return take_fd (words, TRUE, error);
}

/* A descriptor that the shell opened, by its number, or a file; to write to it, too, if it may. */
static int
open_handle (const char *word)
{
  guint64 number = 0;
  int fd;

  if (g_ascii_string_to_unsigned (word, 10, 0, G_MAXINT, &number, NULL))
    return fcntl ((int) number, F_DUPFD_CLOEXEC, 3);
  fd = open (word, O_RDWR | O_CLOEXEC);
  return fd >= 0 ? fd : open (word, O_RDONLY | O_CLOEXEC);
}

static GVariant *
take_handles (CliWords *words, const CliField *field, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ah"));
  const char *word;

  while ((word = next_word (words)) != NULL)
    {
      int fd = open_handle (word);
      int saved = errno;
      int index;

      if (fd < 0)
        {
          g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved), "%s: %s", word,
                       g_strerror (saved));
          return NULL;
        }
      index = g_unix_fd_list_append (words->fds, fd, error);
      close (fd);
      if (index < 0)
        return NULL;
      g_variant_builder_add (&builder, "h", index);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
take_volume (CliWords *words, const CliField *field, GError **error)
{
  const CliKind *kind = cli_kind_find ("StorageVolume");
  const char *found[] = { next_word (words), next_word (words), NULL };
  g_autofree char *path = NULL;

  if (found[1] == NULL)
    refuse (error, found[0] != NULL ? found[0] : "", "a pool and a volume");
  else
    path = cli_kind_find_object (words->call->context, kind, found, error);
  return path != NULL ? g_variant_new_object_path (path) : NULL;
}

/* ---- dictionaries of parameters ---- */

/* What is not documented has the type that it has now; what is not there either is what it looks
 * like. */
static void
guess_type (CliWords *words, const CliField *field, const char *key, const char *word,
            CliField *ret_field)
{
  const CliField *documented = cli_fields_find (field->keys, key);
  g_autoptr (GVariant) now
      = words->known != NULL ? g_variant_lookup_value (words->known, key, NULL) : NULL;
  gsize digits = strspn (word, "0123456789");

  *ret_field = (CliField){ .name = key, .type = "s" };
  if (documented != NULL)
    *ret_field = *documented;
  else if (now != NULL)
    ret_field->type = g_variant_type_peek_string (g_variant_get_type (now))[0] == 's' ? "s"
                      : g_variant_is_of_type (now, G_VARIANT_TYPE_UINT32)             ? "u"
                      : g_variant_is_of_type (now, G_VARIANT_TYPE_BOOLEAN)            ? "b"
                      : g_variant_is_of_type (now, G_VARIANT_TYPE_INT64)              ? "x"
                      : g_variant_is_of_type (now, G_VARIANT_TYPE_INT32)              ? "i"
                      : g_variant_is_of_type (now, G_VARIANT_TYPE_DOUBLE)             ? "d"
                                                                                      : "t";
  else if (digits > 0 && word[digits] == '\0')
    ret_field->type = "t";
  else if (word[0] == '-' && strspn (word + 1, "0123456789") == strlen (word + 1))
    ret_field->type = "x";
}

static GVariant *
take_parameters (CliWords *words, const CliField *field, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *word;

  while ((word = next_word (words)) != NULL)
    {
      const char *equals = strchr (word, '=');
      g_autofree char *key = equals != NULL ? g_strndup (word, (gsize) (equals - word)) : NULL;
      CliField found;
      GVariant *value;

      if (key == NULL)
        {
          refuse (error, word, "KEY=VALUE");
          return NULL;
        }
      guess_type (words, field, key, equals + 1, &found);
      value = cli_words_parse (&found, equals + 1, error);
      if (value == NULL)
        {
          g_prefix_error (error, "%s: ", key);
          return NULL;
        }
      g_variant_builder_add (&builder, "{sv}", key, value);
    }
  return g_variant_builder_end (&builder);
}

/* ---- which of these an argument is ---- */

typedef struct
{
  const char *member; /* (nullable): any */
  const char *name;   /* (nullable): any */
  const char *type;   /* (nullable): any */
  const char *word;   /* (nullable): in usages; the argument's name */
  Take take;
} Form;

static const Form forms[] = {
  { "Connection.DomainXmlToNative", "xml", "s", "DOMAIN|FILE", take_domain_or_document },
  { "Connection.DomainXmlFromNative", "config", "s", "FILE", take_document },
  { NULL, "xml", "s", "FILE", take_document },
  { "Domain.BlockCopy", "destination", "s", "PATH|FILE", take_destination },
  { "Domain.SendProcessSignal", "signal", "s", NULL, take_signal },
  { "Connection.BaselineCpu", "cpus", "as", "FILE…", take_documents },
  { "Domain.BeginBackup", "checkpoint", "s", "CHECKPOINT-FILE", take_document },
  { "Connection.FindStoragePoolSources", "source", "s", "FILE", take_document },
  { NULL, "path", "s", "FILE", take_path },
  { NULL, "keys", "as", "FILE", take_lines },
  { NULL, "source", "h", "FILE", take_source },
  { NULL, "target", "h", "FILE", take_target },
  { "StoragePool.CreateVolumeFrom", "source", "o", "POOL VOLUME", take_volume },
  { NULL, NULL, "b", "on|off", take_simple },
  { NULL, NULL, "as", NULL, take_strings },
  { NULL, NULL, "au", NULL, take_numbers },
  { NULL, NULL, "a{ut}", "NUMBER=NUMBER…", take_pairs },
  { NULL, NULL, "ah", "FILE…", take_handles },
  { NULL, NULL, "ay", "FILE", take_bytes },
  { NULL, NULL, "a{sv}", "KEY=VALUE…", take_parameters },
  { NULL, NULL, NULL, NULL, take_simple },
};

static const Form *
form_of (const CliMember *member, const CliField *field)
{
  const Form *form = forms;

  while ((form->member != NULL && !g_str_equal (form->member, member->name))
         || (form->name != NULL && !g_str_equal (form->name, field->name))
         || (form->type != NULL && !g_str_equal (form->type, field->type)))
    form++;
  return form;
}

/* What the words of an argument are called in a usage. */
char *
cli_words_name (const CliMember *member, const CliField *field)
{
  const Form *form = form_of (member, field);
  g_autofree char *name = g_ascii_strup (field->name, -1);

  if (form->word != NULL)
    return g_strdup (form->word);
  if (form->take != take_strings && form->take != take_numbers)
    return g_steal_pointer (&name);
  if (g_str_has_suffix (name, "S"))
    name[strlen (name) - 1] = '\0';
  return g_strconcat (name, "…", NULL);
}

/* The value of an argument; takes its words away. An argument without words is empty or 0. */
GVariant *
cli_words_take (CliWords *words, const CliField *field, GError **error)
{
  return form_of (words->member, field)->take (words, field, error);
}
