/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-keeper.h"

#include <string.h>

#include "vireo-keeper-names.h"
#include "vireo-keeper-private.h"

enum
{
  PROP_0,
  PROP_STATE_DIR,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (VireoKeeper, vireo_keeper, G_TYPE_OBJECT)

VireoKeeperPrivate *
_vireo_keeper_get_private (VireoKeeper *self)
{
  return vireo_keeper_get_instance_private (self);
}

static void
record_free (gpointer data)
{
  VireoKeeperRecord *record = data;

  g_free (record->file);
  g_free (record);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_STATE_DIR)
    _vireo_keeper_get_private (VIREO_KEEPER (object))->state_dir = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_STATE_DIR)
    g_value_set_string (value, _vireo_keeper_get_private (VIREO_KEEPER (object))->state_dir);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
constructed (GObject *object)
{
  VireoKeeper *self = VIREO_KEEPER (object);
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;

  G_OBJECT_CLASS (vireo_keeper_parent_class)->constructed (object);
  priv->doc = vireo_doc_kind_find (kind->doc);
  g_assert (priv->doc != NULL);
  if (priv->state_dir != NULL)
    {
      g_autofree char *folder = g_build_filename (priv->state_dir, kind->folder, NULL);

      priv->store = vireo_store_new_logged (folder);
    }
}

static void
finalize (GObject *object)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (VIREO_KEEPER (object));

  if (priv->watch != NULL)
    g_signal_handlers_disconnect_by_data (priv->watch, object);
  g_clear_object (&priv->watch);
  g_clear_handle_id (&priv->reruns_id, g_source_remove);
  g_queue_clear_full (&priv->reruns, g_object_unref);
  g_clear_object (&priv->store);
  g_hash_table_unref (priv->waiting);
  g_hash_table_unref (priv->records);
  g_hash_table_unref (priv->reserved_names);
  g_hash_table_unref (priv->reserved_uuids);
  g_object_unref (priv->list);
  g_free (priv->state_dir);
  G_OBJECT_CLASS (vireo_keeper_parent_class)->finalize (object);
}

static void
vireo_keeper_class_init (VireoKeeperClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->constructed = constructed;
  object_class->finalize = finalize;

  props[PROP_STATE_DIR]
      = g_param_spec_string ("state-dir", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_keeper_init (VireoKeeper *self)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  priv->list = vireo_obj_list_new ();
  priv->records = g_hash_table_new_full (NULL, NULL, NULL, record_free);
  priv->reserved_names = g_hash_table_new (g_str_hash, g_str_equal);
  priv->reserved_uuids = g_hash_table_new (g_str_hash, g_str_equal);
  priv->waiting
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
}

/**
 * vireo_keeper_get_list:
 * @self: a keeper
 *
 * Returns: (transfer none): its objects; the list lives as long as the keeper
 * Since: 0.1
 */
VireoObjList *
vireo_keeper_get_list (VireoKeeper *self)
{
  return _vireo_keeper_get_private (self)->list;
}

/**
 * vireo_keeper_foreach_def:
 * @self: a keeper
 * @func: called for each definition; must not change the list
 * @user_data: for @func
 *
 * Walks the definitions that are or will be on the disk, so that something can be chosen that none
 * of them uses.
 *
 * Since: 0.1
 */
void
vireo_keeper_foreach_def (VireoKeeper *self, VireoKeeperDefFunc func, gpointer user_data)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  g_autoptr (GPtrArray) objects = vireo_obj_list_snapshot (priv->list);
  VireoKeeperReservation *reservation;
  GHashTableIter iter;

  for (guint i = 0; i < objects->len; i++)
    {
      gconstpointer def = vireo_def_obj_get_persistent (VIREO_DEF_OBJ (objects->pdata[i]));

      if (def != NULL)
        func (objects->pdata[i], def, user_data);
    }
  g_hash_table_iter_init (&iter, priv->reserved_names);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &reservation))
    func (reservation->obj, reservation->def, user_data);
}

/* ---- texts and names of files ---- */

char *
_vireo_keeper_conf_name (const char *uuid)
{
  return g_strconcat (uuid, ".conf", NULL);
}

/* Most objects are root's and do not start with the host. A sidecar that is not there says so, and
 * spares a trip to the disk. */
GBytes *
_vireo_keeper_conf_text (guint owner, gboolean autostart)
{
  char *text;

  if (owner == VIREO_OWNER_ROOT && !autostart)
    return NULL;
  text
      = g_strdup_printf ("[object]\nowner=%u\nautostart=%s\n", owner, autostart ? "true" : "false");
  return g_bytes_new_take (text, strlen (text));
}

