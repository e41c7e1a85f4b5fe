/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-gate.h"

#include "vireo-visibility.h"

/* The way of a call, from its arguments' types being right to its handler:
 *
 *   1. the object is looked up: UnknownObject when it is not there;
 *   2. the caller may read the object, what it is in and whom it tells of: the same UnknownObject
 *      otherwise, before anything else is looked at, so that absent and hidden are alike;
 *   3. options are checked and the arguments prepared, which may say what else must be allowed.
 * What is wrong with them is held back:
 *   4. every permission of the member, one after the other: NotAuthorized or AuthDismissed;
 *   5. NotSupported when the driver has no function for it, and what was held back, are told to a
 * caller who may do the thing;
 *   6. the quotas, and then the job slot, in turn;
 *   7. the object is looked up again, for a person may have taken minutes over a dialog: it is
 * still there, and is still what polkit was told;
 *   8. the handler.
 *
 * For the superuser there is nothing to ask, and steps 2 and 4 are skipped. */

/* A question to polkit. */
typedef struct
{
  const VireoAction *action;
  VireoDetails *details;
  const char *hides;         /* (nullable): the path at which a refusal says there is no object */
  gboolean wish;             /* whether the call goes on without */
  gboolean refused;          /* of a wish */
  const VireoAction *unless; /* (nullable): a wish that makes it needless when it is granted */
  char *because;             /* (nullable): why it is needed */
} Check;

static void run_checks (VireoCall *call);

static void
check_clear (gpointer data)
{
  Check *check = data;

  vireo_details_unref (check->details);
  g_free (check->because);
}

/* @details: (transfer full) */
static void
add_full_check (VireoCall *call, Check check)
{
  if (call->checks == NULL)
    {
      call->checks = g_array_new (FALSE, FALSE, sizeof (Check));
      g_array_set_clear_func (call->checks, check_clear);
    }
  for (guint i = 0; i < call->checks->len; i++)
    {
      const Check *other = &g_array_index (call->checks, Check, i);

      if (other->action == check.action && other->details == check.details
          && other->wish == check.wish)
        {
          check_clear (&check);
          return;
        }
    }
  g_array_append_val (call->checks, check);
}

static void
add_check (VireoCall *call, const VireoAction *action, VireoDetails *details, const char *hides)
{
  add_full_check (call, (Check){ action, vireo_details_ref (details), .hides = hides });
}

static void
return_unknown (VireoCall *call, const char *path)
{
  vireo_call_return_new_error (call, VIREO_ERROR_UNKNOWN_OBJECT, "there is no object at %s", path);
}

/* Of the object that was called. */
static void
return_no_object (VireoCall *call)
{
  return_unknown (call, g_dbus_message_get_path (call->message));
}

static const char *
member_name (VireoCall *call)
{
  gboolean is_property = g_str_equal (call->member, "Get") || g_str_equal (call->member, "Set");

  return is_property ? call->export->info->properties[call->property].name : call->member;
}

static void
return_refusal (VireoCall *call, const Check *check, VireoVerdict verdict)
{
  static const struct
  {
    VireoError code;
    const char *because;
  } refusals[] = {
    [VIREO_VERDICT_NO] = { VIREO_ERROR_NOT_AUTHORIZED, "" },
    [VIREO_VERDICT_YES] = { VIREO_ERROR_FAILED, "" },
    [VIREO_VERDICT_CHALLENGE] = { VIREO_ERROR_NOT_AUTHORIZED, " without authenticating" },
    [VIREO_VERDICT_DISMISSED] = { VIREO_ERROR_AUTH_DISMISSED, ": the dialog was dismissed" },
    [VIREO_VERDICT_CANCELLED] = { VIREO_ERROR_CANCELLED, ": the question was cancelled" },
    [VIREO_VERDICT_BUSY] = { VIREO_ERROR_BUSY, ": too many authentication dialogs are open" },
    [VIREO_VERDICT_FAILED] = { VIREO_ERROR_NOT_AUTHORIZED, ": polkit could not be asked" },
  };

  if (check->hides != NULL)
    {
      return_unknown (call, check->hides);
      return;
    }
  vireo_call_return_new_error (
      call, refusals[verdict].code, "%s takes %s%s%s, which you do not have%s", member_name (call),
      check->action->name, check->because != NULL ? " for " : "",
      check->because != NULL ? check->because : "", refusals[verdict].because);
}

