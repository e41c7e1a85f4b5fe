/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-caps-private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vireo-qmp-message.h"
#include "vireo-qmp.h"

/* An emulator answers all in 0.1 s; this is for a host that is very busy. */
#define DEADLINE_MS 30000
#define MONITOR_FD 3
#define MAX_NAME 127
#define MAX_OUTPUT (64 * 1024)

typedef struct
{
  VireoQemuIdentity identity;
  char *path;
  int output_fd;
  GSubprocess *process;
  VireoQmp *qmp;
  JsonObject *facts;
  guint next_query;
  guint unanswered;
  gboolean asked_machine;
} Probe;

typedef struct
{
  const char *command;
  const char *type; /* for its argument "typename", and the key in "properties" */
  void (*take) (JsonObject *facts, JsonNode *reply, const char *type);
  gboolean optional; /* not all targets and versions know it */
} Query;

static void
probe_free (Probe *probe)
{
  if (probe->qmp != NULL)
    vireo_qmp_close (probe->qmp);
  if (probe->process != NULL)
    g_subprocess_force_exit (probe->process);
  g_clear_object (&probe->qmp);
  g_clear_object (&probe->process);
  if (probe->output_fd >= 0)
    close (probe->output_fd);
  json_object_unref (probe->facts);
  g_free (probe->path);
  g_free (probe);
}

static void
copy_string (JsonObject *from, const char *name, JsonObject *to, const char *to_name)
{
  const char *value = vireo_json_get_string (from, name, MAX_NAME);

  if (value != NULL)
    json_object_set_string_member (to, to_name, value);
}

static void
take_arch (JsonObject *facts, JsonNode *reply, const char *type)
{
  copy_string (vireo_qmp_node_object (reply), "arch", facts, "arch");
}

static void
take_kvm (JsonObject *facts, JsonNode *reply, const char *type)
{
  json_object_set_boolean_member (
      facts, "kvm", vireo_json_get_boolean (vireo_qmp_node_object (reply), "enabled", FALSE));
}

/* "qemu64-x86_64-cpu" is the type of the model "qemu64". */
static void
set_cpu_model (JsonObject *machine, const char *type)
{
  g_auto (GStrv) parts = type != NULL ? g_strsplit (type, "-", -1) : NULL;
  guint n = parts != NULL ? g_strv_length (parts) : 0;
  g_autofree char *model = NULL;

  if (n < 3 || !g_str_equal (parts[n - 1], "cpu"))
    return;
  g_clear_pointer (&parts[n - 1], g_free);
  g_clear_pointer (&parts[n - 2], g_free);
  model = g_strjoinv ("-", parts);
  json_object_set_string_member (machine, "cpu", model);
}

static void
take_machines (JsonObject *facts, JsonNode *reply, const char *type)
{
  JsonArray *from = vireo_qmp_node_array (reply);
  JsonArray *machines = json_array_new ();

  for (guint i = 0; from != NULL && i < json_array_get_length (from); i++)
    {
      JsonObject *info = vireo_qmp_element_object (from, i);
      const char *name = vireo_json_get_string (info, "name", MAX_NAME);
      JsonObject *machine;

      if (name == NULL || g_str_equal (name, "none"))
        continue;
      machine = json_object_new ();
      json_object_set_string_member (machine, "name", name);
      copy_string (info, "alias", machine, "alias");
      copy_string (info, "default-ram-id", machine, "ram");
      set_cpu_model (machine, vireo_json_get_string (info, "default-cpu-type", MAX_NAME));
      json_object_set_int_member (machine, "cpu-max", vireo_json_get_int (info, "cpu-max", 1));
      json_object_set_boolean_member (machine, "default",
                                      vireo_json_get_boolean (info, "is-default", FALSE));
      json_object_set_boolean_member (machine, "deprecated",
                                      vireo_json_get_boolean (info, "deprecated", FALSE));
      json_object_set_boolean_member (machine, "hotplug",
                                      vireo_json_get_boolean (info, "hotpluggable-cpus", FALSE));
      json_array_add_object_element (machines, machine);
    }
  json_object_set_array_member (facts, "machines", machines);
}

