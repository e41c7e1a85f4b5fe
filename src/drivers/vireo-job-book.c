/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-job-book.h"

#include <string.h>

#include "conf/vireo-conf.h"
#include "util/vireo-error.h"
#include "util/vireo-store.h"
#include "vireo-obj-private.h"

#define FOLDER "jobs"
#define SUFFIX ".job"

/* What a driver wants to know may have two definitions in it, quoted. */
#define MAX_RECORD (4u * VIREO_DOC_MAX_SIZE)

/* Numbers are set aside that many at a time, and the next ones when half of them are left. */
#define NUMBERS_FILE "next"
#define NUMBERS_STEP 1000

struct _VireoJobBook
{
  GObject parent_instance;

  VireoStore *records; /* (nullable) */
  VireoStore *numbers; /* (nullable) */
  guint64 next;        /* number */
  guint64 reserved;    /* below this they are ours, whatever happens */
  gboolean reserving;
};

/* What a job has of its own in the book. */
typedef struct
{
  VireoJobBook *book; /* (nullable): it is in none */
  guint64 number;
  GVariant *about;
  char *resume_kind;
  GVariant *resume_data;
} Entry;

G_DEFINE_FINAL_TYPE (VireoJobBook, vireo_job_book, G_TYPE_OBJECT)

static void
vireo_job_book_finalize (GObject *object)
{
  VireoJobBook *self = VIREO_JOB_BOOK (object);

  g_clear_object (&self->records);
  g_clear_object (&self->numbers);
  G_OBJECT_CLASS (vireo_job_book_parent_class)->finalize (object);
}

static void
vireo_job_book_class_init (VireoJobBookClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vireo_job_book_finalize;
}

static void
vireo_job_book_init (VireoJobBook *self)
{
  self->next = 1;
  self->reserved = G_MAXUINT64;
}

static VireoStore *
store_below (const char *folder)
{
  g_autofree char *path = folder != NULL ? g_build_filename (folder, FOLDER, NULL) : NULL;

  return path != NULL ? vireo_store_new (path) : NULL;
}

VireoJobBook *
vireo_job_book_new (const char *run_dir, const char *state_dir)
{
  VireoJobBook *self = g_object_new (VIREO_TYPE_JOB_BOOK, NULL);

  self->records = store_below (run_dir);
  self->numbers = store_below (state_dir);
  return self;
}

/* ---- entries ---- */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_object (&entry->book);
  g_clear_pointer (&entry->about, g_variant_unref);
  g_clear_pointer (&entry->resume_data, g_variant_unref);
  g_free (entry->resume_kind);
  g_free (entry);
}

static Entry *
entry_of (VireoJob *job)
{
  static GQuark quark = 0;
  Entry *entry;

  if (quark == 0)
    quark = g_quark_from_static_string ("vireo-job-entry");
  entry = g_object_get_qdata (G_OBJECT (job), quark);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      g_object_set_qdata_full (G_OBJECT (job), quark, entry, entry_free);
    }
  return entry;
}

static void
set_variant (GVariant **at, GVariant *value)
{
  g_clear_pointer (at, g_variant_unref);
  if (value != NULL)
    *at = g_variant_ref_sink (value);
}

/* ---- writing ---- */

static char *
file_name (guint64 number)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT SUFFIX, number);
}

static GBytes *
describe (VireoJob *job, const Entry *entry)
{
  guint64 started_at;
  guint64 ended_at;
  VireoJobRecord record = {
    .operation = (char *) vireo_job_get_operation (job),
    .uid = vireo_job_get_started_by_uid (job),
    .slot = vireo_job_get_kind (job) != VIREO_JOB_NONE,
    .about = entry->about,
    .error = (GError *) vireo_job_get_error (job),
    .statistics = vireo_job_get_statistics (job),
  };

  g_object_get (job, "started-at", &started_at, "ended-at", &ended_at, NULL);
  record.started_at = started_at;
  record.ended_at = ended_at;
  if (ended_at == 0)
    {
      record.resume_kind = entry->resume_kind;
      record.resume_data = entry->resume_data;
    }
  return vireo_job_record_to_bytes (&record);
}

/* The job goes on without: it is what counts, and its record is for what may never happen. */
static void
on_applied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoJob *job = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    g_warning ("what there is to know of the job %" G_GUINT64_FORMAT
               " (%s), should the daemon end, is not on disk: %s",
               entry_of (job)->number, vireo_job_get_operation (job), error->message);
  g_task_return_boolean (task, TRUE);
}

