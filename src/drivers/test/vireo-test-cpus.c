/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-cpus.h"

#include "util/vireo-error.h"
#include "vireo-test-host.h"

#define MAX_CPUS 64

/* A set of features: a bit a row. */
typedef guint64 Features;

enum
{
  BASE = 1 << 0,
  HASWELL = 1 << 1,
  SKYLAKE = 1 << 2,
  SERVER = 1 << 3,
  EPYC = 1 << 4,
  INTEL = HASWELL | SKYLAKE | SERVER,
  NEWER = SKYLAKE | SERVER,
  MODERN = INTEL | EPYC,
  ALL = BASE | MODERN,
};

static const struct
{
  const char *name;
  const char *vendor; /* (nullable) */
  guint bit;
} models[] = {
  { "qemu64", NULL, BASE },
  { "Haswell", "Intel", HASWELL },
  { "Skylake-Client", "Intel", SKYLAKE },
  { "Skylake-Server", "Intel", SERVER },
  { "EPYC", "AMD", EPYC },
};

/* The model of this driver's host. */
#define HOST_MODEL 4

/* The first of the rows below. */
#define MIGRATABLE_NOT 1

static const struct
{
  const char *name;
  guint models;
} features[] = {
  { "invtsc", 0 }, /* in no model, for it keeps guests where they are */
  { "fpu", ALL },         { "tsc", ALL },          { "msr", ALL },       { "pae", ALL },
  { "cx8", ALL },         { "apic", ALL },         { "sep", ALL },       { "cmov", ALL },
  { "mmx", ALL },         { "fxsr", ALL },         { "sse", ALL },       { "sse2", ALL },
  { "pni", ALL },         { "cx16", ALL },         { "nx", ALL },        { "lm", ALL },
  { "syscall", ALL },     { "lahf_lm", ALL },      { "ssse3", MODERN },  { "fma", MODERN },
  { "sse4.1", MODERN },   { "sse4.2", MODERN },    { "movbe", MODERN },  { "popcnt", MODERN },
  { "aes", MODERN },      { "xsave", MODERN },     { "avx", MODERN },    { "avx2", MODERN },
  { "rdrand", MODERN },   { "fsgsbase", MODERN },  { "bmi1", MODERN },   { "bmi2", MODERN },
  { "smep", MODERN },     { "rdtscp", MODERN },    { "pcid", INTEL },    { "x2apic", INTEL },
  { "erms", INTEL },      { "invpcid", INTEL },    { "hle", INTEL },     { "rtm", INTEL },
  { "adx", NEWER | EPYC },      { "rdseed", NEWER | EPYC },        { "smap", NEWER | EPYC },
  { "f16c", NEWER | EPYC },     { "3dnowprefetch", NEWER | EPYC }, { "abm", NEWER | EPYC },
  { "xsavec", NEWER | EPYC },   { "xsaveopt", NEWER | EPYC },      { "arat", NEWER | EPYC },
  { "avx512f", SERVER },  { "avx512dq", SERVER },  { "avx512bw", SERVER }, { "avx512cd", SERVER },
  { "avx512vl", SERVER }, { "clwb", SERVER },      { "pdpe1gb", SERVER | EPYC },
  { "sha-ni", EPYC },     { "sse4a", EPYC },       { "misalignsse", EPYC }, { "svm", EPYC },
};

G_STATIC_ASSERT (G_N_ELEMENTS (features) <= 64);

static Features
features_of (guint models_bit)
{
  Features set = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (features); i++)
    if (features[i].models & models_bit)
      set |= G_GUINT64_CONSTANT (1) << i;
  return set;
}

static gboolean
find_feature (const char *name, Features *ret_bit, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (features); i++)
    if (g_strcmp0 (features[i].name, name) == 0)
      {
        *ret_bit = G_GUINT64_CONSTANT (1) << i;
        return TRUE;
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
               "there is no feature \"%s\" of processors", name);
  return FALSE;
}

/* What a document says of a processor. */
typedef struct
{
  Features has;
  Features hasnt;     /* that it must not have */
  const char *vendor; /* (nullable): static, or the document's */
} Cpu;

