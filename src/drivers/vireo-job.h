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
 * VireoJob:
 *
 * Work that holds the job slot of an object. Properties, all with notify: `operation` s, `object`
 * (a #VireoObj), `started-at` (µs since the epoch), `started-by-uid`, `cancelable` b, `progress` d
 * (0…1, -1 unknown), `rate` t, `bytes-total` t, `expected-end-time` t. Signal `completed`
 * (const GError *error), the error %NULL on success.
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

void vireo_job_end (VireoJob *self, const GError *error);

G_END_DECLS
