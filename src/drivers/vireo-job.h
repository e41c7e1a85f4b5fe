/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _VireoObj VireoObj;

/**
 * VireoJobKind:
 * @VIREO_JOB_NONE: takes no slot: reads, and requests that may cross anything (such as Reset)
 * @VIREO_JOB_CHANGE: waits for the slot in turn
 * @VIREO_JOB_STOP: cancels the job that has the slot as soon as that can be cancelled, and goes
 *   before the others that wait: for stopping what hangs
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_JOB_NONE,
  VIREO_JOB_CHANGE,
  VIREO_JOB_STOP,
} VireoJobKind;

/**
 * VireoJobState:
 * @VIREO_JOB_RUNNING: it works
 * @VIREO_JOB_READY: it has done what it can, and keeps up until somebody finishes it
 * @VIREO_JOB_COMPLETED: it has ended, and what it was for is done
 * @VIREO_JOB_FAILED: it has ended, and what it was for is not done
 * @VIREO_JOB_CANCELLED: it was cancelled, and what it had done is undone
 *
 * Since: 0.1
 */
typedef enum
{
  VIREO_JOB_RUNNING,
  VIREO_JOB_READY,
  VIREO_JOB_COMPLETED,
  VIREO_JOB_FAILED,
  VIREO_JOB_CANCELLED,
} VireoJobState;

/**
 * VireoJob:
 *
 * Work on an object: what holds its job slot, or what goes on in the background while the object
 * can be worked with (block jobs, backups). Properties, all with notify: `operation` s, `object`
 * (a #VireoObj), `started-at` (µs since the epoch), `started-by-uid`, `cancelable` b, `progress` d
 * (0…1, -1 unknown), `rate` t, `bytes-total` t, `expected-end-time` t, `state` s, `ended-at` t,
 * `error` s and `error-message` s (the D-Bus name and the text, "" without one), `statistics`
 * a{sv}. Signal `completed` (const GError *error), the error %NULL on success.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_JOB (vireo_job_get_type ())
G_DECLARE_FINAL_TYPE (VireoJob, vireo_job, VIREO, JOB, GObject)

const char *vireo_job_get_operation (VireoJob *self);
VireoObj *vireo_job_get_object (VireoJob *self);
guint vireo_job_get_started_by_uid (VireoJob *self);
VireoJobKind vireo_job_get_kind (VireoJob *self);
gboolean vireo_job_get_cancelable (VireoJob *self);
double vireo_job_get_progress (VireoJob *self);
gboolean vireo_job_is_ended (VireoJob *self);

GCancellable *vireo_job_get_cancellable (VireoJob *self);
void vireo_job_set_cancelable (VireoJob *self, gboolean cancelable);
gboolean vireo_job_cancel (VireoJob *self, GError **error);

void vireo_job_set_progress (VireoJob *self, double progress, guint64 bytes_total, guint64 rate);

VireoJobState vireo_job_get_state (VireoJob *self);
/* (transfer none) (nullable): why it failed; %NULL while it works, and when it succeeded. */
const GError *vireo_job_get_error (VireoJob *self);
/* That it is ready, or works again. */
void vireo_job_set_ready (VireoJob *self, gboolean ready);
/* Numbers that only this kind of work has, under libvirt's names: a{sv}, sunk. */
void vireo_job_set_statistics (VireoJob *self, GVariant *statistics);
GVariant *vireo_job_get_statistics (VireoJob *self);
/* Whether clients got the job instead of an answer: it stays on the bus for a while when it ended,
 * so that they can see how. */
void vireo_job_set_detached (VireoJob *self, gboolean detached);
gboolean vireo_job_get_detached (VireoJob *self);

void vireo_job_end (VireoJob *self, const GError *error);

/* How a job is or was, as libvirt's job statistics say it: a{sv}, floating. */
GVariant *vireo_job_describe (VireoJob *self);
/* (transfer none) (nullable): the same of the last on @object that has ended and was worth it. */
GVariant *vireo_job_get_last_description (VireoObj *object);
void vireo_job_forget_last_description (VireoObj *object);

/* ---- that outlives the daemon ---- */

/**
 * VireoJobResumer:
 * @kind: name of the way in which the work goes on without the daemon, such as "qemu-snapshot"; or
 *   an operation, such as "domain-start", for its jobs that said nothing
 * @resume: takes the work up again. It is called once, before the daemon answers anybody, with what
 *   vireo_job_set_resume_async() was given last in another daemon. From then on the job, of which
 *   it takes a reference, is its to show progress of, to make cancelable and to end
 *
 * A row of the table #VireoObjClass.resumers, which ends with an empty one. Work that cannot be
 * taken up, for it has no row, or its object is gone, has ended with Interrupted.
 *
 * Since: 0.1
 */
typedef struct
{
  const char *kind;
  void (*resume) (VireoObj *object, VireoJob *job, GVariant *data);
} VireoJobResumer;

/* Writes down how a daemon that comes after this one takes the work up. To be called before the
 * work begins, and again when there is something else to know: what is begun in the callback is
 * found again, whenever the daemon is killed. It never fails: work whose record cannot be written,
 * which is logged, goes on, and would be lost. Jobs that no client sees are not written down.
 * @kind: (nullable): a row of the object's class; %NULL when it cannot be taken up from here on
 * @data: (nullable): a{sv}, sunk */
void vireo_job_set_resume_async (VireoJob *self,
                                 const char *kind,
                                 GVariant *data,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void vireo_job_set_resume_finish (VireoJob *self, GAsyncResult *result);
/* Hands @self, which was found, to the row @kind, which there is. */
void vireo_job_resume (VireoJob *self, const char *kind, GVariant *data);

/* ---- in the background ---- */

/* Makes a job on @object that does not hold its slot, and is detached. Whoever makes it ends it. */
VireoJob *vireo_job_new_background (VireoObj *object, const char *operation, guint uid);
/* (transfer none) (nullable) (element-type VireoJob): those that have not ended. */
GPtrArray *vireo_job_get_background (VireoObj *object);

G_END_DECLS
