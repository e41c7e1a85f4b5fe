/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which texts of a definition may go into dnsmasq's files. Their lines end with a newline, their
 * parts with commas and slashes, and dnsmasq guesses from the look of a part what it is; so it is
 * said here what is taken, not what is not. */

#include <string.h>

#include "vireo-network-plan-private.h"

#define MAX_LABEL 63
#define MAX_DOMAIN 253
#define MAX_PATH 1024
/* RFC 8415, section 11.1. */
#define MAX_DUID 130

/* A label of a domain name, with the underscore that services use: RFC 1035, RFC 2782. */
static gboolean
is_label (const char *text, gsize length)
{
  if (length < 1 || length > MAX_LABEL || text[0] == '-' || text[length - 1] == '-')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '_')
      return FALSE;
  return TRUE;
}

/* One label, such as a service's name. */
gboolean
_vireo_text_is_label (const char *text)
{
  return text != NULL && is_label (text, strlen (text));
}

/* A domain name without the dot at its end. */
gboolean
_vireo_text_is_domain (const char *text)
{
  if (text == NULL || strlen (text) > MAX_DOMAIN)
    return FALSE;
  for (;;)
    {
      const char *dot = strchrnul (text, '.');

      if (!is_label (text, (gsize) (dot - text)))
        return FALSE;
      if (*dot == '\0')
        return TRUE;
      text = dot + 1;
    }
}

/* The name of a host in dhcp-host, where dnsmasq would take a number with an optional unit for a
 * lease time, "ignore" and "infinite" for themselves, and four numbers for an address. */
gboolean
_vireo_text_is_host (const char *text)
{
  gsize digits;

  if (!_vireo_text_is_domain (text) || g_ascii_strcasecmp (text, "ignore") == 0
      || g_ascii_strcasecmp (text, "infinite") == 0)
    return FALSE;
  if (strspn (text, "0123456789.") == strlen (text))
    return FALSE;
  digits = strspn (text, "0123456789");
  return !(digits > 0 && text[digits + 1] == '\0' && strchr ("smhdwSMHDW", text[digits]) != NULL);
}

/* Text without control characters. */
gboolean
_vireo_text_is_line (const char *text, gsize max_length)
{
  if (text == NULL || strlen (text) > max_length || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* The path of a boot file or folder: what is plain in every syntax. */
gboolean
_vireo_text_is_path (const char *text)
{
  if (text == NULL || text[0] == '\0' || strlen (text) > MAX_PATH)
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("/._-+:@%=", *p) == NULL)
      return FALSE;
  return TRUE;
}

/* A client id or DUID: bytes in hexadecimal, with colons. */
gboolean
_vireo_text_is_id (const char *text)
{
  g_auto (GStrv) bytes = g_strsplit (text != NULL ? text : "", ":", MAX_DUID + 1);
  guint n = g_strv_length (bytes);

  if (n < 2 || n > MAX_DUID)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      gsize length = strlen (bytes[i]);

      if (length < 1 || length > 2 || strspn (bytes[i], "0123456789abcdefABCDEF") != length)
        return FALSE;
    }
  return TRUE;
}
