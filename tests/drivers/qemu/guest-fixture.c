/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMULATOR "/usr/bin/qemu-system-x86_64"
#define WAIT_SECONDS 20

/* 16-bit code. PM1 of SeaBIOS is at 0x600: status, enable at 0x602, control at 0x604; the button is
 * bit 8, and 0x2000 in control powers off. The serial port is at 0x3f8. */
static const guint8 boot_code[] = {
  0xb8, 0x00, 0x01,       /* mov ax, 0x100 */
  0xba, 0x02, 0x06,       /* mov dx, 0x602 */
  0xef,                   /* out dx, ax */
  0xb0, 0x52,             /* mov al, 'R' */
  0xba, 0xf8, 0x03,       /* mov dx, 0x3f8 */
  0xee,                   /* out dx, al */
  0xba, 0xfd, 0x03,       /* again: mov dx, 0x3fd */
  0xec,                   /* in al, dx */
  0xa8, 0x01,             /* test al, 1 */
  0x74, 0x05,             /* jz button */
  0xba, 0xf8, 0x03,       /* mov dx, 0x3f8 */
  0xec,                   /* in al, dx */
  0xee,                   /* out dx, al */
  0xba, 0x00, 0x06,       /* button: mov dx, 0x600 */
  0xed,                   /* in ax, dx */
  0xf6, 0xc4, 0x01,       /* test ah, 1 */
  0x74, 0xea,             /* jz again */
  0xba, 0x04, 0x06,       /* mov dx, 0x604 */
  0xb8, 0x00, 0x20,       /* mov ax, 0x2000 */
  0xef,                   /* out dx, ax */
  0xeb, 0xfe,             /* jmp here */
};

gboolean
fixture_can_run (void)
{
  if (g_access (EMULATOR, X_OK) == 0)
    return TRUE;
  g_test_skip (EMULATOR " is not installed");
  return FALSE;
}

char *
fixture_path (Fixture *f, const char *name)
{
  return g_build_filename (f->root, name, NULL);
}

void
fixture_make_env (Fixture *f, const char *root)
{
  f->root = g_strdup (root);
  f->env = (VireoEnv){ .session = geteuid () != 0,
                       .state_dir = fixture_path (f, "state"),
                       .run_dir = fixture_path (f, "run"),
                       .cache_dir = g_build_filename (g_get_tmp_dir (), "vireo-test-cache", NULL),
                       .log_dir = fixture_path (f, "log"),
                       .config_dir = fixture_path (f, "etc"),
                       .guest_user = geteuid () == 0 ? g_strdup ("nobody") : NULL };
}

static void
on_event (VireoObjList *list, VireoObj *obj, const char *signal, GVariant *args, Fixture *f)
{
  const char *event, *detail;

  if (!g_str_equal (signal, "Lifecycle"))
    {
      g_ptr_array_add (f->events, g_strdup_printf ("%s %s", vireo_obj_get_name (obj), signal));
      return;
    }
  g_variant_get (args, "(&s&s)", &event, &detail);
  g_ptr_array_add (f->events,
                   g_strdup_printf ("%s %s %s", vireo_obj_get_name (obj), event, detail));
}

static void
got_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

void
fixture_wait (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* The result of a task, which is dropped. */
static gboolean
take_boolean (GAsyncResult *result, GError **error)
{
  gboolean value = g_task_propagate_boolean (G_TASK (result), error);

  g_object_unref (result);
  return value;
}

void
fixture_open (Fixture *f)
{
  GAsyncResult *result = NULL;
  GError *error = NULL;

  f->domains = vireo_qemu_domains_new (&f->env, NULL, NULL);
  f->domains->timeouts.start = 20000;
  g_signal_connect (vireo_keeper_get_list (VIREO_KEEPER (f->domains)), "event",
                    G_CALLBACK (on_event), f);
  vireo_qemu_domains_open (f->domains, g_task_new (NULL, NULL, got_result, &result));
  fixture_wait (&result);
  take_boolean (result, &error);
  g_assert_no_error (error);
}

void
fixture_close (Fixture *f)
{
  vireo_store_flush (f->domains->statuses);
  g_clear_object (&f->domains);
}

void
fixture_set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *root = g_dir_make_tmp ("vireo-guests-XXXXXX", NULL);

  /* What the guests' user needs of it goes through descriptors. */
  g_assert_cmpint (chmod (root, 0700), ==, 0);
  f->events = g_ptr_array_new_with_free_func (g_free);
  fixture_make_env (f, root);
  fixture_open (f);
}

static void
remove_tree (const char *path)
{
  const char *const argv[] = { "rm", "-rf", path, NULL };

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
}

