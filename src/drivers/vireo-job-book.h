/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-obj.h"

G_BEGIN_DECLS

/**
 * VireoJobRecord:
 * @number: of the job, for ever
 * @operation: what is done
 * @uid: who asked for it
 * @started_at: µs since the epoch
 * @slot: whether it had its object's slot
 * @about: (nullable): what whoever entered the job in the book gave with it
 * @resume_kind: (nullable): the row of the object's class that can take the work up
 * @resume_data: (nullable): a{sv}, what that wants to know
 * @ended_at: µs since the epoch; 0 when it was under way
 * @error: (nullable): why it failed
 * @statistics: (nullable): a{sv}, those of a job that has ended
 *
 * What was written down of a job.
 *
 * Since: 0.1
 */
typedef struct
{
  guint64 number;
  char *operation;
  guint uid;
  guint64 started_at;
  gboolean slot;
  GVariant *about;
  char *resume_kind;
  GVariant *resume_data;
  guint64 ended_at;
  GError *error;
  GVariant *statistics;
} VireoJobRecord;

void vireo_job_record_free (VireoJobRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoJobRecord, vireo_job_record_free)

/* Errors: Unparsable. */
GBytes *vireo_job_record_to_bytes (const VireoJobRecord *self);
VireoJobRecord *vireo_job_record_parse (guint64 number, GBytes *bytes, GError **error);

/**
 * VireoJobBook:
 *
 * What is on disk of the jobs that clients see, so that the next daemon knows what became of each:
 * a small file for each, in a folder that a reboot clears. Files are written on another thread,
 * and a job goes on when one cannot be written. Numbers are given once, over all daemons of a host:
 * how far they may have come is kept in a folder that stays.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_JOB_BOOK (vireo_job_book_get_type ())
G_DECLARE_FINAL_TYPE (VireoJobBook, vireo_job_book, VIREO, JOB_BOOK, GObject)

/* @run_dir, @state_dir: (nullable): the daemon's; without them nothing is written. */
VireoJobBook *vireo_job_book_new (const char *run_dir, const char *state_dir);

/* Reads what another daemon left, before the first job: it blocks. What cannot be read is logged,
 * and deleted. (transfer full) (element-type VireoJobRecord): by number */
GPtrArray *vireo_job_book_load (VireoJobBook *self);

/* Enters a job. @about: (nullable): sunk. Returns its number, which is the one that it has already
 * when it was taken up. */
guint64 vireo_job_book_enter (VireoJobBook *self, VireoJob *job, GVariant *about);
/* When all that was written down so far is on disk, or cannot be. */
void
vireo_job_book_settle_async (VireoJobBook *self, GAsyncReadyCallback callback, gpointer user_data);
void vireo_job_book_settle_finish (VireoJobBook *self, GAsyncResult *result);
/* The job has ended: keeps how, until it is forgotten. */
void vireo_job_book_keep_result (VireoJobBook *self, VireoJob *job);
void vireo_job_book_forget (VireoJobBook *self, VireoJob *job);

/* Waits until all is on disk. For the end of the daemon: it blocks. */
void vireo_job_book_flush (VireoJobBook *self);

/* Deletes what was found. */
void vireo_job_book_drop (VireoJobBook *self, const VireoJobRecord *record);

/* Whether the class of @object takes up work of that kind. @kind: (nullable) */
gboolean vireo_obj_can_resume (VireoObj *object, const char *kind);
/* The job of a record that was found, which works on @object, and has its slot if it had it before.
 * For vireo_job_resume(). (transfer full) */
VireoJob *
vireo_job_book_take_up (VireoJobBook *self, const VireoJobRecord *record, VireoObj *object);
/* That of one that has ended, as its record says; one that was under way failed with Interrupted.
 * It has no object. (transfer full) */
VireoJob *vireo_job_book_show_end (VireoJobBook *self, const VireoJobRecord *record);

G_END_DECLS
