/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-job.h"

#include <math.h>

#include "util/vireo-error.h"
#include "vireo-obj-private.h"

struct _VireoJob
{
  GObject parent_instance;

  VireoObj *object;
  char *operation;
  VireoJobKind kind;
  guint uid;
  gint64 started_at;
  GCancellable *cancellable;
  gboolean cancelable;
  gboolean ended;
  double progress;
  guint64 bytes_total;
  guint64 rate;
  guint64 expected_end;
};

enum
{
  PROP_0,
  PROP_OPERATION,
  PROP_OBJECT,
  PROP_STARTED_AT,
  PROP_STARTED_BY_UID,
  PROP_CANCELABLE,
  PROP_PROGRESS,
  PROP_RATE,
  PROP_BYTES_TOTAL,
  PROP_EXPECTED_END_TIME,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint completed_signal;

G_DEFINE_FINAL_TYPE (VireoJob, vireo_job, G_TYPE_OBJECT)

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoJob *self = VIREO_JOB (object);

  switch (id)
    {
    case PROP_OPERATION:
      g_value_set_string (value, self->operation);
      break;
    case PROP_OBJECT:
      g_value_set_object (value, self->object);
      break;
    case PROP_STARTED_AT:
      g_value_set_uint64 (value, (guint64) self->started_at);
      break;
    case PROP_STARTED_BY_UID:
      g_value_set_uint (value, self->uid);
      break;
    case PROP_CANCELABLE:
      g_value_set_boolean (value, self->cancelable);
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, self->progress);
      break;
    case PROP_RATE:
      g_value_set_uint64 (value, self->rate);
      break;
    case PROP_BYTES_TOTAL:
      g_value_set_uint64 (value, self->bytes_total);
      break;
    case PROP_EXPECTED_END_TIME:
      g_value_set_uint64 (value, self->expected_end);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
finalize (GObject *object)
{
  VireoJob *self = VIREO_JOB (object);

  g_object_unref (self->object);
  g_object_unref (self->cancellable);
  g_free (self->operation);
  G_OBJECT_CLASS (vireo_job_parent_class)->finalize (object);
}

static void
vireo_job_class_init (VireoJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = get_property;
  object_class->finalize = finalize;

  props[PROP_OPERATION] = g_param_spec_string ("operation", NULL, NULL, NULL, r);
  props[PROP_OBJECT] = g_param_spec_object ("object", NULL, NULL, VIREO_TYPE_OBJ, r);
  props[PROP_STARTED_AT] = g_param_spec_uint64 ("started-at", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_STARTED_BY_UID] = g_param_spec_uint ("started-by-uid", NULL, NULL, 0, G_MAXUINT, 0, r);
  props[PROP_CANCELABLE] = g_param_spec_boolean ("cancelable", NULL, NULL, FALSE, r);
  props[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, -1, 1, -1, r);
  props[PROP_RATE] = g_param_spec_uint64 ("rate", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_BYTES_TOTAL] = g_param_spec_uint64 ("bytes-total", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_EXPECTED_END_TIME]
      = g_param_spec_uint64 ("expected-end-time", NULL, NULL, 0, G_MAXUINT64, 0, r);
  g_object_class_install_properties (object_class, N_PROPS, props);

  completed_signal = g_signal_new ("completed", VIREO_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
vireo_job_init (VireoJob *self)
{
  self->cancellable = g_cancellable_new ();
  self->progress = -1;
  self->started_at = g_get_real_time ();
}

VireoJob *
_vireo_job_new (VireoObj *object, const char *operation, VireoJobKind kind, guint uid)
{
  VireoJob *self = g_object_new (VIREO_TYPE_JOB, NULL);

  self->object = g_object_ref (object);
  self->operation = g_strdup (operation);
  self->kind = kind;
  self->uid = uid;
  return self;
}

/**
 * vireo_job_get_operation:
 * @self: a job
 *
 * Returns: (transfer none): what is done, such as "domain-start"
 * Since: 0.1
 */
const char *
vireo_job_get_operation (VireoJob *self)
{
  return self->operation;
}

/**
 * vireo_job_get_object:
 * @self: a job
 *
 * Returns: (transfer none): what it is done to
 * Since: 0.1
 */
VireoObj *
vireo_job_get_object (VireoJob *self)
{
  return self->object;
}

/**
 * vireo_job_get_started_by_uid:
 * @self: a job
 *
 * Returns: the user id of who asked for it
 * Since: 0.1
 */
guint
vireo_job_get_started_by_uid (VireoJob *self)
{
  return self->uid;
}

/**
 * vireo_job_get_kind:
 * @self: a job
 *
 * Returns: how it took the slot
 * Since: 0.1
 */
VireoJobKind
vireo_job_get_kind (VireoJob *self)
{
  return self->kind;
}

/**
 * vireo_job_get_cancelable:
 * @self: a job
 *
 * Returns: whether vireo_job_cancel() is possible now
 * Since: 0.1
 */
gboolean
vireo_job_get_cancelable (VireoJob *self)
{
  return self->cancelable && !self->ended;
}

/**
 * vireo_job_get_progress:
 * @self: a job
 *
 * Returns: how much is done, from 0 to 1; -1 when that is not known
 * Since: 0.1
 */
double
vireo_job_get_progress (VireoJob *self)
{
  return self->progress;
}

/**
 * vireo_job_is_ended:
 * @self: a job
 *
 * Returns: whether it has ended
 * Since: 0.1
 */
gboolean
vireo_job_is_ended (VireoJob *self)
{
  return self->ended;
}

/**
 * vireo_job_get_cancellable:
 * @self: a job
 *
 * Returns: (transfer none): cancelled by vireo_job_cancel(); what the job does is done with it
 * Since: 0.1
 */
GCancellable *
vireo_job_get_cancellable (VireoJob *self)
{
  return self->cancellable;
}

/**
 * vireo_job_set_cancelable:
 * @self: a job
 * @cancelable: whether what is done now can be given up and undone
 *
 * A job begins as one that cannot be cancelled. When it can be, and somebody waits to stop the
 * object, it is cancelled at once.
 *
 * Since: 0.1
 */
void
vireo_job_set_cancelable (VireoJob *self, gboolean cancelable)
{
  if (self->ended || self->cancelable == !!cancelable)
    return;
  self->cancelable = !!cancelable;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CANCELABLE]);
  if (self->cancelable && _vireo_obj_stop_waits (self->object))
    g_cancellable_cancel (self->cancellable);
}

/**
 * vireo_job_cancel:
 * @self: a job
 * @error: InvalidState
 *
 * Asks the job to stop. It is still there until what it did is undone; `completed` tells.
 *
 * Returns: %FALSE with @error when it has ended, or cannot be cancelled now
 * Since: 0.1
 */
gboolean
vireo_job_cancel (VireoJob *self, GError **error)
{
  if (self->ended || !self->cancelable)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   self->ended ? "the job %s has ended" : "the job %s cannot be cancelled now",
                   self->operation);
      return FALSE;
    }
  g_cancellable_cancel (self->cancellable);
  return TRUE;
}