/* The names of a list of objects, or of a list of strings. */
static JsonArray *
collect_names (JsonNode *reply)
{
  JsonArray *from = vireo_qmp_node_array (reply);
  JsonArray *names = json_array_new ();

  for (guint i = 0; from != NULL && i < json_array_get_length (from); i++)
    {
      JsonNode *node = json_array_get_element (from, i);
      const char *name = vireo_json_get_string (vireo_qmp_node_object (node), "name", MAX_NAME);

      if (name == NULL && JSON_NODE_HOLDS_VALUE (node)
          && json_node_get_value_type (node) == G_TYPE_STRING)
        name = json_node_get_string (node);
      if (name != NULL && strlen (name) <= MAX_NAME)
        json_array_add_string_element (names, name);
    }
  return names;
}

static void
take_cpus (JsonObject *facts, JsonNode *reply, const char *type)
{
  json_object_set_array_member (facts, "cpus", collect_names (reply));
}

static void
take_types (JsonObject *facts, JsonNode *reply, const char *type)
{
  json_object_set_array_member (facts, "types", collect_names (reply));
}

static void
take_commands (JsonObject *facts, JsonNode *reply, const char *type)
{
  json_object_set_array_member (facts, "commands", collect_names (reply));
}

static void
take_tpms (JsonObject *facts, JsonNode *reply, const char *type)
{
  json_object_set_array_member (facts, "tpms", collect_names (reply));
}

static JsonObject *
ensure_object (JsonObject *facts, const char *name)
{
  if (!json_object_has_member (facts, name))
    json_object_set_object_member (facts, name, json_object_new ());
  return json_object_get_object_member (facts, name);
}

static void
take_options (JsonObject *facts, JsonNode *reply, const char *type)
{
  JsonArray *from = vireo_qmp_node_array (reply);
  JsonObject *options = ensure_object (facts, "options");

  for (guint i = 0; from != NULL && i < json_array_get_length (from); i++)
    {
      JsonObject *info = vireo_qmp_element_object (from, i);
      const char *name = vireo_json_get_string (info, "option", MAX_NAME);

      if (name != NULL && *name != '\0')
        json_object_set_array_member (
            options, name,
            collect_names (json_object_has_member (info, "parameters")
                               ? json_object_get_member (info, "parameters")
                               : NULL));
    }
}

static void
take_properties (JsonObject *facts, JsonNode *reply, const char *type)
{
  json_object_set_array_member (ensure_object (facts, "properties"), type, collect_names (reply));
}

static const Query queries[] = {
  { "query-target", NULL, take_arch, FALSE },
  { "query-kvm", NULL, take_kvm, TRUE },
  { "query-machines", NULL, take_machines, FALSE },
  { "query-cpu-definitions", NULL, take_cpus, TRUE },
  { "qom-list-types", NULL, take_types, FALSE },
  { "query-commands", NULL, take_commands, FALSE },
  { "query-tpm-types", NULL, take_tpms, TRUE },
  { "query-command-line-options", NULL, take_options, TRUE },
  { "device-list-properties", "virtio-blk-pci", take_properties, TRUE },
  { "device-list-properties", "virtio-net-pci", take_properties, TRUE },
  { "device-list-properties", "virtio-scsi-pci", take_properties, TRUE },
  { "device-list-properties", "virtio-balloon-pci", take_properties, TRUE },
  { "device-list-properties", "virtio-gpu-pci", take_properties, TRUE },
  { "device-list-properties", "virtio-vga", take_properties, TRUE },
  { "device-list-properties", "virtio-rng-pci", take_properties, TRUE },
  { "device-list-properties", "virtio-blk-ccw", take_properties, TRUE },
  { "device-list-properties", "virtio-net-ccw", take_properties, TRUE },
  { "device-list-properties", "virtio-blk-device", take_properties, TRUE },
  { "device-list-properties", "virtio-net-device", take_properties, TRUE },
  { "device-list-properties", "scsi-hd", take_properties, TRUE },
  { "device-list-properties", "scsi-cd", take_properties, TRUE },
  { "device-list-properties", "ide-hd", take_properties, TRUE },
  { "device-list-properties", "ide-cd", take_properties, TRUE },
  { "device-list-properties", "usb-storage", take_properties, TRUE },
  { "device-list-properties", "qemu-xhci", take_properties, TRUE },
  { "device-list-properties", "pcie-root-port", take_properties, TRUE },
  { "device-list-properties", "VGA", take_properties, TRUE },
  { "device-list-properties", "qxl-vga", take_properties, TRUE },
  { "device-list-properties", "ramfb", take_properties, TRUE },
};

