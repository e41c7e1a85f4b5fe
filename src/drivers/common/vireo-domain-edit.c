/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The operation `edit`: a change of what a domain has, in what runs, in what the next start uses,
 * or in both. The definition is changed here; what a running guest has to do about it is its
 * driver's. */

#include "vireo-domain-edit-private.h"

static const VireoDomainEditFunc edits[VIREO_DOMAIN_N_EDITS] = {
  [VIREO_DOMAIN_EDIT_ATTACH_DEVICE] = _vireo_edit_attach,
  [VIREO_DOMAIN_EDIT_DETACH_DEVICE] = _vireo_edit_detach,
  [VIREO_DOMAIN_EDIT_DETACH_ALIAS] = _vireo_edit_detach_alias,
  [VIREO_DOMAIN_EDIT_UPDATE_DEVICE] = _vireo_edit_update,
  [VIREO_DOMAIN_EDIT_MEMORY] = _vireo_edit_memory,
  [VIREO_DOMAIN_EDIT_MAX_MEMORY] = _vireo_edit_max_memory,
  [VIREO_DOMAIN_EDIT_MEMORY_STATS_PERIOD] = _vireo_edit_stats_period,
  [VIREO_DOMAIN_EDIT_VCPUS] = _vireo_edit_vcpus,
  [VIREO_DOMAIN_EDIT_VCPU_STATE] = _vireo_edit_vcpu_state,
  [VIREO_DOMAIN_EDIT_PIN_VCPU] = _vireo_edit_pin_vcpu,
  [VIREO_DOMAIN_EDIT_PIN_EMULATOR] = _vireo_edit_pin_emulator,
  [VIREO_DOMAIN_EDIT_PIN_IOTHREAD] = _vireo_edit_pin_iothread,
  [VIREO_DOMAIN_EDIT_ADD_IOTHREAD] = _vireo_edit_iothread,
  [VIREO_DOMAIN_EDIT_DELETE_IOTHREAD] = _vireo_edit_iothread,
  [VIREO_DOMAIN_EDIT_SET_IOTHREAD] = _vireo_edit_iothread,
  [VIREO_DOMAIN_EDIT_BLKIO] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_MEMORY_PARAMETERS] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_NUMA] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_SCHEDULER] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_PERF] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_BLOCK_IO_TUNE] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_INTERFACE] = _vireo_edit_parameters,
  [VIREO_DOMAIN_EDIT_METADATA] = _vireo_edit_metadata,
  [VIREO_DOMAIN_EDIT_LIFECYCLE_ACTION] = _vireo_edit_lifecycle,
};

/**
 * vireo_domain_edit_get_option:
 * @edit: a change
 * @name: of an option that is a boolean
 *
 * Returns: whether it was given, and is %TRUE
 * Since: 0.1
 */
gboolean
vireo_domain_edit_get_option (const VireoDomainEdit *edit, const char *name)
{
  g_autoptr (GVariant) options
      = g_variant_get_child_value (edit->args, g_variant_n_children (edit->args) - 1);
  gboolean value = FALSE;

  g_variant_lookup (options, name, "b", &value);
  return value;
}

/**
 * vireo_domain_edit_apply:
 * @edit: a change
 * @def: the definition to change; when it fails, in a state to be thrown away
 * @live: whether it is the definition of a guest that runs
 * @error: what is wrong with the arguments, or InvalidState for what a running guest cannot change
 *
 * Returns: whether it was done
 * Since: 0.1
 */
gboolean
vireo_domain_edit_apply (const VireoDomainEdit *edit,
                         VireoDomainDef *def,
                         gboolean live,
                         GError **error)
{
  return edits[edit->kind](edit, def, live, error);
}

/**
 * vireo_domain_scope_resolve:
 * @obj: a domain
 * @scope: (inout): what was asked for; becomes the definitions that are meant
 * @error: InvalidState for one that the domain does not have
 *
 * Returns: whether the domain has them
 * Since: 0.1
 */
