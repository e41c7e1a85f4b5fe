/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Somebody at a console. */
typedef struct _VireoTestConsole VireoTestConsole;

VireoTestConsole *vireo_test_console_new (const char *name, int *ret_fd, GError **error);
VireoTestConsole *vireo_test_console_new_display (gboolean password, int *ret_fd, GError **error);
gboolean vireo_test_console_is_open (VireoTestConsole *self);
void vireo_test_console_free (VireoTestConsole *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VireoTestConsole, vireo_test_console_free)

G_END_DECLS
