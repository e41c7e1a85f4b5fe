/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "drivers/common/vireo-secret-keeper.h"
#include "drivers/vireo-drivers-built.h"
#include "vireo-test-cpus.h"
#include "vireo-test-devices.h"
#include "vireo-test-domains.h"
#include "vireo-test-filters.h"
#include "vireo-test-host.h"
#include "vireo-test-interfaces.h"
#include "vireo-test-migrate.h"
#include "vireo-test-native.h"
#include "vireo-test-networks.h"
#include "vireo-test-paths.h"
#include "vireo-test-storage.h"

#define URI_PREFIX "test:///"
#define DEFAULT_NAME "default"
#define MAX_NAME 32

/* What the connection starts with; the UUIDs are those of libvirt's connection of that name. */
static const char default_network[]
    = "<network>"
      "<name>default</name>"
      "<uuid>dd8fe884-6c02-601e-7551-cca97df1c5df</uuid>"
      "<forward mode='nat'/>"
      "<bridge name='virbr0' stp='on' delay='0'/>"
      "<ip address='192.168.122.1' netmask='255.255.255.0'>"
      "<dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>"
      "</ip>"
      "</network>";

static const char default_domain[]
    = "<domain type='test'>"
      "<name>test</name>"
      "<uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>"
      "<memory>8388608</memory>"
      "<currentMemory>2097152</currentMemory>"
      "<vcpu>2</vcpu>"
      "<os><type arch='x86_64'>hvm</type></os>"
      "<devices>"
      "<disk type='file' device='disk'>"
      "<source file='/guest/diskimage1'/><target dev='vda' bus='virtio'/>"
      "</disk>"
      "<interface type='network'>"
      "<mac address='aa:bb:cc:dd:ee:ff'/>"
      "<source network='default'/><target dev='testnet0'/>"
      "</interface>"
      "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
      "<memballoon model='virtio'/>"
      "<serial type='pty'><target port='0'/></serial>"
      "<console type='pty'><target type='serial' port='0'/></console>"
      "</devices>"
      "</domain>";

static const char default_pool[] = "<pool type='dir'>"
                                   "<name>default-pool</name>"
                                   "<uuid>dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566</uuid>"
                                   "<target><path>/default-pool</path></target>"
                                   "</pool>";

static const char capabilities[] = "<capabilities>\n"
                                   "  <host>\n"
                                   "    <cpu>\n"
                                   "      <arch>x86_64</arch>\n"
                                   "      <model>EPYC</model>\n"
                                   "      <vendor>AMD</vendor>\n"
                                   "    </cpu>\n"
                                   "  </host>\n"
                                   "  <guest>\n"
                                   "    <os_type>hvm</os_type>\n"
                                   "    <arch name='x86_64'>\n"
                                   "      <wordsize>64</wordsize>\n"
                                   "      <domain type='test'/>\n"
                                   "    </arch>\n"
                                   "  </guest>\n"
                                   "</capabilities>\n";

/* ---- the connection ---- */

#define TEST_TYPE_CONNECTION (test_connection_get_type ())
G_DECLARE_FINAL_TYPE (TestConnection, test_connection, TEST, CONNECTION, VireoConnectionObj)

struct _TestConnection
{
  VireoConnectionObj parent_instance;
};

G_DEFINE_FINAL_TYPE (TestConnection, test_connection, VIREO_TYPE_CONNECTION_OBJ)

static void
get_capabilities (VireoConnectionObj *connection, GTask *task)
{
  g_task_return_pointer (task, g_strdup (capabilities), g_free);
  g_object_unref (task);
}

static void
get_domain_capabilities (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  vireo_test_host_get_domain_capabilities (connection, args, task);
}

static void
get_cpu_models (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  vireo_test_host_get_cpu_models (connection, args, task);
}

static void
test_connection_class_init (TestConnectionClass *klass)
{
  VireoConnectionObjClass *connection_class = VIREO_CONNECTION_OBJ_CLASS (klass);

  connection_class->get_capabilities = get_capabilities;
  connection_class->get_domain_capabilities = get_domain_capabilities;
  connection_class->get_cpu_models = get_cpu_models;
  connection_class->compare_cpu = vireo_test_compare_cpu;
  connection_class->baseline_cpu = vireo_test_baseline_cpu;
  connection_class->domain_xml_from_native = vireo_test_domain_xml_from_native;
  connection_class->domain_xml_to_native = vireo_test_domain_xml_to_native;
}

static void
test_connection_init (TestConnection *self)
{
}

/* ---- the driver ---- */

#define TEST_TYPE_DRIVER (test_driver_get_type ())
G_DECLARE_FINAL_TYPE (TestDriver, test_driver, TEST, DRIVER, GObject)

struct _TestDriver
{
  GObject parent_instance;
};

static void driver_init (VireoDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestDriver,
                               test_driver,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_DRIVER, driver_init))

/* What is being opened. */
typedef struct
{
  VireoTestDomains *domains;
  VireoTestNetworks *networks;
  VireoSecretKeeper *secrets;
  VireoTestStorage *storage;
  char *name; /* the URI's */
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_object_unref (opening->secrets);
  g_object_unref (opening->storage);
  g_object_unref (opening->networks);
  g_object_unref (opening->domains);
  g_free (opening->name);
  g_free (opening);
}

