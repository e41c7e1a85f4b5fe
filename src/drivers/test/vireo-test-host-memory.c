/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-test-host-memory.h"

#include "util/vireo-error.h"
#include "vireo-test-host.h"

#define N_SIZES G_N_ELEMENTS (sizes)
/* What is looked through in a scan. */
#define PAGES_TO_LOOK_AT 1000000
#define MIN_SLEEP 60

/* Sizes of pages, in KiB; the first is the usual one. */
static const guint sizes[] = { 4, 2048, 1048576 };

static const struct
{
  const char *name;
  guint usual;
  guint max;
} parameters[] = {
  { "shm_pages_to_scan", 100, G_MAXUINT },
  { "shm_sleep_millisecs", 20, G_MAXUINT },
  { "shm_merge_across_nodes", 1, 1 },
};

typedef struct
{
  guint values[G_N_ELEMENTS (parameters)];
  guint64 large[VIREO_TEST_HOST_NODES][G_N_ELEMENTS (sizes)];
  gint64 since;
  gint64 asleep_until;
} Memory;

static Memory *
get_memory (VireoHostDriver *host)
{
  GQuark quark = g_quark_from_static_string ("vireo-test-host-memory");
  Memory *memory = g_object_get_qdata (G_OBJECT (host), quark);

  if (memory != NULL)
    return memory;
  memory = g_new0 (Memory, 1);
  memory->since = g_get_monotonic_time ();
  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    memory->values[i] = parameters[i].usual;
  g_object_set_qdata_full (G_OBJECT (host), quark, memory, g_free);
  return memory;
}

/* Takes @task over; @values is floating, and %NULL with @error (transfer full). */
static void
return_values (GTask *task, GVariant *values, GError *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_variant_ref_sink (values), (GDestroyNotify) g_variant_unref);
  g_object_unref (task);
}

static GVariant *
nothing (void)
{
  return g_variant_new_tuple (NULL, 0);
}

/* ---- equal pages ---- */

static void
get_memory_parameters (VireoHostDriver *host, GVariant *args, GTask *task)
{
  static const char *const counts[] = { "shm_pages_shared", "shm_pages_sharing",
                                        "shm_pages_unshared", "shm_pages_volatile" };
  const Memory *memory = get_memory (host);
  guint64 msec = (guint64) (g_get_monotonic_time () - memory->since) / 1000;
  guint64 scanned = msec / MAX (memory->values[1], 1) * memory->values[0];
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (parameters); i++)
    g_variant_dict_insert (&dict, parameters[i].name, "u", memory->values[i]);
  /* Its guests have nothing in common. */
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    g_variant_dict_insert (&dict, counts[i], "t", G_GUINT64_CONSTANT (0));
  g_variant_dict_insert (&dict, "shm_full_scans", "t", scanned / PAGES_TO_LOOK_AT);
  return_values (task, g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), NULL);
}

/* Where it belongs; G_N_ELEMENTS (parameters) with @error. */
static gsize
check_parameter (const char *name, GVariant *value, GError **error)
{
  gsize row = 0;

  while (row < G_N_ELEMENTS (parameters) && !g_str_equal (parameters[row].name, name))
    row++;
  if (row == G_N_ELEMENTS (parameters))
    g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "there is no parameter \"%.100s\" that could be set", name);
  else if (!g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32)
           || g_variant_get_uint32 (value) > parameters[row].max)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                   "%s is a number, a u, of at most %u", name, parameters[row].max);
      return G_N_ELEMENTS (parameters);
    }
  return row;
}

/* All of them, or none. */
static void
set_memory_parameters (VireoHostDriver *host, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) wanted = g_variant_get_child_value (args, 0);
  Memory changed = *get_memory (host);
  GError *error = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, wanted);
  while (error == NULL && g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      gsize row = check_parameter (name, value, &error);

      if (error == NULL)
        changed.values[row] = g_variant_get_uint32 (value);
      g_variant_unref (value);
    }
  if (error == NULL)
    *get_memory (host) = changed;
  return_values (task, error == NULL ? nothing () : NULL, error);
}

/* ---- pages ---- */

guint64
vireo_test_host_memory_get_reserved (VireoHostDriver *host)
{
  const Memory *memory = get_memory (host);
  guint64 kib = 0;

  for (guint node = 0; node < VIREO_TEST_HOST_NODES; node++)
    for (gsize i = 1; i < N_SIZES; i++)
      kib += memory->large[node][i] * sizes[i];
  return kib;
}

static guint64
count_free (VireoHostDriver *host, guint node, gsize size)
{
  return size > 0 ? get_memory (host)->large[node][size]
                  : vireo_test_host_get_free (host) / VIREO_TEST_HOST_NODES / sizes[0];
}

static gboolean
find_size (guint64 kib, gsize *ret_size, GError **error)
{
  for (gsize i = 0; i < N_SIZES; i++)
    if (sizes[i] == kib)
      {
        *ret_size = i;
        return TRUE;
      }
  g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
               "the host has no pages of %" G_GUINT64_FORMAT " KiB", kib);
  return FALSE;
}

static void
add_node (VireoHostDriver *host, GVariantBuilder *builder, guint node, guint wanted)
{
  g_variant_builder_open (builder, G_VARIANT_TYPE ("{ua{ut}}"));
  g_variant_builder_add (builder, "u", node);
  g_variant_builder_open (builder, G_VARIANT_TYPE ("a{ut}"));
  for (gsize i = 0; i < N_SIZES; i++)
    if (wanted & (1u << i))
      g_variant_builder_add (builder, "{ut}", sizes[i], count_free (host, node, i));
  g_variant_builder_close (builder);
  g_variant_builder_close (builder);
}