static gboolean
add_feature (Cpu *cpu, const VireoCpuFeatureDef *feature, GError **error)
{
  Features bit = 0;

  if (!find_feature (feature->name, &bit, error))
    return FALSE;
  /* Forced ones are there without the host, and optional ones need not be. */
  cpu->has &= ~bit;
  if (feature->policy == VIREO_CPU_FEATURE_POLICY_UNSET
      || feature->policy == VIREO_CPU_FEATURE_POLICY_REQUIRE)
    cpu->has |= bit;
  else if (feature->policy == VIREO_CPU_FEATURE_POLICY_FORBID)
    cpu->hasnt |= bit;
  return TRUE;
}

static gboolean
read_cpu (const VireoCpuDef *def, Cpu *ret_cpu, GError **error)
{
  Cpu cpu = { .vendor = def->vendor };
  const char *name = def->model != NULL ? def->model->name : NULL;

  if (def->mode != VIREO_CPU_MODE_UNSET && def->mode != VIREO_CPU_MODE_CUSTOM)
    name = models[HOST_MODEL].name;
  if (def->arch != NULL && !g_str_equal (def->arch, "x86_64"))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "processors of %s are not known here", def->arch);
      return FALSE;
    }
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (models); i++)
    if (g_str_equal (models[i].name, name))
      {
        cpu.has = features_of (models[i].bit);
        /* A guest's model has the vendor of nobody; a host is one. */
        if (def->arch != NULL && cpu.vendor == NULL)
          cpu.vendor = models[i].vendor;
        name = NULL;
      }
  if (name != NULL)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "there is no model \"%s\" of processors", name);
      return FALSE;
    }
  for (guint i = 0; i < def->n_features; i++)
    if (!add_feature (&cpu, def->features[i], error))
      return FALSE;
  *ret_cpu = cpu;
  return TRUE;
}

static gboolean
get_option (GVariant *args, const char *name)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, g_variant_n_children (args) - 1);
  gboolean value = FALSE;

  g_variant_lookup (options, name, "b", &value);
  return value;
}

/* Guests can have what the host has. */
static gboolean
check_guest (GVariant *args, GError **error)
{
  g_autoptr (GVariant) options = g_variant_get_child_value (args, g_variant_n_children (args) - 1);

  return vireo_test_host_check_guest (options, error);
}

static VireoParseFlags
get_flags (GVariant *args)
{
  return get_option (args, "validate") ? VIREO_PARSE_STRICT : VIREO_PARSE_NONE;
}