void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) all
      = vireo_obj_list_snapshot (vireo_keeper_get_list (VIREO_KEEPER (f->domains)));

  for (guint i = 0; i < all->len; i++)
    if (VIREO_QEMU_DOMAIN (all->pdata[i])->status != NULL)
      fixture_destroy (f, all->pdata[i], VIREO_DOMAIN_DESTROY_NONE, NULL);
  fixture_close (f);
  remove_tree (f->root);
  g_ptr_array_unref (f->events);
  g_free (f->root);
  g_free (f->env.state_dir);
  g_free (f->env.run_dir);
  g_free (f->env.cache_dir);
  g_free (f->env.log_dir);
  g_free (f->env.config_dir);
  g_free (f->env.guest_user);
}

void
fixture_make_disk (Fixture *f, const char *name)
{
  g_autofree char *path = fixture_path (f, name);
  g_autofree guint8 *image = g_malloc0 (1024 * 1024);

  memcpy (image, boot_code, sizeof (boot_code));
  image[510] = 0x55;
  image[511] = 0xaa;
  g_assert_true (g_file_set_contents (path, (const char *) image, 1024 * 1024, NULL));
  g_assert_cmpint (chmod (path, 0600), ==, 0);
}

VireoDomainObj *
fixture_define (Fixture *f, const char *name, const char *emulator, const char *devices)
{
  g_autofree char *xml = g_strdup_printf (
      "<domain type='qemu'><name>%s</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>"
      "<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>"
      "<devices><emulator>%s</emulator><controller type='usb' model='none'/>"
      "<memballoon model='none'/>%s</devices></domain>",
      name, emulator != NULL ? emulator : EMULATOR, devices);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (xml, -1, VIREO_PARSE_NONE, &error);
  VireoDomainDriver *driver = VIREO_DOMAIN_DRIVER (f->domains);
  GAsyncResult *result = NULL;
  VireoDomainObj *obj;

  g_assert_no_error (error);
  VIREO_DOMAIN_DRIVER_GET_IFACE (driver)->define (driver, def, 0,
                                                  g_task_new (driver, NULL, got_result, &result));
  fixture_wait (&result);
  obj = g_task_propagate_pointer (G_TASK (result), &error);
  g_object_unref (result);
  g_assert_no_error (error);
  /* The list has it; tests need no reference of their own. */
  g_object_unref (obj);
  return obj;
}

/* ---- operations in jobs ---- */

typedef struct
{
  Fixture *fixture;
  VireoDomainObj *obj;
  VireoJobKind kind;
  VireoDomainStartFlags start_flags;
  VireoDomainDestroyFlags destroy_flags;
  Operation operation;
  VireoJob *job;
  GTask *task;
} Call;

static void
call_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  GError *error = NULL;
  gboolean success = g_task_propagate_boolean (G_TASK (result), &error);

  vireo_job_end (call->job, error);
  g_object_unref (call->job);
  if (success)
    g_task_return_boolean (call->task, TRUE);
  else
    g_task_return_error (call->task, error);
  g_object_unref (call->task);
  g_object_unref (call->obj);
  g_free (call);
}

static void
call_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  VireoDomainDriver *driver = VIREO_DOMAIN_DRIVER (call->fixture->domains);
  GError *error = NULL;
  GTask *task;

  call->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  g_assert_no_error (error);
  task = g_task_new (driver, vireo_job_get_cancellable (call->job), call_done, call);
  g_task_set_check_cancellable (task, FALSE);
  if (call->operation != NULL)
    call->operation (driver, call->obj, task);
  else if (call->kind == VIREO_JOB_STOP)
    vireo_qemu_destroy (driver, call->obj, call->destroy_flags, task);
  else
    vireo_qemu_start (driver, call->obj, call->start_flags, task);
}

static void
call_begin (const Call *template, GAsyncResult **ret_result)
{
  Call *call = g_new (Call, 1);

  *call = *template;
  g_object_ref (call->obj);
  call->task = g_task_new (NULL, NULL, got_result, ret_result);
  vireo_obj_begin_job_async (VIREO_OBJ (call->obj), "test", call->kind, 0, NULL, call_begun, call);
}

static gboolean
call_sync (const Call *template, GError **error)
{
  GAsyncResult *result = NULL;

  call_begin (template, &result);
  fixture_wait (&result);
  return take_boolean (result, error);
}

gboolean
fixture_start (Fixture *f, VireoDomainObj *obj, VireoDomainStartFlags flags, GError **error)
{
  const Call call = { .fixture = f, .obj = obj, .kind = VIREO_JOB_CHANGE, .start_flags = flags };

  return call_sync (&call, error);
}

