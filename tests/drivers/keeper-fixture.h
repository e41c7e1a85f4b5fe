/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "driver-calls.h"

/* The test driver's domains in a folder of their own, as daemons one after the other find them. */

#define UUID_A "aaaaaaaa-1111-4111-8111-111111111111"
#define UUID_B "bbbbbbbb-2222-4222-8222-222222222222"
#define METADATA(inner)                                                                            \
  "<metadata xmlns:test='https://vireo.org/xmlns/domain/test/1.0'>" inner "</metadata>"

typedef struct
{
  char *dir;
  VireoDomainDriver *driver;
  VireoDomainDriverInterface *iface;
  VireoObjList *list;
  GString *log;
} KeeperFixture;

void keeper_restart (KeeperFixture *fixture);
void keeper_setup (KeeperFixture *fixture, gconstpointer data);
char *keeper_path_of (KeeperFixture *fixture, const char *file);
void keeper_teardown (KeeperFixture *fixture, gconstpointer data);
VireoDomainObj *
keeper_define (KeeperFixture *fixture, const char *name, const char *uuid, const char *more);
void
keeper_assert_define_fails (KeeperFixture *fixture, const char *name, const char *uuid, int code);
char *keeper_read_file (KeeperFixture *fixture, const char *file);
void keeper_write_file (KeeperFixture *fixture, const char *file, const char *text, gssize length);
gboolean keeper_has_file (KeeperFixture *fixture, const char *file);
VireoDomainObj *keeper_by_name (KeeperFixture *fixture, const char *name);
VireoDomainState keeper_state_of (KeeperFixture *fixture, const char *name);

/* Registers a test with that fixture. */
void keeper_add_test (const char *path, void (*function) (KeeperFixture *, gconstpointer));
