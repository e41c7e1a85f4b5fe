/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-members.h"

#include <string.h>

/* A row of any of the tables: each begins with its name, by which the rows are sorted. */
static gconstpointer
find_row (gconstpointer rows, gsize size, const char *name)
{
  const char *row = rows;

  for (; *(const char *const *) row != NULL; row += size)
    if (strcmp (*(const char *const *) row, name) == 0)
      return row;
  return NULL;
}

const VireoInterfaceInfo *
vireo_interface_find (const char *name)
{
  return find_row (vireo_interfaces, sizeof (VireoInterfaceInfo), name);
}

const VireoMethodInfo *
vireo_method_find (const VireoInterfaceInfo *interface, const char *name)
{
  return find_row (interface->methods, sizeof (VireoMethodInfo), name);
}

const VireoPropertyInfo *
vireo_property_find (const VireoInterfaceInfo *interface, const char *name)
{
  return find_row (interface->properties, sizeof (VireoPropertyInfo), name);
}

const VireoSignalInfo *
vireo_signal_find (const VireoInterfaceInfo *interface, const char *name)
{
  return find_row (interface->signals, sizeof (VireoSignalInfo), name);
}

/**
 * vireo_action_find:
 * @kind: kind of object, such as "domain"
 * @permission: such as "start"
 *
 * Returns: (nullable): the action
 */
const VireoAction *
vireo_action_find (const char *kind, const char *permission)
{
  for (const VireoAction *action = vireo_actions; action->name != NULL; action++)
    if (strcmp (action->kind, kind) == 0 && strcmp (action->permission, permission) == 0)
      return action;
  return NULL;
}

/**
 * vireo_actions_are_reading:
 * @actions: actions, ending with %NULL
 *
 * Returns: whether a member that takes @actions only reads what holds no secret
 */
gboolean
vireo_actions_are_reading (const VireoAction *const *actions)
{
  for (; *actions != NULL; actions++)
    if (!(*actions)->reading)
      return FALSE;
  return TRUE;
}
