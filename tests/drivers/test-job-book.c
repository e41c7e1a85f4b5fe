/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written down of jobs, and what the next daemon makes of it. */
#include "drivers/vireo-job-book.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/vireo-error.h"

static void resume_thing (VireoObj *object, VireoJob *job, GVariant *data);

static const VireoJobResumer thing_resumers[] = {
  { "thing-work", resume_thing },
  { NULL },
};

#define TEST_TYPE_THING (test_thing_get_type ())
G_DECLARE_FINAL_TYPE (TestThing, test_thing, TEST, THING, VireoObj)

struct _TestThing
{
  VireoObj parent_instance;
};

G_DEFINE_FINAL_TYPE (TestThing, test_thing, VIREO_TYPE_OBJ)

static void
test_thing_class_init (TestThingClass *klass)
{
  VIREO_OBJ_CLASS (klass)->kind = "thing";
  VIREO_OBJ_CLASS (klass)->resumers = thing_resumers;
}

static void
test_thing_init (TestThing *self)
{
}

/* Ends at once, with what it was told. */
static void
resume_thing (VireoObj *object, VireoJob *job, GVariant *data)
{
  const char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_job_get_object (job) == object);
  g_assert_true (g_variant_lookup (data, "answer", "&s", &text));
  error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_NO_SPACE, text);
  vireo_job_end (job, error);
}

/* ---- the log ---- */

static GMutex log_lock;
static GString *log_text;

static GLogWriterOutput
note_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree char *line = g_log_writer_format_fields (level, fields, n_fields, FALSE);

  g_mutex_lock (&log_lock);
  g_string_append (log_text, line);
  g_mutex_unlock (&log_lock);
  return G_LOG_WRITER_HANDLED;
}

/* How often it said so since it was asked last. */
static guint
count_messages (const char *text)
{
  const char *at = log_text->str;
  guint n = 0;

  for (; (at = strstr (at, text)) != NULL; at += strlen (text))
    n++;
  g_string_truncate (log_text, 0);
  return n;
}

/* ---- a daemon after another ---- */

typedef struct
{
  char *folder;
  VireoJobBook *book;
  GPtrArray *found;
  VireoObj *thing;
} Life;

static void
begin (Life *life)
{
  g_autofree char *run = g_build_filename (life->folder, "run", NULL);
  g_autofree char *state = g_build_filename (life->folder, "state", NULL);

  life->thing = g_object_new (TEST_TYPE_THING, "name", "it", NULL);
  life->book = vireo_job_book_new (run, state);
  life->found = vireo_job_book_load (life->book);
}

static void
end (Life *life)
{
  vireo_job_book_flush (life->book);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_pointer (&life->found, g_ptr_array_unref);
  g_clear_object (&life->book);
  g_clear_object (&life->thing);
}

static void
next (Life *life)
{
  end (life);
  begin (life);
}

static void
set_up (Life *life, gconstpointer data)
{
  life->folder = g_dir_make_tmp ("vireo-jobs-XXXXXX", NULL);
  g_assert_nonnull (life->folder);
  begin (life);
}

static void
remove_below (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_below (child);
    }
  g_remove (path);
}

static void
tear_down (Life *life, gconstpointer data)
{
  end (life);
  remove_below (life->folder);
  g_free (life->folder);
}

static char *
record_path (const Life *life, guint64 number)
{
  return g_strdup_printf ("%s/run/jobs/%" G_GUINT64_FORMAT ".job", life->folder, number);
}

static void
began (GObject *source, GAsyncResult *result, gpointer data)
{
  VireoJob **job = data;

  *job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, NULL);
}

static VireoJob *
begin_job (Life *life)
{
  VireoJob *job = NULL;

  vireo_obj_begin_job_async (life->thing, "thing-move", VIREO_JOB_CHANGE, 1234, NULL, began, &job);
  while (job == NULL)
    g_main_context_iteration (NULL, TRUE);
  return job;
}

static void
noted (GObject *source, GAsyncResult *result, gpointer data)
{
  vireo_job_set_resume_finish (VIREO_JOB (source), result);
  *(gboolean *) data = TRUE;
}

