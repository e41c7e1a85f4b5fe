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
add (GVariantBuilder *builder, const char *prefix, const char *key, const char *value)
{
  g_autofree char *full = NULL;
  g_autofree char *bounded = NULL;

  if (value == NULL)
    return;
  full = g_strconcat (prefix, key, NULL);
  if (strlen (value) > MAX_VALUE)
    {
      g_autofree char *cut = g_strndup (value, MAX_VALUE);

      bounded = g_utf8_make_valid (cut, -1);
    }
  g_variant_builder_add (builder, "{ss}", full, bounded != NULL ? bounded : value);
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
  add (&builder, "connect_", "driver", subject->driver);
  add (&builder, "connect_", "uri", subject->uri);
  if (subject->kind != NULL)
    {
      g_autofree char *prefix = g_strconcat (subject->kind, "_", NULL);

      add (&builder, prefix, "name", subject->name);
      add (&builder, prefix, "uuid", subject->uuid);
    }
  if (subject->has_owner)
    add (&builder, "", "owner", user_name (subject->owner));

  self->n_refs = 1;
  self->dictionary = g_variant_ref_sink (g_variant_builder_end (&builder));
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