static void
get_free_pages (VireoHostDriver *host, GVariant *args, GTask *task)
{
  g_autoptr (GVariant) asked = g_variant_get_child_value (args, 0);
  GVariantBuilder builder;
  GError *error = NULL;
  guint wanted = 0;

  for (gsize i = 0; error == NULL && i < g_variant_n_children (asked); i++)
    {
      gsize size = 0;
      guint kib;

      g_variant_get_child (asked, i, "u", &kib);
      if (find_size (kib, &size, &error))
        wanted |= 1u << size;
    }
  if (error != NULL)
    {
      return_values (task, NULL, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ua{ut}}"));
  for (guint node = 0; node < VIREO_TEST_HOST_NODES; node++)
    add_node (host, &builder, node, wanted != 0 ? wanted : G_MAXUINT);
  return_values (task, g_variant_new ("(a{ua{ut}})", &builder), NULL);
}

static gboolean
change_pages (Memory *memory, GVariant *args, GError **error)
{
  g_autoptr (GVariant) pages = g_variant_get_child_value (args, 0);
  g_autoptr (GVariant) options = g_variant_get_child_value (args, 1);
  guint only = G_MAXUINT;
  gboolean add = FALSE;
  GVariantIter iter;
  guint64 count;
  guint kib;

  g_variant_lookup (options, "node", "u", &only);
  g_variant_lookup (options, "add", "b", &add);
  if (only != G_MAXUINT && only >= VIREO_TEST_HOST_NODES)
    {
      g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT, "the host has no NUMA node %u",
                   only);
      return FALSE;
    }
  g_variant_iter_init (&iter, pages);
  while (g_variant_iter_next (&iter, "{ut}", &kib, &count))
    {
      gsize size = 0;

      if (!find_size (kib, &size, error))
        return FALSE;
      if (size == 0 || count > G_MAXUINT32)
        {
          g_set_error (error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                       size == 0 ? "pages of %u KiB are the usual ones"
                                 : "so many pages of %u KiB there cannot be",
                       kib);
          return FALSE;
        }
      for (guint node = 0; node < VIREO_TEST_HOST_NODES; node++)
        if (only == G_MAXUINT || only == node)
          memory->large[node][size] = count + (add ? memory->large[node][size] : 0);
    }
  return TRUE;
}

static void
allocate_pages (VireoHostDriver *host, GVariant *args, GTask *task)
{
  Memory *memory = get_memory (host);
  Memory before = *memory;
  guint64 available = vireo_test_host_get_free (host) + vireo_test_host_memory_get_reserved (host);
  GError *error = NULL;

  if (change_pages (memory, args, &error)
      && vireo_test_host_memory_get_reserved (host) > available)
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_NO_SPACE,
                         "the host has not so much memory that is free");
  if (error != NULL)
    *memory = before;
  return_values (task, error == NULL ? nothing () : NULL, error);
}

/* ---- sleep, confidential guests ---- */

static void
suspend (VireoHostDriver *host, GVariant *args, GTask *task)
{
  static const char *const targets[] = { "mem", "disk", "hybrid", NULL };
  Memory *memory = get_memory (host);
  gint64 now = g_get_monotonic_time ();
  GError *error = NULL;
  const char *target;
  guint64 seconds;

  g_variant_get_child (args, 0, "&s", &target);
  g_variant_get_child (args, 1, "t", &seconds);
  if (!g_strv_contains (targets, target))
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "a host sleeps in `mem`, on `disk`, or `hybrid`, not in \"%.100s\"", target);
  else if (seconds < MIN_SLEEP || seconds > G_MAXINT32)
    g_set_error (&error, VIREO_ERROR, VIREO_ERROR_INVALID_ARGUMENT,
                 "a host sleeps for %d seconds at least, and for %d at most", MIN_SLEEP,
                 G_MAXINT32);
  else if (memory->asleep_until > now)
    g_set_error_literal (&error, VIREO_ERROR, VIREO_ERROR_BUSY,
                         "the host is going to sleep already");
  else
    memory->asleep_until = now + (gint64) seconds * G_USEC_PER_SEC;
  return_values (task, error == NULL ? nothing () : NULL, error);
}

static void
get_sev_info (VireoHostDriver *host, GVariant *args, GTask *task)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "pdh", "s", "dmlyZW8=");
  g_variant_dict_insert (&dict, "cert-chain", "s", "Y2hhaW4=");
  g_variant_dict_insert (&dict, "cbitpos", "u", 47u);
  g_variant_dict_insert (&dict, "reduced-phys-bits", "u", 1u);
  g_variant_dict_insert (&dict, "max-guests", "u", 15u);
  g_variant_dict_insert (&dict, "max-es-guests", "u", 0u);
  return_values (task, g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)), NULL);
}

void
vireo_test_host_memory_fill (VireoHostDriverInterface *iface)
{
  iface->get_memory_parameters = get_memory_parameters;
  iface->set_memory_parameters = set_memory_parameters;
  iface->get_free_pages = get_free_pages;
  iface->allocate_pages = allocate_pages;
  iface->suspend = suspend;
  iface->get_sev_info = get_sev_info;
}
