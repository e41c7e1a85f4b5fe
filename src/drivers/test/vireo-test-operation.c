/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-operation.h"

#include "util/vireo-error.h"
#include "vireo-test-domains.h"

/* The guest; %NULL when @task was returned. */
static VireoTestGuest *
get_guest (VireoDomainObj *obj, GTask *task)
{
  VireoTestGuest *guest = vireo_test_domain_get_guest (obj);

  if (guest == NULL)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                             "domain \"%s\" is not active", vireo_obj_get_name (VIREO_OBJ (obj)));
  return guest;
}

static void
free_variant (gpointer data)
{
  g_variant_unref (data);
}

/**
 * vireo_test_operate:
 * @obj: a domain
 * @func: what to do, if it is active
 * @args: arguments for it
 * @task: (transfer full): returns what @func gives
 *
 * Since: 0.1
 */
void
vireo_test_operate (VireoDomainObj *obj, VireoTestOperation func, GVariant *args, GTask *task)
{
  VireoTestGuest *guest = get_guest (obj, task);
  GError *error = NULL;
  GVariant *values = guest != NULL ? func (guest, args, &error) : NULL;

  if (values != NULL)
    g_task_return_pointer (task, g_variant_ref_sink (values), free_variant);
  else if (guest != NULL)
    g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * vireo_test_open:
 * @obj: a domain
 * @func: what to do, if it is active
 * @args: arguments for it
 * @task: (transfer full): returns what @func gives, as an int
 *
 * Since: 0.1
 */
void
vireo_test_open (VireoDomainObj *obj, VireoTestOpening func, GVariant *args, GTask *task)
{
  VireoTestGuest *guest = get_guest (obj, task);
  GError *error = NULL;
  int fd = guest != NULL ? func (guest, args, &error) : -1;

  if (fd >= 0)
    g_task_return_int (task, fd);
  else if (guest != NULL)
    g_task_return_error (task, error);
  g_object_unref (task);
}

gboolean
vireo_test_option (GVariant *args, const char *name)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, g_variant_n_children (args) - 1);
  gboolean value = FALSE;

  g_variant_lookup (options, name, "b", &value);
  return value;
}

GVariant *
vireo_test_done (void)
{
  return g_variant_new_tuple (NULL, 0);
}
