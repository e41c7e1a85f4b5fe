/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drivers/qemu/vireo-qemu-domains.h"

/* A driver with folders of its own, for tests with a real QEMU. The guest is a boot sector that
 * says "R" on its serial port, echoes what it reads there, and powers off at the button. */
typedef struct
{
  char *root;
  VireoEnv env;
  VireoQemuDomains *domains;
  GPtrArray *events; /* "name started booted" */
} Fixture;

/* Whether QEMU is there; else says "skipped". */
gboolean fixture_can_run (void);

void fixture_set_up (Fixture *f, gconstpointer data);
void fixture_tear_down (Fixture *f, gconstpointer data);

/* Folders only, and a driver over them; for a daemon's life. */
void fixture_make_env (Fixture *f, const char *root);
void fixture_open (Fixture *f);
void fixture_close (Fixture *f);

/* A file in the fixture's folder; (transfer full). */
char *fixture_path (Fixture *f, const char *name);
/* Makes the boot sector's disk. */
void fixture_make_disk (Fixture *f, const char *name);

/* A definition with @devices in it. @emulator: (nullable). */
VireoDomainObj *fixture_define (Fixture *f, const char *name, const char *emulator,
                                const char *devices);

typedef void (*Operation) (VireoDomainDriver *driver, VireoDomainObj *obj, GTask *task);

/* Start, destroy and others in a job of their own; @error as always. */
gboolean fixture_start (Fixture *f, VireoDomainObj *obj, VireoDomainStartFlags flags,
                        GError **error);
gboolean fixture_destroy (Fixture *f, VireoDomainObj *obj, VireoDomainDestroyFlags flags,
                          GError **error);
gboolean fixture_call (Fixture *f, VireoDomainObj *obj, Operation operation, GError **error);

/* Begins a start or a destroy; the result is there when *@ret_result is. */
void fixture_begin_start (Fixture *f, VireoDomainObj *obj, GAsyncResult **ret_result);
void fixture_begin_destroy (Fixture *f, VireoDomainObj *obj, VireoDomainDestroyFlags flags,
                            GAsyncResult **ret_result);
void fixture_wait (GAsyncResult **result);

int fixture_open_console (Fixture *f, VireoDomainObj *obj, const char *device, gboolean force,
                          GError **error);

/* Runs the main loop until the domain is in the state, at most 20 s. */
void fixture_wait_state (Fixture *f, VireoDomainObj *obj, VireoDomainState state,
                         const char *reason);
/* …until @check is true. */
void fixture_wait_for (gboolean (*check) (gpointer data), gpointer data);

pid_t fixture_pid (VireoDomainObj *obj);
gboolean fixture_pid_is_gone (pid_t pid);
/* Nothing but the folders themselves is left of guests. */
void fixture_assert_clean (Fixture *f);
gboolean fixture_is_clean (gpointer fixture);
void fixture_assert_event (Fixture *f, const char *event);
