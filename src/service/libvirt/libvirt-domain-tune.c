/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libvirt-domain-tune.h"

#include "vireo-libvirt-convert.h"

const VireoLibvirtFlag vireo_libvirt_affect_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { 0 },
};

const VireoLibvirtFlag vireo_libvirt_parameter_flags[] = {
  { 1 << 0, "live" },
  { 1 << 1, "config" },
  { 1 << 2, NULL },
  { 0 },
};

/* ---- processors ---- */

GVariant *
vireo_libvirt_pin_in (VireoLibvirtCall *call, GError **error)
{
  g_autoptr (GVariant) map = g_variant_get_child_value (call->args, 1);
  g_autofree char *list = vireo_libvirt_cpu_list (map);
  guint which;

  g_variant_get_child (call->args, 0, "u", &which);
  return g_variant_new ("(us@a{sv})", which, list, vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_pin_emulator_in (VireoLibvirtCall *call, GError **error)
{
  g_autoptr (GVariant) map = g_variant_get_child_value (call->args, 0);
  g_autofree char *list = vireo_libvirt_cpu_list (map);

  return g_variant_new ("(s@a{sv})", list, vireo_libvirt_call_options (call));
}

/* A map is as long as the host has processors, which is asked first; @data is that number. */
static GVariant *
map_of (VireoLibvirtCall *call, const char *list)
{
  guint number = GPOINTER_TO_UINT (call->data);
  g_autofree char *all = NULL;

  if (*list == '\0')
    list = all = g_strdup_printf ("0-%u", number - 1);
  return vireo_libvirt_cpu_map (list, number);
}

static void
take_number (VireoLibvirtCall *call, GVariant *values)
{
  guint number = 1;

  if (values != NULL)
    g_variant_get_child (values, 0, "u", &number);
  call->data = GUINT_TO_POINTER (MAX (number, 1));
}

static void
ask_number (VireoLibvirtCall *call, VireoAnswerFunc answer)
{
  g_auto (GVariantBuilder) options = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  vireo_libvirt_call_native (call, "Connection.GetHostCpus", call->connection->path,
                             g_variant_new ("(a{sv})", &options), answer);
}

/* Whether it went well; the call is answered when it did not. */
static gboolean
check (VireoLibvirtCall *call, const GError *error)
{
  if (error == NULL)
    return TRUE;
  vireo_libvirt_call_return_native_error (call, error);
  return FALSE;
}

static void
on_emulator_pin (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  const char *list;

  if (!check (call, error))
    return;
  g_variant_get (values, "(&s)", &list);
  vireo_libvirt_call_return (call, g_variant_new ("(@ab)", map_of (call, list)), NULL);
}

static void
on_number_for_emulator (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;

  if (!check (call, error))
    return;
  take_number (call, values);
  vireo_libvirt_call_native (call, "Domain.GetEmulatorPin", call->node_path,
                             g_variant_new ("(@a{sv})", vireo_libvirt_call_options (call)),
                             on_emulator_pin);
}

void
vireo_libvirt_run_emulator_pin (VireoLibvirtCall *call)
{
  ask_number (call, on_number_for_emulator);
}

static void
on_io_threads (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  g_autoptr (GVariant) threads = NULL;
  GVariantBuilder builder;

  if (!check (call, error))
    return;
  threads = g_variant_get_child_value (values, 0);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(uab)"));
  for (gsize i = 0; i < g_variant_n_children (threads); i++)
    {
      g_autoptr (GVariant) thread = g_variant_get_child_value (threads, i);
      const char *list = "";
      guint id = 0;

      g_variant_lookup (thread, "id", "u", &id);
      g_variant_lookup (thread, "cpuset", "&s", &list);
      g_variant_builder_add (&builder, "(u@ab)", id, map_of (call, list));
    }
  vireo_libvirt_call_return (call, g_variant_new ("(a(uab))", &builder), NULL);
}

static void
on_number_for_threads (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;

  if (!check (call, error))
    return;
  take_number (call, values);
  vireo_libvirt_call_native (call, "Domain.GetIoThreads", call->node_path,
                             g_variant_new ("(@a{sv})", vireo_libvirt_call_options (call)),
                             on_io_threads);
}

void
vireo_libvirt_run_io_threads (VireoLibvirtCall *call)
{
  ask_number (call, on_number_for_threads);
}

static void
on_vcpus (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;
  g_autoptr (GVariant) vcpus = NULL;
  GVariantBuilder builder;

  if (!check (call, error))
    return;
  vcpus = g_variant_get_child_value (values, 0);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aab"));
  for (gsize i = 0; i < g_variant_n_children (vcpus); i++)
    {
      g_autoptr (GVariant) vcpu = g_variant_get_child_value (vcpus, i);
      gboolean enabled = FALSE;
      const char *list = "";

      g_variant_lookup (vcpu, "enabled", "b", &enabled);
      g_variant_lookup (vcpu, "cpuset", "&s", &list);
      if (enabled)
        g_variant_builder_add_value (&builder, map_of (call, list));
    }
  vireo_libvirt_call_return (call, g_variant_new ("(aab)", &builder), NULL);
}

static void
on_number_for_vcpus (VireoCall *native, GVariant *values, GUnixFDList *fds, const GError *error)
{
  VireoLibvirtCall *call = native->answer_data;

  if (!check (call, error))
    return;
  take_number (call, values);
  vireo_libvirt_call_native (call, "Domain.GetVcpus", call->node_path,
                             g_variant_new ("(@a{sv})", vireo_libvirt_call_options (call)),
                             on_vcpus);
}

void
vireo_libvirt_run_vcpu_pins (VireoLibvirtCall *call)
{
  ask_number (call, on_number_for_vcpus);
}

/* ---- parameters ---- */

static const char *const numa_modes[]
    = { "strict", "preferred", "interleave", "restrictive", NULL };

/* Parameters that are 64 bits wide with us, and 32 there. */
static const char *const narrow_parameters[]
    = { "inbound.average",  "inbound.peak",  "inbound.burst",  "inbound.floor",
        "outbound.average", "outbound.peak", "outbound.burst", NULL };

/* Parameters of which the value is a word with us, and a number there. */
static const struct
{
  const char *key;
  const char *const *words;
} word_parameters[] = {
  { "numa_mode", numa_modes },
};

static const char *const *
find_words (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (word_parameters); i++)
    if (g_str_equal (word_parameters[i].key, key))
      return word_parameters[i].words;
  return NULL;
}

static GVariant *
number_to_word (const char *const *words, GVariant *value)
{
  gint number
      = g_variant_is_of_type (value, G_VARIANT_TYPE_INT32) ? g_variant_get_int32 (value) : -1;

  if (number < 0 || number >= (gint) g_strv_length ((char **) words))
    return value;
  return g_variant_new_string (words[number]);
}

GVariant *
vireo_libvirt_parameters_in (VireoLibvirtCall *call, GError **error)
{
  gsize n = g_variant_n_children (call->args);
  g_autoptr (GVariant) given = g_variant_get_child_value (call->args, n - 2);
  g_autoptr (GVariant) plain = g_variant_ref_sink (vireo_libvirt_unwrap_values (given));
  GVariantBuilder args, parameters;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_builder_init (&parameters, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, plain);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      const char *const *words = find_words (key);

      if (words != NULL)
        g_variant_builder_add (&parameters, "{sv}", key, number_to_word (words, value));
      else if (g_strv_contains (narrow_parameters, key)
               && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
        g_variant_builder_add (&parameters, "{sv}", key,
                               g_variant_new_uint64 (g_variant_get_uint32 (value)));
      else
        g_variant_builder_add (&parameters, "{sv}", key, value);
    }
  g_variant_builder_init (&args, G_VARIANT_TYPE_TUPLE);
  for (gsize i = 0; i < n - 2; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (call->args, i);

      g_variant_builder_add_value (&args, child);
    }
  g_variant_builder_add_value (&args, g_variant_builder_end (&parameters));
  g_variant_builder_add_value (&args, vireo_libvirt_call_options (call));
  return g_variant_builder_end (&args);
}

/* What is said of what is not set: limits are as high as can be, in KiB. */
static const struct
{
  const char *method;
  const char *key;
  const char *value;
} unset[] = {
  { "GetMemoryParameters", "hard_limit", "uint64 9007199254740991" },
  { "GetMemoryParameters", "soft_limit", "uint64 9007199254740991" },
  { "GetMemoryParameters", "swap_hard_limit", "uint64 9007199254740991" },
  { "GetBlockIOParameters", "weight", "uint32 0" },
  { "GetNumaParameters", "numa_mode", "0" },
  { "GetNumaParameters", "numa_nodeset", "''" },
  { "GetBlockIOTune", "group_name", "''" },
};

static void
add_unset (VireoLibvirtCall *call, GVariantDict *parameters)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unset); i++)
    if (g_str_equal (unset[i].method, call->row->name))
      g_variant_dict_insert_value (parameters, unset[i].key, g_variant_new_parsed (unset[i].value));
}

