/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-autodestroy.h"

#include "drivers/vireo-driver.h"
#include "util/vireo-store.h"
#include "util/vireo-task.h"

#define FOLDER "autodestroy"
#define GROUP "autodestroy"
/* Four short lines. */
#define MAX_RECORD 4096
#define RECORD_MODE 0600

struct _VireoAutodestroy
{
  VireoTree *tree;
  VireoStore *store;
  GDBusConnection *connection; /* (nullable) */
  gboolean begun;
  GHashTable *bindings;        /* path of the domain -> Binding */
};

/* A run of a domain, which its id tells from others, and whom it is for: a bus has an id of its
 * own, and gives no name twice (D-Bus specification, "Unique connection name"). */
typedef struct
{
  VireoAutodestroy *owner;
  char *path;
  guint id;
  char *bus;
  char *name;
  guint watch_id;
} Binding;

static void
binding_free (gpointer data)
{
  Binding *self = data;

  if (self->watch_id != 0)
    g_bus_unwatch_name (self->watch_id);
  g_free (self->path);
  g_free (self->bus);
  g_free (self->name);
  g_free (self);
}

/* ---- on disk ---- */

/* The domain's path, which has nothing that a file's name has not, but for the slashes. */
static char *
file_name (const Binding *binding)
{
  return g_strdelimit (g_strdup (binding->path + 1), "/", '.');
}

static GBytes *
to_bytes (const Binding *binding)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize length;
  char *text;

  g_key_file_set_string (file, GROUP, "domain", binding->path);
  g_key_file_set_uint64 (file, GROUP, "id", binding->id);
  g_key_file_set_string (file, GROUP, "bus", binding->bus);
  g_key_file_set_string (file, GROUP, "name", binding->name);
  text = g_key_file_to_data (file, &length, NULL);
  return g_bytes_new_take (text, length);
}

/* (transfer full) (nullable) */
static Binding *
parse (GBytes *bytes)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  Binding *self;

  if (!g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_NONE, NULL))
    return NULL;
  self = g_new0 (Binding, 1);
  self->path = g_key_file_get_string (file, GROUP, "domain", NULL);
  self->id = (guint) g_key_file_get_uint64 (file, GROUP, "id", NULL);
  self->bus = g_key_file_get_string (file, GROUP, "bus", NULL);
  self->name = g_key_file_get_string (file, GROUP, "name", NULL);
  if (self->path != NULL && g_variant_is_object_path (self->path) && self->bus != NULL
      && self->name != NULL && g_dbus_is_unique_name (self->name))
    return self;
  binding_free (self);
  return NULL;
}

static void
load (VireoAutodestroy *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;

  if (!vireo_store_prepare (self->store, &error)
      || (names = vireo_store_list (self->store, "", &error)) == NULL)
    {
      g_warning ("which domains go with those who started them is not known: %s", error->message);
      return;
    }
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GBytes) bytes = vireo_store_read (self->store, names->pdata[i], MAX_RECORD, NULL);
      Binding *binding = bytes != NULL ? parse (bytes) : NULL;

      if (binding == NULL)
        {
          g_warning ("%s/%s says of no domain with whom it goes",
                     vireo_store_get_folder (self->store), (const char *) names->pdata[i]);
          continue;
        }
      binding->owner = self;
      g_hash_table_replace (self->bindings, binding->path, binding);
    }
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    g_warning ("that a domain goes with who started it is not forgotten: %s", error->message);
}

static void
forget (Binding *binding)
{
  VireoAutodestroy *self = binding->owner;
  g_autofree char *name = file_name (binding);

  vireo_store_apply_async (self->store, &(VireoStoreOp){ .name = name }, 1, NULL, on_removed, NULL);
  g_hash_table_remove (self->bindings, binding->path);
}

/* ---- destroying ---- */

typedef struct
{
  VireoAutodestroy *owner;
  VireoNode *node;
  VireoJob *job;
  guint id;
  char *name; /* of who has left */
} Destruction;

/* What was not done is tried again when the daemon or the bus begins anew. */
static void
end_destruction (Destruction *self, const GError *error)
{
  Binding *binding = g_hash_table_lookup (self->owner->bindings, self->node->path);

  if (error != NULL)
    g_warning ("%s is not destroyed, although %s, who started it, has left the bus: %s",
               self->node->path, self->name, error->message);
  else if (binding != NULL && binding->id == self->id)
    forget (binding);
  vireo_node_unref (self->node);
  g_clear_object (&self->job);
  g_free (self->name);
  g_free (self);
}

static void
on_destroyed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Destruction *self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_message ("%s was destroyed: %s, who started it, has left the bus", self->node->path,
               self->name);
  vireo_job_end (self->job, error);
  end_destruction (self, error);
}

