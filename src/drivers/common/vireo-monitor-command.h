/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/vireo-json.h"

G_BEGIN_DECLS

/* The longest that a caller may give, in bytes, how deep it may nest, and the longest reply that a
 * caller gets. */
#define VIREO_MONITOR_MAX_COMMAND (1024u * 1024)
#define VIREO_MONITOR_MAX_DEPTH 64u
#define VIREO_MONITOR_MAX_REPLY (4u * 1024 * 1024)

/* A command for a hypervisor's monitor or a guest's agent, `{"execute": NAME, "arguments": {…}}`.
 * @ret_arguments: NULL when it has none. Errors: InvalidArgument, LimitExceeded. */
gboolean vireo_monitor_command_parse (const char *text,
                                      char **ret_name,
                                      JsonObject **ret_arguments,
                                      GError **error);

/* What a command returned, as JSON or, of one for people (@human), as it is, which ends @task.
 * Another thread writes the text, for it may be long. */
void vireo_monitor_command_return (GTask *task, JsonNode *reply, gboolean human);

G_END_DECLS