/* Takes @task over. @error: (transfer full) (nullable) */
static void
return_text (GTask *task, const char *text, GError *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new ("(s)", text)),
                           (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

/* ---- compare ---- */

/* (nullable): what the host lacks or has too much. */
static const char *
find_obstacle (const Cpu *cpu, VireoCpuMatch match, const char **ret_result)
{
  Features host = features_of (models[HOST_MODEL].bit);
  Features wrong = (cpu->has & ~host) | (cpu->hasnt & host);

  if (match == VIREO_CPU_MATCH_STRICT)
    wrong |= host & ~cpu->has;
  *ret_result = host == cpu->has ? "identical" : "superset";
  if (cpu->vendor != NULL && !g_str_equal (cpu->vendor, models[HOST_MODEL].vendor))
    return "vendor";
  for (gsize i = 0; i < G_N_ELEMENTS (features); i++)
    if (wrong & (G_GUINT64_CONSTANT (1) << i))
      return features[i].name;
  return NULL;
}

void
vireo_test_compare_cpu (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  g_autoptr (VireoCpuDef) def = NULL;
  const char *text, *obstacle, *result = NULL;
  GError *error = NULL;
  Cpu cpu;

  g_variant_get_child (args, 0, "&s", &text);
  if (check_guest (args, &error))
    def = vireo_cpu_def_parse (text, -1, get_flags (args), &error);
  if (def != NULL && read_cpu (def, &cpu, &error))
    {
      obstacle = find_obstacle (&cpu, def->match, &result);
      if (obstacle != NULL && get_option (args, "fail-incompatible"))
        g_set_error (&error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                     "the host's processor differs in %s", obstacle);
      else if (obstacle != NULL)
        result = "incompatible";
    }
  return_text (task, result, error);
}

/* ---- baseline ---- */

static guint
count (Features set)
{
  return (guint) __builtin_popcountll (set);
}

/* The largest model that has nothing beside @common, if there is one. */
static gsize
choose_model (Features common, const char *vendor)
{
  gsize best = G_N_ELEMENTS (models);

  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    {
      Features set = features_of (models[i].bit);

      if ((set & ~common) != 0 || (models[i].vendor != NULL && vendor != NULL
                                   && !g_str_equal (models[i].vendor, vendor)))
        continue;
      if (best == G_N_ELEMENTS (models) || count (set) > count (features_of (models[best].bit)))
        best = i;
    }
  return best;
}

/* A processor of a model, with the features of @named beside it. */
static void
set_model (VireoCpuDef *def, gsize model, const char *vendor, Features named)
{
  def->mode = VIREO_CPU_MODE_CUSTOM;
  def->match = VIREO_CPU_MATCH_EXACT;
  g_clear_pointer (&def->model, vireo_cpu_model_def_free);
  def->model = vireo_cpu_model_def_new ();
  def->model->fallback = VIREO_CPU_FALLBACK_FORBID;
  def->model->name = g_strdup (models[model].name);
  g_free (def->vendor);
  def->vendor = g_strdup (vendor);
  for (gsize i = 0; i < G_N_ELEMENTS (features); i++)
    if (named & (G_GUINT64_CONSTANT (1) << i))
      {
        VireoCpuFeatureDef *feature = vireo_cpu_feature_def_new ();

        feature->policy = VIREO_CPU_FEATURE_POLICY_REQUIRE;
        feature->name = g_strdup (features[i].name);
        vireo_cpu_def_add_feature (def, feature);
      }
}

/* What a definition says of features beside the host's model, it says beside the model's name. */
gboolean
vireo_test_expand_cpu (VireoDomainDriver *driver, VireoDomainDef *def, GError **error)
{
  set_model (def->cpu, HOST_MODEL, models[HOST_MODEL].vendor, 0);
  return TRUE;
}

static char *
format_baseline (Features common, const char *vendor, gboolean expand, GError **error)
{
  gsize model = choose_model (common, vendor);
  g_autoptr (VireoCpuDef) def = vireo_cpu_def_new ();
  Features named;

  if (model == G_N_ELEMENTS (models))
    {
      g_set_error_literal (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                           "no model is common to the processors");
      return NULL;
    }
  named = expand ? common : common & ~features_of (models[model].bit);
  set_model (def, model, vendor, named);
  return vireo_cpu_def_format (def, VIREO_FORMAT_NONE, error);
}

/* The vendor that all have, if they have the same. */
static gboolean
join (Cpu *sum, const Cpu *cpu, char **vendor, GError **error)
{
  sum->has &= cpu->has;
  if (cpu->vendor == NULL)
    return TRUE;
  if (*vendor != NULL && !g_str_equal (*vendor, cpu->vendor))
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_CONFIG_UNSUPPORTED,
                   "one processor is of %s, another of %s", *vendor, cpu->vendor);
      return FALSE;
    }
  g_free (*vendor);
  *vendor = g_strdup (cpu->vendor);
  return TRUE;
}

static char *
make_baseline (GVariant *args, GError **error)
{
  g_autofree const char **texts = NULL;
  g_autofree char *vendor = NULL;
  Cpu sum = { .has = ~G_GUINT64_CONSTANT (0) };
  guint n;

  if (!check_guest (args, error))
    return NULL;
  g_variant_get_child (args, 0, "^a&s", &texts);
  n = g_strv_length ((char **) texts);
  if (n == 0 || n > MAX_CPUS)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "a baseline is of 1 to %d processors", MAX_CPUS);
      return NULL;
    }
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (VireoCpuDef) def = vireo_cpu_def_parse (texts[i], -1, get_flags (args), error);
      Cpu cpu;

      if (def == NULL || !read_cpu (def, &cpu, error) || !join (&sum, &cpu, &vendor, error))
        return NULL;
    }
  if (get_option (args, "migratable"))
    sum.has &= ~(Features) MIGRATABLE_NOT;
  return format_baseline (sum.has, vendor, get_option (args, "expand-features"), error);
}

void
vireo_test_baseline_cpu (VireoConnectionObj *connection, GVariant *args, GTask *task)
{
  GError *error = NULL;
  g_autofree char *xml = make_baseline (args, &error);

  return_text (task, xml, error);
}
