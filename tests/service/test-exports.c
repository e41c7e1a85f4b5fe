/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service/vireo-exports.h"

#include <string.h>

#include "drivers/vireo-network-obj.h"
#include "util/vireo-error.h"

/* The daemon does not start with a member that somebody forgot: each way to forget one. */

static void
handle (VireoCall *call)
{
}

static GVariant *
get (VireoNode *node, const VireoReading *reading)
{
  return g_variant_new_string ("");
}

static const VireoHandler job_methods[] = { { "Cancel", handle }, { "Wait", handle }, { NULL } };
static const VireoHandler none[] = { { NULL } };
static const VireoGetter job_getters[] = { { "Objects", get }, { NULL } };

/* The Job interface, as it is served. */
static VireoService
good_service (void)
{
  VireoService service = {
    .interface = "org.vireo.Vireo1.Job",
    .path_kind = VIREO_PATH_JOB,
    .kind = "$object",
    .get_type = vireo_job_get_type,
    .methods = job_methods,
    .writers = none,
    .getters = job_getters,
  };

  return service;
}

static void
assert_incomplete (const VireoService *service, const char *says)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoExport) export = vireo_export_new (service, &error);

  g_assert_null (export);
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_complete (void)
{
  VireoService service = good_service ();
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoExport) export = vireo_export_new (&service, &error);
  guint index;

  g_assert_no_error (error);
  g_assert_true (vireo_export_find_attribute (export, "started-by-uid", &index));
  g_assert_cmpstr (export->info->properties[index].name, ==, "StartedByUid");
  g_assert_false (vireo_export_find_attribute (export, "nonsense", &index));
}

static void
test_methods (void)
{
  static const VireoHandler more[]
      = { { "Cancel", handle }, { "Wait", handle }, { "Fly", handle }, { NULL } };
  static const VireoHandler empty[] = { { "Cancel", NULL }, { "Wait", handle }, { NULL } };
  VireoService service = good_service ();

  service.methods = none;
  assert_incomplete (&service, "Job.Cancel has no handler");
  service.methods = empty;
  assert_incomplete (&service, "Job.Cancel has no handler");
  service.methods = more;
  assert_incomplete (&service, "Job.Fly");
}

static void
test_properties (void)
{
  static const VireoHandler read_only[] = { { "Progress", handle }, { NULL } };
  static const VireoHandler unknown[] = { { "Fly", handle }, { NULL } };
  static const VireoGetter unknown_getter[] = { { "Objects", get }, { "Fly", get }, { NULL } };
  VireoService service = good_service ();

  service.getters = NULL;
  assert_incomplete (&service, "Job.Objects cannot be read");
  service = good_service ();
  service.writers = read_only;
  assert_incomplete (&service, "Job.Progress has a handler and is read-only");
  service.writers = unknown;
  assert_incomplete (&service, "Job.Fly");
  service = good_service ();
  service.getters = unknown_getter;
  assert_incomplete (&service, "Job.Fly");
}

static void
test_writable (void)
{
  const VireoInterfaceInfo *info = vireo_interface_find ("org.vireo.Vireo1.Network");
  VireoHandler network_methods[64] = { { NULL } };
  VireoService service = {
    .interface = "org.vireo.Vireo1.Network",
    .path_kind = VIREO_PATH_NETWORK,
    .kind = "network",
    .get_type = vireo_network_obj_get_type,
    .methods = network_methods,
    .writers = none,
  };

  for (gsize i = 0; info->methods[i].name != NULL; i++)
    {
      g_assert_cmpuint (i, <, G_N_ELEMENTS (network_methods) - 1);
      network_methods[i].name = info->methods[i].name;
      network_methods[i].handle = handle;
    }
  assert_incomplete (&service, "Network.Autostart can be written and has no handler");
}

static void
test_names (void)
{
  VireoService service = good_service ();

  service.interface = "org.vireo.Vireo1.Nonsense";
  assert_incomplete (&service, "is no interface");
  service = good_service ();
  service.kind = "nonsense";
  assert_incomplete (&service, "getattr");
}

/* Every action of every member says what it is, and reading is told from changing. */
static void
test_actions (void)
{
  for (const VireoInterfaceInfo *info = vireo_interfaces; info->name != NULL; info++)
    for (const VireoMethodInfo *method = info->methods; method->name != NULL; method++)
      {
        g_assert_nonnull (method->actions[0]);
        for (guint i = 0; method->actions[i] != NULL; i++)
          g_assert_true (
              vireo_action_find (method->actions[i]->kind, method->actions[i]->permission)
              == method->actions[i]);
      }
  g_assert_true (vireo_action_find ("domain", "getattr")->reading);
  g_assert_true (vireo_action_find ("connect", "search-domains")->reading);
  g_assert_false (vireo_action_find ("domain", "read-secure")->reading);
  g_assert_false (vireo_action_find ("domain", "start")->reading);
  g_assert_null (vireo_action_find ("domain", "fly"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exports/complete", test_complete);
  g_test_add_func ("/exports/methods", test_methods);
  g_test_add_func ("/exports/properties", test_properties);
  g_test_add_func ("/exports/writable", test_writable);
  g_test_add_func ("/exports/names", test_names);
  g_test_add_func ("/exports/actions", test_actions);
  return g_test_run ();
}
