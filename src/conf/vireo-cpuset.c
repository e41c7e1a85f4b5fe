/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vireo-cpuset.h"

#include <string.h>

static void
skip_blanks (const char **at)
{
  while (g_ascii_isspace (**at))
    (*at)++;
}

static gboolean
read_number (const char **at, guint *ret_number)
{
  guint number = 0;

  skip_blanks (at);
  if (!g_ascii_isdigit (**at))
    return FALSE;
  for (; g_ascii_isdigit (**at); (*at)++)
    {
      number = number * 10 + (guint) (**at - '0');
      if (number >= VIREO_CPUSET_MAX)
        return FALSE;
    }
  skip_blanks (at);
  *ret_number = number;
  return TRUE;
}

static void
set_bit (VireoCpuset *set, guint number, gboolean present)
{
  guint64 bit = G_GUINT64_CONSTANT (1) << (number % 64);

  if (present)
    set->bits[number / 64] |= bit;
  else
    set->bits[number / 64] &= ~bit;
}

/* "3", "0-7" or "^5". */
static gboolean
read_part (const char **at, VireoCpuset *set)
{
  guint first;
  guint last;

  skip_blanks (at);
  if (**at == '^')
    {
      (*at)++;
      if (!read_number (at, &first))
        return FALSE;
      set_bit (set, first, FALSE);
      return TRUE;
    }
  if (!read_number (at, &first))
    return FALSE;
  last = first;
  if (**at == '-')
    {
      (*at)++;
      if (!read_number (at, &last) || last < first)
        return FALSE;
    }
  for (guint number = first; number <= last; number++)
    set_bit (set, number, TRUE);
  return TRUE;
}

/**
 * vireo_cpuset_parse:
 * @text: (nullable): such as "0-3,^2,8"; each part changes what those before it gave
 *
 * Returns: (transfer full) (nullable): the set, for g_free(); %NULL when @text is not one, or has
 *   numbers that are too large
 * Since: 0.1
 */
VireoCpuset *
vireo_cpuset_parse (const char *text)
{
  g_autofree VireoCpuset *set = g_new0 (VireoCpuset, 1);
  const char *at = text;

  if (text == NULL)
    return NULL;
  for (;;)
    {
      if (!read_part (&at, set))
        return NULL;
      if (*at == '\0')
        return g_steal_pointer (&set);
      if (*at++ != ',')
        return NULL;
    }
}

gboolean
vireo_cpuset_contains (const VireoCpuset *set, guint number)
{
  return number < VIREO_CPUSET_MAX && ((set->bits[number / 64] >> (number % 64)) & 1) != 0;
}

guint
vireo_cpuset_count (const VireoCpuset *set)
{
  guint n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (set->bits); i++)
    n += (guint) __builtin_popcountll (set->bits[i]);
  return n;
}

gboolean
vireo_cpuset_is_empty (const VireoCpuset *set)
{
  return vireo_cpuset_last (set) == VIREO_CPUSET_MAX;
}

guint
vireo_cpuset_last (const VireoCpuset *set)
{
  for (gsize i = G_N_ELEMENTS (set->bits); i > 0; i--)
    if (set->bits[i - 1] != 0)
      return (guint) (i - 1) * 64 + 63 - (guint) __builtin_clzll (set->bits[i - 1]);
  return VIREO_CPUSET_MAX;
}

gboolean
vireo_cpuset_intersects (const VireoCpuset *a, const VireoCpuset *b)
{
  for (gsize i = 0; i < G_N_ELEMENTS (a->bits); i++)
    if ((a->bits[i] & b->bits[i]) != 0)
      return TRUE;
  return FALSE;
}

gboolean
vireo_cpuset_is_subset (const VireoCpuset *part, const VireoCpuset *whole)
{
  for (gsize i = 0; i < G_N_ELEMENTS (part->bits); i++)
    if ((part->bits[i] & ~whole->bits[i]) != 0)
      return FALSE;
  return TRUE;
}

gboolean
vireo_cpuset_equal (const VireoCpuset *a, const VireoCpuset *b)
{
  return memcmp (a->bits, b->bits, sizeof a->bits) == 0;
}

void
vireo_cpuset_add (VireoCpuset *set, const VireoCpuset *other)
{
  for (gsize i = 0; i < G_N_ELEMENTS (set->bits); i++)
    set->bits[i] |= other->bits[i];
}
