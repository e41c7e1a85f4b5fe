/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/vireo-obj.h"
#include "util/vireo-error.h"

/* A kind of object whose callers do not wait long. */
#define TEST_TYPE_THING (test_thing_get_type ())
G_DECLARE_FINAL_TYPE (TestThing, test_thing, TEST, THING, VireoObj)

struct _TestThing
{
  VireoObj parent_instance;
};

G_DEFINE_FINAL_TYPE (TestThing, test_thing, VIREO_TYPE_OBJ)

static void
test_thing_class_init (TestThingClass *klass)
{
  VIREO_OBJ_CLASS (klass)->kind = "thing";
  VIREO_OBJ_CLASS (klass)->job_wait = 200;
}

static void
test_thing_init (TestThing *self)
{
}

#define UUID_A "11111111-1111-4111-8111-111111111111"
#define UUID_B "22222222-2222-4222-8222-222222222222"

static VireoObj *
thing_new (const char *name, const char *uuid)
{
  return g_object_new (TEST_TYPE_THING, "name", name, "uuid", uuid, NULL);
}

/* What a caller who wanted the slot got. */
typedef struct
{
  const char *label;
  GString *order; /* (nullable): labels in the order in which callers got the slot */
  VireoJob *job;
  GError *error;
  gboolean done;
} Caller;

static void
caller_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Caller *caller = data;

  caller->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &caller->error);
  caller->done = TRUE;
  g_assert_true ((caller->job == NULL) == (caller->error != NULL));
  if (caller->job != NULL && caller->order != NULL)
    g_string_append (caller->order, caller->label);
}

static void
begin (Caller *caller, VireoObj *obj, VireoJobKind kind, GCancellable *cancellable)
{
  vireo_obj_begin_job_async (obj, caller->label, kind, 1000, cancellable, caller_done, caller);
}

