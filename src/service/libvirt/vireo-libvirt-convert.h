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

/* Whether the flags of a list leave an object in it. @filters ends with an empty row. */
gboolean vireo_libvirt_filters_match (GObject *object,
                                      const VireoLibvirtFilter *filters,
                                      guint32 flags);

/* "0-2,5" and the like as an array of booleans, ab, of @number; and the other way. */
GVariant *vireo_libvirt_cpu_map (const char *list, guint number);
char *vireo_libvirt_cpu_list (GVariant *map);

/* The values of @values, an a{sv}, in a variant more. */
GVariant *vireo_libvirt_wrap_values (GVariant *values);
/* The other way; values that are not wrapped stay as they are. */
GVariant *vireo_libvirt_unwrap_values (GVariant *values);

G_END_DECLS
