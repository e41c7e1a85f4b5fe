/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-documents.h"

#include <string.h>

#include "vireo-gate.h"

#define LONG_TEXT (32u * 1024)

typedef struct
{
  const VireoDocKind *doc;
  const char *text;
  VireoParseFlags flags;
  VireoDocumentFunc done;
  gpointer user_data;
} Parse;

static void
parse_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const Parse *parse = task_data;
  GError *error = NULL;
  gpointer def = vireo_doc_parse (parse->doc, parse->text, -1, parse->flags, &error);

  /* Nobody cancels it, so it always arrives. */
  if (def != NULL)
    g_task_return_pointer (task, def, NULL);
  else
    g_task_return_error (task, error);
}

static void
on_thread_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  const Parse *parse = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;
  gpointer def = g_task_propagate_pointer (G_TASK (result), &error);

  parse->done (def, error, parse->user_data);
}

void
vireo_document_parse (const VireoDocKind *doc,
                      const char *text,
                      VireoParseFlags flags,
                      VireoDocumentFunc done,
                      gpointer user_data)
{
  gsize length = strlen (text);
  GError *error = NULL;

  if (length > VIREO_DOC_MAX_SIZE)
    {
      g_set_error (&error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                   "the document has %" G_GSIZE_FORMAT " bytes; %u are the most that is read",
                   length, VIREO_DOC_MAX_SIZE);
      done (NULL, error, user_data);
    }
  else if (length > LONG_TEXT)
    {
      Parse parse = { doc, text, flags, done, user_data };
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_thread_done, NULL);

      g_task_set_task_data (task, g_memdup2 (&parse, sizeof parse), g_free);
      g_task_run_in_thread (task, parse_in_thread);
    }
  else
    {
      gpointer def = vireo_doc_parse (doc, text, (gssize) length, flags, &error);

      done (def, error, user_data);
    }
}

VireoParseFlags
vireo_call_get_parse_flags (VireoCall *call)
{
  return vireo_call_get_boolean (call, "validate") ? VIREO_PARSE_STRICT : VIREO_PARSE_NONE;
}

typedef struct
{
  VireoCall *call;
  void (*go_on) (VireoCall *call);
} GoOn;

static void
on_document (gpointer def, GError *error, gpointer user_data)
{
  g_autofree GoOn *go_on = user_data;

  if (def == NULL)
    {
      vireo_call_return_error (go_on->call, error);
      return;
    }
  go_on->call->def = def;
  go_on->go_on (go_on->call);
}

void
vireo_call_with_document (VireoCall *call,
                          const char *doc,
                          const char *text,
                          void (*go_on) (VireoCall *call))
{
  GoOn *data;

  if (text == NULL)
    {
      go_on (call);
      return;
    }
  data = g_new (GoOn, 1);
  data->call = call;
  data->go_on = go_on;
  call->def_doc = vireo_doc_kind_find (doc);
  vireo_document_parse (call->def_doc, text, vireo_call_get_parse_flags (call), on_document, data);
}

typedef struct
{
  VireoCall *call;
  void (*go_on) (VireoCall *call, gpointer def);
} GoOnWith;

static void
on_second_document (gpointer def, GError *error, gpointer user_data)
{
  g_autofree GoOnWith *go_on = user_data;

  if (def == NULL)
    vireo_call_return_error (go_on->call, error);
  else
    go_on->go_on (go_on->call, def);
}

void
vireo_call_with_second_document (VireoCall *call,
                                 const char *doc,
                                 const char *text,
                                 void (*go_on) (VireoCall *call, gpointer def))
{
  GoOnWith *data;

  if (text == NULL)
    {
      go_on (call, NULL);
      return;
    }
  data = g_new (GoOnWith, 1);
  data->call = call;
  data->go_on = go_on;
  vireo_document_parse (vireo_doc_kind_find (doc), text, vireo_call_get_parse_flags (call),
                        on_second_document, data);
}

/* ---- giving definitions away ---- */

static void
return_def (const char *kind, GAsyncResult *result, VireoCall *call)
{
  const VireoDocKind *doc = vireo_doc_kind_find (kind);
  VireoFormatFlags flags
      = vireo_call_get_boolean (call, "secure") ? VIREO_FORMAT_SECURE : VIREO_FORMAT_NONE;
  GError *error = NULL;
  gpointer def = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *xml = NULL;

  if (def != NULL)
    {
      /* No guest runs with it yet: a number that somebody wrote into it is nobody's. */
      if (g_str_equal (kind, "domain"))
        ((VireoDomainDef *) def)->has_id = FALSE;
      xml = vireo_doc_format (doc, def, flags, &error);
      vireo_doc_free (doc, def);
    }
  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

void
vireo_call_return_domain_def (GObject *source, GAsyncResult *result, gpointer call)
{
  return_def ("domain", result, call);
}

void
vireo_call_return_checkpoint_def (GObject *source, GAsyncResult *result, gpointer call)
{
  return_def ("checkpoint", result, call);
}

void
vireo_prepare_secure (VireoCall *call)
{
  const VireoService *service = call->export->service;

  if (vireo_call_get_boolean (call, "secure"))
    vireo_call_require (call, vireo_action_find (service->kind, service->secure));
  vireo_call_prepared (call);
}
