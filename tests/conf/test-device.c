/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One device by itself, and single fields by name. */
#include <string.h>

#include "conf/vireo-device.h"
#include "conf/vireo-field.h"

static void
test_parse (void)
{
  const char *text = "<disk type='file' device='disk'><source file='/a'/>"
                     "<target dev='vdb' bus='virtio'/></disk>";
  g_autoptr (GError) error = NULL;
  VireoDeviceKind kind = VIREO_DEVICE_N_KINDS;
  VireoDiskDef *disk = vireo_device_parse (text, VIREO_PARSE_STRICT, &kind, &error);
  VireoDiskDef *copy;

  g_assert_no_error (error);
  g_assert_cmpint (kind, ==, VIREO_DEVICE_DISK);
  g_assert_cmpstr (disk->target->dev, ==, "vdb");
  copy = vireo_device_copy (kind, disk);
  g_assert_true (vireo_device_equal (kind, disk, copy));
  g_free (copy->target->dev);
  copy->target->dev = g_strdup ("vdc");
  g_assert_false (vireo_device_equal (kind, disk, copy));
  vireo_device_free (kind, copy);
  vireo_device_free (kind, disk);
}

static void
test_parse_wrong (void)
{
  static const struct
  {
    const char *text;
    VireoError code;
    const char *names;
  } rows[] = {
    { "", VIREO_ERROR_XML_MALFORMED, "" },
    { "<disk", VIREO_ERROR_XML_MALFORMED, "" },
    { "<domain/>", VIREO_ERROR_XML_INVALID, "<domain> is not a device" },
    { "<disk type='fly'><target dev='a'/></disk>", VIREO_ERROR_XML_INVALID, "fly" },
    { "<disk><source file='/a'/></disk>", VIREO_ERROR_XML_INVALID, "target" },
    { "<disk><target dev='a'/></disk><os/>", VIREO_ERROR_XML_MALFORMED, "" },
    { "<disk><target dev='a'/><wing/></disk>", VIREO_ERROR_XML_INVALID, "wing" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      VireoDeviceKind kind = VIREO_DEVICE_N_KINDS;

      g_assert_null (vireo_device_parse (rows[i].text, VIREO_PARSE_STRICT, &kind, &error));
      g_assert_error (error, VIREO_ERROR, (gint) rows[i].code);
      g_assert_nonnull (strstr (error->message, rows[i].names));
      g_assert_cmpint (kind, ==, VIREO_DEVICE_N_KINDS);
    }
}

static void
assert_field (const char *tag, const char *name, gpointer def, const char *value)
{
  const VireoField *field = vireo_field_find (tag, name);
  g_autoptr (GVariant) wanted = g_variant_parse (NULL, value, NULL, NULL, NULL);
  g_autoptr (GVariant) got = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (field);
  g_assert_null (vireo_field_get (field, def));
  g_assert_true (vireo_field_set (field, def, wanted, &error));
  g_assert_no_error (error);
  got = vireo_field_get (field, def);
  g_assert_cmpvariant (got, wanted);
  vireo_field_clear (field, def);
  g_assert_null (vireo_field_get (field, def));
}

static void
test_fields (void)
{
  g_autoptr (VireoMemtuneDef) memtune = vireo_memtune_def_new ();
  g_autoptr (VireoCputuneDef) cputune = vireo_cputune_def_new ();
  g_autoptr (VireoDiskIotuneDef) iotune = vireo_disk_iotune_def_new ();
  g_autoptr (VireoVcpuStateDef) state = vireo_vcpu_state_def_new ();
  g_autoptr (VireoNumatuneMemoryDef) memory = vireo_numatune_memory_def_new ();

  assert_field ("memtune", "hard_limit", memtune, "uint64 1048576");
  assert_field ("cputune", "quota", cputune, "int64 -1");
  assert_field ("iotune", "group_name", iotune, "'slow'");
  assert_field ("vcpu", "enabled", state, "true");
  assert_field ("memory", "nodeset", memory, "'0-1'");
  g_assert_null (vireo_field_find ("memtune", "wings"));
  g_assert_null (vireo_field_find ("wings", "hard_limit"));
}

static void
test_wrong_values (void)
{
  g_autoptr (VireoCputuneDef) cputune = vireo_cputune_def_new ();
  const VireoField *field = vireo_field_find ("cputune", "shares");
  g_autoptr (GVariant) text = g_variant_ref_sink (g_variant_new_string ("12"));
  g_autoptr (GVariant) set = g_variant_ref_sink (g_variant_new_string ("0-x"));
  g_autoptr (VireoNumatuneMemoryDef) memory = vireo_numatune_memory_def_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (vireo_field_set (field, cputune, text, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "shares"));
  g_assert_null (vireo_field_get (field, cputune));
  g_clear_error (&error);
  g_assert_false (vireo_field_set (vireo_field_find ("memory", "nodeset"), memory, set, &error));
  g_assert_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/parse", test_parse);
  g_test_add_func ("/device/parse-wrong", test_parse_wrong);
  g_test_add_func ("/field/values", test_fields);
  g_test_add_func ("/field/wrong-values", test_wrong_values);
  return g_test_run ();
}
