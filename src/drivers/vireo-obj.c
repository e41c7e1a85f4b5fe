/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-obj.h"

#include "util/vireo-error.h"
#include "vireo-obj-private.h"

/* More callers than this in one object's queue are a mistake or an attack. */
#define MAX_WAITERS 256
#define DEFAULT_JOB_WAIT 30000

typedef struct
{
  char *name;
  char *uuid;
  guint owner;
  guint persistent : 1;
  guint autostart : 1;
  guint active : 1;
  guint removed : 1;
  VireoObjList *list; /* not a reference: the list has the object */
  VireoJob *current_job;
  GQueue waiters;   /* Waiter */
  GSList *children; /* Children */
} VireoObjPrivate;

/* A list of what is below an object. */
typedef struct
{
  const char *kind;
  VireoObjList *list;
} Children;

/* Somebody who waits for the slot. */
typedef struct
{
  GTask *task;
  char *operation;
  VireoJobKind kind;
  guint uid;
  guint timeout_id;
  GSource *cancelled_source;
} Waiter;

enum
{
  PROP_0,
  PROP_NAME,
  PROP_UUID,
  PROP_OWNER,
  PROP_PERSISTENT,
  PROP_AUTOSTART,
  PROP_ACTIVE,
  PROP_CURRENT_JOB,
  PROP_JOBS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (VireoObj, vireo_obj, G_TYPE_OBJECT)

static VireoObjPrivate *
get_private (VireoObj *self)
{
  return vireo_obj_get_instance_private (self);
}

static void
waiter_free (Waiter *waiter)
{
  g_clear_handle_id (&waiter->timeout_id, g_source_remove);
  if (waiter->cancelled_source != NULL)
    {
      g_source_destroy (waiter->cancelled_source);
      g_source_unref (waiter->cancelled_source);
    }
  g_clear_object (&waiter->task);
  g_free (waiter->operation);
  g_free (waiter);
}

static void
set_name (VireoObj *self, const char *name)
{
  VireoObjPrivate *priv = get_private (self);
  g_autofree char *old_name = NULL;

  if (g_strcmp0 (priv->name, name) == 0)
    return;
  old_name = g_steal_pointer (&priv->name);
  priv->name = g_strdup (name);
  if (priv->list != NULL)
    _vireo_obj_list_reindex (priv->list, self, old_name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
}

static void
set_owner (VireoObj *self, guint owner)
{
  VireoObjPrivate *priv = get_private (self);

  if (priv->owner == owner)
    return;
  priv->owner = owner;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_OWNER]);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VireoObj *self = VIREO_OBJ (object);

