/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-libvirt-exports.h"

#include <string.h>

#include "util/vireo-error.h"

gboolean
vireo_libvirt_target_find (VireoTree *tree, const char *native, VireoLibvirtTarget *ret_target)
{
  const char *dot = strchr (native, '.');
  g_autofree char *name = NULL;
  VireoLibvirtTarget target = { NULL };

  name = g_strdup_printf ("org.vireo.Vireo1.%.*s", (int) (dot - native), native);
  target.info = vireo_interface_find (name);
  if (target.info == NULL)
    return FALSE;
  target.method = vireo_method_find (target.info, dot + 1);
  target.property = vireo_property_find (target.info, dot + 1);
  for (guint i = 0; i < VIREO_PATH_N_KINDS; i++)
    {
      const VireoExport *export = vireo_tree_get_export (tree, i);

      if (export != NULL && export->info == target.info)
        target.path_kind = i;
    }
  if (target.method == NULL && target.property == NULL)
    return FALSE;
  *ret_target = target;
  return TRUE;
}

/* The types that arguments have when the flags became options. */
static char *
plain_in_type (const VireoMethodInfo *theirs, const VireoMethodInfo *ours)
{
  gsize length = strlen (theirs->in_type);

  /* Flags come last everywhere. */
  if (theirs->options_index >= 0)
    length--;
  return g_strdup_printf ("%.*s%s)", (int) (length - 1), theirs->in_type,
                          ours->options_index >= 0 ? "a{sv}" : "");
}

static gboolean
check_method (const VireoMethodInfo *info,
              const VireoLibvirtMethod *row,
              const VireoLibvirtTarget *target,
              GError **error)
{
  if (target->method != NULL && row->in == NULL)
    {
      g_autofree char *type = plain_in_type (info, target->method);

      if (!g_str_equal (type, target->method->in_type))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED,
                       "%s of org.libvirt has the arguments %s, and %s takes %s", row->name, type,
                       row->native, target->method->in_type);
          return FALSE;
        }
    }
  if (target->method != NULL && row->out == NULL && row->entry == NULL
      && !g_str_equal (info->out_type, target->method->out_type))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED,
                   "%s of org.libvirt returns %s, and %s returns %s", row->name, info->out_type,
                   row->native, target->method->out_type);
      return FALSE;
    }
  return TRUE;
}

static gboolean
join_methods (VireoLibvirtExport *self, VireoTree *tree, GError **error)
{
  guint n = 0;

  while (self->info->methods[n].name != NULL)
    n++;
  self->methods = g_new0 (const VireoLibvirtMethod *, n + 1);
  self->method_targets = g_new0 (VireoLibvirtTarget, n + 1);
  for (const VireoLibvirtMethod *row = self->service->methods; row->name != NULL; row++)
    {
      const VireoMethodInfo *info = vireo_method_find (self->info, row->name);
      guint i = info != NULL ? (guint) (info - self->info->methods) : 0;

      if (info == NULL || self->methods[i] != NULL
          || (row->native != NULL
              && !vireo_libvirt_target_find (tree, row->native, &self->method_targets[i])))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "the row of %s.%s is wrong: %s",
                       self->info->name, row->name, row->native != NULL ? row->native : "twice");
          return FALSE;
        }
      self->methods[i] = row;
      if (!check_method (info, row, &self->method_targets[i], error))
        return FALSE;
    }
  for (guint i = 0; i < n; i++)
    if (self->methods[i] == NULL)
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "%s.%s has no row", self->info->name,
                     self->info->methods[i].name);
        return FALSE;
      }
  return TRUE;
}

/* Whether a row of a property is right: what is written has the type of ours. */
static gboolean
is_right_property (const VireoLibvirtProperty *row,
                   const VireoPropertyInfo *info,
                   const VireoLibvirtTarget *target)
{
  const VireoPropertyInfo *ours = target->property;

  if (row->native == NULL)
    return row->get != NULL;
  if (ours == NULL)
    return FALSE;
  return (row->get != NULL && info->write_actions == NULL) || g_str_equal (info->type, ours->type);
}

static gboolean
join_properties (VireoLibvirtExport *self, VireoTree *tree, GError **error)
{
  guint n = 0;

  while (self->info->properties[n].name != NULL)
    n++;
  self->properties = g_new0 (const VireoLibvirtProperty *, n + 1);
  self->property_targets = g_new0 (VireoLibvirtTarget, n + 1);
  for (const VireoLibvirtProperty *row = self->service->properties; row->name != NULL; row++)
    {
      const VireoPropertyInfo *info = vireo_property_find (self->info, row->name);
      guint i = info != NULL ? (guint) (info - self->info->properties) : 0;

      if (info == NULL || self->properties[i] != NULL
          || (row->native != NULL
              && !vireo_libvirt_target_find (tree, row->native, &self->property_targets[i]))
          || !is_right_property (row, info, &self->property_targets[i]))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "the row of %s.%s is wrong",
                       self->info->name, row->name);
          return FALSE;
        }
      self->properties[i] = row;
    }
  for (guint i = 0; i < n; i++)
    if (self->properties[i] == NULL)
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "%s.%s has no row", self->info->name,
                     self->info->properties[i].name);
        return FALSE;
      }
  return TRUE;
}

static const VireoInterfaceInfo *
find_interface (const char *name)
{
  const VireoInterfaceInfo *info = vireo_libvirt_interfaces;

  while (info->name != NULL && !g_str_equal (info->name, name))
    info++;
  return info->name != NULL ? info : NULL;
}

VireoLibvirtExport *
vireo_libvirt_export_new (const VireoLibvirtService *service, VireoTree *tree, GError **error)
{
  g_autoptr (VireoLibvirtExport) self = g_new0 (VireoLibvirtExport, 1);

  self->service = service;
  self->info = find_interface (service->interface);
  if (self->info == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_FAILED, "there is no interface %s",
                   service->interface);
      return NULL;
    }
  if (!join_methods (self, tree, error) || !join_properties (self, tree, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
vireo_libvirt_export_free (VireoLibvirtExport *self)
{
  g_free (self->methods);
  g_free (self->method_targets);
  g_free (self->properties);
  g_free (self->property_targets);
  g_free (self);
}
