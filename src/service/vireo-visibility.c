/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-visibility.h"

#include <string.h>

/* Which objects a caller sees: those of which it may read the properties, in connections of which
 * it may do that, too. What tells of a guest is seen by those who see the guest. Nobody is asked to
 * authenticate for it. */

/* For how long questions are made before others have their turn. */
#define SLICE_US 700
#define AT_ONCE 8

typedef struct
{
  VireoAuthority *authority;
  VireoCaller *caller;
  const VireoAction *action;
  GPtrArray *nodes;
  guint8 *hidden;
  guint next;
  guint n_open;
  VireoVisibleFunc func;
  gpointer user_data;
} Filter;

typedef struct
{
  Filter *filter;
  guint index;
} Slot;

static void
filter_finish (Filter *filter)
{
  g_autoptr (GPtrArray) visible = NULL;

  if (memchr (filter->hidden, TRUE, filter->nodes->len) == NULL)
    visible = g_ptr_array_ref (filter->nodes);
  else
    visible = g_ptr_array_new_full (filter->nodes->len, (GDestroyNotify) vireo_node_unref);
  for (guint i = 0; visible != filter->nodes && i < filter->nodes->len; i++)
    if (!filter->hidden[i])
      g_ptr_array_add (visible, vireo_node_ref (g_ptr_array_index (filter->nodes, i)));
  filter->func (visible, filter->user_data);
  g_ptr_array_unref (filter->nodes);
  g_object_unref (filter->authority);
  g_object_unref (filter->caller);
  g_free (filter->hidden);
  g_free (filter);
}

static void
on_verdict (VireoVerdict verdict, gpointer user_data)
{
  Slot *slot = user_data;
  Filter *filter = slot->filter;

  filter->hidden[slot->index] |= verdict != VIREO_VERDICT_YES;
  g_free (slot);
  if (--filter->n_open == 0)
    filter_finish (filter);
}

static const VireoAction *
getattr_of (VireoNode *subject)
{
  return subject->export->getattr;
}

/* (nullable): the guest that an object tells of, for those to whom that is news: who made the
 * object said itself whose it is, and should not find out by it whether there is such a guest. */
static VireoNode *
find_guest (VireoCaller *caller, VireoNode *node)
{
  VireoObj *object;
  VireoObjList *domains;
  VireoObj *domain;
  const char *uuid;

  if (node->object == NULL || !VIREO_IS_OBJ (node->object))
    return NULL;
  object = VIREO_OBJ (node->object);
  if (VIREO_OBJ_GET_CLASS (object)->get_guest == NULL
      || vireo_obj_get_owner (object) == vireo_caller_get_uid (caller))
    return NULL;
  uuid = VIREO_OBJ_GET_CLASS (object)->get_guest (object);
  if (uuid == NULL)
    return NULL;
  domains = vireo_node_get_list (vireo_node_get_connection (node), VIREO_PATH_DOMAIN);
  domain = domains != NULL ? vireo_obj_list_find_by_uuid (domains, uuid) : NULL;
  return domain != NULL ? vireo_node_of (domain) : NULL;
}

guint
vireo_visibility_list_needed (VireoCaller *caller,
                              VireoNode *node,
                              VireoNode *ret_needed[VIREO_VISIBILITY_MOST])
{
  VireoNode *subject = vireo_node_get_subject (node);
  VireoNode *guest = find_guest (caller, subject);
  guint n = 0;

  for (node = subject; node != NULL && n < VIREO_VISIBILITY_MOST; node = node->parent)
    ret_needed[n++] = node;
  for (node = guest; node != NULL && n < VIREO_VISIBILITY_MOST; node = node->parent)
    ret_needed[n++] = node;
  return n;
}

/**
 * vireo_visibility_peek:
 * @caller: who
 * @node: what
 * @ret_visible: (out): whether @caller sees it
 *
 * Returns: whether that is known without asking
 */
