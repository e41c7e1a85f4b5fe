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

static GVariant *
get_objects (VireoNode *node, const VireoReading *reading)
{
  const char *paths[] = { node->subject->path };

  return g_variant_new_objv (paths, G_N_ELEMENTS (paths));
}

static const VireoHandler methods[] = {
  { "Cancel", handle_cancel },
  { NULL },
};

static const VireoHandler writers[] = {
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
  .writers = writers,
  .getters = getters,
};
