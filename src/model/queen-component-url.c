/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-url.h"

#include <gio/gio.h>
#include <string.h>

/* Whether it says only that it is on the sender's own machine. */
static gboolean
means_sender (const char *hostname)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (hostname);

  if (address)
    return g_inet_address_get_is_loopback (address) || g_inet_address_get_is_any (address);
  return g_ascii_strcasecmp (hostname, "localhost") == 0;
}

static char *
dup_source_host (const QueenComponent *component)
{
  if (component->source.kind == QUEEN_SOURCE_HERE)
    return g_strdup ("127.0.0.1");
  return queen_source_dup_text (&component->source);
}

static char *
dup_host (const QueenComponent *component)
{
  char *host = NULL;

  if (!component->hostname || means_sender (component->hostname))
    host = dup_source_host (component);
  return host ? host : g_strdup (component->hostname);
}

char *
queen_component_dup_url (const QueenComponent *component)
{
  g_autofree char *host = NULL;

  if (component->vitals && component->vitals->url)
    return g_strdup (component->vitals->url);
  host = component->port > 0 ? dup_host (component) : NULL;
  if (!host)
    return NULL;
  return g_strdup_printf (strchr (host, ':') ? "http://[%s]:%u" : "http://%s:%u", host,
                          component->port);
}
