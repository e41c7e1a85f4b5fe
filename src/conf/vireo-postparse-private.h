/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generic phases, for the pipeline only. */
#pragma once

#include "vireo-device.h"
#include "vireo-postparse.h"

G_BEGIN_DECLS

/* Each of these adds what is missing and leaves alone what is there. */

/* CONTROLLERS */
VireoPostParseOutcome vireo_post_parse_controllers (VireoPostParseContext *context);

/* DEVICE, after the driver */
VireoPostParseOutcome vireo_post_parse_generic_device (VireoPostParseContext *context,
                                                       VireoDeviceKind kind, gpointer device);

/* IMPLICIT */
VireoPostParseOutcome vireo_post_parse_implicit (VireoPostParseContext *context);
void vireo_post_parse_domain_defaults (VireoPostParseContext *context);
void vireo_post_parse_serial_console (VireoPostParseContext *context);
VireoPostParseOutcome vireo_post_parse_implicit_controllers (VireoPostParseContext *context);

/* FEATURES */
VireoPostParseOutcome vireo_post_parse_features (VireoPostParseContext *context);

/* Adds a device, @device (transfer full), and has it completed as those that were written. */
VireoPostParseOutcome vireo_post_parse_add_device (VireoPostParseContext *context,
                                                   VireoDeviceKind kind, gpointer device);

/* Puts a controller, transfer full, among those of its type. */
void vireo_post_parse_insert_controller (VireoDomainDef *def, VireoControllerDef *controller);

/* The place of a disk on its bus, as its name tells: "hda" is 0, "sdab" is 27. FALSE for a name
 * that tells none. */
gboolean vireo_disk_name_to_index (const char *name, guint *ret_index);

/* Whether the domain is a machine that boots from firmware, rather than a container or a kernel for
 * a paravirtual host. */
gboolean vireo_domain_def_is_hvm (const VireoDomainDef *def);

/* Where something that @before has is not in @after any more, or has another value, as a path;
 * %NULL when everything is still there. What @after has besides does not count, nor do elements
 * that were added between those of a list. */
char *vireo_domain_def_find_lost (const VireoDomainDef *before, const VireoDomainDef *after);

G_END_DECLS
