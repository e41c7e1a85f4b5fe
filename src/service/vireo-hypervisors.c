/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-hypervisors.h"

#include "util/vireo-error.h"
#include "util/vireo-task.h"

struct _VireoHypervisors
{
  GObject parent;

  VireoTree *tree; /* not owned: it owns this */
  gboolean session;
  GPtrArray *hypervisors;
};

/* Of drivers that open more than one connection, how many there can be of all together. */
#define MAX_FURTHER 16

/* A driver, and the connection that it has opened or is opening. */
typedef struct
{
  VireoDriver *driver;
  char *uri;        /* that of the connection */
  gboolean further; /* not the one that is opened at start */
  VireoNode *node;
  gboolean opening;
  GPtrArray *waiting; /* (element-type GTask) */
} Hypervisor;

G_DEFINE_TYPE (VireoHypervisors, vireo_hypervisors, G_TYPE_OBJECT)

static void
hypervisor_free (gpointer data)
{
  Hypervisor *self = data;

  g_clear_pointer (&self->node, vireo_node_unref);
  g_ptr_array_unref (self->waiting);
  g_object_unref (self->driver);
  g_free (self->uri);
  g_free (self);
}

static void
hypervisors_finalize (GObject *object)
{
  VireoHypervisors *self = VIREO_HYPERVISORS (object);

  g_ptr_array_unref (self->hypervisors);
  G_OBJECT_CLASS (vireo_hypervisors_parent_class)->finalize (object);
}

static void
vireo_hypervisors_class_init (VireoHypervisorsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hypervisors_finalize;
}

static void
vireo_hypervisors_init (VireoHypervisors *self)
{
  self->hypervisors = g_ptr_array_new_with_free_func (hypervisor_free);
}

static gboolean
has_driver (GPtrArray *drivers, const char *id)
{
  for (guint i = 0; i < drivers->len; i++)
    if (g_str_equal (vireo_driver_get_id (g_ptr_array_index (drivers, i)), id))
      return TRUE;
  return FALSE;
}

/* The URI that a driver is opened with at start. */
static char *
default_uri (VireoHypervisors *self, VireoDriver *driver)
{
  const char *id = vireo_driver_get_id (driver);

  if (g_str_equal (id, "test"))
    return g_strdup ("test:///default");
  return g_strconcat (id, self->session ? ":///session" : ":///system", NULL);
}

static Hypervisor *
add (VireoHypervisors *self, VireoDriver *driver, const char *uri)
{
  Hypervisor *hypervisor = g_new0 (Hypervisor, 1);

  hypervisor->driver = g_object_ref (driver);
  hypervisor->uri = g_strdup (uri);
  hypervisor->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (self->hypervisors, hypervisor);
  return hypervisor;
}

/**
 * vireo_hypervisors_new:
 * @tree: where connections go
 * @env: the daemon's folders
 * @only: (nullable): ids of the drivers to have; all when %NULL
 * @error: InvalidArgument when there is no such driver
 *
 * Returns: (transfer none): the hypervisors, which @tree keeps; %NULL with @error
 */
VireoHypervisors *
vireo_hypervisors_new (VireoTree *tree,
                       const VireoEnv *env,
                       const char *const *only,
                       GError **error)
{
  g_autoptr (GPtrArray) drivers = vireo_drivers_new (env);
  VireoHypervisors *self;

  for (guint i = 0; only != NULL && only[i] != NULL; i++)
    if (!has_driver (drivers, only[i]))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no driver \"%s\"",
                     only[i]);
        return NULL;
      }

  self = g_object_new (VIREO_TYPE_HYPERVISORS, NULL);
  self->tree = tree;
  self->session = env->session;
  for (guint i = 0; i < drivers->len; i++)
    {
      VireoDriver *driver = g_ptr_array_index (drivers, i);
      g_autofree char *uri = default_uri (self, driver);

      if (only != NULL && !g_strv_contains (only, vireo_driver_get_id (driver)))
        continue;
      add (self, driver, uri);
    }
  g_object_set_data_full (G_OBJECT (tree), "vireo-hypervisors", self, g_object_unref);
  return self;
}

VireoHypervisors *
vireo_hypervisors_of (VireoTree *tree)
{
  return g_object_get_data (G_OBJECT (tree), "vireo-hypervisors");
}

/* (transfer full): of the drivers, in their order */
char **
vireo_hypervisors_get_names (VireoHypervisors *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < self->hypervisors->len; i++)
    {
      const Hypervisor *hypervisor = g_ptr_array_index (self->hypervisors, i);

      if (!hypervisor->further)
        g_strv_builder_add (names, vireo_driver_get_name (hypervisor->driver));
    }
  return g_strv_builder_end (names);
}

static Hypervisor *
find (VireoHypervisors *self, const char *uri)
{
  for (guint i = 0; i < self->hypervisors->len; i++)
    {
      Hypervisor *hypervisor = g_ptr_array_index (self->hypervisors, i);

      if (!vireo_driver_accepts_uri (hypervisor->driver, uri))
        continue;
      if (!VIREO_DRIVER_GET_IFACE (hypervisor->driver)->several
          || g_str_equal (hypervisor->uri, uri))
        return hypervisor;
    }
  return NULL;
}

