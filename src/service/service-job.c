/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include "vireo-call.h"

static void
handle_cancel (VireoCall *call)
{
  GError *error = NULL;

  if (vireo_job_cancel (VIREO_JOB (call->node->object), &error))
    vireo_call_return (call, NULL);
  else
    vireo_call_return_error (call, error);
}

/* ---- Wait ---- */

static void
answer_how_it_ended (VireoCall *call)
{
  VireoJob *job = VIREO_JOB (call->node->object);
  const GError *error = vireo_job_get_error (job);

  if (error != NULL)
    vireo_call_return_error (call, g_error_copy (error));
  else
    vireo_call_return (call, NULL);
}

/* Somebody who waits. */
typedef struct
{
  VireoCall *call;
  VireoJob *job;
  gulong completed_id;
  gulong gone_id;
} Waiting;

static void
stop_waiting (Waiting *waiting, void (*answer) (VireoCall *call))
{
  VireoCall *call = waiting->call;

  g_signal_handler_disconnect (waiting->job, waiting->completed_id);
  g_signal_handler_disconnect (call->caller, waiting->gone_id);
  g_object_unref (waiting->job);
  g_free (waiting);
  answer (call);
}

static void
on_completed (VireoJob *job, const GError *error, gpointer user_data)
{
  stop_waiting (user_data, answer_how_it_ended);
}

static void
answer_nobody (VireoCall *call)
{
  vireo_call_return_new_error (call, VIREO_ERROR_CANCELLED, "the caller left");
}

static void
on_caller_gone (VireoCaller *caller, gpointer user_data)
{
  stop_waiting (user_data, answer_nobody);
}

static void
handle_wait (VireoCall *call)
{
  VireoJob *job = VIREO_JOB (call->node->object);
  Waiting *waiting;

  if (vireo_job_is_ended (job))
    {
      answer_how_it_ended (call);
      return;
    }
  if (vireo_caller_is_gone (call->caller))
    {
      answer_nobody (call);
      return;
    }
  waiting = g_new (Waiting, 1);
  waiting->call = call;
  waiting->job = g_object_ref (job);
  waiting->completed_id = g_signal_connect (job, "completed", G_CALLBACK (on_completed), waiting);
  waiting->gone_id
      = g_signal_connect (call->caller, "gone", G_CALLBACK (on_caller_gone), waiting);
}

static GVariant *
get_objects (VireoNode *node, const VireoReading *reading)
{
  const char *paths[] = { node->subject->path };

  return g_variant_new_objv (paths, G_N_ELEMENTS (paths));
}

static const VireoHandler methods[] = {
  { "Cancel", handle_cancel },
  { "Wait", handle_wait },
  { NULL },
};

static const VireoGetter getters[] = {
  { "Objects", get_objects },
  { NULL },
};

const VireoService vireo_service_job = {
  .interface = "org.vireo.Vireo1.Job",
  .path_kind = VIREO_PATH_JOB,
  .kind = "$object",
  .get_type = vireo_job_get_type,
  .methods = methods,
  .getters = getters,
};
