/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent of a guest is asked ("QEMU Guest Agent Protocol Reference"): a table of commands,
 * what their arguments are made of, and what is taken of their replies. */
#include <string.h>

#include "conf/vireo-cpuset.h"
#include "drivers/common/vireo-monitor-command.h"
#include "vireo-qemu-agent.h"
#include "vireo-qmp-message.h"

#define MAX_LINE 65536u

/**
 * Question:
 * @command: what the agent is given
 * @flags: how
 * @make: (nullable): its arguments, from those of the operation; %NULL with an error
 * @take: (nullable): what the operation returns, a floating tuple; %NULL with an error. Without it,
 *   an empty one
 */
typedef struct
{
  const char *command;
  VireoQgaFlags flags;
  JsonObject *(*make) (GVariant *args, GError **error);
  GVariant *(*take) (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error);
} Question;

typedef struct
{
  const Question *question;
  VireoQemuDomain *domain;
  GVariant *args; /* (nullable) */
  gboolean plain; /* the operation returns a boolean */
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  g_object_unref (asking->domain);
  g_clear_pointer (&asking->args, g_variant_unref);
  g_free (asking);
}

static void
free_variant (gpointer data)
{
  g_variant_unref (data);
}

static void
return_values (GTask *task, GVariant *values)
{
  g_task_return_pointer (task, g_variant_ref_sink (values), free_variant);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Asking *asking = g_task_get_task_data (task);
  const Question *question = asking->question;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qga_execute_finish (VIREO_QGA (source), result, &error);
  GVariant *values = NULL;

  if (reply != NULL && asking->plain)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (reply != NULL)
    values = question->take != NULL ? question->take (asking->domain, asking->args, reply, &error)
                                    : g_variant_new_tuple (NULL, 0);
  if (values != NULL)
    return_values (task, values);
  else
    g_task_return_error (task, error);
}

/* Takes @task over. */
static void
ask (VireoDomainObj *obj, const Question *question, GVariant *args, gboolean plain, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));
  Asking *asking = g_new0 (Asking, 1);
  GError *error = NULL;
  JsonObject *arguments = NULL;
  VireoQga *agent;

  asking->question = question;
  asking->domain = g_object_ref (self);
  asking->args = args != NULL ? g_variant_ref (args) : NULL;
  asking->plain = plain;
  g_task_set_task_data (task, asking, asking_free);
  agent = vireo_qemu_agent_get (self, &error);
  if (agent != NULL && question->make != NULL)
    arguments = question->make (args, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  vireo_qga_execute_async (agent, question->command, arguments,
                           vireo_qemu_agent_get_timeout (self), question->flags,
                           g_task_get_cancellable (task), on_answer, task);
}

static gboolean
get_option (GVariant *args, const char *name)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, g_variant_n_children (args) - 1);
  gboolean value = FALSE;

  g_variant_lookup (options, name, "b", &value);
  return value;
}

static GVariant *
unexpected (const char *what, GError **error)
{
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
               "the reply of the agent in the guest is no %s", what);
  return NULL;
}

static gboolean
node_is (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

/* ---- file systems ---- */

static JsonArray *
make_strings (GVariant *list)
{
  JsonArray *array = json_array_new ();
  GVariantIter iter;
  const char *text;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "&s", &text))
    json_array_add_string_element (array, text);
  return array;
}

static JsonObject *
make_freeze_list (GVariant *args, GError **error)
{
  g_autoptr (GVariant) mountpoints = g_variant_get_child_value (args, 0);
  JsonObject *arguments = json_object_new ();

  json_object_set_array_member (arguments, "mountpoints", make_strings (mountpoints));
  return arguments;
}

static GVariant *
take_count (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  if (!node_is (reply, G_TYPE_INT64))
    return unexpected ("number", error);
  return g_variant_new ("(u)", (guint) CLAMP (json_node_get_int (reply), 0, G_MAXUINT32));
}

static JsonObject *
make_thaw (GVariant *args, GError **error)
{
  g_autoptr (GVariant) mountpoints = g_variant_get_child_value (args, 0);

  if (g_variant_n_children (mountpoints) == 0)
    return NULL;
  g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                       "the agent thaws all file systems, and no single ones");
  return NULL;
}