/* One more of a driver that has several; %NULL with @error. */
static Hypervisor *
add_further (VireoHypervisors *self, const char *uri, GError **error)
{
  VireoDriver *driver = vireo_hypervisors_find (self, uri);
  Hypervisor *hypervisor;
  guint n_further = 0;

  for (guint i = 0; i < self->hypervisors->len; i++)
    n_further += ((Hypervisor *) g_ptr_array_index (self->hypervisors, i))->further;
  if (driver == NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED, "no driver opens the URI \"%s\"",
                 uri);
  else if (n_further >= MAX_FURTHER)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                 "there are %d connections already, beside those that are open from the start",
                 MAX_FURTHER);
  else
    {
      hypervisor = add (self, driver, uri);
      hypervisor->further = TRUE;
      return hypervisor;
    }
  return NULL;
}

/* (transfer none) (nullable): the driver that opens @uri */
VireoDriver *
vireo_hypervisors_find (VireoHypervisors *self, const char *uri)
{
  for (guint i = 0; i < self->hypervisors->len; i++)
    {
      const Hypervisor *hypervisor = g_ptr_array_index (self->hypervisors, i);

      if (vireo_driver_accepts_uri (hypervisor->driver, uri))
        return hypervisor->driver;
    }
  return NULL;
}

static void
on_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) first = user_data;
  VireoHypervisors *self = g_task_get_source_object (first);
  Hypervisor *hypervisor = g_task_get_task_data (first);
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&hypervisor->waiting);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoConnectionObj) connection
      = vireo_driver_open_finish (hypervisor->driver, result, &error);

  hypervisor->opening = FALSE;
  hypervisor->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  if (connection != NULL)
    hypervisor->node
        = vireo_node_ref (vireo_tree_add_connection (self->tree, VIREO_OBJ (connection)));
  for (guint i = 0; i < waiting->len; i++)
    {
      if (connection != NULL)
        g_task_return_pointer (g_ptr_array_index (waiting, i), vireo_node_ref (hypervisor->node),
                               (GDestroyNotify) vireo_node_unref);
      else
        g_task_return_error (g_ptr_array_index (waiting, i), g_error_copy (error));
    }
}

static void
open_hypervisor (VireoHypervisors *self, Hypervisor *hypervisor, const char *uri, GTask *task)
{
  GError *error = NULL;

  if (hypervisor->node != NULL)
    {
      g_task_return_pointer (task, vireo_node_ref (hypervisor->node),
                             (GDestroyNotify) vireo_node_unref);
      g_object_unref (task);
      return;
    }
  if (!hypervisor->opening && !vireo_driver_probe (hypervisor->driver, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, hypervisor, NULL);
  g_ptr_array_add (hypervisor->waiting, task);
  if (hypervisor->opening)
    return;
  hypervisor->opening = TRUE;
  vireo_driver_open_async (hypervisor->driver, uri, NULL, on_open, g_object_ref (task));
}

/**
 * vireo_hypervisors_open_async:
 * @uri: a URI that may be one of a driver's
 *
 * Opens a connection, or gives the one that is open.
 */
void
vireo_hypervisors_open_async (VireoHypervisors *self,
                              const char *uri,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Hypervisor *hypervisor = find (self, uri);
  GError *error = NULL;

  if (hypervisor == NULL)
    hypervisor = add_further (self, uri, &error);
  if (hypervisor != NULL)
    {
      open_hypervisor (self, hypervisor, uri, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* (transfer full) */
VireoNode *
vireo_hypervisors_open_finish (VireoHypervisors *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- several at once ---- */

static void
on_opened_at_start (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoNode) node
      = vireo_hypervisors_open_finish (VIREO_HYPERVISORS (source), result, &error);

  if (node == NULL)
    g_message ("a connection is not open: %s", error->message);
  vireo_task_several_end (user_data, NULL);
}

/**
 * vireo_hypervisors_open_all_async:
 *
 * Opens what can be opened on this host. What cannot is logged, and tried again by Manager's
 * OpenConnection().
 */
void
vireo_hypervisors_open_all_async (VireoHypervisors *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = vireo_task_several_new (self, callback, user_data);

  for (guint i = 0; i < self->hypervisors->len; i++)
    {
      Hypervisor *hypervisor = g_ptr_array_index (self->hypervisors, i);

      open_hypervisor (self, hypervisor, hypervisor->uri,
                       g_task_new (self, NULL, on_opened_at_start,
                                   vireo_task_several_begin (task)));
    }
  vireo_task_several_end (task, NULL);
}

void
vireo_hypervisors_open_all_finish (VireoHypervisors *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  vireo_connection_obj_reload_finish (VIREO_CONNECTION_OBJ (source), result, &error);
  vireo_task_several_end (user_data, error);
}

static void
reload_one (VireoNode *node, GTask *task)
{
  vireo_connection_obj_reload_async (VIREO_CONNECTION_OBJ (node->object), on_reloaded,
                                     vireo_task_several_begin (task));
}

/**
 * vireo_hypervisors_reload_async:
 * @connection: (nullable): whose definitions to read again; %NULL for those of all connections
 */
void
vireo_hypervisors_reload_async (VireoHypervisors *self,
                                VireoNode *connection,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = vireo_task_several_new (self, callback, user_data);
  GPtrArray *connections = vireo_tree_get_connections (self->tree);

  if (connection != NULL)
    reload_one (connection, task);
  for (guint i = 0; connection == NULL && i < connections->len; i++)
    reload_one (g_ptr_array_index (connections, i), task);
  vireo_task_several_end (task, NULL);
}

gboolean
vireo_hypervisors_reload_finish (VireoHypervisors *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