static GVariant *
their_value (const char *key, GVariant *value)
{
  const char *const *words = find_words (key);

  if (words != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_new_int32 (
        vireo_libvirt_number (words, g_variant_get_string (value, NULL), 0));
  if (g_strv_contains (narrow_parameters, key)
      && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_new_uint32 ((guint) MIN (g_variant_get_uint64 (value), G_MAXUINT));
  return value;
}

/* The last of @values is the dictionary. */
GVariant *
vireo_libvirt_parameters_out (VireoLibvirtCall *call,
                              VireoNode *node,
                              GVariant *values,
                              GError **error)
{
  g_autoptr (GVariant) given
      = g_variant_get_child_value (values, g_variant_n_children (values) - 1);
  g_auto (GVariantDict) parameters = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) all = NULL;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  add_unset (call, &parameters);
  g_variant_iter_init (&iter, given);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_dict_insert_value (&parameters, key, their_value (key, value));
  all = g_variant_ref_sink (g_variant_dict_end (&parameters));
  return g_variant_new ("(@a{sv})", vireo_libvirt_wrap_values (all));
}

/* ---- metadata ---- */

const char *const vireo_libvirt_metadata_types[] = { "description", "title", "element", NULL };

static const char *
metadata_type (VireoLibvirtCall *call, GError **error)
{
  gint type;

  g_variant_get_child (call->args, 0, "i", &type);
  if (type >= 0 && type < 3)
    return vireo_libvirt_metadata_types[type];
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "there is no metadata type %d",
               type);
  return NULL;
}