static const Query machine_query
    = { "qom-list-properties", "machine", take_properties, TRUE };

static char *
read_output (int fd)
{
  char text[2048];
  gssize n = pread (fd, text, sizeof text - 1, 0);
  g_autofree char *valid = NULL;

  if (n <= 0)
    return g_strdup ("it said nothing");
  text[n] = '\0';
  valid = g_utf8_make_valid (text, -1);
  g_strdelimit (g_strchomp (valid), "\n\r\t", ' ');
  return g_steal_pointer (&valid);
}

/* What went wrong, with what the emulator printed: that is where the cause is. */
static void
probe_fail (GTask *task, const GError *cause)
{
  Probe *probe = g_task_get_task_data (task);
  g_autofree char *output = read_output (probe->output_fd);

  int code = cause->domain == VIREO_ERROR ? cause->code : VIREO_ERROR_HYPERVISOR;

  g_task_return_new_error (task, VIREO_ERROR, code, "Asking %s what it can do: %s (its output: %s)",
                           probe->path, cause->message, output);
}

typedef struct
{
  GTask *task;
  const Query *query;
} Asked;

static void ask (GTask *task, const Query *query, const char *type_name);

/* The machine that stands for all of this emulator's. */
static const char *
choose_machine (JsonObject *facts)
{
  static const char *const preferred[] = { "virt", "pseries", "s390-ccw-virtio", "q35" };
  JsonArray *machines = vireo_json_get_array (facts, "machines");
  const char *chosen = NULL;

  for (guint i = 0; machines != NULL && i < json_array_get_length (machines); i++)
    {
      JsonObject *machine = json_array_get_object_element (machines, i);
      const char *alias = vireo_json_get_string (machine, "alias", MAX_NAME);

      if (vireo_json_get_boolean (machine, "default", FALSE))
        return json_object_get_string_member (machine, "name");
      for (gsize j = 0; j < G_N_ELEMENTS (preferred); j++)
        if (g_strcmp0 (alias, preferred[j]) == 0)
          chosen = json_object_get_string_member (machine, "name");
    }
  return chosen;
}

static void
all_answered (GTask *task)
{
  Probe *probe = g_task_get_task_data (task);
  const char *machine = choose_machine (probe->facts);

  if (!probe->asked_machine && machine != NULL)
    {
      g_autofree char *type = g_strconcat (machine, "-machine", NULL);

      probe->asked_machine = TRUE;
      ask (task, &machine_query, type);
      return;
    }
  json_object_set_int_member (probe->facts, "version", vireo_qmp_get_version (probe->qmp));
  json_object_set_string_member (probe->facts, "package", vireo_qmp_get_package (probe->qmp));
  g_task_return_pointer (task, json_object_ref (probe->facts),
                         (GDestroyNotify) json_object_unref);
}

static void
answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Asked *asked = data;
  g_autoptr (GTask) task = asked->task;
  Probe *probe = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  probe->unanswered--;
  if (g_task_get_completed (task))
    return;
  if (reply != NULL)
    asked->query->take (probe->facts, reply, asked->query->type);
  else if (!asked->query->optional || !g_error_matches (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR))
    {
      probe_fail (task, error);
      return;
    }
  if (probe->unanswered == 0)
    all_answered (task);
}