/* ---- steps 7 and 8 ---- */

/* Whether it was asked if the caller may read @node, as it is now. */
static gboolean
was_asked_about (VireoCall *call, VireoNode *node)
{
  for (guint i = 0; i < call->checks->len; i++)
    {
      const Check *check = &g_array_index (call->checks, Check, i);

      if (check->hides != NULL && check->action == node->export->getattr
          && check->details == vireo_node_get_details (node))
        return TRUE;
    }
  return FALSE;
}

/* Whether what the caller was authorized for is what is there now, and in what it was. */
static gboolean
is_still_the_same (VireoCall *call)
{
  VireoNode *needed[VIREO_VISIBILITY_MOST];
  guint n;

  if (call->checks == NULL
      || vireo_node_get_subject (call->node)->path_kind == VIREO_PATH_MANAGER)
    return TRUE;
  n = vireo_visibility_list_needed (call->caller, call->node, needed);
  for (guint i = 0; i < n; i++)
    if (!was_asked_about (call, needed[i]))
      return FALSE;
  return TRUE;
}

static void
run (VireoCall *call)
{
  if (call->node != NULL && call->node->gone)
    return_no_object (call);
  else if (call->also != NULL && call->also->gone)
    return_unknown (call, call->also->path);
  else if (call->node != NULL && !is_still_the_same (call))
    vireo_call_return_new_error (call, VIREO_ERROR_INVALID_STATE,
                                 "the object got another name or owner while the call waited");
  else
    call->run (call);
}

/* ---- step 6 ---- */

/* Finds the driver's function for the call. */
static gboolean
find_function (VireoCall *call)
{
  const VireoHandler *handler = call->handler;
  VireoNode *connection;
  VireoPart part;

  if (handler == NULL || handler->op == 0)
    return TRUE;
  connection = vireo_node_get_connection (call->node);
  part = (handler->part != 0 ? handler->part : call->export->service->part) - 1;
  call->part = vireo_connection_obj_get_part (VIREO_CONNECTION_OBJ (connection->object), part);
  call->op = vireo_connection_obj_get_function (VIREO_CONNECTION_OBJ (connection->object), part,
                                                handler->op);
  return call->op != NULL;
}

/* Whose slot it is: a call on a snapshot is work on its domain. */
static VireoObj *
slot_holder (VireoCall *call)
{
  const VireoNode *node = call->export->service->parent_slot ? call->node->parent : call->node;

  return VIREO_OBJ (node->object);
}

static void
on_slot (GObject *source, GAsyncResult *result, gpointer user_data)
{
  VireoCall *call = user_data;
  GError *error = NULL;

  call->job = vireo_obj_begin_job_finish (VIREO_OBJ (source), result, &error);
  if (call->job != NULL)
    run (call);
  else if (g_error_matches (error, VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT))
    {
      g_error_free (error);
      return_no_object (call);
    }
  else
    vireo_call_return_error (call, error);
}

/* What the call needs of its caller's quotas; it gives it back when it ends. */
static gboolean
take_quotas (VireoCall *call, gboolean is_job, GError **error)
{
  VireoQuotas *quotas = vireo_server_get_quotas (call->server);
  guint uid = vireo_caller_get_uid (call->caller);

  if (call->makes)
    {
      guint n_owned = vireo_tree_count_owned (vireo_server_get_tree (call->server), uid);

      if (!vireo_quotas_check (quotas, uid, VIREO_QUOTA_OBJECTS, n_owned + 1, error)
          || !vireo_quotas_take (quotas, uid, VIREO_QUOTA_OBJECTS, 1, error))
        return FALSE;
      call->has_object_quota = TRUE;
    }
  if (is_job)
    call->has_job_quota = vireo_quotas_take (quotas, uid, VIREO_QUOTA_JOBS, 1, error);
  return !is_job || call->has_job_quota;
}

