/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-origin.h"

#include <gio/gio.h>
#include <string.h>

/* A name that could be asked for: parts of letters, digits, hyphens and underscores (which DNS does
 * not forbid), with dots between. What ends with a number browsers take for an address. */
static gboolean
is_name (const char *text)
{
  gsize length = strlen (text);
  const char *dot = strrchr (text, '.');
  const char *last = dot ? dot + 1 : text;

  return length > 0 && strspn (last, "0123456789") < strlen (last) && length <= 253 &&
         text[0] != '.' && text[length - 1] != '.' && !strstr (text, "..") &&
         strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == length;
}

/* @text: without brackets and port */
static char *
normalize_bare (const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);
  g_autofree char *ascii = NULL;
  g_autofree char *lower = NULL;

  if (address)
    return g_inet_address_to_string (address); /* RFC 5952 */
  ascii = g_hostname_to_ascii (text);
  lower = ascii ? g_ascii_strdown (ascii, -1) : NULL;
  return lower && is_name (lower) ? g_steal_pointer (&lower) : NULL;
}

static gboolean
is_port (const char *text)
{
  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, NULL, NULL) &&
         g_ascii_isdigit (*text);
}

/* Cuts a port off @text, in place. Returns FALSE when what stands there is none. */
static gboolean
cut_port (char *text)
{
  char *bracket = strrchr (text, ']');
  char *colon = strrchr (text, ':');

  if (!colon || colon < bracket)
    return TRUE;
  if (!bracket && colon != strchr (text, ':'))
    return TRUE; /* an IPv6 address */
  *colon = '\0';
  return is_port (colon + 1);
}

char *
queen_host_normalize (const char *text)
{
  g_autofree char *bare = g_strdup (text);
  gsize length;

  if (!g_utf8_validate (text, -1, NULL) || !cut_port (bare))
    return NULL;
  length = strlen (bare);
  if (length > 2 && bare[0] == '[' && bare[length - 1] == ']')
    {
      bare[length - 1] = '\0';
      return strchr (bare, ':') ? normalize_bare (bare + 1) : NULL;
    }
  if (length > 0 && bare[length - 1] == '.')
    bare[length - 1] = '\0';
  return normalize_bare (bare);
}

char *
queen_origin_normalize (const char *text)
{
  g_autoptr (GUri) uri = g_utf8_validate (text, -1, NULL) && !strchr (text, '%')
                             ? g_uri_parse (text, G_URI_FLAGS_NONE, NULL)
                             : NULL;
  const char *scheme = uri ? g_uri_get_scheme (uri) : "";
  gboolean is_https = g_str_equal (scheme, "https");
  g_autofree char *host = NULL;
  int port;

  if ((!is_https && !g_str_equal (scheme, "http")) || !g_uri_get_host (uri) ||
      *g_uri_get_path (uri) != '\0' || g_uri_get_query (uri) || g_uri_get_fragment (uri) ||
      g_uri_get_userinfo (uri))
    return NULL;
  host = normalize_bare (g_uri_get_host (uri));
  if (!host)
    return NULL;
  port = g_uri_get_port (uri);
  if (port == (is_https ? 443 : 80))
    port = -1;
  return g_uri_join (G_URI_FLAGS_NONE, scheme, NULL, host, port, "", NULL, NULL);
}