static void
set_resume (VireoJob *job, const char *kind, const char *answer)
{
  GVariantDict dict;
  gboolean done = FALSE;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "answer", "s", answer);
  vireo_job_set_resume_async (job, kind, g_variant_dict_end (&dict), noted, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- tests ---- */

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  VireoJobRecord record = {
    .number = 7,
    .operation = (char *) "thing-\"move\"\n",
    .uid = G_MAXUINT,
    .started_at = G_MAXUINT64,
    .slot = TRUE,
    .about = g_variant_ref_sink (g_variant_new_parsed ("[('/a', {'owner': 'ö'})]")),
    .resume_kind = (char *) "thing-work",
    .resume_data = g_variant_ref_sink (g_variant_new_parsed ("{'n': <@t 18446744073709551615>}")),
    .ended_at = 3,
    .error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_ABI_MISMATCH, "they 'differ'"),
    .statistics = g_variant_ref_sink (g_variant_new_parsed ("{'x': <1.5>}")),
  };
  g_autoptr (GBytes) bytes = vireo_job_record_to_bytes (&record);
  g_autoptr (VireoJobRecord) again = vireo_job_record_parse (7, bytes, &error);
  g_autoptr (GBytes) twice = NULL;

  g_assert_no_error (error);
  twice = vireo_job_record_to_bytes (again);
  g_assert_true (g_bytes_equal (bytes, twice));
  g_assert_cmpuint (again->number, ==, 7);
  g_assert_cmpstr (again->operation, ==, record.operation);
  g_assert_cmpuint (again->uid, ==, record.uid);
  g_assert_true (again->started_at == record.started_at && again->slot);
  g_assert_cmpstr (again->resume_kind, ==, "thing-work");
  g_assert_error (again->error, VIREO_ERROR, VIREO_ERROR_ABI_MISMATCH);
  g_assert_cmpstr (again->error->message, ==, "they 'differ'");
  g_assert_true (g_variant_equal (again->resume_data, record.resume_data));
  g_assert_true (g_variant_equal (again->about, record.about));
  g_variant_unref (record.about);
  g_variant_unref (record.resume_data);
  g_variant_unref (record.statistics);
  g_error_free (record.error);
}

static void
test_damaged_text (void)
{
  static const char *const texts[] = {
    "",
    "{",
    "{}",
    "[<'x'>]",
    "{'operation': <'thing-move'>, 'uid': <uint32 1>}",
    "{'operation': <'thing-move'>, 'uid': <'root'>, 'started-at': <uint64 1>}",
    "{'operation': <'\xff'>, 'uid': <uint32 1>, 'started-at': <uint64 1>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (texts[i], strlen (texts[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (vireo_job_record_parse (1, bytes, &error));
      g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE);
    }
}

static void
test_interrupted (Life *life, gconstpointer data)
{
  g_autoptr (VireoJob) job = begin_job (life);
  g_autoptr (VireoJob) again = NULL;
  guint64 number = vireo_job_book_enter (life->book, job, g_variant_new_string ("it"));
  const VireoJobRecord *record;
  guint64 started_at;
  guint64 started_again;

  g_object_get (job, "started-at", &started_at, NULL);
  next (life);
  g_assert_cmpuint (life->found->len, ==, 1);
  record = life->found->pdata[0];
  g_assert_cmpuint (record->number, ==, number);
  g_assert_cmpstr (g_variant_get_string (record->about, NULL), ==, "it");
  g_assert_false (vireo_obj_can_resume (life->thing, record->resume_kind));

  again = vireo_job_book_show_end (life->book, record);
  g_object_get (again, "started-at", &started_again, NULL);
  g_assert_cmpuint (started_again, ==, started_at);
  g_assert_cmpuint (vireo_job_get_started_by_uid (again), ==, 1234);
  g_assert_cmpint (vireo_job_get_state (again), ==, VIREO_JOB_FAILED);
  g_assert_error ((GError *) vireo_job_get_error (again), VIREO_ERROR, VIREO_ERROR_INTERRUPTED);
  g_assert_cmpuint (vireo_job_book_enter (life->book, again, NULL), ==, number);

  /* That is its end from now on. */
  next (life);
  record = life->found->pdata[0];
  g_assert_cmpuint (record->ended_at, >, 0);
  g_assert_error (record->error, VIREO_ERROR, VIREO_ERROR_INTERRUPTED);
  vireo_job_end (job, NULL);
}

static void
test_resume (Life *life, gconstpointer data)
{
  g_autoptr (VireoJob) job = begin_job (life);
  g_autoptr (VireoJob) again = NULL;
  guint64 number = vireo_job_book_enter (life->book, job, NULL);
  const VireoJobRecord *record;

  set_resume (job, "thing-work", "first");
  set_resume (job, "thing-work", "second");
  next (life);
  record = life->found->pdata[0];
  g_assert_true (vireo_obj_can_resume (life->thing, record->resume_kind));
  again = vireo_job_book_take_up (life->book, record, life->thing);
  g_assert_cmpuint (vireo_job_book_enter (life->book, again, NULL), ==, number);
  /* It has the slot again. */
  g_assert_true (vireo_obj_get_current_job (life->thing) == again);
  g_assert_true (vireo_job_get_detached (again));
  vireo_job_resume (again, record->resume_kind, record->resume_data);
  g_assert_error ((GError *) vireo_job_get_error (again), VIREO_ERROR, VIREO_ERROR_NO_SPACE);
  g_assert_cmpstr (vireo_job_get_error (again)->message, ==, "second");
  g_assert_null (vireo_obj_get_current_job (life->thing));

  vireo_job_book_keep_result (life->book, again);
  next (life);
  record = life->found->pdata[0];
  g_assert_error (record->error, VIREO_ERROR, VIREO_ERROR_NO_SPACE);
  g_assert_null (record->resume_kind);
  vireo_job_end (job, NULL);
}

