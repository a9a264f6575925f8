/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "http-client.h"

G_BEGIN_DECLS

/* A certificate for this machine's loopback names that vouches for itself, made when it is needed:
 * a test that brought one along would end with it. */
typedef struct
{
  char *directory;
  char *certificate;
  char *key;
} TlsIdentity;

/* @name: what tells it from others, as the subject's common name */
TlsIdentity *tls_identity_new (const char *name);

/* Puts @other's certificate and key in the place of @self's. */
void tls_identity_replace (TlsIdentity *self, const TlsIdentity *other);
void tls_identity_free (TlsIdentity *self);

/* The client's end of an encrypted connection. Every wait has a deadline. */
typedef struct _TlsClient TlsClient;

/**
 * tls_client_connect:
 * @identity: whom it expects; a handshake with anybody else fails the test
 * @receive_buffer: SO_RCVBUF; 0 for the default
 */
TlsClient *tls_client_connect (guint16 port, const TlsIdentity *identity, int receive_buffer);

/* Returns: whether the server's certificate is that of @identity */
gboolean tls_client_sees (guint16 port, const TlsIdentity *identity);

/**
 * tls_client_read:
 *
 * Returns: bytes; 0 at the end, which the peer must have announced; -1 when nothing came in time
 */
gssize tls_client_read (TlsClient *client, void *buffer, gsize size, int timeout_msec);
void tls_client_send (TlsClient *client, const char *bytes);
const char *tls_client_get_protocol (TlsClient *client);

/* Returns: everything up to the end of the connection, which is then closed */
HttpAnswer *tls_client_read_answer (TlsClient *client);
void tls_client_close (TlsClient *client);

/* One request on a connection of its own. */
HttpAnswer *tls_exchange (guint16 port, const TlsIdentity *identity, const char *request);

/* Returns: the first thing that a client says, byte by byte */
GBytes *tls_dup_hello (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsIdentity, tls_identity_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsClient, tls_client_close)

G_END_DECLS