static void
on_slot (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Destruction *self = user_data;
  VireoDomainObj *domain = VIREO_DOMAIN_OBJ (source);
  VireoNode *connection = vireo_node_get_connection (self->node);
  VireoDomainDriver *driver = vireo_connection_obj_get_part (
      VIREO_CONNECTION_OBJ (connection->object), VIREO_PART_DOMAINS);
  g_autoptr (GError) error = NULL;

  self->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  if (self->job == NULL)
    end_destruction (self, error);
  else if (vireo_domain_obj_get_id (domain) != self->id)
    {
      vireo_job_end (self->job, NULL);
      end_destruction (self, NULL);
    }
  else
    VIREO_DOMAIN_DRIVER_GET_IFACE (driver)
        ->destroy (driver, domain, VIREO_DOMAIN_DESTROY_NONE,
                   g_task_new (NULL, NULL, on_destroyed, self));
}

/* Whoever started it has left. */
static void
destroy (Binding *binding)
{
  VireoNode *node = vireo_tree_find (binding->owner->tree, binding->path);
  Destruction *destruction;

  if (node == NULL || !VIREO_IS_DOMAIN_OBJ (node->object)
      || vireo_domain_obj_get_id (VIREO_DOMAIN_OBJ (node->object)) != binding->id)
    {
      forget (binding);
      return;
    }
  destruction = g_new0 (Destruction, 1);
  destruction->owner = binding->owner;
  destruction->node = vireo_node_ref (node);
  destruction->id = binding->id;
  destruction->name = g_strdup (binding->name);
  vireo_obj_begin_job_async (VIREO_OBJ (node->object), "domain-destroy", VIREO_JOB_STOP, 0, NULL,
                             on_slot, destruction);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  /* Without a connection it is not known who is there. */
  if (connection != NULL)
    destroy (user_data);
}

/* Begins to watch whom it is for, if that can be told. */
static void
take_up (Binding *binding)
{
  VireoAutodestroy *self = binding->owner;

  if (self->connection == NULL || !self->begun)
    return;
  if (!g_str_equal (binding->bus, g_dbus_connection_get_guid (self->connection)))
    destroy (binding);
  else
    binding->watch_id = g_bus_watch_name_on_connection (self->connection, binding->name,
                                                        G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                        on_vanished, binding, NULL);
}

/* ---- the interface ---- */

VireoAutodestroy *
vireo_autodestroy_new (VireoTree *tree, const char *run_dir)
{
  VireoAutodestroy *self = g_new0 (VireoAutodestroy, 1);
  g_autofree char *folder = g_build_filename (run_dir, FOLDER, NULL);

  self->tree = g_object_ref (tree);
  self->store = vireo_store_new (folder);
  self->bindings = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, binding_free);
  load (self);
  return self;
}

void
vireo_autodestroy_free (VireoAutodestroy *self)
{
  g_hash_table_unref (self->bindings);
  g_clear_object (&self->connection);
  g_object_unref (self->store);
  g_object_unref (self->tree);
  g_free (self);
}

void
vireo_autodestroy_set_connection (VireoAutodestroy *self, GDBusConnection *connection)
{
  g_autoptr (GList) bindings = g_hash_table_get_values (self->bindings);

  g_set_object (&self->connection, connection);
  for (GList *link = bindings; link != NULL; link = link->next)
    {
      Binding *binding = link->data;

      if (binding->watch_id != 0)
        g_bus_unwatch_name (binding->watch_id);
      binding->watch_id = 0;
      take_up (binding);
    }
}

void
vireo_autodestroy_begin (VireoAutodestroy *self)
{
  g_autoptr (GDBusConnection) connection
      = self->connection != NULL ? g_object_ref (self->connection) : NULL;

  self->begun = TRUE;
  vireo_autodestroy_set_connection (self, connection);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean written = vireo_store_apply_finish (VIREO_STORE (source), result, &error);

  vireo_task_end (user_data, written, error);
}

void
vireo_autodestroy_bind_async (VireoAutodestroy *self,
                              VireoNode *domain,
                              VireoCaller *caller,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Binding *binding = g_new0 (Binding, 1);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *name = NULL;

  g_task_set_source_tag (task, vireo_autodestroy_bind_async);
  binding->owner = self;
  binding->path = g_strdup (domain->path);
  binding->id = vireo_domain_obj_get_id (VIREO_DOMAIN_OBJ (domain->object));
  binding->bus = g_strdup (g_dbus_connection_get_guid (vireo_caller_get_connection (caller)));
  binding->name = g_strdup (vireo_caller_get_name (caller));
  g_hash_table_replace (self->bindings, binding->path, binding);
  bytes = to_bytes (binding);
  name = file_name (binding);
  vireo_store_apply_async (
      self->store, &(VireoStoreOp){ .name = name, .contents = bytes, .mode = RECORD_MODE }, 1, NULL,
      on_written, task);
  take_up (binding);
}

gboolean
vireo_autodestroy_bind_finish (VireoAutodestroy *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