/* @contents: (nullable): none to delete it. @task: (transfer full) */
static void
apply (VireoJob *job, GBytes *contents, GTask *task)
{
  Entry *entry = entry_of (job);
  g_autofree char *name = file_name (entry->number);
  const VireoStoreOp op = { name, contents, 0600 };

  if (entry->book != NULL && entry->book->records != NULL)
    {
      vireo_store_apply_async (entry->book->records, &op, 1, NULL, on_applied, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
write_entry (VireoJob *job, GTask *task)
{
  g_autoptr (GBytes) bytes = describe (job, entry_of (job));

  apply (job, bytes, task);
}

static GTask *
nobody_waits (VireoJob *job)
{
  return g_task_new (job, NULL, NULL, NULL);
}

/* ---- numbers ---- */

static void
on_reserved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoJobBook) self = user_data;
  g_autoptr (GError) error = NULL;

  self->reserving = FALSE;
  if (vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    self->reserved += NUMBERS_STEP;
  else
    g_warning ("the numbers of jobs that were given are not on disk: %s", error->message);
}

static void
reserve (VireoJobBook *self)
{
  g_autofree char *text
      = g_strdup_printf ("%" G_GUINT64_FORMAT "\n", self->reserved + NUMBERS_STEP);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  const VireoStoreOp op = { NUMBERS_FILE, bytes, 0600 };

  self->reserving = TRUE;
  vireo_store_apply_async (self->numbers, &op, 1, NULL, on_reserved, g_object_ref (self));
}

static guint64
give_number (VireoJobBook *self)
{
  guint64 number = self->next++;

  if (self->numbers != NULL && !self->reserving && self->next + NUMBERS_STEP / 2 >= self->reserved)
    reserve (self);
  return number;
}

/* The first that no daemon can have given. */
static guint64
read_next (VireoJobBook *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  guint64 next = 1;

  if (vireo_store_prepare (self->numbers, &error))
    bytes = vireo_store_read (self->numbers, NUMBERS_FILE, 64, &error);
  if (bytes != NULL)
    text = g_strstrip (g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)));
  if (text != NULL)
    g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &next, &error);
  if (error != NULL && !g_error_matches (error, VIREO_ERROR, VIREO_ERROR_MISSING_RESOURCE))
    g_warning ("which numbers jobs had is not known: %s", error->message);
  return next;
}

/* ---- the start ---- */

static gboolean
parse_name (const char *name, guint64 *ret_number)
{
  g_autofree char *digits = g_strndup (name, strlen (name) - strlen (SUFFIX));

  return g_ascii_string_to_unsigned (digits, 10, 1, G_MAXINT64, ret_number, NULL);
}

static void
delete_file (VireoJobBook *self, const char *name)
{
  const VireoStoreOp op = { name, NULL, 0 };

  vireo_store_apply_async (self->records, &op, 1, NULL, NULL, NULL);
}

static void
load_file (VireoJobBook *self, const char *name, GPtrArray *found)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  VireoJobRecord *record = NULL;
  guint64 number;

  if (!parse_name (name, &number))
    return;
  self->next = MAX (self->next, number + 1);
  bytes = vireo_store_read (self->records, name, MAX_RECORD, &error);
  if (bytes != NULL)
    record = vireo_job_record_parse (number, bytes, &error);
  if (record != NULL)
    {
      g_ptr_array_add (found, record);
      return;
    }
  g_warning ("what became of the job %" G_GUINT64_FORMAT " cannot be told: %s/%s: %s", number,
             vireo_store_get_folder (self->records), name, error->message);
  delete_file (self, name);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  const VireoJobRecord *left = *(VireoJobRecord *const *) a;
  const VireoJobRecord *right = *(VireoJobRecord *const *) b;

  return left->number < right->number ? -1 : left->number > right->number;
}

GPtrArray *
vireo_job_book_load (VireoJobBook *self)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_job_record_free);
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GError) error = NULL;

  if (self->numbers != NULL)
    self->next = read_next (self);
  if (self->records != NULL && vireo_store_prepare (self->records, &error))
    names = vireo_store_list (self->records, SUFFIX, &error);
  if (error != NULL)
    g_warning ("what became of jobs cannot be read: %s", error->message);
  for (guint i = 0; names != NULL && i < names->len; i++)
    load_file (self, names->pdata[i], found);
  g_ptr_array_sort (found, compare_numbers);
  if (self->numbers != NULL)
    {
      self->reserved = self->next;
      reserve (self);
      /* Nobody waits for the disk's threads at a start, and no number is given before. */
      vireo_store_flush (self->numbers);
    }
  return found;
}

/* ---- jobs ---- */

guint64
vireo_job_book_enter (VireoJobBook *self, VireoJob *job, GVariant *about)
{
  Entry *entry = entry_of (job);

  set_variant (&entry->about, about);
  if (entry->number == 0)
    {
      entry->book = g_object_ref (self);
      entry->number = give_number (self);
      write_entry (job, nobody_waits (job));
    }
  return entry->number;
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  /* What could not be written was told. */
  vireo_store_apply_finish (VIREO_STORE (source), result, NULL);
  g_task_return_boolean (task, TRUE);
}