static void
take_slot (VireoCall *call)
{
  const VireoHandler *handler = call->handler;
  gboolean is_job = handler != NULL && handler->job != VIREO_JOB_NONE && !call->node->gone;
  GError *error = NULL;

  if (!find_function (call))
    vireo_call_return_new_error (call, VIREO_ERROR_NOT_SUPPORTED,
                                 "the driver of this connection has no %s", member_name (call));
  else if (call->held != NULL)
    vireo_call_return_error (call, g_steal_pointer (&call->held));
  else if (!take_quotas (call, is_job, &error))
    vireo_call_return_error (call, error);
  else if (!is_job)
    run (call);
  else
    vireo_obj_begin_job_async (slot_holder (call), handler->operation, handler->job,
                               vireo_caller_get_uid (call->caller),
                               vireo_call_get_cancellable (call), on_slot, call);
}

/* ---- steps 2 and 4 ---- */

static void
on_verdict (VireoVerdict verdict, gpointer user_data)
{
  VireoCall *call = user_data;
  Check *check = &g_array_index (call->checks, Check, call->next_check);

  if (check->wish)
    check->refused = verdict != VIREO_VERDICT_YES;
  else if (verdict != VIREO_VERDICT_YES)
    {
      return_refusal (call, check, verdict);
      return;
    }
  call->next_check++;
  run_checks (call);
}

/* polkit is asked first whether it would have to ask: only then a dialog counts, and is opened. */
static void
on_first_verdict (VireoVerdict verdict, gpointer user_data)
{
  VireoCall *call = user_data;
  const Check *check = &g_array_index (call->checks, Check, call->next_check);
  gboolean interactive = (g_dbus_message_get_flags (call->message)
                          & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
                         != 0;

  if (verdict != VIREO_VERDICT_CHALLENGE || !interactive || check->wish)
    on_verdict (verdict, call);
  else
    vireo_authority_prompt (vireo_server_get_authority (call->server), call->caller, check->action,
                            check->details, vireo_call_get_cancellable (call), on_verdict, call);
}

static void checks_passed (VireoCall *call);

static void
run_checks (VireoCall *call)
{
  VireoAuthority *authority = vireo_server_get_authority (call->server);

  while (call->checks != NULL && call->next_check < call->checks->len)
    {
      const Check *check = &g_array_index (call->checks, Check, call->next_check);
      VireoVerdict verdict;

      if (check->unless != NULL && vireo_call_has_required (call, check->unless))
        {
          call->next_check++;
          continue;
        }
      if (!vireo_authority_peek (authority, call->caller, check->action, check->details, &verdict))
        {
          vireo_authority_ask (authority, call->caller, check->action, check->details,
                               on_first_verdict, call);
          return;
        }
      /* That goes on by itself, with what is left of the checks. */
      if (verdict != VIREO_VERDICT_YES)
        {
          on_first_verdict (verdict, call);
          return;
        }
      call->next_check++;
    }
  checks_passed (call);
}

/* ---- step 3 ---- */

static const VireoOptionInfo *
find_option (const VireoMethodInfo *method, const char *name)
{
  for (const VireoOptionInfo *option = method->options; option->name != NULL; option++)
    if (g_str_equal (option->name, name))
      return option;
  return NULL;
}

static char *
list_options (const VireoMethodInfo *method)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (const VireoOptionInfo *option = method->options; option->name != NULL; option++)
    g_string_append_printf (list, "%s%s (%s)", list->len > 0 ? ", " : "", option->name,
                            option->type);
  if (list->len == 0)
    g_string_append (list, "none");
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* No method has nearly that many. */
#define MAX_OPTIONS 256u

static gboolean
check_options (VireoCall *call, GError **error)
{
  const VireoMethodInfo *method = call->method;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (method == NULL || method->options_index < 0)
    return TRUE;
  call->options = g_variant_get_child_value (call->args, (gsize) method->options_index);
  if (g_variant_n_children (call->options) > MAX_OPTIONS)
    {
      g_autofree char *known = list_options (method);

      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                   "%s takes no %" G_GSIZE_FORMAT " options; it has %s", method->name,
                   g_variant_n_children (call->options), known);
      return FALSE;
    }
  g_variant_iter_init (&iter, call->options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      const VireoOptionInfo *option = find_option (method, name);
      g_autofree char *type = g_strdup (g_variant_get_type_string (value));

      g_variant_unref (value);
      if (option == NULL)
        {
          g_autofree char *known = list_options (method);

          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                       "%s has no option \"%s\"; it has %s", method->name, name, known);
          return FALSE;
        }
      if (!g_str_equal (type, option->type))
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_OPTION,
                       "the option \"%s\" of %s has the type %s, not %s", name, method->name,
                       option->type, type);
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * vireo_call_add_subject:
 * @call: a call that is being prepared
 * @details: (transfer full): what polkit is to be told
 *
 * Says what the call is about, when that is not (only) the object that was called. The member's
 * permissions are asked for every subject.
 */
