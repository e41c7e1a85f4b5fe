/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the interface XML says, as static tables. The types are here, the tables come from
 * scripts/gen-members.py. */

/**
 * VireoAction:
 * @name: polkit's name, such as "org.vireo.vireo1.domain.start"
 * @kind: the kind of object that it is about, such as "domain"; "$object" for that of a job's
 * object
 * @permission: such as "start"
 * @reading: whether it only reads what holds no secret (getattr, read, search-*)
 *
 * A permission, and the polkit action that guards it.
 */
typedef struct
{
  const char *name;
  const char *kind;
  const char *permission;
  gboolean reading;
} VireoAction;

/**
 * VireoOptionInfo:
 * @name: key in the dictionary of options
 * @type: type of its value
 *
 * A key that a method's options may have.
 */
typedef struct
{
  const char *name;
  const char *type;
} VireoOptionInfo;

/**
 * VireoMethodInfo:
 * @name: of the member
 * @in_type: type of the tuple of its arguments
 * @out_type: type of the tuple that it returns
 * @actions: what a caller must be allowed, ending with %NULL
 * @options: keys of its options, ending with an empty row
 * @options_index: which argument is the dictionary of options; -1 when there is none
 *
 * A method.
 */
typedef struct
{
  const char *name;
  const char *in_type;
  const char *out_type;
  const VireoAction *const *actions;
  const VireoOptionInfo *options;
  int options_index;
} VireoMethodInfo;

/**
 * VireoEmits:
 * @VIREO_EMITS_VALUE: PropertiesChanged has the new value
 * @VIREO_EMITS_INVALIDATED: PropertiesChanged has the name only
 * @VIREO_EMITS_NOTHING: it does not change, or nobody is told
 *
 * The annotation EmitsChangedSignal.
 */
typedef enum
{
  VIREO_EMITS_VALUE,
  VIREO_EMITS_INVALIDATED,
  VIREO_EMITS_NOTHING,
} VireoEmits;

/**
 * VireoPropertyInfo:
 * @name: of the member
 * @attribute: the same as a GObject property is spelled: "post-parse-failed" for PostParseFailed
 * @type: of its value
 * @emits: who is told of changes
 * @actions: what a caller must be allowed to read it, ending with %NULL
 * @write_actions: (nullable): the same to write it; %NULL when it cannot be written
 *
 * A property.
 */
typedef struct
{
  const char *name;
  const char *attribute;
  const char *type;
  VireoEmits emits;
  const VireoAction *const *actions;
  const VireoAction *const *write_actions;
} VireoPropertyInfo;

typedef struct
{
  const char *name;
  const char *type;
  gboolean on_request;
} VireoSignalInfo;

/**
 * VireoInterfaceInfo:
 * @name: of the interface
 * @methods: its methods, by name, ending with an empty row; so the others
 * @xml: its `interface` element, for Introspect()
 *
 * An interface.
 */
typedef struct
{
  const char *name;
  const VireoMethodInfo *methods;
  const VireoPropertyInfo *properties;
  const VireoSignalInfo *signals;
  const char *xml;
} VireoInterfaceInfo;

/* All interfaces, ending with an empty row. */
extern const VireoInterfaceInfo vireo_interfaces[];

/* All actions, by name, ending with an empty row. */
extern const VireoAction vireo_actions[];

const VireoInterfaceInfo *vireo_interface_find (const char *name);
const VireoMethodInfo *vireo_method_find (const VireoInterfaceInfo *interface, const char *name);
const VireoPropertyInfo *vireo_property_find (const VireoInterfaceInfo *interface,
                                              const char *name);
const VireoSignalInfo *vireo_signal_find (const VireoInterfaceInfo *interface, const char *name);
const VireoAction *vireo_action_find (const char *kind, const char *permission);
gboolean vireo_actions_are_reading (const VireoAction *const *actions);

G_END_DECLS