void
fixture_begin_start (Fixture *f, VireoDomainObj *obj, GAsyncResult **ret_result)
{
  const Call call = { .fixture = f, .obj = obj, .kind = VIREO_JOB_CHANGE };

  call_begin (&call, ret_result);
}

void
fixture_begin_destroy (Fixture *f, VireoDomainObj *obj, VireoDomainDestroyFlags flags,
                       GAsyncResult **ret_result)
{
  const Call call = { .fixture = f, .obj = obj, .kind = VIREO_JOB_STOP, .destroy_flags = flags };

  call_begin (&call, ret_result);
}

gboolean
fixture_destroy (Fixture *f, VireoDomainObj *obj, VireoDomainDestroyFlags flags, GError **error)
{
  const Call call = { .fixture = f, .obj = obj, .kind = VIREO_JOB_STOP, .destroy_flags = flags };

  return call_sync (&call, error);
}

gboolean
fixture_call (Fixture *f, VireoDomainObj *obj, Operation operation, GError **error)
{
  const Call call
      = { .fixture = f, .obj = obj, .kind = VIREO_JOB_CHANGE, .operation = operation };

  return call_sync (&call, error);
}

int
fixture_open_console (Fixture *f, VireoDomainObj *obj, const char *device, gboolean force,
                      GError **error)
{
  GAsyncResult *result = NULL;
  int fd;

  vireo_qemu_open_console (VIREO_DOMAIN_DRIVER (f->domains), obj, device, force,
                           g_task_new (NULL, NULL, got_result, &result));
  fixture_wait (&result);
  fd = (int) g_task_propagate_int (G_TASK (result), error);
  g_object_unref (result);
  return fd;
}

/* ---- waiting and looking ---- */

static gboolean
on_too_late (gpointer data)
{
  g_error ("waited %d s for nothing", WAIT_SECONDS);
  return G_SOURCE_REMOVE;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
fixture_wait_for (gboolean (*check) (gpointer data), gpointer data)
{
  guint late = g_timeout_add_seconds (WAIT_SECONDS, on_too_late, NULL);
  /* What is not told by the main loop, such as files. */
  guint tick = g_timeout_add (10, on_tick, NULL);

  while (!check (data))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
  g_source_remove (tick);
}

typedef struct
{
  VireoDomainObj *obj;
  VireoDomainState state;
} Wanted;

static gboolean
has_state (gpointer data)
{
  const Wanted *wanted = data;

  return vireo_domain_obj_get_state (wanted->obj) == wanted->state;
}

void
fixture_wait_state (Fixture *f, VireoDomainObj *obj, VireoDomainState state, const char *reason)
{
  Wanted wanted = { obj, state };

  fixture_wait_for (has_state, &wanted);
  g_assert_cmpstr (vireo_domain_obj_get_state_reason (obj), ==, reason);
}

pid_t
fixture_pid (VireoDomainObj *obj)
{
  g_assert_nonnull (VIREO_QEMU_DOMAIN (obj)->status);
  return (pid_t) VIREO_QEMU_DOMAIN (obj)->status->pid;
}

/* Whoever is init here need not be quick to reap what was left to it. */
gboolean
fixture_pid_is_gone (pid_t pid)
{
  int fd = (int) syscall (SYS_pidfd_open, pid, 0);
  gboolean gone;

  if (fd < 0)
    return errno == ESRCH;
  /* Not by the state in /proc: a first thread that is a zombie does not mean that the others have
   * ended. */
  gone = poll (&(struct pollfd){ fd, POLLIN, 0 }, 1, 0) == 1;
  close (fd);
  return gone;
}

static gboolean
folder_is_empty (Fixture *f, const char *name, const char *but)
{
  g_autofree char *path = fixture_path (f, name);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    if (g_strcmp0 (entry, but) != 0)
      return FALSE;
  return TRUE;
}

gboolean
fixture_is_clean (gpointer fixture)
{
  return folder_is_empty (fixture, "run/qemu/status", "autostarted")
         && folder_is_empty (fixture, "run/qemu", "status");
}

void
fixture_assert_clean (Fixture *f)
{
  fixture_wait_for (fixture_is_clean, f);
}

void
fixture_assert_event (Fixture *f, const char *event)
{
  g_autofree char *all = NULL;

  if (g_ptr_array_find_with_equal_func (f->events, event, g_str_equal, NULL))
    return;
  g_ptr_array_add (f->events, NULL);
  all = g_strjoinv (", ", (char **) f->events->pdata);
  g_error ("'%s' is not among: %s", event, all);
}
