/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "http-client.h"
#include "tls-identity.h"

G_BEGIN_DECLS

/* The client's end of an encrypted connection. Every wait has a deadline. */
typedef struct _TlsClient TlsClient;

/**
 * TlsClientSetup:
 * @identity: (nullable): whom it expects; %NULL for anybody
 * @address: (nullable): the loopback address to come from
 * @receive_buffer: SO_RCVBUF; 0 for the default
 * @priorities: (nullable): what it can do, in GnuTLS' words
 * @protocol: (nullable): what it wants to speak; %NULL for "h2" or else "http/1.1"
 * @session: (nullable): from tls_client_dup_session(): to come back as
 * @is_held: it keeps its last words of the handshake, and all behind them, until
 * tls_client_let_go()
 */
typedef struct
{
  guint16 port;
  const TlsIdentity *identity;
  const char *address;
  int receive_buffer;
  const char *priorities;
  const char *protocol;
  const gnutls_datum_t *session;
  gboolean is_held;
} TlsClientSetup;

/**
 * tls_client_try:
 * @code: (out) (optional): why there is none, in GnuTLS' number
 *
 * Returns: %NULL when there is no handshake with that server
 */
TlsClient *tls_client_try (const TlsClientSetup *setup, int *code);

/* A handshake with anybody but @identity fails the test. */
TlsClient *tls_client_connect (guint16 port, const TlsIdentity *identity, int receive_buffer);

/* Returns: whether the server's certificate is that of @identity */
gboolean tls_client_sees (guint16 port, const TlsIdentity *identity);

/* Sends, in one piece, what was held back. */
void tls_client_let_go (TlsClient *client);

/**
 * tls_client_read:
 *
 * Returns: bytes; 0 at the end, which the queen must have announced; -1 when nothing came in time
 */
gssize tls_client_read (TlsClient *client, void *buffer, gsize size, int timeout_msec);

/* Returns: whether something comes before the end, of whatever kind that is */
gboolean tls_client_is_answered (TlsClient *client);
void tls_client_send (TlsClient *client, const char *bytes);

/* Returns: (transfer full): what it has agreed on with the server, as "http/1.1" */
char *tls_client_dup_protocol (TlsClient *client);

/* Returns: (transfer full): what to come back with, once something was read */
gnutls_datum_t tls_client_dup_session (TlsClient *client);
gboolean tls_client_has_come_back (TlsClient *client);

gnutls_session_t tls_client_get_session (TlsClient *client);

/* Returns: everything up to the end of the connection, which is then closed */
HttpAnswer *tls_client_read_answer (TlsClient *client);
void tls_client_close (TlsClient *client);

/* One request on a connection of its own. */
HttpAnswer *tls_exchange (guint16 port, const TlsIdentity *identity, const char *request);

/* Returns: the first thing that a client says, byte by byte */
GBytes *tls_dup_hello (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsClient, tls_client_close)

G_END_DECLS
