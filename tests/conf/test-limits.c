/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents that mean harm: each is refused, quickly and with a named error. */
#include <string.h>

#include "conf/vireo-conf.h"

static void
assert_refused (const char *text, gssize length, VireoError code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (text, length, 0, &error);

  g_assert_null (def);
  g_assert_error (error, VIREO_ERROR, (int) code);
  if (strstr (error->message, part) == NULL)
    g_assert_cmpstr (error->message, ==, part);
}

static void
test_billion_laughs (void)
{
  g_autoptr (GString) text = g_string_new ("<?xml version='1.0'?>\n<!DOCTYPE domain [\n"
                                           "<!ENTITY l0 'ha'>\n");

  for (guint i = 1; i < 40; i++)
    g_string_append_printf (text, "<!ENTITY l%u '&l%u;&l%u;&l%u;'>\n", i, i - 1, i - 1, i - 1);
  g_string_append (text, "]>\n<domain type='kvm'><name>&l39;</name></domain>");
  assert_refused (text->str, -1, VIREO_ERROR_LIMIT_EXCEEDED, "declares an entity");
}

static void
test_external_entity (void)
{
  assert_refused ("<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
                  "<domain type='kvm'><name>&x;</name></domain>",
                  -1, VIREO_ERROR_LIMIT_EXCEEDED, "declares an entity");
  assert_refused ("<!DOCTYPE domain [<!ENTITY % x SYSTEM 'http://127.0.0.1/x.dtd'> %x;]>"
                  "<domain type='kvm'><name>a</name></domain>",
                  -1, VIREO_ERROR_LIMIT_EXCEEDED, "declares an entity");
  assert_refused ("<domain type='kvm'><name>&x;</name></domain>", -1, VIREO_ERROR_XML_MALFORMED,
                  "line 1: not XML: ");
}