static void
test_background (Life *life, gconstpointer data)
{
  g_autoptr (VireoJob) job = vireo_job_new_background (life->thing, "thing-copy", 0);
  g_autoptr (VireoJob) again = NULL;

  vireo_job_book_enter (life->book, job, NULL);
  set_resume (job, "thing-work", "x");
  next (life);
  again = vireo_job_book_take_up (life->book, life->found->pdata[0], life->thing);
  g_assert_null (vireo_obj_get_current_job (life->thing));
  g_assert_true (g_ptr_array_find (vireo_job_get_background (life->thing), again, NULL));
  vireo_job_end (again, NULL);
  g_assert_cmpuint (vireo_job_get_background (life->thing)->len, ==, 0);
  vireo_job_end (job, NULL);
}

/* How far they came is all that is left of them. */
static void
test_numbers (Life *life, gconstpointer data)
{
  g_autofree char *state = g_build_filename (life->folder, "other-state", NULL);
  guint64 last = 0;

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (VireoJobBook) book = vireo_job_book_new (NULL, state);
      g_autoptr (GPtrArray) found = vireo_job_book_load (book);

      g_assert_cmpuint (found->len, ==, 0);
      for (guint j = 0; j < 1700; j++)
        {
          g_autoptr (VireoJob) job = vireo_job_new_background (life->thing, "thing-copy", 0);
          guint64 number = vireo_job_book_enter (book, job, NULL);

          g_assert_cmpuint (number, >, last);
          last = number;
          vireo_job_end (job, NULL);
          if (j % 100 == 0)
            vireo_job_book_flush (book);
          while (g_main_context_iteration (NULL, FALSE))
            continue;
        }
    }
}

static void
test_damaged_file (Life *life, gconstpointer data)
{
  g_autoptr (VireoJob) first = vireo_job_new_background (life->thing, "thing-copy", 0);
  g_autoptr (VireoJob) second = vireo_job_new_background (life->thing, "thing-copy", 0);
  guint64 number = vireo_job_book_enter (life->book, first, NULL);
  g_autofree char *path = record_path (life, number);
  guint64 other = vireo_job_book_enter (life->book, second, NULL);

  end (life);
  g_assert_true (g_file_set_contents (path, "{'operation': <'th", -1, NULL));
  begin (life);
  g_assert_cmpuint (count_messages ("cannot be told"), ==, 1);
  /* The other one is not lost for it. */
  g_assert_cmpuint (life->found->len, ==, 1);
  g_assert_cmpuint (((VireoJobRecord *) life->found->pdata[0])->number, ==, other);
  next (life);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  vireo_job_end (first, NULL);
  vireo_job_end (second, NULL);
}

/* A job whose record cannot be written is one like any other. */
static void
test_unwritable (Life *life, gconstpointer data)
{
  g_autoptr (VireoJob) job = begin_job (life);
  g_autofree char *folder = g_build_filename (life->folder, "run", "jobs", NULL);

  remove_below (folder);
  g_assert_cmpuint (vireo_job_book_enter (life->book, job, NULL), >, 0);
  set_resume (job, "thing-work", "x");
  g_assert_cmpuint (count_messages ("is not on disk"), ==, 2);
  vireo_job_end (job, NULL);
  g_assert_cmpint (vireo_job_get_state (job), ==, VIREO_JOB_COMPLETED);
}

/* What nobody sees has no record, and does not wait for one. */
static void
test_not_entered (Life *life, gconstpointer data)
{
  g_autoptr (VireoJob) job = begin_job (life);

  set_resume (job, "thing-work", "x");
  vireo_job_end (job, NULL);
  next (life);
  g_assert_cmpuint (life->found->len, ==, 0);
}

static void
add (const char *path, void (*test) (Life *life, gconstpointer data))
{
  g_test_add (path, Life, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_text = g_string_new (NULL);
  g_log_set_writer_func (note_message, NULL, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/job-book/round-trip", test_round_trip);
  g_test_add_func ("/job-book/damaged-text", test_damaged_text);
  add ("/job-book/interrupted", test_interrupted);
  add ("/job-book/resume", test_resume);
  add ("/job-book/background", test_background);
  add ("/job-book/numbers", test_numbers);
  add ("/job-book/damaged-file", test_damaged_file);
  add ("/job-book/unwritable", test_unwritable);
  add ("/job-book/not-entered", test_not_entered);
  return g_test_run ();
}
