/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-qemu-driver.h"

#include "drivers/common/vireo-linux-host.h"
#include "drivers/common/vireo-network-filter-keeper.h"
#include "drivers/common/vireo-secret-keeper.h"
#include "drivers/network/vireo-bridge-network-driver.h"
#include "drivers/storage/vireo-dir-storage.h"
#include "vireo-qemu-capsxml.h"
#include "vireo-qemu-domcaps.h"
#include "vireo-qemu-native.h"

#define DRIVER_ID "qemu"
#define DRIVER_NAME "QEMU"
#define URI_SYSTEM "qemu:///system"
#define URI_SESSION "qemu:///session"

/* ---- the connection ---- */

struct _VireoQemuConnection
{
  VireoConnectionObj parent_instance;
};

G_DEFINE_FINAL_TYPE (VireoQemuConnection, vireo_qemu_connection, VIREO_TYPE_CONNECTION_OBJ)

static VireoQemuDomains *
get_domains (VireoConnectionObj *connection)
{
  return VIREO_QEMU_DOMAINS (vireo_connection_obj_get_domain_driver (connection));
}

static void
on_capabilities (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  char *xml = vireo_qemu_capabilities_finish (result, &error);

  if (xml != NULL)
    g_task_return_pointer (task, xml, g_free);
  else
    g_task_return_error (task, error);
}

static void
get_capabilities (VireoConnectionObj *connection, GTask *task)
{
  vireo_qemu_capabilities_async (get_domains (connection)->caps, g_task_get_cancellable (task),
                                 on_capabilities, task);
}

static void
get_domain_capabilities (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  vireo_qemu_domcaps_get (get_domains (connection)->caps, args, task);
}

static void
get_cpu_models (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  vireo_qemu_domcaps_get_cpu_models (get_domains (connection)->caps, args, task);
}

static void
vireo_qemu_connection_class_init (VireoQemuConnectionClass *klass)
{
  VireoConnectionObjClass *connection_class = VIREO_CONNECTION_OBJ_CLASS (klass);

  connection_class->get_capabilities = get_capabilities;
  connection_class->get_domain_capabilities = get_domain_capabilities;
  connection_class->get_cpu_models = get_cpu_models;
  connection_class->domain_xml_to_native = vireo_qemu_domain_xml_to_native;
}

static void
vireo_qemu_connection_init (VireoQemuConnection *self)
{
}

/* What callers want to know before they ask an emulator for anything: found out once, when the
 * connection is there, without making anybody wait. */
static void
on_version (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (VireoConnectionObj) connection = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoQemuCaps) caps
      = vireo_qemu_caps_cache_get_finish (VIREO_QEMU_CAPS_CACHE (source), result, &error);
  g_autofree char *version = NULL;
  guint number;

  if (caps == NULL)
    {
      g_message ("the version of QEMU is not known: %s", error->message);
      return;
    }
  number = vireo_qemu_caps_get_version (caps);
  version = g_strdup_printf ("%u.%u.%u", number / 1000000, number / 1000 % 1000, number % 1000);
  vireo_connection_obj_set_hypervisor_version (connection, version);
}

static void
find_version (VireoConnectionObj *connection)
{
  g_autoptr (GPtrArray) emulators = vireo_qemu_find_emulators ();

  for (guint i = 0; i < emulators->len; i++)
    if (g_str_has_suffix (emulators->pdata[i], "qemu-system-x86_64") || i + 1 == emulators->len)
      {
        vireo_qemu_caps_cache_get_async (get_domains (connection)->caps, emulators->pdata[i], NULL,
                                         on_version, g_object_ref (connection));
        return;
      }
}

/* ---- the driver ---- */

struct _VireoQemuDriver
{
  GObject parent_instance;

  const VireoEnv *env;
};

