/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-services.h"

#include "drivers/vireo-driver.h"
#include "vireo-define.h"
#include "vireo-gate.h"

static VireoDomainDriver *
get_driver (VireoCall *call)
{
  return vireo_connection_obj_get_domain_driver (VIREO_CONNECTION_OBJ (call->node->parent->object));
}

static VireoDomainObj *
get_domain (VireoCall *call)
{
  return VIREO_DOMAIN_OBJ (call->node->object);
}

/* Whether the driver has an operation; the call is answered when it has not. */
static gboolean
supports (VireoCall *call, gboolean has_function)
{
  if (!has_function)
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "the driver of this domain has no %s", call->handler->name);
  return has_function;
}

/* The operations that take the domain and nothing else: where their function is in the table of a
 * driver. */
typedef void (*PlainFunc) (VireoDomainDriver *driver, VireoDomainObj *domain, GTask *task);

static void
call_plain (VireoCall *call, PlainFunc func)
{
  if (supports (call, func != NULL))
    func (get_driver (call), get_domain (call), vireo_call_task_boolean (call));
}

static void
handle_start (VireoCall *call)
{
  VireoDomainDriver *driver = get_driver (call);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (driver);
  VireoDomainStartFlags flags = vireo_call_get_boolean (call, "paused") ? VIREO_DOMAIN_START_PAUSED
                                                                        : VIREO_DOMAIN_START_NONE;

  if (supports (call, iface->start != NULL))
    iface->start (driver, get_domain (call), flags, vireo_call_task_boolean (call));
}

static void
handle_destroy (VireoCall *call)
{
  VireoDomainDriver *driver = get_driver (call);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (driver);
  VireoDomainDestroyFlags flags = vireo_call_get_boolean (call, "graceful")
                                      ? VIREO_DOMAIN_DESTROY_GRACEFUL
                                      : VIREO_DOMAIN_DESTROY_NONE;

  if (supports (call, iface->destroy != NULL))
    iface->destroy (driver, get_domain (call), flags, vireo_call_task_boolean (call));
}

static void
handle_shutdown (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->shutdown);
}

static void
handle_reboot (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->reboot);
}

static void
handle_reset (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->reset);
}

static void
handle_suspend (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->suspend);
}

static void
handle_resume (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->resume);
}

static void
handle_undefine (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->undefine);
}

static void
handle_rerun_post_parse (VireoCall *call)
{
  call_plain (call, VIREO_DOMAIN_DRIVER_GET_IFACE (get_driver (call))->rerun_post_parse);
}

static void
handle_rename (VireoCall *call)
{
  VireoDomainDriver *driver = get_driver (call);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (driver);
  const char *name;

  g_variant_get_child (call->args, 0, "&s", &name);
  if (supports (call, iface->rename != NULL))
    iface->rename (driver, get_domain (call), name, vireo_call_task_boolean (call));
}

static void
handle_set_xml (VireoCall *call)
{
  VireoDomainDriver *driver = get_driver (call);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->replace != NULL))
    iface->replace (driver, get_domain (call), call->def, vireo_call_task_boolean (call));
}

/* ---- GetXml ---- */

/* Passwords take a permission more, and so does a text of which nobody knows whether it has any. */
static void
prepare_get_xml (VireoCall *call)
{
  if (vireo_call_get_boolean (call, "secure")
      || vireo_domain_obj_get_raw (get_domain (call), NULL) != NULL)
    vireo_call_require (call, vireo_action_find ("domain", "read-secure"));
  vireo_call_prepared (call);
}

