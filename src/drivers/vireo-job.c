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
  gboolean detached;
  gboolean background;
  VireoJobState state;
  GError *error;
  gint64 ended_at;
  GVariant *statistics;
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
  PROP_STATE,
  PROP_ENDED_AT,
  PROP_ERROR,
  PROP_ERROR_MESSAGE,
  PROP_STATISTICS,
  N_PROPS
};

static const char *const state_names[] = {
  [VIREO_JOB_RUNNING] = "running",     [VIREO_JOB_READY] = "ready",
  [VIREO_JOB_COMPLETED] = "completed", [VIREO_JOB_FAILED] = "failed",
  [VIREO_JOB_CANCELLED] = "cancelled",
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
    case PROP_STATE:
      g_value_set_string (value, state_names[self->state]);
      break;
    case PROP_ENDED_AT:
      g_value_set_uint64 (value, (guint64) self->ended_at);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error != NULL ? vireo_error_dbus_name (self->error) : "");
      break;
    case PROP_ERROR_MESSAGE:
      g_value_set_string (value, self->error != NULL ? self->error->message : "");
      break;
    case PROP_STATISTICS:
      g_value_set_variant (value, self->statistics);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
finalize (GObject *object)
{
  VireoJob *self = VIREO_JOB (object);

  g_clear_object (&self->object);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
  g_variant_unref (self->statistics);
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
  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, NULL, r);
  props[PROP_ENDED_AT] = g_param_spec_uint64 ("ended-at", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, r);
  props[PROP_ERROR_MESSAGE] = g_param_spec_string ("error-message", NULL, NULL, NULL, r);
  props[PROP_STATISTICS]
      = g_param_spec_variant ("statistics", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL, r);
  g_object_class_install_properties (object_class, N_PROPS, props);

  completed_signal = g_signal_new ("completed", VIREO_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
vireo_job_init (VireoJob *self)
{
  self->cancellable = g_cancellable_new ();
  self->progress = -1;
  self->statistics = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
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
 * Returns: (transfer none) (nullable): what it is done to; %NULL of one that had ended when the
 *   daemon began
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
 * vireo_job_get_state:
 * @self: a job
 *
 * Returns: how far it is
 * Since: 0.1
 */
VireoJobState
vireo_job_get_state (VireoJob *self)
{
  return self->state;
}

/**
 * vireo_job_get_error:
 * @self: a job
 *
 * Returns: (transfer none) (nullable): why it failed; %NULL while it works, and when it succeeded
 * Since: 0.1
 */
const GError *
vireo_job_get_error (VireoJob *self)
{
  return self->error;
}

static VireoJobState
state_of_end (const GError *error)
{
  if (error == NULL)
    return VIREO_JOB_COMPLETED;
  return g_error_matches (error, VIREO_ERROR, VIREO_ERROR_CANCELLED) ? VIREO_JOB_CANCELLED
                                                                     : VIREO_JOB_FAILED;
}

static void
set_state (VireoJob *self, VireoJobState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

/**
 * vireo_job_set_ready:
 * @self: a job
 * @ready: whether it waits for somebody to finish it
 *
 * Since: 0.1
 */
void
vireo_job_set_ready (VireoJob *self, gboolean ready)
{
  if (!self->ended)
    set_state (self, ready ? VIREO_JOB_READY : VIREO_JOB_RUNNING);
}

/**
 * vireo_job_set_statistics:
 * @self: a job
 * @statistics: a{sv}; floating references are sunk
 *
 * Replaces the numbers that only this kind of work has.
 *
 * Since: 0.1
 */
void
vireo_job_set_statistics (VireoJob *self, GVariant *statistics)
{
  g_return_if_fail (g_variant_is_of_type (statistics, G_VARIANT_TYPE_VARDICT));
  g_variant_unref (self->statistics);
  self->statistics = g_variant_ref_sink (statistics);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATISTICS]);
}

/**
 * vireo_job_get_statistics:
 * @self: a job
 *
 * Returns: (transfer none): a{sv}
 * Since: 0.1
 */
GVariant *
vireo_job_get_statistics (VireoJob *self)
{
  return self->statistics;
}

/**
 * vireo_job_set_detached:
 * @self: a job
 * @detached: whether clients got the job instead of an answer
 *
 * Since: 0.1
 */
void
vireo_job_set_detached (VireoJob *self, gboolean detached)
{
  self->detached = !!detached;
}

/**
 * vireo_job_get_detached:
 * @self: a job
 *
 * Returns: whether clients got the job instead of an answer
 * Since: 0.1
 */
gboolean
vireo_job_get_detached (VireoJob *self)
{
  return self->detached;
}

/* ---- descriptions ---- */

static void
insert_u64 (GVariantDict *dict, const char *key, guint64 value)
{
  if (!g_variant_dict_contains (dict, key))
    g_variant_dict_insert (dict, key, "t", value);
}

/**
 * vireo_job_describe:
 * @self: a job
 *
 * Says how it is, or was, under the names of libvirt's job statistics: its own numbers, and what
 * follows from its progress. Times are in milliseconds, as there.
 *
 * Returns: (transfer floating): a{sv}
 * Since: 0.1
 */
GVariant *
vireo_job_describe (VireoJob *self)
{
  gint64 until = self->ended ? self->ended_at : g_get_real_time ();
  guint64 processed = self->progress > 0 ? (guint64) (self->progress * (double) self->bytes_total)
                                         : 0;
  GVariantDict dict;

  g_variant_dict_init (&dict, self->statistics);
  g_variant_dict_insert (&dict, "operation", "s", self->operation);
  g_variant_dict_insert (&dict, "state", "s", state_names[self->state]);
  insert_u64 (&dict, "time_elapsed", (guint64) MAX (until - self->started_at, 0) / 1000);
  if (!self->ended && self->expected_end > (guint64) until)
    insert_u64 (&dict, "time_remaining", (self->expected_end - (guint64) until) / 1000);
  if (self->bytes_total > 0)
    {
      insert_u64 (&dict, "data_total", self->bytes_total);
      insert_u64 (&dict, "data_processed", processed);
      insert_u64 (&dict, "data_remaining", self->bytes_total - processed);
    }
  if (self->ended)
    g_variant_dict_insert (&dict, "success", "b", self->error == NULL);
  if (self->error != NULL)
    g_variant_dict_insert (&dict, "errmsg", "s", self->error->message);
  return g_variant_dict_end (&dict);
}

static GQuark
description_quark (void)
{
  return g_quark_from_static_string ("vireo-last-job");
}

/**
 * vireo_job_get_last_description:
 * @object: an object
 *
 * Returns: (transfer none) (nullable): vireo_job_describe() of the last job on @object that had
 *   bytes or numbers of its own to tell of, and has ended
 * Since: 0.1
 */
GVariant *
vireo_job_get_last_description (VireoObj *object)
{
  return g_object_get_qdata (G_OBJECT (object), description_quark ());
}

/**
 * vireo_job_forget_last_description:
 * @object: an object
 *
 * Since: 0.1
 */
void
vireo_job_forget_last_description (VireoObj *object)
{
  g_object_set_qdata (G_OBJECT (object), description_quark (), NULL);
}

/* What is kept of a job on a domain is told, too: it may be gone when somebody asks. */
static void
tell_domain (VireoJob *self)
{
  if (g_str_equal (vireo_obj_get_kind (self->object), "domain"))
    vireo_obj_emit_event (self->object, "JobCompleted",
                          g_variant_new ("(@a{sv})", vireo_job_describe (self)));
}

static void
keep_description (VireoJob *self)
{
  if (self->bytes_total == 0 && g_variant_n_children (self->statistics) == 0)
    return;
  tell_domain (self);
  g_object_set_qdata_full (G_OBJECT (self->object), description_quark (),
                           g_variant_ref_sink (vireo_job_describe (self)),
                           (GDestroyNotify) g_variant_unref);
}

/* ---- in the background ---- */

static GQuark
background_quark (void)
{
  return g_quark_from_static_string ("vireo-background-jobs");
}

/**
 * vireo_job_get_background:
 * @object: an object
 *
 * Returns: (transfer none) (nullable) (element-type VireoJob): the jobs that work on it beside the
 *   one that has its slot
 * Since: 0.1
 */
GPtrArray *
vireo_job_get_background (VireoObj *object)
{
  return g_object_get_qdata (G_OBJECT (object), background_quark ());
}

static void
go_to_background (VireoJob *self)
{
  GPtrArray *jobs = vireo_job_get_background (self->object);

  self->detached = TRUE;
  self->background = TRUE;
  if (jobs == NULL)
    {
      jobs = g_ptr_array_new_with_free_func (g_object_unref);
      g_object_set_qdata_full (G_OBJECT (self->object), background_quark (), jobs,
                               (GDestroyNotify) g_ptr_array_unref);
    }
  g_ptr_array_add (jobs, g_object_ref (self));
  g_object_notify (G_OBJECT (self->object), "jobs");
}

/**
 * vireo_job_new_background:
 * @object: an object
 * @operation: what is done, such as "domain-block-copy"
 * @uid: who asked for it; 0 for the daemon itself
 *
 * Makes a job that leaves the object's slot to others. The object has it until it ends.
 *
 * Returns: (transfer full): the job, which the caller has to end
 * Since: 0.1
 */
VireoJob *
vireo_job_new_background (VireoObj *object, const char *operation, guint uid)
{
  VireoJob *self = _vireo_job_new (object, operation, VIREO_JOB_NONE, uid);

  go_to_background (self);
  return self;
}

VireoJob *
_vireo_job_new_found (VireoObj *object, const char *operation, guint uid, guint64 started_at)
{
  VireoJob *self = _vireo_job_new (object, operation, VIREO_JOB_CHANGE, uid);

  self->detached = TRUE;
  self->started_at = (gint64) started_at;
  return self;
}

/* @slot: whether it had it. Nobody else should have it at that time; work that cannot wait for it
 * goes on beside. */
void
_vireo_job_place (VireoJob *self, gboolean slot)
{
  if (slot && _vireo_obj_take_slot (self->object, self))
    return;
  self->kind = VIREO_JOB_NONE;
  go_to_background (self);
}

VireoJob *
_vireo_job_new_ended (const char *operation, guint uid, guint64 started_at, guint64 ended_at,
                      const GError *error, GVariant *statistics)
{
  VireoJob *self = g_object_new (VIREO_TYPE_JOB, NULL);

  self->operation = g_strdup (operation);
  self->uid = uid;
  self->started_at = (gint64) started_at;
  self->ended_at = (gint64) ended_at;
  self->ended = self->detached = TRUE;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  self->state = state_of_end (error);
  self->progress = error == NULL ? 1 : -1;
  if (statistics != NULL)
    vireo_job_set_statistics (self, statistics);
  return self;
}

static void
leave_background (VireoJob *self)
{
  if (g_ptr_array_remove (vireo_job_get_background (self->object), self))
    g_object_notify (G_OBJECT (self->object), "jobs");
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
  GObject *object = G_OBJECT (self);

  g_return_if_fail (!self->ended);
  self->ended = TRUE;
  self->ended_at = g_get_real_time ();
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_object_freeze_notify (object);
  set_state (self, state_of_end (error));
  g_object_notify_by_pspec (object, props[PROP_ENDED_AT]);
  if (error != NULL)
    {
      g_object_notify_by_pspec (object, props[PROP_ERROR]);
      g_object_notify_by_pspec (object, props[PROP_ERROR_MESSAGE]);
    }
  if (self->cancelable)
    g_object_notify_by_pspec (object, props[PROP_CANCELABLE]);
  self->cancelable = FALSE;
  g_object_thaw_notify (object);
  keep_description (self);
  g_signal_emit (self, completed_signal, 0, error);
  if (self->background)
    leave_background (self);
  else
    _vireo_obj_release_job (self->object, self);
}
