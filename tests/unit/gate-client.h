/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "http/queen-gate.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* One who comes to a gate over a socket pair, and has said @request already. Returns: its own end
 */
static inline int
gate_client_come_from (QueenGate *gate, const struct sockaddr_storage *address, const char *request)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  g_assert_cmpint (send (ends[0], request, strlen (request), MSG_NOSIGNAL), ==,
                   (gssize) strlen (request));
  queen_gate_admit (gate, ends[1], address);
  return ends[0];
}

/* From an address of IPv4. */
static inline int
gate_client_come (QueenGate *gate, guint32 address, const char *request)
{
  const struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_addr = { htonl (address) } };
  struct sockaddr_storage native = { 0 };

  memcpy (&native, &ipv4, sizeof ipv4);
  return gate_client_come_from (gate, &native, request);
}

/* Returns: whether what @client is told begins with @start; so much of it is read */
static inline gboolean
gate_client_hears (int client, const char *start)
{
  char heard[64] = { 0 };

  return recv (client, heard, strlen (start), MSG_DONTWAIT) > 0 && g_str_equal (heard, start);
}
