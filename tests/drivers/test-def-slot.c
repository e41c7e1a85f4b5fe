/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition at rest: who reads it, and for how long. */
#include "drivers/vireo-def-slot.h"

static const VireoDocKind *
domain (void)
{
  return vireo_doc_kind_find ("domain");
}

static gpointer
make (const char *title)
{
  VireoDomainDef *def = vireo_domain_def_new ();

  def->type = VIREO_DOMAIN_TYPE_TEST;
  def->name = g_strdup ("a");
  def->title = g_strdup (title);
  return def;
}

static const char *
title_of (gconstpointer def)
{
  return ((const VireoDomainDef *) def)->title;
}

static void
test_empty (void)
{
  VireoDefSlot slot = { NULL };

  g_assert_false (vireo_def_slot_is_set (&slot));
  g_assert_null (vireo_def_slot_get (&slot, domain ()));
  g_assert_null (vireo_def_slot_glance (&slot, domain ()));
  vireo_def_slot_clear (&slot);
}

/* One turn of the main loop sees one definition, the next one another. */
static void
test_open (void)
{
  VireoDefSlot slot = { NULL };
  gconstpointer def;

  vireo_def_slot_set (&slot, domain (), make ("one"));
  g_assert_true (vireo_def_slot_is_set (&slot));
  g_assert_null (slot.open);
  def = vireo_def_slot_get (&slot, domain ());
  g_assert_cmpstr (title_of (def), ==, "one");
  g_assert_true (vireo_def_slot_get (&slot, domain ()) == def);
  g_assert_true (vireo_def_slot_glance (&slot, domain ()) == def);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (slot.open);
  g_assert_cmpstr (title_of (vireo_def_slot_get (&slot, domain ())), ==, "one");

  vireo_def_slot_set (&slot, domain (), make ("two"));
  g_assert_null (slot.open);
  g_assert_cmpstr (title_of (vireo_def_slot_get (&slot, domain ())), ==, "two");
  vireo_def_slot_set (&slot, domain (), NULL);
  g_assert_false (vireo_def_slot_is_set (&slot));
  g_assert_null (vireo_def_slot_get (&slot, domain ()));
  /* The slot that is no more is not closed again. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_glance (void)
{
  VireoDefSlot slots[2] = { { NULL } };

  vireo_def_slot_set (&slots[0], domain (), make ("one"));
  vireo_def_slot_set (&slots[1], domain (), make ("two"));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpstr (title_of (vireo_def_slot_glance (&slots[0], domain ())), ==, "one");
      g_assert_cmpstr (title_of (vireo_def_slot_glance (&slots[1], domain ())), ==, "two");
      g_assert_null (slots[1].open);
    }
  vireo_def_slot_set (&slots[1], domain (), make ("three"));
  g_assert_cmpstr (title_of (vireo_def_slot_glance (&slots[1], domain ())), ==, "three");
  vireo_def_slot_clear (&slots[0]);
  vireo_def_slot_clear (&slots[1]);
  g_assert_null (vireo_def_slot_glance (&slots[1], domain ()));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/def-slot/empty", test_empty);
  g_test_add_func ("/def-slot/open", test_open);
  g_test_add_func ("/def-slot/glance", test_glance);
  return g_test_run ();
}
