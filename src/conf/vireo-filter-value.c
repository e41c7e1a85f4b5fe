/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of a filter's rules: numbers, addresses, or variables that an interface gives
 * (libvirt's "Network Filters": "Usage of variables in filters"; its nwfilter.rng). */

#include <gio/gio.h>
#include <string.h>

#include "vireo-rule.h"

#define BLANK " "
#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define NAME HEX "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_"

/* "$NAME", "$NAME[3]" or "$NAME[@1]", with blanks between. */
static gboolean
is_variable (const char *text)
{
  gsize n;

  if (*text++ != '$')
    return FALSE;
  text += strspn (text, BLANK);
  n = strspn (text, NAME);
  if (n == 0)
    return FALSE;
  text += n;
  if (*text == '[')
    {
      text += 1 + strspn (text + 1, BLANK);
      text += *text == '@';
      n = strspn (text, DIGITS);
      text += n;
      text += strspn (text, BLANK);
      if (n == 0 || *text++ != ']')
        return FALSE;
    }
  return text[strspn (text, BLANK)] == '\0';
}

static gboolean
is_number (const char *text, guint64 most)
{
  gboolean hex = g_str_has_prefix (text, "0x");
  const char *digits = hex ? text + 2 : text;
  guint64 number;

  return digits[strspn (digits, hex ? HEX : DIGITS)] == '\0'
         && g_ascii_string_to_unsigned (digits, hex ? 16 : 10, 0, most, &number, NULL);
}

static gboolean
is_number_or_variable (const char *text, guint64 most)
{
  return is_variable (text) || is_number (text, most);
}

gboolean
vireo_rule_filter_6_bits (const char *text)
{
  return is_number_or_variable (text, 63);
}

gboolean
vireo_rule_filter_8_bits (const char *text)
{
  return is_number_or_variable (text, G_MAXUINT8);
}

gboolean
vireo_rule_filter_12_bits (const char *text)
{
  return is_number_or_variable (text, 4095);
}

gboolean
vireo_rule_filter_16_bits (const char *text)
{
  return is_number_or_variable (text, G_MAXUINT16);
}

gboolean
vireo_rule_filter_32_bits (const char *text)
{
  return is_number_or_variable (text, G_MAXUINT32);
}

/* Six bytes, each of one or two digits. */
gboolean
vireo_rule_filter_mac (const char *text)
{
  if (is_variable (text))
    return TRUE;
  for (guint i = 0; i < 6; i++)
    {
      gsize n = strspn (text, HEX);

      if (n < 1 || n > 2 || text[n] != (i < 5 ? ':' : '\0'))
        return FALSE;
      text += n + 1;
    }
  return TRUE;
}

/* Which of both families it has to be of follows from the protocol. */
gboolean
vireo_rule_filter_ip (const char *text)
{
  g_autoptr (GInetAddress) address = NULL;

  if (is_variable (text))
    return TRUE;
  address = g_inet_address_new_from_string (text);
  return address != NULL;
}

gboolean
vireo_rule_filter_mask (const char *text)
{
  return is_number (text, 128) || vireo_rule_filter_ip (text);
}