static JsonObject *
make_trim (GVariant *args, GError **error)
{
  const char *mountpoint;
  JsonObject *arguments;
  guint64 minimum;

  g_variant_get_child (args, 0, "&s", &mountpoint);
  g_variant_get_child (args, 1, "t", &minimum);
  if (*mountpoint != '\0')
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                           "the agent trims all file systems, and no single ones");
      return NULL;
    }
  arguments = json_object_new ();
  json_object_set_int_member (arguments, "minimum", (gint64) MIN (minimum, G_MAXINT64));
  return arguments;
}

static GVariant *
take_fs_info (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  GVariant *values = vireo_qemu_agent_take_fs_info (self, reply);

  return values != NULL ? values : unexpected ("list of file systems", error);
}

/* ---- names, addresses, time ---- */

static GVariant *
take_hostname (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  const char *name = vireo_json_get_string (vireo_qmp_node_object (reply), "host-name", MAX_LINE);

  return name != NULL ? g_variant_new ("(s)", name) : unexpected ("name", error);
}

static GVariant *
take_interfaces (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  GVariant *values = vireo_qemu_agent_take_interfaces (reply);

  return values != NULL ? values : unexpected ("list of interfaces", error);
}

static GVariant *
take_time (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  if (!node_is (reply, G_TYPE_INT64) || json_node_get_int (reply) < 0)
    return unexpected ("time", error);
  return g_variant_new ("(t)", (guint64) json_node_get_int (reply) / 1000);
}

static JsonObject *
make_time (GVariant *args, GError **error)
{
  JsonObject *arguments;
  guint64 when;

  if (get_option (args, "sync"))
    return NULL;
  g_variant_get_child (args, 0, "t", &when);
  if (when > G_MAXINT64 / 1000)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                           "no clock goes that far");
      return NULL;
    }
  arguments = json_object_new ();
  json_object_set_int_member (arguments, "time", (gint64) when * 1000);
  return arguments;
}

/* ---- users ---- */

static JsonObject *
make_password (GVariant *args, GError **error)
{
  JsonObject *arguments = json_object_new ();
  g_autofree char *encoded = NULL;
  const char *user, *password;

  g_variant_get_child (args, 0, "&s", &user);
  g_variant_get_child (args, 1, "&s", &password);
  encoded = g_base64_encode ((const guchar *) password, strlen (password));
  json_object_set_string_member (arguments, "username", user);
  json_object_set_string_member (arguments, "password", encoded);
  json_object_set_boolean_member (arguments, "crypted", get_option (args, "encrypted"));
  return arguments;
}

static JsonObject *
make_user (GVariant *args, GError **error)
{
  JsonObject *arguments = json_object_new ();
  const char *user;

  g_variant_get_child (args, 0, "&s", &user);
  json_object_set_string_member (arguments, "username", user);
  return arguments;
}

static GVariant *
take_keys (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  JsonArray *keys = vireo_json_get_array (vireo_qmp_node_object (reply), "keys");
  GVariantBuilder list;

  if (keys == NULL)
    return unexpected ("list of keys", error);
  g_variant_builder_init (&list, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < json_array_get_length (keys); i++)
    {
      JsonNode *key = json_array_get_element (keys, i);

      if (node_is (key, G_TYPE_STRING) && g_utf8_validate (json_node_get_string (key), -1, NULL))
        g_variant_builder_add (&list, "s", json_node_get_string (key));
    }
  return g_variant_new ("(as)", &list);
}

static JsonObject *
make_keys (GVariant *args, GError **error)
{
  g_autoptr (GVariant) keys = g_variant_get_child_value (args, 1);
  JsonObject *arguments = make_user (args, error);

  json_object_set_array_member (arguments, "keys", make_strings (keys));
  if (!get_option (args, "append") && !get_option (args, "remove"))
    json_object_set_boolean_member (arguments, "reset", TRUE);
  return arguments;
}

/* ---- processors ---- */