  switch (id)
    {
    case PROP_NAME:
      set_name (self, g_value_get_string (value));
      break;
    case PROP_UUID:
      get_private (self)->uuid = g_value_dup_string (value);
      break;
    case PROP_OWNER:
      set_owner (self, g_value_get_uint (value));
      break;
    case PROP_PERSISTENT:
      vireo_obj_set_persistent (self, g_value_get_boolean (value));
      break;
    case PROP_AUTOSTART:
      vireo_obj_set_autostart (self, g_value_get_boolean (value));
      break;
    case PROP_ACTIVE:
      vireo_obj_set_active (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VireoObjPrivate *priv = get_private (VIREO_OBJ (object));

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, priv->name);
      break;
    case PROP_UUID:
      g_value_set_string (value, priv->uuid);
      break;
    case PROP_OWNER:
      g_value_set_uint (value, priv->owner);
      break;
    case PROP_PERSISTENT:
      g_value_set_boolean (value, priv->persistent);
      break;
    case PROP_AUTOSTART:
      g_value_set_boolean (value, priv->autostart);
      break;
    case PROP_ACTIVE:
      g_value_set_boolean (value, priv->active);
      break;
    case PROP_CURRENT_JOB:
      g_value_set_object (value, priv->current_job);
      break;
    case PROP_JOBS:
      g_value_set_boxed (value, vireo_job_get_background (VIREO_OBJ (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* The one place that hears of every change, with changes under g_object_freeze_notify () grouped; a
 * handler per object would cost memory and time that grow with the number of objects. */
static void
dispatch_properties_changed (GObject *object, guint n, GParamSpec **pspecs)
{
  VireoObjPrivate *priv = get_private (VIREO_OBJ (object));

  G_OBJECT_CLASS (vireo_obj_parent_class)->dispatch_properties_changed (object, n, pspecs);
  if (priv->list != NULL)
    _vireo_obj_list_emit_changed (priv->list, VIREO_OBJ (object), n, pspecs);
}

static void
children_free (gpointer data)
{
  Children *children = data;

  _vireo_obj_list_set_parent (children->list, NULL);
  g_object_unref (children->list);
  g_free (children);
}

static void
finalize (GObject *object)
{
  VireoObjPrivate *priv = get_private (VIREO_OBJ (object));

  /* Each waiter's task and the current job have a reference to the object, so both are gone. */
  g_assert (g_queue_is_empty (&priv->waiters));
  g_assert (priv->current_job == NULL);
  g_slist_free_full (priv->children, children_free);
  g_free (priv->name);
  g_free (priv->uuid);
  G_OBJECT_CLASS (vireo_obj_parent_class)->finalize (object);
}

static void
vireo_obj_class_init (VireoObjClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  klass->kind = "object";
  klass->job_wait = DEFAULT_JOB_WAIT;
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->dispatch_properties_changed = dispatch_properties_changed;
  object_class->finalize = finalize;

  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, rw);
  props[PROP_UUID]
      = g_param_spec_string ("uuid", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  props[PROP_OWNER] = g_param_spec_uint ("owner", NULL, NULL, 0, G_MAXUINT, VIREO_OWNER_ROOT, rw);
  props[PROP_PERSISTENT] = g_param_spec_boolean ("persistent", NULL, NULL, FALSE, rw);
  props[PROP_AUTOSTART] = g_param_spec_boolean ("autostart", NULL, NULL, FALSE, rw);
  props[PROP_ACTIVE] = g_param_spec_boolean ("active", NULL, NULL, FALSE, rw);
  props[PROP_CURRENT_JOB] = g_param_spec_object ("current-job", NULL, NULL, VIREO_TYPE_JOB, r);
  props[PROP_JOBS] = g_param_spec_boxed ("jobs", NULL, NULL, G_TYPE_PTR_ARRAY, r);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
vireo_obj_init (VireoObj *self)
{
  g_queue_init (&get_private (self)->waiters);
}

/**
 * vireo_obj_get_kind:
 * @self: an object
 *
 * Returns: (transfer none): what it is, such as "domain"
 * Since: 0.1
 */
const char *
vireo_obj_get_kind (VireoObj *self)
{
  return VIREO_OBJ_GET_CLASS (self)->kind;
}

/**
 * vireo_obj_get_name:
 * @self: an object
 *
 * Returns: (transfer none): its name
 * Since: 0.1
 */
const char *
vireo_obj_get_name (VireoObj *self)
{
  return get_private (self)->name;
}

/**
 * vireo_obj_get_uuid:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): its UUID, in lower case with dashes; %NULL for a connection
 * Since: 0.1
 */
const char *
vireo_obj_get_uuid (VireoObj *self)
{
  return get_private (self)->uuid;
}

/**
 * vireo_obj_get_owner:
 * @self: an object
 *
 * Returns: the user id of who defined it
 * Since: 0.1
 */
guint
vireo_obj_get_owner (VireoObj *self)
{
  return get_private (self)->owner;
}

/**
 * vireo_obj_get_active:
 * @self: an object
 *
 * Returns: whether it runs
 * Since: 0.1
 */
gboolean
vireo_obj_get_active (VireoObj *self)
{
  return get_private (self)->active;
}

/**
 * vireo_obj_get_persistent:
 * @self: an object
 *
 * Returns: whether it stays defined when it stops
 * Since: 0.1
 */
gboolean
vireo_obj_get_persistent (VireoObj *self)
{
  return get_private (self)->persistent;
}

/**
 * vireo_obj_get_autostart:
 * @self: an object
 *
 * Returns: whether it starts when the host does
 * Since: 0.1
 */
gboolean
vireo_obj_get_autostart (VireoObj *self)
{
  return get_private (self)->autostart;
}

/**
 * vireo_obj_set_name:
 * @self: an object
 * @name: a name that no other object of its list has
 *
 * Renames the object, also in its list.
 *
 * Since: 0.1
 */
void
vireo_obj_set_name (VireoObj *self, const char *name)
{
  g_return_if_fail (name != NULL);
  set_name (self, name);
}

/**
 * vireo_obj_set_owner:
 * @self: an object
 * @owner: a user id
 *
 * Records whose the object is.
 *
 * Since: 0.1
 */
void
vireo_obj_set_owner (VireoObj *self, guint owner)
{
  set_owner (self, owner);
}

/**
 * vireo_obj_set_active:
 * @self: an object
 * @active: whether it runs
 *
 * Since: 0.1
 */
void
vireo_obj_set_active (VireoObj *self, gboolean active)
{
  VireoObjPrivate *priv = get_private (self);

  if (priv->active == !!active)
    return;
  priv->active = !!active;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ACTIVE]);
}

/**
 * vireo_obj_set_persistent:
 * @self: an object
 * @persistent: whether it stays defined when it stops
 *
 * Since: 0.1
 */
void
vireo_obj_set_persistent (VireoObj *self, gboolean persistent)
{
  VireoObjPrivate *priv = get_private (self);

  if (priv->persistent == !!persistent)
    return;
  priv->persistent = !!persistent;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PERSISTENT]);
}

/**
 * vireo_obj_set_autostart:
 * @self: an object
 * @autostart: whether it starts when the host does
 *
 * Sets the flag in memory; the operation of the driver stores it.
 *
 * Since: 0.1
 */
void
vireo_obj_set_autostart (VireoObj *self, gboolean autostart)
{
  VireoObjPrivate *priv = get_private (self);

  if (priv->autostart == !!autostart)
    return;
  priv->autostart = !!autostart;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTOSTART]);
}