gboolean
vireo_visibility_peek (VireoAuthority *authority,
                       VireoCaller *caller,
                       VireoNode *node,
                       gboolean *ret_visible)
{
  VireoNode *needed[VIREO_VISIBILITY_MOST];
  guint n = vireo_visibility_list_needed (caller, node, needed);
  gboolean known = TRUE;
  VireoVerdict settled;

  if (vireo_authority_settles (authority, caller, &settled))
    {
      *ret_visible = settled == VIREO_VERDICT_YES;
      return TRUE;
    }
  for (guint i = 0; i < n; i++)
    {
      VireoVerdict verdict;

      if (!vireo_authority_peek (authority, caller, getattr_of (needed[i]),
                                 vireo_node_get_details (needed[i]), &verdict))
        known = FALSE;
      else if (verdict != VIREO_VERDICT_YES)
        {
          *ret_visible = FALSE;
          return TRUE;
        }
    }
  if (known)
    *ret_visible = TRUE;
  return known;
}

static void
ask_one (Filter *filter, guint index, const VireoAction *action, VireoNode *node)
{
  VireoDetails *details = vireo_node_get_details (node);
  VireoVerdict verdict;
  Slot *slot;

  if (vireo_authority_peek (filter->authority, filter->caller, action, details, &verdict))
    {
      filter->hidden[index] |= verdict != VIREO_VERDICT_YES;
      return;
    }
  slot = g_new (Slot, 1);
  slot->filter = filter;
  slot->index = index;
  filter->n_open++;
  vireo_authority_ask (filter->authority, filter->caller, action, details, on_verdict, slot);
}

static void
ask_for (Filter *filter, guint index)
{
  VireoNode *needed[VIREO_VISIBILITY_MOST];
  guint n = vireo_visibility_list_needed (
      filter->caller, g_ptr_array_index (filter->nodes, index), needed);

  for (guint i = 0; i < n; i++)
    ask_one (filter, index, getattr_of (needed[i]), needed[i]);
  if (filter->action != NULL && n > 0)
    ask_one (filter, index, filter->action, needed[0]);
}

/* Returns whether all was asked. */
static gboolean
ask_slice (Filter *filter)
{
  gint64 until = g_get_monotonic_time () + SLICE_US;

  for (; filter->next < filter->nodes->len; filter->next++)
    {
      if (filter->next % AT_ONCE == 0 && g_get_monotonic_time () > until)
        return FALSE;
      ask_for (filter, filter->next);
    }
  return TRUE;
}

static gboolean
on_turn (gpointer user_data)
{
  Filter *filter = user_data;

  if (!ask_slice (filter))
    return G_SOURCE_CONTINUE;
  if (--filter->n_open == 0)
    filter_finish (filter);
  return G_SOURCE_REMOVE;
}

/**
 * vireo_visibility_filter:
 * @caller: who
 * @nodes: (element-type VireoNode): what
 * @func: called with those of @nodes that @caller sees; before this returns, when they are known
 * @user_data: for @func
 *
 * Finds out what a caller sees.
 */
void
vireo_visibility_filter (VireoAuthority *authority,
                         VireoCaller *caller,
                         GPtrArray *nodes,
                         VireoVisibleFunc func,
                         gpointer user_data)
{
  vireo_visibility_filter_for (authority, caller, nodes, NULL, func, user_data);
}

/**
 * vireo_visibility_filter_for:
 * @caller: who
 * @nodes: (element-type VireoNode): what
 * @action: (nullable): a permission that the caller has to have for each
 * @func: called with those of @nodes of which it is so; before this returns, when they are known
 * @user_data: for @func
 *
 * Finds out with which of some objects a caller may do something.
 */
void
vireo_visibility_filter_for (VireoAuthority *authority,
                             VireoCaller *caller,
                             GPtrArray *nodes,
                             const VireoAction *action,
                             VireoVisibleFunc func,
                             gpointer user_data)
{
  Filter *filter = g_new0 (Filter, 1);
  VireoVerdict settled;

  filter->action = action;
  filter->authority = g_object_ref (authority);
  filter->caller = g_object_ref (caller);
  filter->nodes = g_ptr_array_ref (nodes);
  filter->hidden = g_new0 (guint8, nodes->len + 1);
  filter->func = func;
  filter->user_data = user_data;
  /* One for ourselves, so that no answer ends it before all was asked. */
  filter->n_open = 1;
  if (vireo_authority_settles (authority, caller, &settled))
    {
      memset (filter->hidden, settled != VIREO_VERDICT_YES, nodes->len);
      filter->next = nodes->len;
    }
  if (!ask_slice (filter))
    g_idle_add_full (G_PRIORITY_DEFAULT + 10, on_turn, filter, NULL);
  else if (--filter->n_open == 0)
    filter_finish (filter);
}