gboolean
vireo_domain_scope_resolve (VireoDomainObj *obj, VireoDomainScope *scope, GError **error)
{
  gboolean active = vireo_domain_obj_get_live_def (obj) != NULL;

  if (*scope == VIREO_DOMAIN_SCOPE_CURRENT)
    *scope = active ? VIREO_DOMAIN_SCOPE_LIVE : VIREO_DOMAIN_SCOPE_CONFIG;
  if (*scope & VIREO_DOMAIN_SCOPE_LIVE && !active)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE, "domain \"%s\" is not active",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
      return FALSE;
    }
  if (*scope & VIREO_DOMAIN_SCOPE_CONFIG && vireo_domain_obj_get_persistent_def (obj) == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "domain \"%s\" has no persistent definition that could be changed",
                   vireo_obj_get_name (VIREO_OBJ (obj)));
      return FALSE;
    }
  return TRUE;
}

/* ---- an edit on its way ---- */

typedef struct
{
  VireoDomainKeeper *keeper;
  VireoDomainObj *obj;
  GTask *task;
  VireoDomainEdit edit;
  VireoDomainDef *config; /* (nullable): the persistent definition that is to be */
} Run;

static void
run_free (Run *run)
{
  g_object_unref (run->keeper);
  g_object_unref (run->obj);
  g_clear_object (&run->task);
  g_variant_unref (run->edit.args);
  g_clear_pointer (&run->config, vireo_domain_def_free);
  g_free (run);
}

static void
run_end (Run *run, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&run->task);

  run_free (run);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
emit_metadata (Run *run)
{
  const char *type, *uri;

  if (run->edit.kind != VIREO_DOMAIN_EDIT_METADATA)
    return;
  g_variant_get_child (run->edit.args, 0, "&s", &type);
  g_variant_get_child (run->edit.args, 3, "&s", &uri);
  vireo_obj_emit_event (VIREO_OBJ (run->obj), "MetadataChanged", g_variant_new ("(ss)", type, uri));
}

static void
run_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    emit_metadata (run);
  run_end (run, error);
}

static void
run_store (Run *run)
{
  if (run->config == NULL)
    {
      emit_metadata (run);
      run_end (run, NULL);
      return;
    }
  vireo_keeper_replace (VIREO_KEEPER (run->keeper), VIREO_OBJ (run->obj), run->config,
                        g_task_new (NULL, g_task_get_cancellable (run->task), run_stored, run));
}

static void
run_lived (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    run_store (run);
  else
    run_end (run, error);
}

static gboolean
run_prepare (Run *run, GError **error)
{
  if (!vireo_domain_scope_resolve (run->obj, &run->edit.scope, error))
    return FALSE;
  if (run->edit.scope & VIREO_DOMAIN_SCOPE_LIVE
      && VIREO_DOMAIN_KEEPER_GET_CLASS (run->keeper)->edit_live == NULL)
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_NOT_SUPPORTED,
                           "this can only be changed for the next start: option \"config\"");
      return FALSE;
    }
  if (!(run->edit.scope & VIREO_DOMAIN_SCOPE_CONFIG))
    return TRUE;
  run->config = vireo_domain_def_copy (vireo_domain_obj_get_persistent_def (run->obj));
  return vireo_domain_edit_apply (&run->edit, run->config, FALSE, error);
}

/**
 * vireo_domain_edit_run:
 * @self: the keeper of the domain
 * @obj: the domain, with its slot held
 * @edit: the change
 * @task: (transfer full): returns a boolean
 *
 * The operation `edit`. What the next start uses is worked out first, so that nothing happens to
 * the guest when that fails; it is written when the guest has done what it had to.
 *
 * Since: 0.1
 */
void
vireo_domain_edit_run (VireoDomainKeeper *self,
                       VireoDomainObj *obj,
                       const VireoDomainEdit *edit,
                       GTask *task)
{
  Run *run = g_new0 (Run, 1);
  GError *error = NULL;

  run->keeper = g_object_ref (self);
  run->obj = g_object_ref (obj);
  run->task = task;
  run->edit = *edit;
  g_variant_ref (edit->args);
  g_task_set_check_cancellable (task, FALSE);
  if (!run_prepare (run, &error))
    run_end (run, error);
  else if (run->edit.scope & VIREO_DOMAIN_SCOPE_LIVE)
    VIREO_DOMAIN_KEEPER_GET_CLASS (self)->edit_live (
        self, obj, &run->edit, g_task_new (NULL, g_task_get_cancellable (task), run_lived, run));
  else
    run_store (run);
}
