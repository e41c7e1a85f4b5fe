/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private to the generic rules that the schema cannot say: how they tell what is wrong. */
#pragma once

#include "vireo-device.h"
#include "vireo-postparse.h"
#include "vireo-rule.h"

G_BEGIN_DECLS

/**
 * VireoValidateRule:
 *
 * A rule across the fields of a document: looks at all of it, adds a problem for each offence,
 * changes nothing. Holds for a definition as it was written and for one that was completed.
 */
typedef void (*VireoValidateRule) (const VireoDomainDef *def, GPtrArray *problems);

extern const VireoValidateRule vireo_validate_machine_rules[];
extern const VireoValidateRule vireo_validate_tuning_rules[];
extern const VireoValidateRule vireo_validate_device_rules[];
extern const VireoValidateRule vireo_validate_chardev_rules[];
extern const VireoValidateRule vireo_validate_address_rules[];

/* @code: static; @path: a printf format for the path, up to the first blank of what it gives; the
 * rest is the message. So one format has both, and the arguments are named once:
 *   vireo_validate_add (problems, "duplicate-cell", "/domain/cpu/numa/cell[%u] there is …", i) */
void vireo_validate_add (GPtrArray *problems, const char *code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* The same for a device, whose path and label are put in. @below: (nullable): what comes behind the
 * device in the path, such as "target/@dev". */
void vireo_validate_add_device (GPtrArray *problems, VireoDeviceKind kind, guint index,
                                gconstpointer device, const char *below, const char *code,
                                const char *format, ...) G_GNUC_PRINTF (7, 8);

/* What the schema names in `check` rows. */
void vireo_check_domain (const VireoRuleFrame *frame);
void vireo_check_network_ip (const VireoRuleFrame *frame);
void vireo_check_dhcp_range (const VireoRuleFrame *frame);
void vireo_check_dhcp_host (const VireoRuleFrame *frame);
void vireo_check_nat_address (const VireoRuleFrame *frame);
void vireo_check_dns_host (const VireoRuleFrame *frame);
void vireo_check_route (const VireoRuleFrame *frame);
void vireo_check_routes (const VireoRuleFrame *frame);

G_END_DECLS
