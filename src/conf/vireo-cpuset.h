/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Numbers in a set are less than this: as many processors as a kernel can be built for, twice. */
#define VIREO_CPUSET_MAX 16384u

/**
 * VireoCpuset:
 * @bits: bit n % 64 of word n / 64 says whether n is in the set
 *
 * A set of small numbers: processors, NUMA nodes.
 *
 * Since: 0.1
 */
typedef struct
{
  guint64 bits[VIREO_CPUSET_MAX / 64];
} VireoCpuset;

VireoCpuset *vireo_cpuset_parse (const char *text);
gboolean vireo_cpuset_contains (const VireoCpuset *set, guint number);
gboolean vireo_cpuset_is_empty (const VireoCpuset *set);
gboolean vireo_cpuset_intersects (const VireoCpuset *a, const VireoCpuset *b);
gboolean vireo_cpuset_is_subset (const VireoCpuset *part, const VireoCpuset *whole);
gboolean vireo_cpuset_equal (const VireoCpuset *a, const VireoCpuset *b);
guint vireo_cpuset_count (const VireoCpuset *set);
/* VIREO_CPUSET_MAX when there is none. */
guint vireo_cpuset_last (const VireoCpuset *set);
void vireo_cpuset_add (VireoCpuset *set, const VireoCpuset *other);

G_END_DECLS
