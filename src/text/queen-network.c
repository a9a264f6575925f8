/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-network.h"

#include <arpa/inet.h>
#include <string.h>

char *
queen_network_dup (const guint8 *address, guint n_bits)
{
  char text[INET6_ADDRSTRLEN];
  struct in6_addr network = IN6ADDR_ANY_INIT;

  memcpy (&network, address, n_bits / 8);
  return g_strdup_printf ("%s/%u", inet_ntop (AF_INET6, &network, text, sizeof text), n_bits);
}

char *
queen_network_dup_wide (const char *network)
{
  char text[INET6_ADDRSTRLEN];
  struct in6_addr address;
  const char *slash = strchr (network, '/');
  gsize length = slash ? (gsize) (slash - network) : 0;

  if (length == 0 || length >= sizeof text || strcmp (slash, "/" G_STRINGIFY (QUEEN_NETWORK_BITS)))
    return NULL;
  memcpy (text, network, length);
  text[length] = '\0';
  return inet_pton (AF_INET6, text, &address) == 1
             ? queen_network_dup (address.s6_addr, QUEEN_NETWORK_WIDE)
             : NULL;
}
