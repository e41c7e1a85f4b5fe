/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/vireo-conf.h"
#include "vireo-obj.h"

G_BEGIN_DECLS

/**
 * VireoDefObj:
 *
 * An object that is made from definitions: the persistent one, which the next start uses, and the
 * live one while it runs; or the raw text of one that cannot be parsed. Kinds derive from it, and
 * use the struct of their document where it says gpointer here. Beside the properties of #VireoObj:
 * `parse-error` s, what the parser said of raw text, empty when there is none; `updated` b, whether
 * the persistent definition has changed since the live one was made.
 *
 * Since: 0.1
 */
#define VIREO_TYPE_DEF_OBJ (vireo_def_obj_get_type ())
G_DECLARE_DERIVABLE_TYPE (VireoDefObj, vireo_def_obj, VIREO, DEF_OBJ, VireoObj)

/* The most properties of a kind that come from a definition. */
#define VIREO_DEF_OBJ_MAX_PROPERTIES 32

/**
 * VireoDefObjClass:
 * @doc: the kind of document that its definitions are, from vireo_doc_kind_find()
 * @def_props: those properties that come from a definition: they are notified when another one
 *   changes them
 * @n_def_props: how many; at most %VIREO_DEF_OBJ_MAX_PROPERTIES
 * @state_props: (nullable): the properties `state` and `state-reason`, in this order, of a kind
 *   whose reason vireo_def_obj_set_state_reason() sets
 * @raw_changed: there is raw text now, or another, or none any more; the base class notifies the
 *   state, and makes what the parser said its reason, when there are @state_props
 * @emit_lifecycle: (nullable): emits the event; the base class emits it with @event alone
 * @format_live: (nullable): prints the live definition with what the object knows beside it;
 *   otherwise it is printed as it is
 *
 * Since: 0.1
 */
struct _VireoDefObjClass
{
  VireoObjClass parent_class;

  const VireoDocKind *doc;
  GParamSpec *const *def_props;
  guint n_def_props;
  GParamSpec *const *state_props;
  void (*raw_changed) (VireoDefObj *self, gboolean came_or_went);
  void (*emit_lifecycle) (VireoDefObj *self, const char *event, const char *detail);
  char *(*format_live) (VireoDefObj *self,
                        gconstpointer live,
                        VireoFormatFlags flags,
                        GError **error);
};

/* The definition that the next start uses; %NULL for a transient or an unparsable object. It lies
 * packed: what is returned is to be read only, and there until control returns to the main loop. */
gconstpointer vireo_def_obj_get_persistent (VireoDefObj *self);
/* The definition that is running; %NULL while the object is inactive. */
gpointer vireo_def_obj_get_live (VireoDefObj *self);
/* Live if there is one, else persistent. */
gconstpointer vireo_def_obj_get (VireoDefObj *self);
/* The same for the getters of properties: there until the next glance at any object. */
gconstpointer vireo_def_obj_glance (VireoDefObj *self);

/* Both take the definition over, and notify what changed by it. */
void vireo_def_obj_set_persistent (VireoDefObj *self, gpointer def);
void vireo_def_obj_set_live (VireoDefObj *self, gpointer def);
/* After a change in place. */
void vireo_def_obj_changed (VireoDefObj *self);

/* Raw text of a definition that cannot be parsed, and what the parser said; otherwise %NULL. */
const char *vireo_def_obj_get_raw (VireoDefObj *self, const char **ret_message);
void vireo_def_obj_set_raw (VireoDefObj *self, const char *text, const char *message);

/* Why the object is not in the state that one would wish; "" when all is well, never %NULL. */
const char *vireo_def_obj_get_state_reason (VireoDefObj *self);
void vireo_def_obj_set_state_reason (VireoDefObj *self, const char *reason);

/* Emits the event `Lifecycle`. */
void vireo_def_obj_emit_lifecycle (VireoDefObj *self, const char *event, const char *detail);

/* The document as the flags want it; raw text where there is some. Never blocks. */
gconstpointer vireo_def_obj_choose (VireoDefObj *self, VireoFormatFlags *flags, GError **error);
char *vireo_def_obj_format (VireoDefObj *self, VireoFormatFlags flags, GError **error);

G_END_DECLS