static void
test_external_dtd (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (
      "<!DOCTYPE domain SYSTEM 'file:///nowhere/domain.dtd'><domain type='kvm'><name>a</name>"
      "</domain>",
      -1, 0, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (def->name, ==, "a");
}

static void
test_size (void)
{
  const char *start = "<domain type='kvm'><name>a</name><description>";
  const char *end = "</description></domain>";
  gsize large = 10 * 1024 * 1024;
  g_autofree char *filler = g_strnfill (large, 'x');
  g_autofree char *text = g_strconcat (start, filler, end, NULL);

  assert_refused (text, -1, VIREO_ERROR_LIMIT_EXCEEDED, "more than the 8388608 that are accepted");
}

static void
test_large_text (void)
{
  gsize large = 6 * 1024 * 1024;
  g_autofree char *filler = g_strnfill (large, 'x');
  g_autofree char *text = g_strconcat ("<domain type='kvm'><name>a</name><description>", filler,
                                       "</description></domain>", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (text, -1, 0, &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (def->description), ==, large);
  again = vireo_domain_def_format (def, 0, NULL);
  g_assert_cmpuint (strlen (again), >, large);
}

static void
test_long_name (void)
{
  g_autofree char *filler = g_strnfill (6 * 1024 * 1024, 'x');
  g_autofree char *text
      = g_strconcat ("<domain type='kvm'><name>", filler, "</name></domain>", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (vireo_domain_def_parse (text, -1, 0, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_XML_INVALID);
  g_assert_cmpuint (strlen (error->message), <, 300);
}

static void
assert_nested (const char *open, const char *close, guint n)
{
  g_autoptr (GString) text = g_string_new ("<domain type='kvm'><name>a</name>");

  for (guint i = 0; i < n; i++)
    g_string_append (text, open);
  for (guint i = 0; i < n; i++)
    g_string_append (text, close);
  g_string_append (text, "</domain>");
  assert_refused (text->str, -1, VIREO_ERROR_LIMIT_EXCEEDED, "nest deeper");
}

static void
test_depth (void)
{
  assert_nested ("<devices>", "</devices>", 100000);
  assert_nested ("<backingStore>", "</backingStore>", 300);
}

static void
test_nodes (void)
{
  g_autoptr (GString) text = g_string_new ("<domain type='kvm'><name>a</name>");

  for (guint i = 0; i < 250000; i++)
    g_string_append (text, "<a/>");
  g_string_append (text, "</domain>");
  assert_refused (text->str, -1, VIREO_ERROR_LIMIT_EXCEEDED, "more elements");
}

/* (transfer full): an element with attributes, behind what might be in the way of counting them. */
static char *
with_attributes (const char *before, guint n, const char *value)
{
  g_autoptr (GString) text = g_string_new (before);

  g_string_append (text, "<domain type='kvm'><name>a</name><metadata><x:a xmlns:x='u'");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, " a%u=%s", i, value);
  g_string_append (text, "/></metadata></domain>");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* libxml2 compares each with all others. */
static void
test_attributes (void)
{
  static const char *const before[]
      = { "", "<?xml version='1.0' encoding='IBM037'?>", "<!-- ' \" < -->", "<?a '?>",
          "<!DOCTYPE domain SYSTEM '<!--'>", "<!DOCTYPE domain SYSTEM \"'\">" };
  static const char *const values[] = { "'1'", "\"1\"", "'>'", "\"'>\"" };
  g_autofree char *some = with_attributes ("", 900, "'1'");
  g_autofree char *wide = with_attributes ("", 100000, "'1'");
  g_autofree char *utf16 = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (VireoDomainDef) def = vireo_domain_def_parse (some, -1, 0, &error);
  gsize size = 0;

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (before); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (values); j++)
      {
        g_autofree char *text = with_attributes (before[i], 100000, values[j]);

        assert_refused (text, -1, VIREO_ERROR_LIMIT_EXCEEDED, "more attributes");
      }
  utf16 = g_convert (wide, -1, "UTF-16", "UTF-8", NULL, &size, NULL);
  assert_refused (utf16, (gssize) size, VIREO_ERROR_LIMIT_EXCEEDED, "not UTF-8");
}

static void
test_nul (void)
{
  static const char text[] = "<domain type='kvm'><name>a\0b</name></domain>";

  assert_refused (text, sizeof text - 1, VIREO_ERROR_XML_MALFORMED, "not XML");
}

static void
test_problem_flood (void)
{
  g_autoptr (GString) text = g_string_new ("<domain type='kvm'><name>a</name>");
  g_autoptr (GPtrArray) problems = NULL;

  for (guint i = 0; i < 20000; i++)
    g_string_append (text, "<vcpu>x</vcpu><odd/>");
  g_string_append (text, "</domain>");
  problems = vireo_doc_check (vireo_doc_kind_find ("domain"), text->str, -1);
  g_assert_cmpuint (problems->len, >, 10);
  g_assert_cmpuint (problems->len, <, 200);
}

/* Every prefix of a document, and the document with each byte spoilt: no crash, no leak. */
static void
test_spoilt (void)
{
  static const char text[]
      = "<domain type='kvm' id='1'><name>a</name><memory unit='KiB'>1</memory><devices>"
        "<disk type='file'><target dev='vda'/><address type='pci' slot='0x1'/></disk>"
        "</devices><x:y xmlns:x='u'>&amp;<!-- c --><![CDATA[d]]></x:y></domain>";
  const VireoDocKind *kind = vireo_doc_kind_find ("domain");

  for (gsize i = 0; i < sizeof text - 1; i++)
    {
      g_autofree char *copy = g_strdup (text);

      vireo_doc_free (kind, vireo_doc_parse (kind, text, (gssize) i, 0, NULL));
      for (const char *with = "<>'&\x80 0"; *with != '\0'; with++)
        {
          gpointer def;

          copy[i] = *with;
          def = vireo_doc_parse (kind, copy, -1, 0, NULL);
          if (def != NULL)
            g_free (vireo_doc_format (kind, def, 0, NULL));
          vireo_doc_free (kind, def);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conf/limits/billion-laughs", test_billion_laughs);
  g_test_add_func ("/conf/limits/external-entity", test_external_entity);
  g_test_add_func ("/conf/limits/external-dtd", test_external_dtd);
  g_test_add_func ("/conf/limits/size", test_size);
  g_test_add_func ("/conf/limits/large-text", test_large_text);
  g_test_add_func ("/conf/limits/long-name", test_long_name);
  g_test_add_func ("/conf/limits/depth", test_depth);
  g_test_add_func ("/conf/limits/nodes", test_nodes);
  g_test_add_func ("/conf/limits/attributes", test_attributes);
  g_test_add_func ("/conf/limits/nul", test_nul);
  g_test_add_func ("/conf/limits/problem-flood", test_problem_flood);
  g_test_add_func ("/conf/limits/spoilt", test_spoilt);
  return g_test_run ();
}