/* From how long the part that is done took; nothing is known before something is done. */
static guint64
expect_end (VireoJob *self)
{
  gint64 elapsed = g_get_real_time () - self->started_at;

  if (self->progress <= 0 || elapsed <= 0)
    return 0;
  return (guint64) self->started_at + (guint64) ((double) elapsed / self->progress);
}

/**
 * vireo_job_set_progress:
 * @self: a job
 * @progress: how much is done, from 0 to 1; -1 when that is not known
 * @bytes_total: bytes that the whole job works on; 0 when that is not known or does not apply
 * @rate: bytes a second; 0 when that is not known or does not apply
 *
 * Says how far the job is. When it will end is derived from it.
 *
 * Since: 0.1
 */
void
vireo_job_set_progress (VireoJob *self, double progress, guint64 bytes_total, guint64 rate)
{
  GObject *object = G_OBJECT (self);
  guint64 expected_end;

  if (self->ended)
    return;
  g_object_freeze_notify (object);
  progress = progress < 0 || isnan (progress) ? -1 : MIN (progress, 1);
  if (self->progress != progress)
    g_object_notify_by_pspec (object, props[PROP_PROGRESS]);
  self->progress = progress;
  if (self->bytes_total != bytes_total)
    g_object_notify_by_pspec (object, props[PROP_BYTES_TOTAL]);
  self->bytes_total = bytes_total;
  if (self->rate != rate)
    g_object_notify_by_pspec (object, props[PROP_RATE]);
  self->rate = rate;
  expected_end = expect_end (self);
  if (self->expected_end != expected_end)
    g_object_notify_by_pspec (object, props[PROP_EXPECTED_END_TIME]);
  self->expected_end = expected_end;
  g_object_thaw_notify (object);
}

/**
 * vireo_job_end:
 * @self: a job that has not ended
 * @error: (nullable): why it failed; %NULL when it succeeded
 *
 * Ends the job: emits `completed`, and gives the slot to the next who waits.
 *
 * Since: 0.1
 */
void
vireo_job_end (VireoJob *self, const GError *error)
{
  g_autoptr (VireoJob) kept = g_object_ref (self);

  g_return_if_fail (!self->ended);
  self->ended = TRUE;
  g_signal_emit (self, completed_signal, 0, error);
  _vireo_obj_release_job (self->object, self);
}