/**
 * vireo_obj_get_list:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): the list that it is in; %NULL when it was removed, or not
 *   added yet
 * Since: 0.1
 */
VireoObjList *
vireo_obj_get_list (VireoObj *self)
{
  return get_private (self)->list;
}

void
_vireo_obj_set_list (VireoObj *self, VireoObjList *list)
{
  get_private (self)->list = list;
}

/**
 * vireo_obj_emit_event:
 * @self: an object
 * @signal: name of a D-Bus signal of the object's interface
 * @args: (nullable): its arguments, a tuple; floating references are sunk
 *
 * Tells the world something that is no property. An object that is in no list is heard by nobody.
 *
 * Since: 0.1
 */
void
vireo_obj_emit_event (VireoObj *self, const char *signal, GVariant *args)
{
  VireoObjPrivate *priv = get_private (self);
  g_autoptr (GVariant) sunk = args != NULL ? g_variant_ref_sink (args) : NULL;

  if (priv->list != NULL)
    _vireo_obj_list_emit_event (priv->list, self, signal, sunk);
}

/* ---- children ---- */

/**
 * vireo_obj_get_children:
 * @self: an object
 * @kind: of the objects below it, such as "domain-snapshot"
 *
 * Returns: (transfer none) (nullable): those; %NULL when it never had any
 * Since: 0.1
 */
VireoObjList *
vireo_obj_get_children (VireoObj *self, const char *kind)
{
  for (GSList *link = get_private (self)->children; link != NULL; link = link->next)
    {
      const Children *children = link->data;

      if (g_str_equal (children->kind, kind))
        return children->list;
    }
  return NULL;
}

/**
 * vireo_obj_set_children:
 * @self: an object that has no children of that kind
 * @kind: of the objects in @list
 * @list: a list that has no other parent; a reference is taken
 *
 * Since: 0.1
 */
void
vireo_obj_set_children (VireoObj *self, const char *kind, VireoObjList *list)
{
  VireoObjPrivate *priv = get_private (self);
  Children *children;

  g_return_if_fail (vireo_obj_get_children (self, kind) == NULL);
  children = g_new (Children, 1);
  children->kind = g_intern_string (kind);
  children->list = g_object_ref (list);
  _vireo_obj_list_set_parent (list, self);
  priv->children = g_slist_append (priv->children, children);
  if (priv->list != NULL)
    _vireo_obj_list_emit_children (priv->list, self, children->kind);
}

