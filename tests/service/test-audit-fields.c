/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the journal gets of a change, beside the line: fields to search for. */
#include "service/vireo-audit.h"

#define TEST_TYPE_THING (test_thing_get_type ())
G_DECLARE_FINAL_TYPE (TestThing, test_thing, TEST, THING, VireoObj)

struct _TestThing
{
  VireoObj parent_instance;
};

G_DEFINE_FINAL_TYPE (TestThing, test_thing, VIREO_TYPE_OBJ)

static void
test_thing_class_init (TestThingClass *klass)
{
  VIREO_OBJ_CLASS (klass)->kind = "thing";
}

static void
test_thing_init (TestThing *self)
{
}

static GHashTable *fields;

static GLogWriterOutput
keep (GLogLevelFlags level, const GLogField *found, gsize n, gpointer data)
{
  for (gsize i = 0; i < n; i++)
    if (found[i].length < 0)
      g_hash_table_insert (fields, g_strdup (found[i].key), g_strdup (found[i].value));
  return G_LOG_WRITER_HANDLED;
}

static void
test_fields (void)
{
  static const char *const wanted[][2] = {
    { "VIREO_UID", "1000" },
    { "VIREO_SENDER", "" },
    { "VIREO_MEMBER", "job thing-copy" },
    { "VIREO_OBJECT", "/things/1" },
    { "VIREO_NAME", "100%s" },
    { "VIREO_JOB", "/jobs/7" },
    { "VIREO_RESULT", "org.vireo.Vireo1.Error.NotFound" },
    { "MESSAGE", "uid 1000: job thing-copy on /things/1 (100%s): "
                 "org.vireo.Vireo1.Error.NotFound: no \"%d\"" },
  };
  g_autoptr (VireoObj) thing
      = g_object_new (TEST_TYPE_THING, "name", "100%s", "uuid",
                      "11111111-1111-4111-8111-111111111111", NULL);
  g_autoptr (VireoJob) job = vireo_job_new_background (thing, "thing-copy", 1000);
  g_autoptr (GError) error = g_error_new (VIREO_ERROR, VIREO_ERROR_NOT_FOUND, "no \"%%d\"");
  VireoNode subject = { .path_kind = VIREO_PATH_DOMAIN, .path = (char *) "/things/1",
                        .object = G_OBJECT (thing) };
  VireoNode node = { .path_kind = VIREO_PATH_JOB, .path = (char *) "/jobs/7",
                     .subject = &subject };

  vireo_audit_job (&node, job, error);
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_cmpstr (g_hash_table_lookup (fields, wanted[i][0]), ==, wanted[i][1]);
  vireo_job_end (job, error);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_log_set_writer_func (keep, NULL, NULL);
  g_test_add_func ("/audit/fields", test_fields);
  status = g_test_run ();
  g_hash_table_unref (fields);
  return status;
}