GBytes *
_vireo_keeper_format (VireoKeeper *self, gconstpointer def, GError **error)
{
  char *text = vireo_doc_format (_vireo_keeper_get_private (self)->doc, def,
                                 VIREO_FORMAT_SECURE | VIREO_FORMAT_INACTIVE, error);

  return text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL;
}

/* Objects are found by their name, and by the one form that a UUID has here. A definition without a
 * UUID gets @otherwise, or a random one. */
gboolean
_vireo_keeper_fix_identity (VireoKeeper *self, gpointer def, const char *otherwise, GError **error)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  char **uuid = kind->uuid (def);
  char *normal = NULL;

  if (*uuid != NULL)
    normal = vireo_uuid_normalize (*uuid);
  else
    normal = otherwise != NULL ? g_strdup (otherwise) : g_uuid_string_random ();
  if (normal == NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID, "\"%s\" is not a UUID", *uuid);
      return FALSE;
    }
  g_free (*uuid);
  *uuid = normal;
  /* Not all formats ask for one; of a kind that has none it is the UUID. */
  if (*kind->name (def) != NULL)
    return TRUE;
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID, "the definition has no name");
  return FALSE;
}

/* ---- names and UUIDs that are taken ---- */

gboolean
_vireo_keeper_collides (VireoKeeper *self, VireoObj *obj, gpointer def, GError **error)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  const char *name = *kind->name (def);
  const char *uuid = *kind->uuid (def);
  VireoObj *by_uuid = vireo_obj_list_find_by_uuid (priv->list, uuid);
  VireoObj *by_name = vireo_obj_list_find_by_name (priv->list, name);

  /* No word about whose it is: who defines the one may not be allowed to know of the other. */
  if (by_uuid != NULL && by_uuid != obj)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_UUID_IN_USE, "another %s has the UUID %s",
                 kind->kind, uuid);
  else if (by_name != NULL && by_name != obj)
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE, "another %s has the name \"%s\"",
                 kind->kind, name);
  else if (g_hash_table_contains (priv->reserved_uuids, uuid))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_UUID_IN_USE,
                 "another definition with the UUID %s came first", uuid);
  else if (g_hash_table_contains (priv->reserved_names, name))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_NAME_IN_USE,
                 "another definition with the name \"%s\" came first", name);
  else
    return FALSE;
  return TRUE;
}

VireoKeeperReservation *
_vireo_keeper_reserve (VireoKeeper *self, VireoObj *obj, gpointer def, GError **error)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  VireoKeeperReservation *reservation;

  if (_vireo_keeper_collides (self, obj, def, error))
    return NULL;
  reservation = g_new0 (VireoKeeperReservation, 1);
  reservation->name = g_strdup (*kind->name (def));
  reservation->uuid = g_strdup (*kind->uuid (def));
  reservation->obj = obj;
  reservation->def = def;
  g_hash_table_insert (priv->reserved_names, reservation->name, reservation);
  g_hash_table_insert (priv->reserved_uuids, reservation->uuid, reservation);
  return reservation;
}

void
_vireo_keeper_release (VireoKeeper *self, VireoKeeperReservation *reservation)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  if (reservation == NULL)
    return;
  g_hash_table_remove (priv->reserved_names, reservation->name);
  g_hash_table_remove (priv->reserved_uuids, reservation->uuid);
  g_free (reservation->name);
  g_free (reservation->uuid);
  g_free (reservation);
}

/* ---- objects ---- */

void
_vireo_keeper_begin_job (VireoKeeper *self,
                         VireoObj *obj,
                         const char *what,
                         guint uid,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autofree char *operation
      = g_strdup_printf ("%s-%s", VIREO_KEEPER_GET_CLASS (self)->kind->kind, what);

  vireo_obj_begin_job_async (obj, operation, VIREO_JOB_CHANGE, uid, cancellable, callback,
                             user_data);
}

VireoKeeperRecord *
_vireo_keeper_get_record (VireoKeeper *self, VireoObj *obj)
{
  return g_hash_table_lookup (_vireo_keeper_get_private (self)->records, obj);
}

const VireoDigest *
_vireo_keeper_digest (GBytes *text, VireoDigest *ret_digest)
{
  gconstpointer data;
  gsize size;

  if (text == NULL)
    return NULL;
  data = g_bytes_get_data (text, &size);
  ret_digest->hash = XXH3_128bits (data, size);
  return ret_digest;
}

