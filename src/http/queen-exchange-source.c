/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <netinet/in.h>

#include "model/queen-senders.h"
#include "net/queen-shares.h"
#include "net/queen-user-address.h"
#include "queen-exchange.h"

char *
queen_exchange_dup_submitter (const QueenExchange *self)
{
  const struct sockaddr_storage *client = queen_exchange_get_request (self)->client;
  char *sender = queen_exchange_dup_sender (self);

  if (!sender && client->ss_family == AF_UNIX)
    return g_strdup_printf (QUEEN_SENDER_USER "%u", queen_user_address_get_user (client));
  return sender ? sender : g_strdup ("");
}

void
queen_exchange_get_source (const QueenExchange *self, QueenSource *source)
{
  const QueenRequest *request = queen_exchange_get_request (self);
  const struct sockaddr_in *ipv4 = (const struct sockaddr_in *) request->client;
  const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *) request->client;

  *source = (QueenSource){ .kind = QUEEN_SOURCE_UNKNOWN };
  if (!request->is_forwarded && queen_shares_is_here (request->client))
    queen_source_init_here (source);
  else if (request->client->ss_family == AF_INET)
    queen_source_init_address (source, (const guint8 *) &ipv4->sin_addr, sizeof ipv4->sin_addr);
  else if (request->client->ss_family == AF_INET6)
    queen_source_init_address (source, ipv6->sin6_addr.s6_addr, QUEEN_SOURCE_ADDRESS_LENGTH);
}