/**
 * vireo_obj_ensure_children:
 * @self: an object
 * @kind: of the objects below it
 *
 * Returns: (transfer none): the list of those, made if there was none
 * Since: 0.1
 */
VireoObjList *
vireo_obj_ensure_children (VireoObj *self, const char *kind)
{
  VireoObjList *list = vireo_obj_get_children (self, kind);
  g_autoptr (VireoObjList) made = NULL;

  if (list != NULL)
    return list;
  made = vireo_obj_list_new ();
  vireo_obj_set_children (self, kind, made);
  return made;
}

/**
 * vireo_obj_get_parent:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): what it is below of
 * Since: 0.1
 */
VireoObj *
vireo_obj_get_parent (VireoObj *self)
{
  VireoObjPrivate *priv = get_private (self);

  return priv->list != NULL ? _vireo_obj_list_get_parent (priv->list) : NULL;
}

/* ---- the job slot ---- */

static void
set_current_job (VireoObj *self, VireoJob *job)
{
  if (g_set_object (&get_private (self)->current_job, job))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CURRENT_JOB]);
}

gboolean
_vireo_obj_take_slot (VireoObj *self, VireoJob *job)
{
  if (get_private (self)->current_job != NULL)
    return FALSE;
  set_current_job (self, job);
  return TRUE;
}

/* Callers hear of it from the main loop, never from inside the call that freed the slot. */
static gboolean
return_job (gpointer data)
{
  GTask *task = data;

  g_task_return_pointer (task, g_object_ref (g_task_get_task_data (task)), g_object_unref);
  return G_SOURCE_REMOVE;
}

static void
grant (VireoObj *self, GTask *task, const char *operation, VireoJobKind kind, guint uid)
{
  VireoJob *job = _vireo_job_new (self, operation, kind, uid);

  g_task_set_task_data (task, job, g_object_unref);
  if (kind != VIREO_JOB_NONE)
    set_current_job (self, job);
  g_idle_add_full (G_PRIORITY_DEFAULT, return_job, g_object_ref (task), g_object_unref);
}

/* Takes the waiter out of the queue with an error. */
static void
refuse (VireoObj *self, Waiter *waiter, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&waiter->task);

  g_queue_remove (&get_private (self)->waiters, waiter);
  waiter_free (waiter);
  g_task_return_error (task, error);
}

static gboolean
waited_too_long (gpointer data)
{
  Waiter *waiter = data;
  VireoObj *self = g_task_get_source_object (waiter->task);
  VireoJob *job = get_private (self)->current_job;

  waiter->timeout_id = 0;
  refuse (self, waiter,
          g_error_new (VIREO_ERROR, VIREO_ERROR_BUSY,
                       "%s \"%s\" is busy with %s, which did not end within %u s",
                       vireo_obj_get_kind (self), vireo_obj_get_name (self),
                       vireo_job_get_operation (job), VIREO_OBJ_GET_CLASS (self)->job_wait / 1000));
  return G_SOURCE_REMOVE;
}

static gboolean
waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  Waiter *waiter = data;

  refuse (g_task_get_source_object (waiter->task), waiter,
          g_error_new (VIREO_ERROR, VIREO_ERROR_CANCELLED, "%s was cancelled before it began",
                       waiter->operation));
  return G_SOURCE_REMOVE;
}

gboolean
_vireo_obj_stop_waits (VireoObj *self)
{
  Waiter *first = g_queue_peek_head (&get_private (self)->waiters);

  return first != NULL && first->kind == VIREO_JOB_STOP;
}

/* Behind those of its kind: who stops goes before who changes. */
static void
enqueue (VireoObj *self, Waiter *waiter)
{
  GQueue *waiters = &get_private (self)->waiters;
  GList *link = waiters->head;

  if (waiter->kind != VIREO_JOB_STOP)
    {
      g_queue_push_tail (waiters, waiter);
      return;
    }
  while (link != NULL && ((Waiter *) link->data)->kind == VIREO_JOB_STOP)
    link = link->next;
  g_queue_insert_before (waiters, link, waiter);
}

