/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-details.h"

#include <pwd.h>
#include <string.h>

struct _VireoDetails
{
  guint n_refs;
  GVariant *dictionary;
};

/* polkit keeps what it is told in memory and shows it in dialogs; a name of megabytes, which no
 * object can have, is no use to a rule. */
#define MAX_VALUE 1024

/* The name of user @uid, for rules that compare it with subject.user; its number when it has none.
 * Looked up once a user, as the system's databases may be slow. */
static const char *
user_name (guint uid)
{
  static GHashTable *names = NULL;
  struct passwd entry, *found = NULL;
  char buffer[4096];
  char *name;

  if (names == NULL)
    names = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  name = g_hash_table_lookup (names, GUINT_TO_POINTER (uid));
  if (name != NULL)
    return name;

  if (getpwuid_r (uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
    name = g_strdup (found->pw_name);
  else
    name = g_strdup_printf ("%u", uid);
  g_hash_table_insert (names, GUINT_TO_POINTER (uid), name);
  return name;
}

static void
add (const char *key, const char *value, gpointer builder)
{
  g_autofree char *bounded = NULL;

  if (value == NULL)
    return;
  if (strlen (value) > MAX_VALUE)
    {
      g_autofree char *cut = g_strndup (value, MAX_VALUE);

      bounded = g_utf8_make_valid (cut, -1);
    }
  g_variant_builder_add (builder, "{ss}", key, bounded != NULL ? bounded : value);
}

/* How libvirt's rules call the variables of a kind, where that is not how they call the kind. */
static const struct
{
  const char *kind;
  const char *prefix;
} prefixes[] = {
  { "storage-pool", "pool" },
  { "storage-vol", "vol" },
};

/* What is known of an object under the names that its kind has for it, such as domain_name. */
static void
add_object (GVariantBuilder *builder, const char *kind, const char *name, const char *uuid)
{
  g_autofree char *prefix = NULL;
  g_autofree char *name_key = NULL;
  g_autofree char *uuid_key = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_equal (prefixes[i].kind, kind))
      prefix = g_strdup (prefixes[i].prefix);
  if (prefix == NULL)
    prefix = g_strdelimit (g_strdup (kind), "-", '_');
  name_key = g_strconcat (prefix, "_name", NULL);
  uuid_key = g_strconcat (prefix, "_uuid", NULL);
  /* What is known by its UUID alone has that for a name, too. */
  if (name == NULL || *name == '\0' || g_strcmp0 (name, uuid) != 0)
    add (name_key, name, builder);
  add (uuid_key, uuid, builder);
}

/**
 * vireo_details_new:
 * @subject: what is known of the object
 *
 * Returns: (transfer full): the details
 */
VireoDetails *
vireo_details_new (const VireoSubject *subject)
{
  VireoDetails *self = g_new0 (VireoDetails, 1);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  add ("connect_driver", subject->driver, &builder);
  add ("connect_uri", subject->uri, &builder);
  if (subject->parent != NULL)
    add_object (&builder, vireo_obj_get_kind (subject->parent),
                vireo_obj_get_name (subject->parent), vireo_obj_get_uuid (subject->parent));
  if (subject->kind != NULL)
    add_object (&builder, subject->kind, subject->name, subject->uuid);
  if (subject->object != NULL && VIREO_OBJ_GET_CLASS (subject->object)->describe != NULL)
    VIREO_OBJ_GET_CLASS (subject->object)->describe (subject->object, add, &builder);
  else if (subject->describe != NULL)
    subject->describe (subject->def, add, &builder);
  if (subject->has_owner)
    add ("owner", user_name (subject->owner), &builder);

  self->n_refs = 1;
  self->dictionary = g_variant_ref_sink (g_variant_builder_end (&builder));
  return self;
}

VireoDetails *
vireo_details_new_again (GVariant *dictionary)
{
  VireoDetails *self = g_new0 (VireoDetails, 1);

  self->n_refs = 1;
  self->dictionary = g_variant_ref_sink (dictionary);
  return self;
}

VireoDetails *
vireo_details_ref (VireoDetails *self)
{
  self->n_refs++;
  return self;
}

void
vireo_details_unref (VireoDetails *self)
{
  if (--self->n_refs > 0)
    return;
  g_variant_unref (self->dictionary);
  g_free (self);
}

GVariant *
vireo_details_get_dictionary (VireoDetails *self)
{
  return self->dictionary;
}
