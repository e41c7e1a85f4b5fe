/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Undefine, rename and autostart: what is done to objects that are there. */

#include "vireo-keeper-private.h"

typedef struct
{
  VireoKeeper *keeper;
  GTask *task;
  VireoObj *obj;
  gpointer def; /* (nullable): of a rename */
  GBytes *text;
  VireoKeeperReservation *reservation;
  gboolean autostart;
  void (*publish) (gpointer edit);
} Edit;

static Edit *
edit_new (VireoKeeper *self, VireoObj *obj, GTask *task, void (*publish) (gpointer edit))
{
  Edit *edit = g_new0 (Edit, 1);

  edit->keeper = g_object_ref (self);
  edit->obj = g_object_ref (obj);
  edit->task = task;
  edit->publish = publish;
  g_task_set_check_cancellable (task, FALSE);
  return edit;
}

static void
edit_free (Edit *edit)
{
  _vireo_keeper_release (edit->keeper, edit->reservation);
  if (edit->def != NULL)
    vireo_doc_free (_vireo_keeper_get_private (edit->keeper)->doc, edit->def);
  g_clear_pointer (&edit->text, g_bytes_unref);
  g_clear_object (&edit->task);
  g_object_unref (edit->obj);
  g_object_unref (edit->keeper);
  g_free (edit);
}

static void
edit_failed (Edit *edit, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&edit->task);

  edit_free (edit);
  g_task_return_error (task, error);
}

static void
edit_done (Edit *edit)
{
  g_autoptr (GTask) task = g_steal_pointer (&edit->task);

  edit->publish (edit);
  edit_free (edit);
  g_task_return_boolean (task, TRUE);
}

static void
edit_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (vireo_store_apply_finish (VIREO_STORE (source), result, &error))
    edit_done (data);
  else
    edit_failed (data, g_steal_pointer (&error));
}

static void
edit_apply (Edit *edit, const VireoStoreOp *ops, gsize n_ops)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (edit->keeper);

  if (priv->store == NULL)
    edit_done (edit);
  else
    vireo_store_apply_async (priv->store, ops, n_ops, g_task_get_cancellable (edit->task),
                             edit_stored, edit);
}

static gboolean
check_persistent (VireoKeeper *self, VireoObj *obj, const char *what, GError **error)
{
  if (vireo_obj_get_persistent (obj))
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
               "%s \"%s\" is transient and cannot be %s", vireo_obj_get_kind (obj),
               vireo_obj_get_name (obj), what);
  return FALSE;
}

/* ---- undefine ---- */

static void
publish_undefined (gpointer data)
{
  Edit *edit = data;

  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (edit->obj), "undefined", "removed");
  _vireo_keeper_drop_definition (edit->keeper, edit->obj);
}

/**
 * vireo_keeper_undefine:
 * @self: a keeper
 * @obj: the object, with its slot held
 * @task: (transfer full): returns a boolean
 *
 * The operation `undefine`. An active object stays, as a transient one.
 *
 * Since: 0.1
 */
void
vireo_keeper_undefine (VireoKeeper *self, VireoObj *obj, GTask *task)
{
  Edit *edit = edit_new (self, obj, task, publish_undefined);
  VireoKeeperRecord *record = _vireo_keeper_get_record (self, obj);
  g_autofree char *conf = _vireo_keeper_conf_name (vireo_obj_get_uuid (obj));
  g_autoptr (GError) error = NULL;
  VireoStoreOp ops[2];

  if (!check_persistent (self, obj, "undefined", &error))
    {
      edit_failed (edit, g_steal_pointer (&error));
      return;
    }
  /* The definition first: a sidecar that a crash leaves is swept at the next load. */
  ops[0] = (VireoStoreOp){ record != NULL && record->file != NULL ? record->file : conf, NULL, 0 };
  ops[1] = (VireoStoreOp){ conf, NULL, 0 };
  edit_apply (edit, ops, G_N_ELEMENTS (ops));
}

/* ---- rename ---- */

static void
publish_renamed (gpointer data)
{
  Edit *edit = data;
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (edit->keeper);
  VireoKeeperRecord *record = _vireo_keeper_get_record (edit->keeper, edit->obj);
  g_autofree char *file = record != NULL ? g_strdup (record->file) : NULL;
  VireoDigest digest;

  _vireo_keeper_release (edit->keeper, g_steal_pointer (&edit->reservation));
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (edit->obj), "undefined", "renamed");
  g_object_freeze_notify (G_OBJECT (edit->obj));
  vireo_obj_set_name (edit->obj, *klass->kind->name (edit->def));
  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (edit->obj), g_steal_pointer (&edit->def));
  _vireo_keeper_record (edit->keeper, edit->obj, file,
                        _vireo_keeper_digest (edit->text, &digest));
  g_object_thaw_notify (G_OBJECT (edit->obj));
  if (klass->defined != NULL)
    klass->defined (edit->keeper, edit->obj);
  vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (edit->obj), "defined", "renamed");
}

