/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper-fixture.h"

#include <glib/gstdio.h>

#include "drivers/test/vireo-test-domains.h"
#include "util/vireo-error.h"
#include "util/vireo-store.h"

/* What a new daemon finds. */
void
keeper_restart (KeeperFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->driver);
  if (fixture->log != NULL)
    g_string_free (fixture->log, TRUE);
  fixture->driver = VIREO_DOMAIN_DRIVER (vireo_test_domains_new (fixture->dir));
  fixture->iface = VIREO_DOMAIN_DRIVER_GET_IFACE (fixture->driver);
  fixture->list = vireo_keeper_get_list (VIREO_KEEPER (fixture->driver));
  fixture->log = log_events (fixture->list);
  call_load (VIREO_KEEPER (fixture->driver), &error);
  g_assert_no_error (error);
}

void
keeper_setup (KeeperFixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("vireo-keeper-XXXXXX", NULL);
  keeper_restart (fixture);
}

/* And what is acknowledged is there. */
char *
keeper_path_of (KeeperFixture *fixture, const char *file)
{
  vireo_stores_settle ();
  return g_build_filename (fixture->dir, "domains", file, NULL);
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_folder (child);
      g_remove (child);
    }
  g_rmdir (path);
}

void
keeper_teardown (KeeperFixture *fixture, gconstpointer data)
{
  g_autofree char *domains = keeper_path_of (fixture, "");

  g_clear_object (&fixture->driver);
  g_string_free (fixture->log, TRUE);
  g_chmod (domains, 0700);
  remove_folder (fixture->dir);
  g_free (fixture->dir);
}

VireoDomainObj *
keeper_define (KeeperFixture *fixture, const char *name, const char *uuid, const char *more)
{
  g_autofree char *xml = domain_xml (name, uuid, more);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainObj) obj = call_define (fixture->driver, xml, 1000, &error);

  g_assert_no_error (error);
  return obj;
}

void
keeper_assert_define_fails (KeeperFixture *fixture, const char *name, const char *uuid, int code)
{
  g_autofree char *xml = domain_xml (name, uuid, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (call_define (fixture->driver, xml, 1000, &error));
  g_assert_error (error, VIREO_ERROR, code);
}

char *
keeper_read_file (KeeperFixture *fixture, const char *file)
{
  g_autofree char *path = keeper_path_of (fixture, file);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

void
keeper_write_file (KeeperFixture *fixture, const char *file, const char *text, gssize length)
{
  g_autofree char *path = keeper_path_of (fixture, file);

  g_assert_true (g_file_set_contents (path, text, length, NULL));
}

gboolean
keeper_has_file (KeeperFixture *fixture, const char *file)
{
  g_autofree char *path = keeper_path_of (fixture, file);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

VireoDomainObj *
keeper_by_name (KeeperFixture *fixture, const char *name)
{
  VireoObj *obj = vireo_obj_list_find_by_name (fixture->list, name);

  return obj != NULL ? VIREO_DOMAIN_OBJ (obj) : NULL;
}

VireoDomainState
keeper_state_of (KeeperFixture *fixture, const char *name)
{
  g_assert_nonnull (keeper_by_name (fixture, name));
  return vireo_domain_obj_get_state (keeper_by_name (fixture, name));
}

void
keeper_add_test (const char *path, void (*function) (KeeperFixture *, gconstpointer))
{
  g_test_add (path, KeeperFixture, NULL, keeper_setup, function, keeper_teardown);
}