static void
put_in (VireoCpuset *set, gint64 number)
{
  set->bits[number / 64] |= G_GUINT64_CONSTANT (1) << (number % 64);
}

/* The agent has them in any order. */
static void
add_set (GVariantBuilder *values, const char *key, const VireoCpuset *set)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < VIREO_CPUSET_MAX; i++)
    if (vireo_cpuset_contains (set, i))
      g_string_append_printf (text, "%s%u", text->len > 0 ? "," : "", i);
  g_variant_builder_add (values, "{sv}", key, g_variant_new_string (text->str));
}

static GVariant *
take_vcpus (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  JsonArray *list = vireo_qmp_node_array (reply);
  VireoCpuset all = { 0 }, online = { 0 }, offlinable = { 0 };
  GVariantBuilder values;

  if (list == NULL)
    return unexpected ("list of processors", error);
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *item = vireo_qmp_element_object (list, i);
      gint64 number = vireo_json_get_int (item, "logical-id", -1);

      if (number < 0 || number >= VIREO_CPUSET_MAX)
        continue;
      put_in (&all, number);
      if (vireo_json_get_boolean (item, "online", FALSE))
        put_in (&online, number);
      if (vireo_json_get_boolean (item, "can-offline", FALSE))
        put_in (&offlinable, number);
    }
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  add_set (&values, "vcpus", &all);
  add_set (&values, "online", &online);
  add_set (&values, "offlinable", &offlinable);
  return g_variant_new ("(a{sv})", &values);
}

static JsonObject *
make_vcpus (GVariant *args, GError **error)
{
  g_autofree VireoCpuset *set = NULL;
  JsonArray *list;
  JsonObject *arguments;
  gboolean online;
  const char *text;

  g_variant_get_child (args, 0, "&s", &text);
  g_variant_get_child (args, 1, "b", &online);
  set = vireo_cpuset_parse (text);
  if (set == NULL || vireo_cpuset_is_empty (set))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "\"%.100s\" is no set of processors", text);
      return NULL;
    }
  list = json_array_new ();
  for (guint i = 0; i <= (guint) vireo_cpuset_last (set); i++)
    if (vireo_cpuset_contains (set, i))
      {
        JsonObject *item = json_object_new ();

        json_object_set_int_member (item, "logical-id", i);
        json_object_set_boolean_member (item, "online", online);
        json_array_add_object_element (list, item);
      }
  arguments = json_object_new ();
  json_object_set_array_member (arguments, "vcpus", list);
  return arguments;
}

/* The agent goes on until one cannot be done, and says how many it did. */
static GVariant *
take_vcpus_done (VireoQemuDomain *self, GVariant *args, JsonNode *reply, GError **error)
{
  g_autoptr (JsonObject) asked = make_vcpus (args, NULL);
  JsonArray *list = vireo_json_get_array (asked, "vcpus");

  if (!node_is (reply, G_TYPE_INT64))
    return unexpected ("number", error);
  if (json_node_get_int (reply) == json_array_get_length (list))
    return g_variant_new_tuple (NULL, 0);
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_HYPERVISOR,
               "the guest did it with %" G_GINT64_FORMAT " of %u processors",
               json_node_get_int (reply), json_array_get_length (list));
  return NULL;
}

/* ---- sleeping and stopping ---- */

static const Question suspend_mem = { "guest-suspend-ram", VIREO_QGA_NO_REPLY, NULL, NULL };
static const Question suspend_disk = { "guest-suspend-disk", VIREO_QGA_NO_REPLY, NULL, NULL };
static const Question suspend_hybrid = { "guest-suspend-hybrid", VIREO_QGA_NO_REPLY, NULL, NULL };

static void
pm_suspend (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  static const struct
  {
    const char *target;
    const Question *question;
  } rows[] = { { "mem", &suspend_mem }, { "disk", &suspend_disk }, { "hybrid", &suspend_hybrid } };
  const char *target;
  guint64 duration;

  g_variant_get_child (args, 0, "&s", &target);
  g_variant_get_child (args, 1, "t", &duration);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].target, target) && duration == 0)
      {
        ask (obj, rows[i].question, args, FALSE, task);
        return;
      }
  if (duration != 0)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                             "a guest sleeps until it is woken, and for no set time");
  else
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                             "a guest sleeps in mem, disk or hybrid, not in \"%.100s\"", target);
  g_object_unref (task);
}