static gboolean
check_rename (VireoKeeper *self, VireoObj *obj, GError **error)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;

  if (!check_persistent (self, obj, "renamed", error))
    return FALSE;
  if (vireo_obj_get_active (obj))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_STATE,
                   "%s \"%s\" is active and cannot be renamed", kind->kind,
                   vireo_obj_get_name (obj));
      return FALSE;
    }
  if (vireo_def_obj_get_raw (VIREO_DEF_OBJ (obj), NULL) != NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_UNPARSABLE,
                   "the definition of %s \"%s\" cannot be parsed, so it cannot be renamed",
                   kind->kind, vireo_obj_get_name (obj));
      return FALSE;
    }
  return TRUE;
}

/* The definition with another name. What a name may be, the parser knows: so it is asked. */
static gpointer
rename_def (VireoKeeper *self, gconstpointer old, const char *name, GError **error)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  gpointer def = vireo_doc_copy (priv->doc, old);
  char **slot = kind->name (def);
  g_autoptr (GBytes) text = NULL;
  gpointer parsed = NULL;

  g_free (*slot);
  *slot = g_strdup (name);
  text = _vireo_keeper_format (self, def, error);
  if (text != NULL)
    parsed = vireo_doc_parse (priv->doc, g_bytes_get_data (text, NULL),
                              (gssize) g_bytes_get_size (text), VIREO_PARSE_NONE, error);
  vireo_doc_free (priv->doc, def);
  if (parsed != NULL && g_strcmp0 (*kind->name (parsed), name) != 0)
    {
      vireo_doc_free (priv->doc, parsed);
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "\"%s\" is not a valid name",
                   name);
      return NULL;
    }
  return parsed;
}

/**
 * vireo_keeper_rename:
 * @self: a keeper
 * @obj: an inactive persistent object, with its slot held
 * @name: the new name
 * @task: (transfer full): returns a boolean
 *
 * The operation `rename`. The file is that of the UUID, so there is no instant at which the object
 * is on disk under both names or none.
 *
 * Since: 0.1
 */
void
vireo_keeper_rename (VireoKeeper *self, VireoObj *obj, const char *name, GTask *task)
{
  Edit *edit = edit_new (self, obj, task, publish_renamed);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  VireoKeeperRecord *record = _vireo_keeper_get_record (self, obj);
  g_autoptr (GError) error = NULL;
  VireoStoreOp op = { .mode = 0600 };

  if (!check_rename (self, obj, &error))
    {
      edit_failed (edit, g_steal_pointer (&error));
      return;
    }
  if (g_str_equal (name, vireo_obj_get_name (obj)))
    {
      edit_failed (edit, g_error_new (VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                                      "%s \"%s\" has that name already", kind->kind, name));
      return;
    }
  edit->def = rename_def (self, vireo_def_obj_get_persistent (VIREO_DEF_OBJ (obj)), name, &error);
  if (edit->def != NULL)
    edit->text = _vireo_keeper_format (self, edit->def, &error);
  if (edit->text != NULL)
    edit->reservation = _vireo_keeper_reserve (self, obj, edit->def, &error);
  if (edit->reservation == NULL)
    {
      edit_failed (edit, g_steal_pointer (&error));
      return;
    }
  op.name = record != NULL ? record->file : NULL;
  op.contents = edit->text;
  edit_apply (edit, &op, 1);
}

/* ---- autostart ---- */

static void
publish_autostart (gpointer data)
{
  Edit *edit = data;

  vireo_obj_set_autostart (edit->obj, edit->autostart);
}

/**
 * vireo_keeper_set_autostart:
 * @self: a keeper
 * @obj: a persistent object, with its slot held
 * @autostart: whether it starts when the host does
 * @task: (transfer full): returns a boolean
 *
 * The operation `set_autostart`.
 *
 * Since: 0.1
 */
void
vireo_keeper_set_autostart (VireoKeeper *self, VireoObj *obj, gboolean autostart, GTask *task)
{
  Edit *edit = edit_new (self, obj, task, publish_autostart);
  g_autofree char *conf = _vireo_keeper_conf_name (vireo_obj_get_uuid (obj));
  g_autoptr (GError) error = NULL;
  VireoStoreOp op = { conf, NULL, 0600 };

  if (!check_persistent (self, obj, "started with the host", &error))
    {
      edit_failed (edit, g_steal_pointer (&error));
      return;
    }
  edit->autostart = autostart;
  edit->text = _vireo_keeper_conf_text (vireo_obj_get_owner (obj), autostart);
  op.contents = edit->text;
  edit_apply (edit, &op, 1);
}
