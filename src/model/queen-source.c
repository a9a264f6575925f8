/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-source.h"

#include <string.h>

#include "loop/queen-fair-queue.h"
#include "text/queen-network.h"

#define HERE "here"
#define LOOPBACK "127.0.0.1" /* anybody on a machine has millions of these */
#define MAPPED_LENGTH 12

static const guint8 mapped[MAPPED_LENGTH] = { [10] = 0xff, [11] = 0xff };

void
queen_source_init_here (QueenSource *self)
{
  *self = (QueenSource){ .kind = QUEEN_SOURCE_HERE };
}

void
queen_source_init_address (QueenSource *self, const guint8 *bytes, gsize length)
{
  g_return_if_fail (length == 4 || length == QUEEN_SOURCE_ADDRESS_LENGTH);

  self->kind = QUEEN_SOURCE_ADDRESS;
  if (length == 4)
    memcpy (self->address, mapped, sizeof mapped);
  memcpy (self->address + QUEEN_SOURCE_ADDRESS_LENGTH - length, bytes, length);
}

gboolean
queen_source_is_ipv4 (const QueenSource *self)
{
  return self->kind == QUEEN_SOURCE_ADDRESS && memcmp (self->address, mapped, sizeof mapped) == 0;
}

gboolean
queen_source_parse (const char *text, QueenSource *self)
{
  g_autoptr (GInetAddress) address = NULL;

  if (g_str_equal (text, HERE))
    {
      queen_source_init_here (self);
      return TRUE;
    }
  address = g_inet_address_new_from_string (text);
  if (!address)
    return FALSE;
  queen_source_init_address (self, g_inet_address_to_bytes (address),
                             g_inet_address_get_native_size (address));
  return TRUE;
}

GInetAddress *
queen_source_to_address (const QueenSource *self)
{
  return queen_source_is_ipv4 (self)
             ? g_inet_address_new_from_bytes (self->address + MAPPED_LENGTH, G_SOCKET_FAMILY_IPV4)
             : g_inet_address_new_from_bytes (self->address, G_SOCKET_FAMILY_IPV6);
}

char *
queen_source_dup_text (const QueenSource *self)
{
  g_autoptr (GInetAddress) address = NULL;

  if (self->kind != QUEEN_SOURCE_ADDRESS)
    return self->kind == QUEEN_SOURCE_HERE ? g_strdup (HERE) : NULL;
  address = queen_source_to_address (self);
  return g_inet_address_to_string (address);
}

char *
queen_source_dup_network (const QueenSource *self)
{
  g_autoptr (GInetAddress) address = NULL;
  char *text;

  if (self->kind == QUEEN_SOURCE_ADDRESS)
    address = queen_source_to_address (self);
  if (address && g_inet_address_get_is_loopback (address))
    return g_strdup (LOOPBACK);
  if (address && !queen_source_is_ipv4 (self))
    return queen_network_dup (self->address, QUEEN_NETWORK_BITS);
  text = queen_source_dup_text (self);
  return text ? text : g_strdup ("");
}

char *
queen_source_dup_asker (const QueenSource *self)
{
  char *network = queen_source_dup_network (self);
  g_autofree char *wide = queen_network_dup_wide (network);
  g_autofree char *one = wide ? network : NULL;

  return wide ? queen_fair_queue_join (wide, one) : network;
}