void
vireo_job_book_settle_async (VireoJobBook *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, vireo_job_book_settle_async);
  if (self->records != NULL)
    vireo_store_apply_async (self->records, NULL, 0, NULL, on_settled, g_object_ref (task));
  else
    g_task_return_boolean (task, TRUE);
}

void
vireo_job_book_settle_finish (VireoJobBook *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));
  g_task_propagate_boolean (G_TASK (result), NULL);
}

void
vireo_job_book_keep_result (VireoJobBook *self, VireoJob *job)
{
  write_entry (job, nobody_waits (job));
}

void
vireo_job_book_forget (VireoJobBook *self, VireoJob *job)
{
  apply (job, NULL, nobody_waits (job));
}

void
vireo_job_book_drop (VireoJobBook *self, const VireoJobRecord *record)
{
  g_autofree char *name = file_name (record->number);

  if (self->records != NULL)
    delete_file (self, name);
}

void
vireo_job_book_flush (VireoJobBook *self)
{
  if (self->records != NULL)
    vireo_store_flush (self->records);
  if (self->numbers != NULL)
    vireo_store_flush (self->numbers);
}

static void
enter_found (VireoJobBook *self, const VireoJobRecord *record, VireoJob *job)
{
  Entry *entry = entry_of (job);

  entry->book = g_object_ref (self);
  entry->number = record->number;
  set_variant (&entry->about, record->about);
  set_variant (&entry->resume_data, record->resume_data);
  entry->resume_kind = g_strdup (record->resume_kind);
}

VireoJob *
vireo_job_book_take_up (VireoJobBook *self, const VireoJobRecord *record, VireoObj *object)
{
  VireoJob *job = _vireo_job_new_found (object, record->operation, record->uid, record->started_at);

  enter_found (self, record, job);
  _vireo_job_place (job, record->slot);
  return job;
}

VireoJob *
vireo_job_book_show_end (VireoJobBook *self, const VireoJobRecord *record)
{
  g_autoptr (GError) interrupted = NULL;
  VireoJob *job;

  if (record->ended_at == 0)
    interrupted = g_error_new (VIREO_ERROR, VIREO_ERROR_INTERRUPTED,
                               "the service ended in the middle of %s, which could not go on "
                               "without it",
                               record->operation);
  job = _vireo_job_new_ended (
      record->operation, record->uid, record->started_at,
      record->ended_at != 0 ? record->ended_at : (guint64) g_get_real_time (),
      interrupted != NULL ? interrupted : record->error, record->statistics);
  enter_found (self, record, job);
  if (record->ended_at == 0)
    write_entry (job, nobody_waits (job));
  return job;
}

/* ---- what outlives the daemon ---- */

/**
 * vireo_job_set_resume_async:
 * @self: a job that has not ended
 * @kind: (nullable): a row of the class of its object; %NULL when the work cannot be taken up from
 *   here on
 * @data: (nullable): what that wants to know, a{sv}; floating references are sunk
 * @callback: called when it is on disk, or cannot be
 * @user_data: for @callback
 *
 * Writes down how a daemon that comes after this one takes the work up.
 *
 * Since: 0.1
 */
void
vireo_job_set_resume_async (VireoJob *self,
                            const char *kind,
                            GVariant *data,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Entry *entry = entry_of (self);

  g_task_set_source_tag (task, vireo_job_set_resume_async);
  g_free (entry->resume_kind);
  entry->resume_kind = g_strdup (kind);
  set_variant (&entry->resume_data, data);
  write_entry (self, task);
}

/**
 * vireo_job_set_resume_finish:
 * @self: a job
 * @result: what the callback got
 *
 * Since: 0.1
 */
void
vireo_job_set_resume_finish (VireoJob *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static const VireoJobResumer *
find_row (VireoObj *object, const char *kind)
{
  const VireoJobResumer *row = VIREO_OBJ_GET_CLASS (object)->resumers;

  for (; kind != NULL && row != NULL && row->kind != NULL; row++)
    if (g_str_equal (row->kind, kind))
      return row;
  return NULL;
}

gboolean
vireo_obj_can_resume (VireoObj *object, const char *kind)
{
  return find_row (object, kind) != NULL;
}

/**
 * vireo_job_resume:
 * @self: a job that was taken up
 * @kind: how its work is, which the class of its object has a row for
 * @data: (nullable): what was written down with it, a{sv}
 *
 * Hands a job to whom can take its work up.
 *
 * Since: 0.1
 */
void
vireo_job_resume (VireoJob *self, const char *kind, GVariant *data)
{
  VireoObj *object = vireo_job_get_object (self);
  g_autoptr (GVariant) given = g_variant_ref_sink (
      data != NULL ? data : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));

  find_row (object, kind)->resume (object, self, given);
}
