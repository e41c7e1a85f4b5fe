/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-audit.h"

#include <string.h>

/* What a line says; the strings are never NULL. */
typedef struct
{
  guint uid;
  const char *sender;
  const char *what;   /* "Domain.Start", "job domain-migrate" */
  const char *object; /* its path */
  const char *name;   /* of the object, or of what is defined */
  const char *job;    /* its path */
  const char *result; /* "done", "begun", or the name of an error */
  const char *more;
} Line;

static void
write_line (const Line *line)
{
  gboolean named = *line->name != '\0', more = *line->more != '\0';
  g_autofree char *uid = g_strdup_printf ("%u", line->uid);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "VIREO_UID", uid, "VIREO_SENDER",
                    line->sender, "VIREO_MEMBER", line->what, "VIREO_OBJECT", line->object,
                    "VIREO_NAME", line->name, "VIREO_JOB", line->job, "VIREO_RESULT", line->result,
                    "MESSAGE", "uid %s: %s on %s%s%s%s: %s%s%s", uid, line->what, line->object,
                    named ? " (" : "", line->name, named ? ")" : "", line->result,
                    more ? ": " : "", line->more);
}

/* Paths have UUIDs, which say nothing to a reader when the object is gone. A connection's name is
 * in its path. */
static const char *
get_name (const VireoNode *node)
{
  const char *name = NULL;

  if (node != NULL && node->path_kind > VIREO_PATH_CONNECTION && node->path_kind < VIREO_PATH_JOB
      && node->object != NULL)
    name = vireo_obj_get_name (VIREO_OBJ (node->object));
  /* What is known by its UUID alone has that for a name, too. */
  if (name == NULL || g_strcmp0 (name, vireo_obj_get_uuid (VIREO_OBJ (node->object))) == 0)
    return "";
  return name;
}

void
vireo_audit_call (VireoCall *call, const char *result, const char *more)
{
  const char *prefix = "org.vireo.Vireo1.";
  const char *interface = call->export != NULL ? call->export->info->name : call->interface;
  const char *member = call->member;
  g_autofree char *what = NULL;

  if (call->value != NULL)
    member = call->export->info->properties[call->property].name;
  if (interface != NULL && g_str_has_prefix (interface, prefix))
    interface += strlen (prefix);
  what = g_strconcat (interface != NULL ? interface : "", ".", member, NULL);
  write_line (&(Line){ .uid = vireo_caller_get_uid (call->caller),
                       .sender = vireo_caller_get_name (call->caller),
                       .what = what,
                       .object = call->node != NULL ? call->node->path
                                                    : g_dbus_message_get_path (call->message),
                       .name = call->about != NULL ? call->about : get_name (call->node),
                       .job = "",
                       .result = result,
                       .more = more });
}

void
vireo_audit_job (VireoNode *node, VireoJob *job, const GError *error)
{
  const VireoNode *subject = node->subject;
  g_autofree char *what = g_strconcat ("job ", vireo_job_get_operation (job), NULL);
  g_autofree char *more = error != NULL ? g_utf8_make_valid (error->message, -1) : g_strdup ("");

  write_line (&(Line){ .uid = vireo_job_get_started_by_uid (job),
                       .sender = "",
                       .what = what,
                       .object = subject != NULL ? subject->path : node->path,
                       .name = get_name (subject),
                       .job = node->path,
                       .result = error != NULL ? vireo_error_dbus_name (error) : "done",
                       .more = more });
}