static void
on_woken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vireo_qmp_execute_finish (VIREO_QMP (source), result, &error);

  if (reply != NULL)
    return_values (task, g_variant_new_tuple (NULL, 0));
  else
    g_task_return_error (task, error);
}

static void
pm_wakeup (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  GError *error = NULL;

  if (vireo_qemu_domain_check_monitor (self, &error)
      && vireo_domain_obj_get_state (obj) != VIREO_DOMAIN_STATE_PMSUSPENDED)
    error = g_error_new_literal (VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                                 "the guest does not sleep");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  vireo_qmp_execute_async (self->qmp, "system_wakeup", NULL, NULL, 0,
                           g_task_get_cancellable (task), on_woken, task);
}

static JsonObject *
make_powerdown (GVariant *args, GError **error)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "mode", "powerdown");
  return arguments;
}

static JsonObject *
make_reboot (GVariant *args, GError **error)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "mode", "reboot");
  return arguments;
}

static const Question powerdown
    = { "guest-shutdown", VIREO_QGA_NO_REPLY, make_powerdown, NULL };
static const Question restart = { "guest-shutdown", VIREO_QGA_NO_REPLY, make_reboot, NULL };

/* The agent first, if it may and can be; the button is always there. */
static void
ask_to_stop (VireoDomainDriver *driver, VireoDomainObj *obj, gboolean wants_restart,
             VireoDomainAskModes modes, GTask *task)
{
  gboolean button = (modes & VIREO_DOMAIN_ASK_ACPI_POWER_BUTTON) != 0;
  g_autoptr (GError) error = NULL;

  if ((modes & VIREO_DOMAIN_ASK_GUEST_AGENT) != 0
      && (!button || vireo_qemu_agent_get (VIREO_QEMU_DOMAIN (obj), &error) != NULL))
    ask (obj, wants_restart ? &restart : &powerdown, NULL, TRUE, task);
  else if (button && wants_restart)
    vireo_qemu_reboot (driver, obj, task);
  else if (button)
    vireo_qemu_shutdown (driver, obj, task);
  else
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                               "a machine is asked by its power button or by its agent");
      g_object_unref (task);
    }
}

