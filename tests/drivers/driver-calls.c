/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "driver-calls.h"

void
wait_result (GObject *source, GAsyncResult *result, gpointer data)
{
  Waiting *waiting = data;

  waiting->result = g_object_ref (result);
}

GTask *
wait_task (Waiting *waiting)
{
  return g_task_new (NULL, NULL, wait_result, waiting);
}

void
wait_until_done (Waiting *waiting)
{
  while (waiting->result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
end_boolean (Waiting *waiting, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  wait_until_done (waiting);
  result = g_steal_pointer (&waiting->result);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gpointer
end_pointer (Waiting *waiting, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  wait_until_done (waiting);
  result = g_steal_pointer (&waiting->result);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static VireoJob *
begin (VireoDomainObj *obj, VireoJobKind kind, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  vireo_obj_begin_job_async (VIREO_OBJ (obj), "test", kind, 1000, NULL, wait_result, &waiting);
  wait_until_done (&waiting);
  result = waiting.result;
  return vireo_obj_begin_job_finish (VIREO_OBJ (obj), result, error);
}

static VireoDomainDef *
parse (const char *xml)
{
  g_autoptr (GError) error = NULL;
  VireoDomainDef *def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, &error);

  g_assert_no_error (error);
  return def;
}

VireoDomainObj *
call_define (VireoDomainDriver *driver, const char *xml, guint owner, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoDomainDef) def = parse (xml);

  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->define (driver, def, owner, wait_task (&waiting));
  return end_pointer (&waiting, error);
}

VireoDomainObj *
call_create (VireoDomainDriver *driver,
             const char *xml,
             VireoDomainStartFlags flags,
             GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoDomainDef) def = parse (xml);

  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->create (driver, def, 1000, flags, wait_task (&waiting));
  return end_pointer (&waiting, error);
}

gboolean
call_replace (VireoDomainDriver *driver, VireoDomainObj *obj, const char *xml, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoDomainDef) def = parse (xml);
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_CHANGE, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->replace (driver, obj, def, wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_rename (VireoDomainDriver *driver, VireoDomainObj *obj, const char *name, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_CHANGE, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->rename (driver, obj, name, wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_set_autostart (VireoDomainDriver *driver,
                    VireoDomainObj *obj,
                    gboolean autostart,
                    GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_CHANGE, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->set_autostart (driver, obj, autostart,
                                                         wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_start (VireoDomainDriver *driver,
            VireoDomainObj *obj,
            VireoDomainStartFlags flags,
            GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_CHANGE, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->start (driver, obj, flags, wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_destroy (VireoDomainDriver *driver, VireoDomainObj *obj, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_STOP, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->destroy (driver, obj, VIREO_DOMAIN_DESTROY_NONE,
                                                   wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_plain (void (*operation) (VireoDomainDriver *, VireoDomainObj *, GTask *),
            VireoDomainDriver *driver,
            VireoDomainObj *obj,
            GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_CHANGE, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  operation (driver, obj, wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_undefine (VireoDomainDriver *driver, VireoDomainObj *obj, GError **error)
{
  Waiting waiting = { NULL };
  g_autoptr (VireoJob) job = begin (obj, VIREO_JOB_CHANGE, error);
  gboolean done;

  if (job == NULL)
    return FALSE;
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->undefine (driver, obj, VIREO_DOMAIN_UNDEFINE_NONE,
                                                    wait_task (&waiting));
  done = end_boolean (&waiting, error);
  vireo_job_end (job, NULL);
  return done;
}

gboolean
call_reload (VireoDomainDriver *driver, GError **error)
{
  Waiting waiting = { NULL };

  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->reload (driver, wait_task (&waiting));
  return end_boolean (&waiting, error);
}

gboolean
call_load (VireoKeeper *keeper, GError **error)
{
  Waiting waiting = { NULL };

  vireo_keeper_load_async (keeper, NULL, wait_result, &waiting);
  return end_boolean (&waiting, error);
}

char *
domain_xml (const char *name, const char *uuid, const char *more)
{
  g_autofree char *uuid_element
      = uuid != NULL ? g_strdup_printf ("<uuid>%s</uuid>", uuid) : g_strdup ("");

  return g_strdup_printf ("<domain type='test'><name>%s</name>%s<memory>65536</memory>"
                          "<os><type>hvm</type></os>%s</domain>",
                          name, uuid_element, more != NULL ? more : "");
}

static void
append_event (VireoObjList *list, VireoObj *obj, const char *signal, GVariant *args, GString *log)
{
  g_autofree char *text = args != NULL ? g_variant_print (args, FALSE) : g_strdup ("()");

  g_string_append_printf (log, "%s %s %s;", vireo_obj_get_name (obj), signal, text);
}

GString *
log_events (VireoObjList *list)
{
  GString *log = g_string_new (NULL);

  g_signal_connect (list, "event", G_CALLBACK (append_event), log);
  return log;
}