static void
ask (GTask *task, const Query *query, const char *type_name)
{
  Probe *probe = g_task_get_task_data (task);
  Asked *asked = g_new0 (Asked, 1);
  JsonObject *arguments = NULL;

  if (type_name != NULL)
    {
      arguments = json_object_new ();
      json_object_set_string_member (arguments, "typename", type_name);
    }
  asked->task = g_object_ref (task);
  asked->query = query;
  probe->unanswered++;
  vireo_qmp_execute_async (probe->qmp, query->command, arguments, NULL, DEADLINE_MS,
                           g_task_get_cancellable (task), answered, asked);
}

static void
opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (!vireo_qmp_open_finish (VIREO_QMP (source), result, &error))
    {
      probe_fail (task, error);
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    ask (task, &queries[i], queries[i].type);
}

/* Runs in the child, between fork and exec: nothing that allocates or locks. The emulator dies with
 * the daemon, and has nothing that it could write to. */
static void
child_setup (gpointer data)
{
  const VireoQemuIdentity *identity = data;
  const struct rlimit no_core = { 0, 0 };
  const struct rlimit small_files = { MAX_OUTPUT, MAX_OUTPUT };

  if (identity->change
      && (setgroups (1, &identity->kvm_gid) < 0
          || setresgid (identity->gid, identity->gid, identity->gid) < 0
          || setresuid (identity->uid, identity->uid, identity->uid) < 0))
    _exit (126);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0
      || setrlimit (RLIMIT_CORE, &no_core) < 0 || setrlimit (RLIMIT_FSIZE, &small_files) < 0)
    _exit (126);
  /* The signal for files that grow too large would end it where an error does. */
  signal (SIGXFSZ, SIG_IGN);
}

static GSubprocess *
spawn (Probe *probe, gboolean use_kvm, int monitor_fd, GError **error)
{
  static const char *const environment[]
      = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/", NULL };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  const char *argv[] = { probe->path, "-S", "-no-user-config", "-nodefaults", "-nographic",
                         "-machine", use_kvm ? "none,accel=kvm:tcg" : "none,accel=tcg",
                         "-chardev", "socket,id=monitor,fd=3",
                         "-mon", "chardev=monitor,mode=control", NULL };
  GSubprocess *process;

  G_STATIC_ASSERT (MONITOR_FD == 3);
  g_subprocess_launcher_set_environ (launcher, (char **) environment);
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_take_fd (launcher, monitor_fd, MONITOR_FD);
  g_subprocess_launcher_take_stderr_fd (launcher, fcntl (probe->output_fd, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_set_child_setup (launcher, child_setup, &probe->identity, NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, error);
  if (process == NULL)
    vireo_error_translate (error, "Starting %s", probe->path);
  return process;
}

static gboolean
start (Probe *probe, gboolean use_kvm, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  probe->output_fd = memfd_create ("vireo-probe", MFD_CLOEXEC);
  if (probe->output_fd < 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    {
      vireo_error_set_errno (error, errno, "Preparing to ask %s what it can do", probe->path);
      return FALSE;
    }
  socket = g_socket_new_from_fd (fds[0], error);
  if (socket == NULL)
    {
      close (fds[0]);
      close (fds[1]);
      return FALSE;
    }
  probe->qmp = vireo_qmp_new (socket);
  probe->process = spawn (probe, use_kvm, fds[1], error);
  return probe->process != NULL;
}

/**
 * vireo_qemu_caps_probe_async:
 * @path: path of an emulator
 * @identity: who to run it as
 * @use_kvm: whether to try KVM
 * @cancellable: (nullable): ends it
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Starts the emulator without a machine, asks it, and ends it.
 *
 * Since: 0.1
 */
void
vireo_qemu_caps_probe_async (const char *path, const VireoQemuIdentity *identity, gboolean use_kvm,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Probe *probe = g_new0 (Probe, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, vireo_qemu_caps_probe_async);
  probe->path = g_strdup (path);
  probe->identity = *identity;
  probe->output_fd = -1;
  probe->facts = json_object_new ();
  g_task_set_task_data (task, probe, (GDestroyNotify) probe_free);
  if (!start (probe, use_kvm, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  vireo_qmp_open_async (probe->qmp, DEADLINE_MS, cancellable, opened, g_object_ref (task));
}

JsonObject *
vireo_qemu_caps_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
