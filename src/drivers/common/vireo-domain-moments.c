/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-domain-moments.h"

/* More than anybody oversees; they are in memory. */
#define MAX_MOMENTS 1024

VireoObjList *
vireo_domain_moments_of (VireoDomainObj *obj, const char *kind)
{
  return vireo_obj_get_children (VIREO_OBJ (obj), kind);
}

guint
vireo_domain_moments_count (VireoDomainObj *obj, const char *kind)
{
  VireoObjList *list = vireo_domain_moments_of (obj, kind);

  return list != NULL ? vireo_obj_list_get_size (list) : 0;
}

static VireoMomentObj *
find (VireoDomainObj *obj, const char *kind, const char *name)
{
  VireoObjList *list = vireo_domain_moments_of (obj, kind);

  return list != NULL ? (VireoMomentObj *) vireo_obj_list_find_by_name (list, name) : NULL;
}

gboolean
vireo_domain_moment_check_name (VireoDomainObj *obj, const char *kind, char **name, GError **error)
{
  if (*name == NULL)
    *name = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / G_USEC_PER_SEC);
  if (find (obj, kind, *name) != NULL)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE,
                 "domain \"%s\" has a %s \"%s\" already", vireo_obj_get_name (VIREO_OBJ (obj)),
                 kind, *name);
  else if (vireo_domain_moments_count (obj, kind) >= MAX_MOMENTS)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_LIMIT_EXCEEDED,
                 "domain \"%s\" has %d already, and more are not kept",
                 vireo_obj_get_name (VIREO_OBJ (obj)), MAX_MOMENTS);
  else
    return TRUE;
  return FALSE;
}

gboolean
vireo_domain_moment_check_parent (VireoDomainObj *obj,
                                const char *kind,
                                const char *name,
                                const char *parent,
                                GError **error)
{
  VireoMomentObj *moment;

  if (parent == NULL)
    return TRUE;
  if (g_str_equal (parent, name))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "\"%s\" cannot follow itself",
                   name);
      return FALSE;
    }
  moment = find (obj, kind, parent);
  if (moment == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_NOT_FOUND,
                   "domain \"%s\" has no %s \"%s\", which \"%s\" is to follow",
                   vireo_obj_get_name (VIREO_OBJ (obj)), kind, parent, name);
      return FALSE;
    }
  for (; moment != NULL; moment = vireo_moment_obj_get_parent (moment))
    if (g_str_equal (vireo_obj_get_name (VIREO_OBJ (moment)), name))
      {
        g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                     "\"%s\" follows \"%s\", and cannot come before it", parent, name);
        return FALSE;
      }
  return TRUE;
}

void
vireo_domain_moment_add (VireoDomainObj *obj, VireoMomentObj *moment, gboolean current)
{
  g_autoptr (VireoMomentObj) taken = moment;
  g_autoptr (GError) error = NULL;
  VireoObjList *list
      = vireo_obj_ensure_children (VIREO_OBJ (obj), vireo_obj_get_kind (VIREO_OBJ (moment)));

  if (!vireo_obj_list_add (list, VIREO_OBJ (taken), &error))
    g_critical ("a name was checked, and is not free: %s", error->message);
  if (current)
    vireo_moment_obj_set_current (taken, TRUE);
}

GPtrArray *
vireo_domain_moment_collect (VireoMomentObj *moment, VireoMomentDeleteFlags flags)
{
  const guint below = VIREO_MOMENT_DELETE_CHILDREN | VIREO_MOMENT_DELETE_CHILDREN_ONLY;
  g_autoptr (GPtrArray) children = NULL;
  GPtrArray *all = g_ptr_array_new_with_free_func (g_object_unref);

  if ((flags & below) != 0)
    children
        = vireo_moments_get_below (vireo_obj_get_list (VIREO_OBJ (moment)), moment, TRUE);
  for (guint i = children != NULL ? children->len : 0; i > 0; i--)
    g_ptr_array_add (all, g_object_ref (children->pdata[i - 1]));
  if ((flags & VIREO_MOMENT_DELETE_CHILDREN_ONLY) == 0)
    g_ptr_array_add (all, g_object_ref (moment));
  return all;
}

void
vireo_domain_moment_remove (VireoMomentObj *moment)
{
  VireoObjList *list = vireo_obj_get_list (VIREO_OBJ (moment));
  VireoMomentObj *parent = vireo_moment_obj_get_parent (moment);
  g_autoptr (GPtrArray) children = vireo_moments_get_below (list, moment, FALSE);

  for (guint i = 0; i < children->len; i++)
    vireo_moment_obj_set_parent_name (children->pdata[i],
                                      vireo_moment_obj_get_parent_name (moment));
  if (vireo_moment_obj_get_current (moment) && parent != NULL)
    vireo_moment_obj_set_current (parent, TRUE);
  vireo_moment_obj_set_current (moment, FALSE);
  vireo_obj_list_remove (list, VIREO_OBJ (moment));
}

void
vireo_domain_moments_forget (VireoDomainObj *obj, const char *kind)
{
  VireoObjList *list = vireo_domain_moments_of (obj, kind);
  g_autoptr (GPtrArray) all = list != NULL ? vireo_obj_list_snapshot (list) : NULL;

  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      vireo_moment_obj_set_current (all->pdata[i], FALSE);
      vireo_obj_list_remove (list, all->pdata[i]);
    }
}