static gboolean
is_default (const Opening *opening)
{
  return g_str_equal (opening->name, DEFAULT_NAME);
}

static void
opened (GTask *task)
{
  Opening *opening = g_task_get_task_data (task);
  g_autofree char *uri = g_strconcat (URI_PREFIX, opening->name, NULL);
  g_autofree char *id
      = is_default (opening) ? g_strdup ("test") : g_strconcat ("test-", opening->name, NULL);
  g_autoptr (VireoHostDriver) host
      = vireo_test_host_new (vireo_keeper_get_list (VIREO_KEEPER (opening->domains)));
  g_autoptr (VireoTestFilters) filters = vireo_test_filters_new ();
  g_autoptr (VireoNodeDeviceDriver) devices = vireo_test_devices_new (is_default (opening));
  g_autoptr (VireoHostInterfaceDriver) interfaces = vireo_test_interfaces_new ();

  vireo_test_migrate_register (opening->domains, uri);
  vireo_test_paths_register (opening->domains, opening->storage);
  g_task_return_pointer (task,
                         g_object_new (TEST_TYPE_CONNECTION, "name", id, "driver", "Test",
                                       "uri", uri, "hypervisor-version", VIREO_VERSION,
                                       "domain-driver", opening->domains, "network-driver",
                                       opening->networks, "storage-driver", opening->storage,
                                       "host-driver", host, "secret-driver", opening->secrets,
                                       "network-filter-driver", filters, "node-device-driver",
                                       devices, "host-interface-driver", interfaces, NULL),
                         g_object_unref);
}

static void
domain_defined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainObj) obj = g_task_propagate_pointer (G_TASK (result), &error);

  if (obj == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_test_domains_run (opening->domains, obj, FALSE);
  opened (task);
}

static void
define_domain (GTask *task)
{
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def
      = vireo_domain_def_parse (default_domain, -1, VIREO_PARSE_STRICT, &error);

  if (def == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  vireo_keeper_define (VIREO_KEEPER (opening->domains), def, VIREO_OWNER_ROOT,
                       g_task_new (NULL, NULL, domain_defined, task));
}

static void
pool_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_error (task, error);
  else if (is_default (g_task_get_task_data (task)))
    define_domain (g_steal_pointer (&task));
  else
    opened (task);
}

static void
pool_defined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *opening = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (VireoStoragePoolObj) obj = g_task_propagate_pointer (G_TASK (result), &error);

  if (obj == NULL)
    g_task_return_error (task, error);
  else
    vireo_storage_keeper_start (VIREO_STORAGE_KEEPER (opening->storage), obj,
                                g_task_new (NULL, NULL, pool_started, g_steal_pointer (&task)));
}

static void
network_defined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNetworkObj) obj = g_task_propagate_pointer (G_TASK (result), &error);
  g_autoptr (VireoStoragePoolDef) def = NULL;

  if (obj != NULL)
    {
      vireo_test_networks_run (opening->networks, obj);
      def = vireo_storage_pool_def_parse (default_pool, -1, VIREO_PARSE_STRICT, &error);
    }
  if (def == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  vireo_keeper_define (VIREO_KEEPER (opening->storage), def, VIREO_OWNER_ROOT,
                       g_task_new (NULL, NULL, pool_defined, g_steal_pointer (&task)));
}

static void
open_connection (VireoDriver *driver, const char *uri, GTask *task)
{
  Opening *opening = g_new0 (Opening, 1);
  g_autoptr (VireoNetworkDef) def = NULL;
  g_autoptr (GError) error = NULL;

  opening->name = g_strdup (uri + strlen (URI_PREFIX));
  opening->domains = vireo_test_domains_new (NULL);
  opening->secrets = vireo_secret_keeper_new (NULL);
  opening->storage = vireo_test_storage_new (NULL);
  opening->networks
      = vireo_test_networks_new (NULL, vireo_keeper_get_list (VIREO_KEEPER (opening->domains)));
  g_task_set_task_data (task, opening, opening_free);
  def = vireo_network_def_parse (default_network, -1, VIREO_PARSE_STRICT, &error);
  if (def == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }
  vireo_keeper_define (VIREO_KEEPER (opening->networks), def, VIREO_OWNER_ROOT,
                       g_task_new (NULL, NULL, network_defined, task));
}

static gboolean
accepts_uri (VireoDriver *driver, const char *uri)
{
  const char *name;

  if (uri == NULL || !g_str_has_prefix (uri, URI_PREFIX))
    return FALSE;
  name = uri + strlen (URI_PREFIX);
  return *name != '\0' && strlen (name) <= MAX_NAME
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen (name);
}

static void
driver_init (VireoDriverInterface *iface)
{
  iface->name = "Test";
  iface->id = "test";
  iface->several = TRUE;
  iface->accepts_uri = accepts_uri;
  iface->open = open_connection;
}

static void
test_driver_class_init (TestDriverClass *klass)
{
}

static void
test_driver_init (TestDriver *self)
{
}

/**
 * vireo_test_driver_new:
 * @env: not used: everything is in memory
 *
 * Returns: (transfer full): the driver of `test:///default`
 * Since: 0.1
 */
VireoDriver *
vireo_test_driver_new (const VireoEnv *env)
{
  return g_object_new (TEST_TYPE_DRIVER, NULL);
}