GVariant *
vireo_libvirt_get_metadata_in (VireoLibvirtCall *call, GError **error)
{
  const char *type = metadata_type (call, error);
  const char *uri;

  if (type == NULL)
    return NULL;
  g_variant_get_child (call->args, 1, "&s", &uri);
  return g_variant_new ("(ss@a{sv})", type, uri, vireo_libvirt_call_options (call));
}

GVariant *
vireo_libvirt_set_metadata_in (VireoLibvirtCall *call, GError **error)
{
  const char *type = metadata_type (call, error);
  const char *text, *key, *uri;

  if (type == NULL)
    return NULL;
  g_variant_get (call->args, "(i&s&s&su)", NULL, &text, &key, &uri, NULL);
  return g_variant_new ("(ssss@a{sv})", type, text, key, uri, vireo_libvirt_call_options (call));
}

/* ---- small things ---- */

GVariant *
vireo_libvirt_control_info_out (VireoLibvirtCall *call,
                                VireoNode *node,
                                GVariant *values,
                                GError **error)
{
  static const char *const states[] = { "ok", "job", "occupied", "error", NULL };
  const char *state;
  guint64 since;
  gint64 elapsed;

  g_variant_get (values, "(&st)", &state, &since);
  /* There, it is for how many milliseconds. */
  elapsed = since != 0 ? (g_get_real_time () - (gint64) since) / 1000 : 0;
  return g_variant_new ("((uut))", (guint) vireo_libvirt_number (states, state, 3), 0u,
                        (guint64) MAX (elapsed, 0));
}

GVariant *
vireo_libvirt_stats_period_in (VireoLibvirtCall *call, GError **error)
{
  gint period;

  g_variant_get_child (call->args, 0, "i", &period);
  if (period < 0)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "a period of %d seconds is none", period);
      return NULL;
    }
  return g_variant_new ("(u@a{sv})", (guint) period, vireo_libvirt_call_options (call));
}

#define SET_MEMORY_MAXIMUM 4u

void
vireo_libvirt_run_set_memory (VireoLibvirtCall *call)
{
  gboolean maximum = (call->flags & SET_MEMORY_MAXIMUM) != 0;
  guint64 memory;

  g_variant_get_child (call->args, 0, "t", &memory);
  vireo_libvirt_call_native (call, maximum ? "Domain.SetMaxMemory" : "Domain.SetMemory",
                             call->node_path,
                             g_variant_new ("(t@a{sv})", memory, vireo_libvirt_call_options (call)),
                             vireo_libvirt_call_answer);
}