void
_vireo_keeper_record (VireoKeeper *self,
                      VireoObj *obj,
                      const char *file,
                      const VireoDigest *digest)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  VireoKeeperRecord *record = _vireo_keeper_get_record (self, obj);

  if (record == NULL)
    {
      record = g_new0 (VireoKeeperRecord, 1);
      g_hash_table_insert (priv->records, obj, record);
    }
  g_free (record->file);
  record->file = g_strdup (file);
  record->generation = ++priv->generation;
  if (digest != NULL)
    record->digest = *digest;
}

VireoObj *
_vireo_keeper_new_obj (VireoKeeper *self, const char *name, const char *uuid, guint owner)
{
  const VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (self);
  VireoObj *obj
      = g_object_new (klass->obj_type, "name", name, "uuid", uuid, "owner", owner, NULL);

  if (klass->made != NULL)
    klass->made (self, obj);
  return obj;
}

void
_vireo_keeper_remove_obj (VireoKeeper *self, VireoObj *obj)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  _vireo_keeper_forget_waiting (self, obj);
  g_hash_table_remove (priv->records, obj);
  vireo_obj_list_remove (priv->list, obj);
}

/* The persistent definition is gone: so is the object, unless it is active. */
void
_vireo_keeper_drop_definition (VireoKeeper *self, VireoObj *obj)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);

  if (!vireo_obj_get_active (obj))
    {
      _vireo_keeper_remove_obj (self, obj);
      return;
    }
  g_object_freeze_notify (G_OBJECT (obj));
  _vireo_keeper_set_problems (self, obj, NULL);
  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), NULL);
  vireo_obj_set_persistent (obj, FALSE);
  vireo_obj_set_autostart (obj, FALSE);
  g_hash_table_remove (priv->records, obj);
  g_object_thaw_notify (G_OBJECT (obj));
}

/* A new object; name and UUID were reserved until just now. It is whole before anybody sees it. */
static VireoObj *
publish_new (VireoKeeper *self,
             gpointer def,
             guint owner,
             gboolean autostart,
             const char *file,
             const VireoDigest *digest,
             GPtrArray *problems)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  g_autoptr (VireoObj) obj
      = _vireo_keeper_new_obj (self, *kind->name (def), *kind->uuid (def), owner);
  g_autoptr (GError) error = NULL;

  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), def);
  vireo_obj_set_persistent (obj, TRUE);
  vireo_obj_set_autostart (obj, autostart);
  _vireo_keeper_set_problems (self, obj, problems);
  _vireo_keeper_record (self, obj, file, digest);
  if (!vireo_obj_list_add (priv->list, obj, &error))
    g_critical ("a definition is not shown: %s", error->message);
  return obj;
}

static void
publish_change (VireoKeeper *self,
                VireoObj *obj,
                gpointer def,
                const char *file,
                const VireoDigest *digest)
{
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;

  g_object_freeze_notify (G_OBJECT (obj));
  vireo_def_obj_set_raw (VIREO_DEF_OBJ (obj), NULL, NULL);
  vireo_obj_set_name (obj, *kind->name (def));
  vireo_def_obj_set_persistent (VIREO_DEF_OBJ (obj), def);
  vireo_obj_set_persistent (obj, TRUE);
  _vireo_keeper_set_problems (self, obj, NULL);
  _vireo_keeper_record (self, obj, file, digest);
  g_object_thaw_notify (G_OBJECT (obj));
}

VireoObj *
_vireo_keeper_publish (VireoKeeper *self,
                       VireoObj *obj,
                       gpointer def,
                       guint owner,
                       const char *file,
                       const VireoDigest *digest,
                       const char *detail)
{
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (self);

  if (obj != NULL && g_strcmp0 (vireo_obj_get_uuid (obj), *klass->kind->uuid (def)) != 0)
    {
      gboolean autostart = vireo_obj_get_autostart (obj);

      _vireo_keeper_remove_obj (self, obj);
      obj = publish_new (self, def, owner, autostart, file, digest, NULL);
    }
  else if (obj != NULL)
    publish_change (self, obj, def, file, digest);
  else
    obj = publish_new (self, def, owner, FALSE, file, digest, NULL);

  if (klass->defined != NULL)
    klass->defined (self, obj);
  if (detail != NULL)
    vireo_def_obj_emit_lifecycle (VIREO_DEF_OBJ (obj), "defined", detail);
  return obj;
}