/* ---- a command as it is ---- */

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  JsonNode *reply = vireo_qga_execute_finish (VIREO_QGA (source), result, &error);

  if (reply != NULL)
    {
      vireo_monitor_command_return (task, reply, FALSE);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
run_agent_command (VireoDomainDriver *driver, VireoDomainObj *obj, const char *text, int timeout,
                   GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  VireoJob *job = vireo_obj_get_current_job (VIREO_OBJ (self));
  g_autofree char *name = NULL;
  JsonObject *arguments = NULL;
  GError *error = NULL;
  VireoQga *agent = vireo_qemu_agent_get (self, &error);

  if (agent == NULL || !vireo_monitor_command_parse (text, &name, &arguments, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (job != NULL)
    vireo_job_set_cancelable (job, TRUE);
  if (timeout == VIREO_QGA_TIMEOUT_USUAL)
    timeout = vireo_qemu_agent_get_timeout (self);
  vireo_qga_execute_async (agent, name, arguments, timeout, VIREO_QGA_RAW,
                           g_task_get_cancellable (task), on_reply, task);
}

static void
set_agent_timeout (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  VireoQemuDomain *self = VIREO_QEMU_DOMAIN (obj);
  GError *error = NULL;
  int timeout;

  g_variant_get_child (args, 0, "i", &timeout);
  if (timeout < VIREO_QGA_TIMEOUT_NEVER)
    error = g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                         "%d is neither a time nor -1 or -2", timeout);
  if (error != NULL || !vireo_qemu_domain_check_active (self, &error))
    g_task_return_error (task, error);
  else
    {
      self->status->agent_timeout = timeout;
      vireo_qemu_domain_save_async (self, NULL, NULL, NULL);
      return_values (task, g_variant_new_tuple (NULL, 0));
    }
  g_object_unref (task);
}

/* ---- the table ---- */

/* An operation that is a question. */
#define QUESTION(operation, command_, make_, take_)                                                \
  static void operation (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,           \
                         GTask *task)                                                              \
  {                                                                                                \
    static const Question question = { command_, VIREO_QGA_NONE, make_, take_ };                   \
                                                                                                   \
    ask (obj, &question, args, FALSE, task);                                                       \
  }

QUESTION (get_fs_info, "guest-get-fsinfo", NULL, take_fs_info)
QUESTION (freeze_all, "guest-fsfreeze-freeze", NULL, take_count)
QUESTION (freeze_some, "guest-fsfreeze-freeze-list", make_freeze_list, take_count)
QUESTION (fs_thaw, "guest-fsfreeze-thaw", make_thaw, take_count)
QUESTION (fs_trim, "guest-fstrim", make_trim, NULL)
QUESTION (get_hostname, "guest-get-host-name", NULL, take_hostname)
QUESTION (ask_addresses, "guest-network-get-interfaces", NULL, take_interfaces)
QUESTION (get_time, "guest-get-time", NULL, take_time)
QUESTION (set_time, "guest-set-time", make_time, NULL)
QUESTION (set_user_password, "guest-set-user-password", make_password, NULL)
QUESTION (get_ssh_keys, "guest-ssh-get-authorized-keys", make_user, take_keys)
QUESTION (add_ssh_keys, "guest-ssh-add-authorized-keys", make_keys, NULL)
QUESTION (remove_ssh_keys, "guest-ssh-remove-authorized-keys", make_keys, NULL)
QUESTION (get_guest_vcpus, "guest-get-vcpus", NULL, take_vcpus)
QUESTION (set_guest_vcpus, "guest-set-vcpus", make_vcpus, take_vcpus_done)

static void
fs_freeze (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) mountpoints = g_variant_get_child_value (args, 0);

  if (g_variant_n_children (mountpoints) > 0)
    freeze_some (driver, obj, args, task);
  else
    freeze_all (driver, obj, args, task);
}

static void
get_interface_addresses (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args,
                         GTask *task)
{
  const char *source;

  g_variant_get_child (args, 0, "&s", &source);
  if (g_str_equal (source, "agent"))
    {
      ask_addresses (driver, obj, args, task);
      return;
    }
  g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                           "addresses come from leases or from the agent, not from \"%.100s\"",
                           source);
  g_object_unref (task);
}

static void
set_ssh_keys (VireoDomainDriver *driver, VireoDomainObj *obj, GVariant *args, GTask *task)
{
  if (get_option (args, "append") && get_option (args, "remove"))
    {
      g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                               "keys are added or taken out, not both");
      g_object_unref (task);
    }
  else if (get_option (args, "remove"))
    remove_ssh_keys (driver, obj, args, task);
  else
    add_ssh_keys (driver, obj, args, task);
}

void
vireo_qemu_agent_fill (VireoDomainDriverInterface *iface)
{
  iface->ask = ask_to_stop;
  iface->get_fs_info = get_fs_info;
  iface->fs_freeze = fs_freeze;
  iface->fs_thaw = fs_thaw;
  iface->fs_trim = fs_trim;
  iface->get_hostname = get_hostname;
  iface->get_guest_info = vireo_qemu_agent_get_guest_info;
  iface->get_interface_addresses = get_interface_addresses;
  iface->get_time = get_time;
  iface->set_time = set_time;
  iface->set_user_password = set_user_password;
  iface->get_ssh_keys = get_ssh_keys;
  iface->set_ssh_keys = set_ssh_keys;
  iface->get_guest_vcpus = get_guest_vcpus;
  iface->set_guest_vcpus = set_guest_vcpus;
  iface->set_agent_timeout = set_agent_timeout;
  iface->run_agent_command = run_agent_command;
  iface->pm_suspend = pm_suspend;
  iface->pm_wakeup = pm_wakeup;
}
