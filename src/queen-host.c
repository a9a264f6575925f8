/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-host.h"

#include <gio/gio.h>
#include <string.h>

#define LOCALHOST "localhost"

gboolean
queen_host_is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address ? g_inet_address_get_is_loopback (address)
                 : g_ascii_strcasecmp (host, LOCALHOST) == 0;
}

gboolean
queen_host_needs_lookup (const char *host)
{
  gsize length = strlen (host), end = strlen (LOCALHOST);
  const char *last = length > end ? host + length - end : host;

  return !g_hostname_is_ip_address (host) &&
         !(g_ascii_strcasecmp (last, LOCALHOST) == 0 && (last == host || last[-1] == '.'));
}
