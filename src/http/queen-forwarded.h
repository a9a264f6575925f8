/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/socket.h>

#include "text/queen-text.h"

G_BEGIN_DECLS

/**
 * QueenProxyHeader:
 * @QUEEN_PROXY_HEADER_X_FORWARDED_FOR: `X-Forwarded-For: CLIENT, PROXY`
 * @QUEEN_PROXY_HEADER_FORWARDED: `Forwarded: for=CLIENT, for=PROXY`, RFC 7239
 *
 * The header in which proxies say whose request they hand on.
 */
typedef enum
{
  QUEEN_PROXY_HEADER_X_FORWARDED_FOR,
  QUEEN_PROXY_HEADER_FORWARDED,
} QueenProxyHeader;

/**
 * QueenProxies:
 *
 * The proxies whose word is taken for whose request they hand on.
 */
typedef struct _QueenProxies QueenProxies;

/**
 * queen_proxies_new:
 * @trusted: (nullable): numeric addresses, networks such as `10.0.0.0/8`, and `unix:` for whoever
 *   comes through a Unix socket
 * @header: the only one that they are listened to by; a client may have sent any other
 * @error: %QUEEN_ERROR_SETTING for what is none of these
 *
 * Returns: (transfer full): the proxies, or %NULL
 */
QueenProxies *
queen_proxies_new (const char *const *trusted, QueenProxyHeader header, GError **error);

/**
 * queen_proxies_is_trusted:
 * @self: (nullable): %NULL trusts nobody
 * @native: the address at the other end of a connection
 *
 * Returns: whether it is one of the proxies
 */
gboolean queen_proxies_is_trusted (const QueenProxies *self, const struct sockaddr_storage *native);

/**
 * queen_proxies_find_client:
 * @head: a whole head that queen_request_head_parse() has accepted
 * @client: (inout): one of the proxies, from which the request comes; then whose request it is
 *
 * Goes from proxy to proxy, the last one first, for as long as each is trusted. Whoever the last
 * trusted one names is the client; where it names nobody (`unknown`, a pseudonym, or rubbish) it is
 * the last that was named. What stands before that was written by somebody whom nobody trusts.
 *
 * Returns: whether the request was handed on, as far as its head says
 */
gboolean queen_proxies_find_client (const QueenProxies *self,
                                    QueenText head,
                                    struct sockaddr_storage *client);

void queen_proxies_free (QueenProxies *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenProxies, queen_proxies_free)

G_END_DECLS