static void
handle_get_xml (VireoCall *call)
{
  static const struct
  {
    const char *option;
    VireoFormatFlags flag;
  } options[] = {
    { "secure", VIREO_FORMAT_SECURE },
    { "inactive", VIREO_FORMAT_INACTIVE },
    { "migratable", VIREO_FORMAT_MIGRATABLE },
  };
  VireoFormatFlags flags = VIREO_FORMAT_NONE;
  GError *error = NULL;
  g_autofree char *xml = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (vireo_call_get_boolean (call, options[i].option))
      flags |= options[i].flag;
  /* The definition may have become unparsable while polkit was asked. */
  if (vireo_domain_obj_get_raw (get_domain (call), NULL) != NULL
      && !vireo_call_has_required (call, vireo_action_find ("domain", "read-secure")))
    {
      vireo_call_return_new_error (call, VIREO_ERROR_UNPARSABLE,
                                   "the definition can no longer be parsed");
      return;
    }
  xml = vireo_domain_obj_format (get_domain (call), flags, &error);
  if (xml == NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return (call, g_variant_new ("(s)", xml));
}

/* ---- OpenConsole ---- */

static void
on_console (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;
  gssize fd = g_task_propagate_int (G_TASK (result), &error);

  if (error != NULL)
    vireo_call_return_error (call, error);
  else
    vireo_call_return_fd (call, (int) fd);
}

static void
handle_open_console (VireoCall *call)
{
  VireoDomainDriver *driver = get_driver (call);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (driver);
  const char *device;

  g_variant_get_child (call->args, 0, "&s", &device);
  if (supports (call, iface->open_console != NULL))
    iface->open_console (driver, get_domain (call), *device != '\0' ? device : NULL,
                         vireo_call_get_boolean (call, "force"),
                         vireo_call_task (call, on_console));
}

/* ---- properties ---- */

static void
write_autostart (VireoCall *call)
{
  VireoDomainDriver *driver = get_driver (call);
  VireoDomainDriverInterface *iface = VIREO_DOMAIN_DRIVER_GET_IFACE (driver);

  if (supports (call, iface->set_autostart != NULL))
    iface->set_autostart (driver, get_domain (call), g_variant_get_boolean (call->value),
                          vireo_call_task_boolean (call));
}

static GVariant *
get_current_job (VireoNode *node, const VireoReading *reading)
{
  return g_variant_new_object_path (vireo_node_get_job_path (node));
}

static const VireoHandler methods[] = {
  { "Start", handle_start, VIREO_JOB_CHANGE, "domain-start", .show_job = TRUE },
  { "Shutdown", handle_shutdown, VIREO_JOB_CHANGE, "domain-shutdown" },
  { "Reboot", handle_reboot, VIREO_JOB_CHANGE, "domain-reboot" },
  { "Reset", handle_reset },
  { "Destroy", handle_destroy, VIREO_JOB_STOP, "domain-destroy", .show_job = TRUE },
  { "Suspend", handle_suspend, VIREO_JOB_CHANGE, "domain-suspend" },
  { "Resume", handle_resume, VIREO_JOB_CHANGE, "domain-resume" },
  { "Undefine", handle_undefine, VIREO_JOB_CHANGE, "domain-undefine" },
  { "Rename", handle_rename, VIREO_JOB_CHANGE, "domain-rename",
    .prepare = vireo_define_prepare_name },
  { "GetXml", handle_get_xml, .prepare = prepare_get_xml },
  { "SetXml", handle_set_xml, VIREO_JOB_CHANGE, "domain-set-xml",
    .prepare = vireo_define_prepare_domain },
  { "OpenConsole", handle_open_console },
  { "RerunPostParse", handle_rerun_post_parse, VIREO_JOB_CHANGE, "domain-rerun-post-parse" },
  { NULL },
};

static const VireoHandler writers[] = {
  { "Autostart", write_autostart, VIREO_JOB_CHANGE, "domain-set-autostart" },
  { NULL },
};

static const VireoGetter getters[] = {
  { "CurrentJob", get_current_job },
  { NULL },
};

const VireoService vireo_service_domain = {
  .interface = "org.vireo.Vireo1.Domain",
  .path_kind = VIREO_PATH_DOMAIN,
  .kind = "domain",
  .get_type = vireo_domain_obj_get_type,
  .methods = methods,
  .writers = writers,
  .getters = getters,
};