VireoObj *
_vireo_keeper_publish_found (VireoKeeper *self,
                             gpointer def,
                             guint owner,
                             gboolean autostart,
                             const char *file,
                             const VireoDigest *digest,
                             GPtrArray *problems)
{
  VireoKeeperClass *klass = VIREO_KEEPER_GET_CLASS (self);
  VireoObj *obj = publish_new (self, def, owner, autostart, file, digest, problems);

  if (klass->defined != NULL)
    klass->defined (self, obj);
  if (problems != NULL)
    _vireo_keeper_emit_rerun_needed (obj);
  return obj;
}

/* A name that nobody has, for an object of which only the file's name is known. */
static char *
free_name (VireoKeeper *self, const char *file)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  g_autofree char *base = vireo_name_for_file (file);
  char *name = g_strdup (base);

  for (guint i = 2; vireo_obj_list_find_by_name (priv->list, name) != NULL
                    || g_hash_table_contains (priv->reserved_names, name);
       i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-%u", base, i);
    }
  return name;
}

static char *
free_uuid (VireoKeeper *self, const char *file)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  g_autofree char *other_file = g_strconcat ("clash of ", file, NULL);
  g_autofree char *uuid = vireo_uuid_for_file (file);

  if (vireo_obj_list_find_by_uuid (priv->list, uuid) == NULL
      && !g_hash_table_contains (priv->reserved_uuids, uuid))
    return g_steal_pointer (&uuid);
  return vireo_uuid_for_file (other_file);
}

void
_vireo_keeper_publish_unparsable (VireoKeeper *self,
                                  const char *file,
                                  const VireoDigest *digest,
                                  const char *raw,
                                  const char *message,
                                  guint owner,
                                  gboolean autostart)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  g_autofree char *name = free_name (self, file);
  g_autofree char *uuid = free_uuid (self, file);
  g_autoptr (VireoObj) obj = _vireo_keeper_new_obj (self, name, uuid, owner);
  g_autoptr (GError) error = NULL;

  vireo_def_obj_set_raw (VIREO_DEF_OBJ (obj), raw, message);
  vireo_obj_set_persistent (obj, TRUE);
  vireo_obj_set_autostart (obj, autostart);
  _vireo_keeper_record (self, obj, file, digest);
  g_message ("%s cannot be used: %s", file, message);
  if (!vireo_obj_list_add (priv->list, obj, &error))
    g_warning ("%s is left out: %s", file, error->message);
}

/**
 * vireo_keeper_stopped:
 * @self: a keeper
 * @obj: an object that does not run any more
 *
 * Drops the live definition, and an object that has no other.
 *
 * Since: 0.1
 */
void
vireo_keeper_stopped (VireoKeeper *self, VireoObj *obj)
{
  VireoObjList *list = vireo_obj_get_list (obj);

  if (vireo_obj_get_persistent (obj))
    vireo_def_obj_set_live (VIREO_DEF_OBJ (obj), NULL);
  else if (list != NULL)
    /* The definition stays with the object, which is dead, for whoever is still reading it. */
    _vireo_keeper_remove_obj (self, obj);
}

/**
 * vireo_keeper_adopt:
 * @self: a keeper
 * @live_def: (transfer full): what is running
 * @owner: whose it is
 * @error: XmlInvalid, NameInUse or UuidInUse; @live_def was freed
 *
 * Adds a transient object that was found running.
 *
 * Returns: (transfer none) (nullable): the object
 * Since: 0.1
 */
VireoObj *
vireo_keeper_adopt (VireoKeeper *self, gpointer live_def, guint owner, GError **error)
{
  VireoKeeperPrivate *priv = _vireo_keeper_get_private (self);
  const VireoKeeperKind *kind = VIREO_KEEPER_GET_CLASS (self)->kind;
  g_autoptr (VireoObj) obj = NULL;

  if (!_vireo_keeper_fix_identity (self, live_def, NULL, error)
      || _vireo_keeper_collides (self, NULL, live_def, error))
    {
      vireo_doc_free (priv->doc, live_def);
      return NULL;
    }
  obj = _vireo_keeper_new_obj (self, *kind->name (live_def), *kind->uuid (live_def), owner);
  vireo_def_obj_set_live (VIREO_DEF_OBJ (obj), live_def);
  return vireo_obj_list_add (priv->list, obj, error) ? obj : NULL;
}
