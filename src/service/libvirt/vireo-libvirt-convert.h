/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vireo-libvirt-call.h"

G_BEGIN_DECLS

/* What is a word with us is a number there: those of libvirt's public enumerations. */

/* The index of @word in @words, which ends with %NULL; @fallback when it is not one of them. */
gint vireo_libvirt_number (const char *const *words, const char *word, gint fallback);

/* Of a domain's `StateReason`. */
gint vireo_libvirt_state_reason (guint state, const char *reason);

/* Of a domain's Lifecycle. FALSE for what is no event there. */
gboolean vireo_libvirt_domain_event (const char *event,
                                     const char *detail,
                                     gint *ret_event,
                                     gint *ret_detail);

/**
 * VireoLibvirtFilter:
 * @bit: in the flags of a list
 * @group: objects are listed that match one of the bits that are set of every group
 * @property: GObject property of the object that is looked at; "children:KIND" stands for whether
 * it has children of the kind
 * @wanted: its value, when it is a boolean
 * @word: (nullable): its value, when it is a text
 *
 * Objects without the property are like those of which it is %FALSE, or empty.
 */
typedef struct
{
  guint32 bit;
  guint group;
  const char *property;
  gboolean wanted;
  const char *word;
} VireoLibvirtFilter;

/* The paths of a list of ours, (ao), turned into those there, without those that the flags of @call
 * leave out. @filters ends with an empty row. */
GVariant *vireo_libvirt_filter_list (VireoLibvirtCall *call,
                                     GVariant *values,
                                     const VireoLibvirtFilter *filters);

/* "0-2,5" and the like as an array of booleans, ab, of @number; and the other way. */
GVariant *vireo_libvirt_cpu_map (const char *list, guint number);
char *vireo_libvirt_cpu_list (GVariant *map);

/* The values of @values, an a{sv}, in a variant more. */
GVariant *vireo_libvirt_wrap_values (GVariant *values);
/* The other way; values that are not wrapped stay as they are. */
GVariant *vireo_libvirt_unwrap_values (GVariant *values);

G_END_DECLS
