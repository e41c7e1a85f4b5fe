/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules that stand in the schema: what gen-conf.py writes of them, and what applies them.
 * Private to src/conf. */
#pragma once

#include "conf/vireo-schema.h"

G_BEGIN_DECLS

typedef struct _VireoRuleFrame VireoRuleFrame;

/**
 * VireoRuleFrame:
 * @up: (nullable): the element around it
 * @field: (nullable): the row by which it stands there; NULL for a document
 * @def: the struct; of a group, the one around it
 * @schema: its number
 * @number: its place in a list, from 1 on; 0 when it is in none
 * @seen: what others of the list have, made when first asked for
 * @problems: (element-type VireoProblem): where what is wrong goes
 */
struct _VireoRuleFrame
{
  const VireoRuleFrame *up;
  const VireoSchemaField *field;
  gconstpointer def;
  guint schema;
  guint number;
  GHashTable **seen;
  GPtrArray *problems;
};

typedef void (*VireoRuleCheck) (const VireoRuleFrame *frame);

/* Of a struct or group: its function, 0 for none, and the rows that lead to more. */
typedef struct
{
  guint16 first;
  guint8 n_ways;
  guint8 check;
} VireoRuleStruct;

extern const VireoRuleCheck vireo_rule_checks[];
extern const VireoRuleStruct vireo_rule_structs[];
extern const guint8 vireo_rule_ways[];

void vireo_rule_check (const VireoDocKind *kind, gconstpointer def, GPtrArray *problems);
gconstpointer vireo_rule_around (const VireoRuleFrame *frame, guint schema);
gboolean vireo_rule_repeats (const VireoRuleFrame *frame, guint rule, guint64 number,
                             const char *text);
void vireo_rule_broken (const VireoRuleFrame *frame, const char *below, const char *code,
                        const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Questions about one value. */
gboolean vireo_rule_wwn (const char *text);
gboolean vireo_rule_disk_name (const char *text);
gboolean vireo_rule_volume_name (const char *text);
gboolean vireo_rule_filled (const char *text);
gboolean vireo_rule_one_line (const char *text);
gboolean vireo_rule_one_word (const char *text);
gboolean vireo_rule_visible (const char *text);
gboolean vireo_rule_multicast (const char *text);
gboolean vireo_rule_absolute (const char *text);
gboolean vireo_rule_slash (const char *text);
gboolean vireo_rule_filter_6_bits (const char *text);
gboolean vireo_rule_filter_8_bits (const char *text);
gboolean vireo_rule_filter_12_bits (const char *text);
gboolean vireo_rule_filter_16_bits (const char *text);
gboolean vireo_rule_filter_32_bits (const char *text);
gboolean vireo_rule_filter_mac (const char *text);
gboolean vireo_rule_filter_ip (const char *text);
gboolean vireo_rule_filter_mask (const char *text);
gboolean vireo_rule_power_of_two (guint64 value);
gboolean vireo_rule_whole_mib (guint64 value);
gint64 vireo_rule_last (const char *text);

G_END_DECLS
