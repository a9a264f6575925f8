/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-url.h"

#include <gio/gio.h>
#include <string.h>

#include "queen-source.h"

#define ITSELF "127.0.0.1"

typedef enum
{
  MEANS_A_HOST,
  MEANS_ITSELF,   /* the sender's own machine, by one of its own addresses */
  MEANS_ANYTHING, /* all addresses of the sender's machine, as one listens to them */
} Meaning;

/* RFC 6761 § 6.3; and what /etc/hosts has for IPv6. */
static gboolean
is_local_name (const char *hostname)
{
  static const char *const names[] = { "localhost", "ip6-localhost", "ip6-loopback",
                                       "localhost.localdomain" };
  g_autofree char *lower = g_ascii_strdown (hostname, -1);
  gsize length = strlen (lower);

  if (length > 0 && lower[length - 1] == '.')
    lower[length - 1] = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (lower, names[i]))
      return TRUE;
  return g_str_has_suffix (lower, ".localhost");
}

/* An address of IPv4 is the same when it is written as one of IPv6. */
static Meaning
get_meaning (const char *hostname)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (hostname);
  g_autoptr (GInetAddress) plain = NULL;
  QueenSource source = { .kind = QUEEN_SOURCE_UNKNOWN };

  if (!address)
    return is_local_name (hostname) ? MEANS_ITSELF : MEANS_A_HOST;
  queen_source_init_address (&source, g_inet_address_to_bytes (address),
                             g_inet_address_get_native_size (address));
  plain = queen_source_to_address (&source);
  if (g_inet_address_get_is_any (plain))
    return MEANS_ANYTHING;
  return g_inet_address_get_is_loopback (plain) ? MEANS_ITSELF : MEANS_A_HOST;
}

/* An address of IPv6 may have a zone: RFC 4007 § 11. */
static gboolean
is_ipv6_address (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "%", 2);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (parts[0]);

  return address && (!parts[1] || queen_component_is_host (parts[1]));
}

gboolean
queen_component_is_host (const char *text)
{
  if (strchr (text, ':'))
    return is_ipv6_address (text);
  for (const char *at = text; *at != '\0'; at++)
    if ((guchar) *at < 0x80 && !g_ascii_isalnum (*at) && !strchr ("-._", *at))
      return FALSE;
  return *text != '\0';
}

char *
queen_component_dup_host (const QueenComponent *component)
{
  Meaning meaning = component->hostname ? get_meaning (component->hostname) : MEANS_ANYTHING;

  if (meaning == MEANS_A_HOST)
    return queen_component_is_host (component->hostname) ? g_strdup (component->hostname) : NULL;
  if (component->source.kind != QUEEN_SOURCE_HERE)
    return queen_source_dup_text (&component->source);
  return g_strdup (meaning == MEANS_ITSELF ? component->hostname : ITSELF);
}

char *
queen_component_dup_url (const QueenComponent *component)
{
  g_autofree char *host = NULL;

  if (component->vitals && component->vitals->url)
    return g_strdup (component->vitals->url);
  host = component->port > 0 ? queen_component_dup_host (component) : NULL;
  if (!host)
    return NULL;
  return g_uri_join (G_URI_FLAGS_NONE, "http", NULL, host, component->port, "", NULL, NULL);
}