void
vireo_call_add_subject (VireoCall *call, VireoDetails *details)
{
  if (call->subjects == NULL)
    call->subjects = g_ptr_array_new_with_free_func ((GDestroyNotify) vireo_details_unref);
  g_ptr_array_add (call->subjects, details);
}

/* One more permission, on the object that was called. */
void
vireo_call_require (VireoCall *call, const VireoAction *action)
{
  VireoVerdict ignored;

  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &ignored))
    add_check (call, action, vireo_node_get_details (call->node), NULL);
}

/* One more permission, as if the member had it: on the same objects as its others. */
void
vireo_call_require_too (VireoCall *call, const VireoAction *action)
{
  call->more = action;
}

/**
 * vireo_call_require_object:
 * @call: a call that is being prepared
 * @path: (transfer none): of an object that the arguments name; lives as long as the call
 * @path_kind: what it has to be
 * @action: what the caller must be allowed with it
 *
 * One more permission, on another object of the connection that was called. It is asked last, and
 * who may not see the object is told that there is none. `also` of the call is that object then.
 */
void
vireo_call_require_object (VireoCall *call,
                           const char *path,
                           VireoPathKind path_kind,
                           const VireoAction *action)
{
  VireoNode *node = vireo_tree_find (vireo_server_get_tree (call->server), path);

  if (node != NULL && node->path_kind == path_kind
      && vireo_node_get_connection (node) == vireo_node_get_connection (call->node))
    {
      call->also = vireo_node_ref (node);
      call->also_action = action;
    }
  else
    vireo_call_hold_error (call, g_error_new (VIREO_ERROR, VIREO_ERROR_UNKNOWN_OBJECT,
                                              "there is no object at %s", path));
}

/* The same about something else, with why: (transfer full) (nullable). */
void
vireo_call_require_of (VireoCall *call,
                       const VireoAction *action,
                       VireoDetails *details,
                       const VireoAction *unless,
                       char *because)
{
  add_full_check (
      call, (Check){ action, vireo_details_ref (details), .unless = unless, .because = because });
}

/* A permission that the call can do without: nobody is asked to authenticate for it, and
 * vireo_call_has_required() says whether the caller has it. To be wished before what depends on it
 * is required. */
void
vireo_call_wish (VireoCall *call, const VireoAction *action, VireoDetails *details)
{
  add_full_check (call, (Check){ action, vireo_details_ref (details), .wish = TRUE });
}

gboolean
vireo_call_has_required (VireoCall *call, const VireoAction *action)
{
  VireoVerdict verdict;

  if (vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &verdict))
    return verdict == VIREO_VERDICT_YES;
  for (guint i = 0; call->checks != NULL && i < call->checks->len; i++)
    if (g_array_index (call->checks, Check, i).action == action
        && !g_array_index (call->checks, Check, i).refused)
      return TRUE;
  return FALSE;
}