static void
wait_done (Caller *caller)
{
  while (!caller->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_pending (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
caller_clear (Caller *caller)
{
  if (caller->job != NULL && !vireo_job_is_ended (caller->job))
    vireo_job_end (caller->job, NULL);
  g_clear_object (&caller->job);
  g_clear_error (&caller->error);
}

static void
count_changed (VireoObjList *list, VireoObj *obj, guint n, GParamSpec **pspecs, GString *log)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf (log, "%s ", pspecs[i]->name);
  g_string_append (log, "| ");
}

static void
test_list_index (void)
{
  g_autoptr (VireoObjList) list = vireo_obj_list_new ();
  g_autoptr (VireoObj) a = thing_new ("a", UUID_A);
  g_autoptr (VireoObj) same_uuid = thing_new ("b", UUID_A);
  g_autoptr (VireoObj) same_name = thing_new ("a", UUID_B);
  g_autoptr (GError) error = NULL;

  g_assert_true (vireo_obj_list_add (list, a, NULL));
  g_assert_false (vireo_obj_list_add (list, same_uuid, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_UUID_IN_USE);
  g_clear_error (&error);
  g_assert_false (vireo_obj_list_add (list, same_name, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);
  g_assert_cmpuint (vireo_obj_list_get_size (list), ==, 1);

  vireo_obj_set_name (a, "z");
  g_assert_null (vireo_obj_list_find_by_name (list, "a"));
  g_assert_true (vireo_obj_list_find_by_name (list, "z") == a);
  g_assert_true (vireo_obj_list_find_by_uuid (list, UUID_A) == a);
  g_assert_true (vireo_obj_list_add (list, same_name, NULL));

  vireo_obj_list_remove (list, a);
  g_assert_null (vireo_obj_get_list (a));
  g_assert_null (vireo_obj_list_find_by_name (list, "z"));
  g_assert_null (vireo_obj_list_find_by_uuid (list, UUID_A));
  g_assert_cmpuint (vireo_obj_list_get_size (list), ==, 1);
}

static void
test_list_changes (void)
{
  g_autoptr (VireoObjList) list = vireo_obj_list_new ();
  g_autoptr (VireoObj) a = thing_new ("a", UUID_A);
  g_autoptr (GString) log = g_string_new (NULL);

  g_signal_connect (list, "changed", G_CALLBACK (count_changed), log);
  vireo_obj_set_autostart (a, TRUE);
  g_assert_cmpstr (log->str, ==, "");

  vireo_obj_list_add (list, a, NULL);
  vireo_obj_set_active (a, TRUE);
  vireo_obj_set_active (a, TRUE);
  vireo_obj_set_owner (a, 0);
  g_assert_cmpstr (log->str, ==, "active | ");

  g_string_truncate (log, 0);
  g_object_freeze_notify (G_OBJECT (a));
  vireo_obj_set_persistent (a, TRUE);
  vireo_obj_set_name (a, "b");
  g_assert_cmpstr (log->str, ==, "");
  g_object_thaw_notify (G_OBJECT (a));
  g_assert_true (strstr (log->str, "persistent") != NULL && strstr (log->str, "name") != NULL);
  g_assert_true (strchr (log->str, '|') == strrchr (log->str, '|'));
}

static void
keep_event (VireoObjList *list, VireoObj *obj, const char *signal, GVariant *args, GString *log)
{
  g_autofree char *text = args != NULL ? g_variant_print (args, FALSE) : g_strdup ("-");

  g_string_append_printf (log, "%s %s %s;", vireo_obj_get_name (obj), signal, text);
}

static void
test_list_events (void)
{
  g_autoptr (VireoObjList) list = vireo_obj_list_new ();
  g_autoptr (VireoObj) a = thing_new ("a", UUID_A);
  g_autoptr (GString) log = g_string_new (NULL);

  g_signal_connect (list, "event", G_CALLBACK (keep_event), log);
  vireo_obj_emit_event (a, "Early", g_variant_new ("(s)", "lost"));
  vireo_obj_list_add (list, a, NULL);
  vireo_obj_emit_event (a, "Lifecycle", g_variant_new ("(ss)", "started", "booted"));
  vireo_obj_emit_event (a, "Rebooted", NULL);
  g_assert_cmpstr (log->str, ==, "a Lifecycle ('started', 'booted');a Rebooted -;");
}

static void
test_job_order (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  g_autoptr (GString) order = g_string_new (NULL);
  Caller callers[]
      = { { "1", order }, { "2", order }, { "3", order }, { "s", order }, { "t", order } };
  const VireoJobKind kinds[]
      = { VIREO_JOB_CHANGE, VIREO_JOB_CHANGE, VIREO_JOB_CHANGE, VIREO_JOB_STOP, VIREO_JOB_STOP };

  for (gsize i = 0; i < G_N_ELEMENTS (callers); i++)
    begin (&callers[i], obj, kinds[i], NULL);
  run_pending ();
  g_assert_cmpstr (order->str, ==, "1");
  g_assert_true (vireo_obj_get_current_job (obj) == callers[0].job);
  g_assert_cmpuint (vireo_job_get_started_by_uid (callers[0].job), ==, 1000);

  vireo_job_end (callers[0].job, NULL);
  /* Never from inside the call that freed the slot. */
  g_assert_cmpstr (order->str, ==, "1");
  run_pending ();
  vireo_job_end (callers[3].job, NULL);
  run_pending ();
  vireo_job_end (callers[4].job, NULL);
  run_pending ();
  vireo_job_end (callers[1].job, NULL);
  run_pending ();
  g_assert_cmpstr (order->str, ==, "1st23");
  vireo_job_end (callers[2].job, NULL);
  g_assert_null (vireo_obj_get_current_job (obj));
  for (gsize i = 0; i < G_N_ELEMENTS (callers); i++)
    caller_clear (&callers[i]);
}

static void
test_job_stop_cancels (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  Caller change = { "change" }, stop = { "stop" };

  begin (&change, obj, VIREO_JOB_CHANGE, NULL);
  wait_done (&change);
  begin (&stop, obj, VIREO_JOB_STOP, NULL);
  run_pending ();
  /* It cannot be cancelled yet; as soon as it can, it is. */
  g_assert_false (g_cancellable_is_cancelled (vireo_job_get_cancellable (change.job)));
  vireo_job_set_cancelable (change.job, TRUE);
  g_assert_true (g_cancellable_is_cancelled (vireo_job_get_cancellable (change.job)));
  g_assert_false (stop.done);
  vireo_job_end (change.job, NULL);
  wait_done (&stop);
  g_assert_no_error (stop.error);

  /* A stop is cancelled by another only when it says that it can be: one that merely asks. */
  caller_clear (&change);
  change = (Caller){ "again" };
  begin (&change, obj, VIREO_JOB_STOP, NULL);
  run_pending ();
  g_assert_false (g_cancellable_is_cancelled (vireo_job_get_cancellable (stop.job)));
  vireo_job_set_cancelable (stop.job, TRUE);
  g_assert_true (g_cancellable_is_cancelled (vireo_job_get_cancellable (stop.job)));
  caller_clear (&stop);
  wait_done (&change);
  caller_clear (&change);
}

static void
test_job_timeout (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  Caller first = { "first" }, second = { "second" }, third = { "third" };
  gint64 begun = g_get_monotonic_time ();

  begin (&first, obj, VIREO_JOB_CHANGE, NULL);
  begin (&second, obj, VIREO_JOB_CHANGE, NULL);
  wait_done (&second);
  g_assert_error (second.error, VIREO_ERROR, VIREO_ERROR_BUSY);
  g_assert_nonnull (strstr (second.error->message, "first"));
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 150000);

  /* One that gave up is not in the way of the next. */
  begin (&third, obj, VIREO_JOB_CHANGE, NULL);
  vireo_job_end (first.job, NULL);
  wait_done (&third);
  g_assert_no_error (third.error);
  caller_clear (&first);
  caller_clear (&second);
  caller_clear (&third);
}

static void
test_job_cancelled_waiter (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Caller first = { "first" }, second = { "second" }, third = { "third" };

  begin (&first, obj, VIREO_JOB_CHANGE, NULL);
  begin (&second, obj, VIREO_JOB_CHANGE, cancellable);
  begin (&third, obj, VIREO_JOB_CHANGE, NULL);
  run_pending ();
  g_cancellable_cancel (cancellable);
  wait_done (&second);
  g_assert_error (second.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  vireo_job_end (first.job, NULL);
  wait_done (&third);
  g_assert_no_error (third.error);
  caller_clear (&first);
  caller_clear (&second);
  caller_clear (&third);
}

/* The slot was granted, and cancelled before the callback ran: the caller must get it, to end it.
 */
static void
test_job_cancelled_when_granted (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Caller caller = { "caller" };

  begin (&caller, obj, VIREO_JOB_CHANGE, cancellable);
  g_cancellable_cancel (cancellable);
  wait_done (&caller);
  g_assert_no_error (caller.error);
  caller_clear (&caller);
  g_assert_null (vireo_obj_get_current_job (obj));

  /* Cancelled before it asked. */
  caller = (Caller){ "caller" };
  begin (&caller, obj, VIREO_JOB_CHANGE, cancellable);
  wait_done (&caller);
  g_assert_error (caller.error, VIREO_ERROR, VIREO_ERROR_CANCELLED);
  caller_clear (&caller);
  g_assert_null (vireo_obj_get_current_job (obj));
}

static void
test_job_removed (void)
{
  g_autoptr (VireoObjList) list = vireo_obj_list_new ();
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  Caller first = { "first" }, second = { "second" }, late = { "late" };

  vireo_obj_list_add (list, obj, NULL);
  begin (&first, obj, VIREO_JOB_CHANGE, NULL);
  begin (&second, obj, VIREO_JOB_STOP, NULL);
  run_pending ();
  vireo_obj_list_remove (list, obj);
  wait_done (&second);
  g_assert_error (second.error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT);
  begin (&late, obj, VIREO_JOB_CHANGE, NULL);
  wait_done (&late);
  g_assert_error (late.error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT);
  caller_clear (&first);
  caller_clear (&second);
  caller_clear (&late);
}

static void
test_job_too_many (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  g_autofree Caller *callers = g_new0 (Caller, 300);
  guint refused = 0;

  for (guint i = 0; i < 300; i++)
    {
      callers[i].label = "x";
      begin (&callers[i], obj, VIREO_JOB_CHANGE, NULL);
    }
  run_pending ();
  for (guint i = 0; i < 300; i++)
    if (callers[i].done && callers[i].error != NULL)
      {
        g_assert_error (callers[i].error, VIREO_ERROR, VIREO_ERROR_BUSY);
        refused++;
      }
  g_assert_cmpuint (refused, ==, 300 - 257);
  for (guint i = 0; i < 300; i++)
    {
      wait_done (&callers[i]);
      caller_clear (&callers[i]);
    }
}

static void
count_completed (VireoJob *job, const GError *error, guint *count)
{
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_IO);
  (*count)++;
}

static void
test_job_properties (void)
{
  g_autoptr (VireoObj) obj = thing_new ("a", UUID_A);
  g_autoptr (GError) error = NULL, failure = g_error_new (VIREO_ERROR, VIREO_ERROR_IO, "disk gone");
  Caller caller = { "thing-change" };
  g_autofree char *operation = NULL;
  guint64 bytes, rate, end, started;
  double progress;
  guint completed = 0;

  begin (&caller, obj, VIREO_JOB_CHANGE, NULL);
  wait_done (&caller);
  g_signal_connect (caller.job, "completed", G_CALLBACK (count_completed), &completed);
  g_assert_false (vireo_job_cancel (caller.job, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  g_clear_error (&error);

  g_usleep (2000);
  vireo_job_set_progress (caller.job, 0.5, 4096, 100);
  g_object_get (caller.job, "operation", &operation, "progress", &progress, "bytes-total", &bytes,
                "rate", &rate, "expected-end-time", &end, "started-at", &started, NULL);
  g_assert_cmpstr (operation, ==, "thing-change");
  g_assert_cmpfloat (progress, ==, 0.5);
  g_assert_cmpuint (bytes, ==, 4096);
  g_assert_cmpuint (rate, ==, 100);
  g_assert_cmpuint (end, >, started);
  vireo_job_set_progress (caller.job, 7, 0, 0);
  g_assert_cmpfloat (vireo_job_get_progress (caller.job), ==, 1);

  vireo_job_end (caller.job, failure);
  g_assert_cmpuint (completed, ==, 1);
  g_assert_false (vireo_job_cancel (caller.job, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE);
  caller_clear (&caller);
}

static void
on_children (VireoObjList *list, VireoObj *obj, const char *kind, gpointer data)
{
  g_string_append_printf (data, "%s:%s ", vireo_obj_get_name (obj), kind);
}

static void
test_children (void)
{
  g_autoptr (VireoObjList) list = vireo_obj_list_new ();
  g_autoptr (VireoObj) parent = thing_new ("a", UUID_A);
  g_autoptr (VireoObj) child = thing_new ("first", NULL);
  g_autoptr (VireoObj) same = thing_new ("first", NULL);
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  VireoObjList *children;

  g_signal_connect (list, "children", G_CALLBACK (on_children), told);
  g_assert_true (vireo_obj_list_add (list, parent, NULL));
  g_assert_null (vireo_obj_get_children (parent, "part"));
  g_assert_null (vireo_obj_get_parent (parent));

  children = vireo_obj_ensure_children (parent, "part");
  g_assert_true (vireo_obj_ensure_children (parent, "part") == children);
  g_assert_cmpstr (told->str, ==, "a:part ");
  g_assert_true (vireo_obj_list_add (children, child, NULL));
  g_assert_true (vireo_obj_get_parent (child) == parent);
  g_assert_false (vireo_obj_list_add (children, same, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE);

  /* What is below an object goes with it. */
  vireo_obj_list_remove (list, parent);
  g_clear_object (&parent);
  g_assert_null (vireo_obj_get_parent (child));
  g_assert_null (vireo_obj_get_list (child));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/obj/list/index", test_list_index);
  g_test_add_func ("/obj/list/changes", test_list_changes);
  g_test_add_func ("/obj/list/events", test_list_events);
  g_test_add_func ("/obj/children", test_children);
  g_test_add_func ("/obj/job/order", test_job_order);
  g_test_add_func ("/obj/job/stop-cancels", test_job_stop_cancels);
  g_test_add_func ("/obj/job/timeout", test_job_timeout);
  g_test_add_func ("/obj/job/cancelled-waiter", test_job_cancelled_waiter);
  g_test_add_func ("/obj/job/cancelled-when-granted", test_job_cancelled_when_granted);
  g_test_add_func ("/obj/job/removed", test_job_removed);
  g_test_add_func ("/obj/job/too-many", test_job_too_many);
  g_test_add_func ("/obj/job/properties", test_job_properties);
  return g_test_run ();
}
