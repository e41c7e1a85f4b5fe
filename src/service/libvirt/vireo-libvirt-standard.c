/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-standard.h"

#include <string.h>

#include "service/vireo-dispatch.h"
#include "service/vireo-standard.h"
#include "service/vireo-visibility.h"

/* ---- properties ---- */

/* (transfer full): the value of the property @index of @node, to a caller who may read it. */
static GVariant *
get_value (VireoLibvirtCall *self, VireoNode *node, guint index)
{
  const VireoLibvirtProperty *row = self->export->properties[index];
  const VireoLibvirtTarget *target = &self->export->property_targets[index];
  VireoReading reading = { vireo_server_get_tree (self->server), NULL };
  g_autoptr (GVariant) value = NULL;
  GVariant *made;

  if (target->property != NULL)
    value = g_variant_take_ref (vireo_export_get (
        node->export, (guint) (target->property - target->info->properties), node, &reading));
  if (row->get == NULL)
    return g_steal_pointer (&value);
  made = row->get (node, value);
  return made != NULL ? g_variant_take_ref (made) : NULL;
}

static void
answer_get (VireoCall *call, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *self = call->answer_data;

  if (error != NULL)
    vireo_libvirt_call_return_native_error (self, error);
  else
    vireo_libvirt_call_return (self, values, NULL);
}

static void
run_get (VireoCall *call)
{
  VireoLibvirtCall *self = call->answer_data;
  g_autoptr (GVariant) value = get_value (self, call->node, self->property);

  if (value == NULL)
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED, "%s",
                                 self->export->info->properties[self->property].name);
  else
    vireo_call_return (call, g_variant_new ("(v)", value));
}

void
vireo_libvirt_standard_get (VireoLibvirtCall *self)
{
  const VireoLibvirtTarget *target = &self->export->property_targets[self->property];
  VireoCall *call = vireo_libvirt_call_begin (self, answer_get);

  if (target->property != NULL)
    call->property = (guint) (target->property - target->info->properties);
  /* What is not a property of ours says no more than that the object is there. */
  vireo_dispatch_read (call, self->node_path,
                       target->property != NULL ? target->property->actions : NULL, run_get);
}

static void
run_get_all (VireoCall *call)
{
  VireoLibvirtCall *self = call->answer_data;
  const VireoInterfaceInfo *info = self->export->info;
  GVariantBuilder values;

  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; info->properties[i].name != NULL; i++)
    {
      g_autoptr (GVariant) value = get_value (self, call->node, i);

      /* A variant in a variant: so it has always been, and clients take two layers off. */
      if (value != NULL)
        g_variant_builder_add (&values, "{sv}", info->properties[i].name,
                               g_variant_new_variant (value));
    }
  vireo_call_return (call, g_variant_new ("(a{sv})", &values));
}

void
vireo_libvirt_standard_get_all (VireoLibvirtCall *self)
{
  /* As with GetAll of ours: who may read the object may read its properties. */
  vireo_dispatch_read (vireo_libvirt_call_begin (self, answer_get), self->node_path, NULL,
                       run_get_all);
}

void
vireo_libvirt_standard_set (VireoLibvirtCall *self)
{
  const VireoLibvirtTarget *target = &self->export->property_targets[self->property];
  g_autoptr (GVariant) value = NULL;

  if (target->property == NULL || target->property->write_actions == NULL)
    {
      vireo_libvirt_call_return_error (
          self, g_error_new (VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED, "%s",
                             self->export->info->properties[self->property].name));
      return;
    }
  g_variant_get_child (self->args, 2, "v", &value);
  vireo_dispatch_set (vireo_libvirt_call_begin (self, answer_get), self->node_path,
                      target->property, value);
}

/* ---- peer ---- */

void
vireo_libvirt_standard_get_machine_id (VireoLibvirtCall *self)
{
  vireo_standard_get_machine_id (vireo_libvirt_call_begin (self, answer_get));
}

/* ---- introspection ---- */

/* The name of a child, which is the end of its path; %NULL when this facade has no path for it. */
static GVariant *
name_child (VireoNode *node, VireoCall *call, gpointer user_data)
{
  VireoLibvirtCall *self = call->answer_data;
  g_autofree char *path = vireo_libvirt_path_of_node (node, self->session);

  return path != NULL ? g_variant_new_string (strrchr (path, '/') + 1) : NULL;
}

static void
on_visible (GPtrArray *nodes, gpointer user_data)
{
  VireoLibvirtCall *self = user_data;
  GString *xml = vireo_standard_begin_xml (self->export != NULL ? self->export->info : NULL);

  if (self->path.path_kind == VIREO_PATH_MANAGER)
    for (const VireoLibvirtDriver *driver = vireo_libvirt_get_drivers (self->session);
         driver->name != NULL; driver++)
      vireo_standard_add_child (xml, driver->name);
  if (self->path.path_kind == VIREO_PATH_CONNECTION)
    for (const VireoLibvirtFolder *row = vireo_libvirt_folders; row->folder != NULL; row++)
      vireo_standard_add_child (xml, row->folder);
  vireo_standard_return_xml (vireo_libvirt_call_begin (self, answer_get), xml, nodes, name_child);
}

/* Connections are there whether they are open or not, and so are the folders in them. What objects
 * have is said of any path that could be one's: bindings ask before each first call, and when they
 * are told nothing, send arguments of types that they guess, rather than hear what is wrong. */
void
vireo_libvirt_standard_introspect (VireoLibvirtCall *self)
{
  VireoNode *node = NULL;
  g_autoptr (GPtrArray) nodes = NULL;

  if (self->path.path_kind == VIREO_PATH_FOLDER)
    node = vireo_libvirt_find_connection (vireo_server_get_tree (self->server), self->path.driver);
  nodes = node != NULL ? vireo_libvirt_list_nodes (node, self->path.of) : g_ptr_array_new ();
  vireo_visibility_filter (vireo_server_get_authority (self->server), self->caller, nodes,
                           on_visible, self);
}