static void driver_init (VireoDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (VireoQemuDriver, vireo_qemu_driver, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (VIREO_TYPE_DRIVER, driver_init))

static gboolean
accepts_uri (VireoDriver *driver, const char *uri)
{
  VireoQemuDriver *self = VIREO_QEMU_DRIVER (driver);

  return g_str_equal (uri, self->env->session ? URI_SESSION : URI_SYSTEM);
}

/* What was loaded before the domains. */
typedef struct
{
  VireoSecretKeeper *secrets;
  VireoNetworkFilterKeeper *filters;
  VireoDirStorage *storage;
  VireoNetworkDriver *networks; /* (nullable) */
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_clear_object (&opening->secrets);
  g_clear_object (&opening->storage);
  g_clear_object (&opening->networks);
  g_clear_object (&opening->filters);
  g_free (opening);
}

static VireoConnectionObj *
connection_new (VireoQemuDriver *self, VireoQemuDomains *domains, const Opening *opening)
{
  /* Guests are kept apart by who they run as. */
  g_autoptr (VireoHostDriver) host = vireo_linux_host_new ("", "dac", "0");

  return g_object_new (VIREO_TYPE_QEMU_CONNECTION,
                       "name", DRIVER_ID,
                       "driver", DRIVER_NAME,
                       "uri", self->env->session ? URI_SESSION : URI_SYSTEM,
                       "domain-driver", domains,
                       "network-driver", domains->networks,
                       "storage-driver", opening->storage,
                       "host-driver", host,
                       "secret-driver", opening->secrets,
                       "network-filter-driver", opening->filters,
                       NULL);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  VireoQemuDriver *self = VIREO_QEMU_DRIVER (g_task_get_source_object (task));
  VireoConnectionObj *connection;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  connection = connection_new (self, VIREO_QEMU_DOMAINS (source), g_task_get_task_data (task));
  find_version (connection);
  g_task_return_pointer (task, connection, g_object_unref);
}

/* Takes @task over. */
static void
open_domains (VireoQemuDriver *self, GTask *task)
{
  const Opening *opening = g_task_get_task_data (task);
  g_autoptr (VireoQemuDomains) domains
      = vireo_qemu_domains_new (self->env, opening->networks,
                                VIREO_STORAGE_DRIVER (opening->storage));
  GCancellable *cancellable = g_task_get_cancellable (task);

  vireo_qemu_domains_open (domains, g_task_new (domains, cancellable, on_opened, task));
}

/* One whose pools cannot be had still runs guests. */
static void
on_storage_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("storage pools: %s", error->message);
  open_domains (g_task_get_source_object (task), task);
}

/* Takes @task over. */
static void
open_storage (VireoQemuDriver *self, GTask *task)
{
  Opening *opening = g_task_get_task_data (task);

  opening->storage = vireo_dir_storage_new (self->env);
  vireo_dir_storage_load (opening->storage,
                          g_task_new (opening->storage, NULL, on_storage_loaded, task));
}

/* A host on which networks cannot be had still runs guests: each start that needs one says why. */
static void
on_networks_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GError) error = NULL;

  if (!vireo_bridge_network_driver_load_finish (VIREO_NETWORK_DRIVER (source), result, &error))
    g_warning ("networks: %s", error->message);
  open_storage (g_task_get_source_object (task), task);
}

/* Takes @task over. */
static void
open_networks (VireoQemuDriver *self, GTask *task)
{
  Opening *opening = g_task_get_task_data (task);

  if (!self->env->session)
    opening->networks = vireo_bridge_network_driver_new (self->env);
  if (opening->networks == NULL)
    open_storage (self, task);
  else
    vireo_bridge_network_driver_load_async (opening->networks, g_task_get_cancellable (task),
                                            on_networks_loaded, task);
}

static void
on_filters_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_keeper_load_finish (VIREO_KEEPER (source), result, &error))
    g_warning ("network filters: %s", error->message);
  open_networks (g_task_get_source_object (user_data), user_data);
}

static void
on_secrets_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Opening *opening = g_task_get_task_data (user_data);
  g_autoptr (GError) error = NULL;

  if (!vireo_secret_keeper_load_finish (VIREO_SECRET_KEEPER (source), result, &error))
    g_warning ("secrets: %s", error->message);
  vireo_keeper_load_async (VIREO_KEEPER (opening->filters), g_task_get_cancellable (user_data),
                           on_filters_loaded, user_data);
}

/* Guests that are started with the host need their secrets, networks and disks. */
static void
open_connection (VireoDriver *driver, const char *uri, GTask *task)
{
  VireoQemuDriver *self = VIREO_QEMU_DRIVER (driver);
  g_autofree char *secrets = g_build_filename (self->env->state_dir, "secret", NULL);
  g_autofree char *filters = g_build_filename (self->env->state_dir, "nwfilter", NULL);
  Opening *opening = g_new0 (Opening, 1);

  opening->secrets = vireo_secret_keeper_new (secrets);
  opening->filters = vireo_network_filter_keeper_new (filters);
  g_task_set_task_data (task, opening, opening_free);
  vireo_secret_keeper_load_async (opening->secrets, g_task_get_cancellable (task),
                                  on_secrets_loaded, task);
}

static void
driver_init (VireoDriverInterface *iface)
{
  iface->name = DRIVER_NAME;
  iface->id = DRIVER_ID;
  iface->accepts_uri = accepts_uri;
  iface->open = open_connection;
}

static void
vireo_qemu_driver_class_init (VireoQemuDriverClass *klass)
{
}

static void
vireo_qemu_driver_init (VireoQemuDriver *self)
{
}

/**
 * vireo_qemu_driver_new:
 * @env: where the daemon keeps its things; it must outlive the driver
 *
 * Returns: (transfer full): the driver of QEMU
 * Since: 0.1
 */
VireoDriver *
vireo_qemu_driver_new (const VireoEnv *env)
{
  VireoQemuDriver *self = g_object_new (VIREO_TYPE_QEMU_DRIVER, NULL);

  self->env = env;
  return VIREO_DRIVER (self);
}