/* (transfer full): what is wrong with the arguments, for a caller who is authorized. The first one
 * counts. */
void
vireo_call_hold_error (VireoCall *call, GError *error)
{
  if (call->held == NULL)
    call->held = error;
  else
    g_error_free (error);
}

/* What a "$object" permission is for the object that a job works on. */
static const VireoAction *
resolve_action (VireoCall *call, const VireoAction *action)
{
  const VireoNode *subject;

  if (!g_str_equal (action->kind, "$object"))
    return action;
  subject = vireo_node_get_subject (call->node);
  return vireo_action_find (subject->export->service->kind, action->permission);
}

/* What an object is in comes first: who may not see that learns nothing of the object. */
static void
add_hiding_check (VireoCall *call, VireoNode *node, const char *path)
{
  VireoNode *needed[VIREO_VISIBILITY_MOST];

  for (guint n = vireo_visibility_list_needed (call->caller, node, needed); n > 0; n--)
    add_check (call, needed[n - 1]->export->getattr, vireo_node_get_details (needed[n - 1]), path);
}

/* A permission of the member, on what it is about. */
static void
add_action (VireoCall *call, const VireoAction *action)
{
  if (call->subjects == NULL)
    add_check (call, action, vireo_node_get_details (call->node), NULL);
  for (guint i = 0; call->subjects != NULL && i < call->subjects->len; i++)
    add_check (call, action, g_ptr_array_index (call->subjects, i), NULL);
}

/**
 * vireo_call_prepared:
 * @call: (transfer full): a call
 *
 * Goes on with a call that was prepared.
 */
void
vireo_call_prepared (VireoCall *call)
{
  VireoVerdict settled;

  call->prepared = TRUE;
  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    {
      for (guint i = 0; call->actions != NULL && call->actions[i] != NULL; i++)
        add_action (call, resolve_action (call, call->actions[i]));
      if (call->more != NULL)
        add_action (call, call->more);
      if (call->also != NULL)
        {
          add_hiding_check (call, call->also, call->also->path);
          add_check (call, call->also_action, vireo_node_get_details (call->also), NULL);
        }
    }
  if (call->late != NULL)
    call->late (call);
  run_checks (call);
}

static void
checks_passed (VireoCall *call)
{
  GError *error = NULL;

  if (call->prepared)
    {
      take_slot (call);
      return;
    }
  if (!check_options (call, &error))
    vireo_call_hold_error (call, error);
  if (call->handler != NULL && call->handler->prepare != NULL)
    call->handler->prepare (call);
  else
    vireo_call_prepared (call);
}

/* ---- steps 1 and 2 ---- */

static void
add_hiding_checks (VireoCall *call)
{
  VireoNode *subject = vireo_node_get_subject (call->node);

  /* That there is a service is no secret. */
  if (subject->path_kind == VIREO_PATH_MANAGER)
    return;
  add_hiding_check (call, subject, g_dbus_message_get_path (call->message));
}

/**
 * vireo_gate_pass:
 * @call: (transfer full): a call of which the path, the member and the types are right
 *
 * Lets the call through to its handler, or answers it with why it was not.
 */
void
vireo_gate_pass (VireoCall *call)
{
  VireoVerdict settled;
  VireoNode *node = NULL;

  if (call->node_path != NULL)
    {
      node = vireo_tree_find (vireo_server_get_tree (call->server), call->node_path);
      if (node == NULL)
        {
          return_no_object (call);
          return;
        }
      call->node = vireo_node_ref (node);
    }

  if (!vireo_authority_settles (vireo_server_get_authority (call->server), call->caller, &settled))
    {
      if (node != NULL)
        add_hiding_checks (call);
    }
  else if (settled != VIREO_VERDICT_YES)
    {
      vireo_call_return_new_error (call, VIREO_ERROR_NOT_AUTHORIZED,
                                   "this service is for its own user only");
      return;
    }
  run_checks (call);
}