static void
wait_for_slot (VireoObj *self, GTask *task, const char *operation, VireoJobKind kind, guint uid)
{
  VireoObjPrivate *priv = get_private (self);
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->task = g_object_ref (task);
  waiter->operation = g_strdup (operation);
  waiter->kind = kind;
  waiter->uid = uid;
  waiter->timeout_id
      = g_timeout_add (VIREO_OBJ_GET_CLASS (self)->job_wait, waited_too_long, waiter);
  if (cancellable != NULL)
    {
      waiter->cancelled_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancelled_source, G_SOURCE_FUNC (waiter_cancelled), waiter,
                             NULL);
      g_source_attach (waiter->cancelled_source, NULL);
    }
  enqueue (self, waiter);
  if (kind == VIREO_JOB_STOP && vireo_job_get_cancelable (priv->current_job))
    vireo_job_cancel (priv->current_job, NULL);
}

static GError *
removed_error (VireoObj *self)
{
  return g_error_new (VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT, "%s \"%s\" is not there any more",
                      vireo_obj_get_kind (self), vireo_obj_get_name (self));
}

/**
 * vireo_obj_begin_job_async:
 * @self: an object
 * @operation: what will be done, such as "domain-start"
 * @kind: how it waits
 * @uid: who asked for it; 0 for the daemon itself
 * @cancellable: (nullable): to stop waiting; what is done in the job has its own
 * @callback: called when the slot is @operation's, or will not be
 * @user_data: for @callback
 *
 * Waits for the slot. Errors: Busy, Cancelled, UnknownObject.
 *
 * Since: 0.1
 */
void
vireo_obj_begin_job_async (VireoObj *self,
                           const char *operation,
                           VireoJobKind kind,
                           guint uid,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  VireoObjPrivate *priv = get_private (self);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, vireo_obj_begin_job_async);
  /* A job that was granted reaches its holder even when it was cancelled just now: otherwise nobody
   * would end it. */
  g_task_set_check_cancellable (task, FALSE);

  if (priv->removed)
    g_task_return_error (task, removed_error (self));
  else if (g_cancellable_is_cancelled (cancellable))
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_CANCELLED, "%s was cancelled",
                             operation);
  else if (kind == VIREO_JOB_NONE || priv->current_job == NULL)
    grant (self, task, operation, kind, uid);
  else if (priv->waiters.length >= MAX_WAITERS)
    g_task_return_new_error (task, VIREO_ERROR, VIREO_ERROR_BUSY,
                             "%s \"%s\" is busy, and %u callers wait for it already",
                             vireo_obj_get_kind (self), priv->name, priv->waiters.length);
  else
    wait_for_slot (self, task, operation, kind, uid);
}

/**
 * vireo_obj_begin_job_finish:
 * @self: an object
 * @result: what the callback got
 * @error: Busy, Cancelled or UnknownObject
 *
 * Returns: (transfer full) (nullable): the job, which the caller has to end; %NULL with @error
 * Since: 0.1
 */
VireoJob *
vireo_obj_begin_job_finish (VireoObj *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * vireo_obj_get_current_job:
 * @self: an object
 *
 * Returns: (transfer none) (nullable): the job that has the slot
 * Since: 0.1
 */
VireoJob *
vireo_obj_get_current_job (VireoObj *self)
{
  return get_private (self)->current_job;
}

void
_vireo_obj_release_job (VireoObj *self, VireoJob *job)
{
  VireoObjPrivate *priv = get_private (self);
  Waiter *next;

  if (priv->current_job != job)
    return;
  next = g_queue_pop_head (&priv->waiters);
  if (next == NULL)
    {
      set_current_job (self, NULL);
      return;
    }
  grant (self, next->task, next->operation, next->kind, next->uid);
  waiter_free (next);
}

void
_vireo_obj_removed (VireoObj *self)
{
  VireoObjPrivate *priv = get_private (self);
  Waiter *waiter;

  priv->removed = TRUE;
  priv->list = NULL;
  while ((waiter = g_queue_peek_head (&priv->waiters)) != NULL)
    refuse (self, waiter, removed_error (self));
}
