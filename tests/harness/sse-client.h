/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "http-client.h"
#include "tls-client.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SseFrame:
 *
 * One frame as it came over the wire; what it did not say is %NULL.
 */
typedef struct
{
  char *id;
  char *event;
  char *data;
  char *retry;
  JsonNode *json; /* of data, made when first asked for */
} SseFrame;

void sse_frame_free (SseFrame *frame);

/* The number of the event, and the epoch of the queen before the dash of its id. */
guint64 sse_frame_get_number (const SseFrame *frame);
char *sse_frame_dup_epoch (const SseFrame *frame);

JsonObject *sse_frame_get_object (SseFrame *frame);
const char *sse_frame_get_string (SseFrame *frame, const char *member);
gint64 sse_frame_get_int (SseFrame *frame, const char *member);

/* An array of strings, joined by commas. */
char *sse_frame_dup_list (SseFrame *frame, const char *member);

/**
 * SseClient:
 *
 * A reader of the stream. It is stricter than any browser: a line that begins with none of the
 * four fields fails the test, and so a torn frame cannot pass. It reads gzip, too, to whoever was
 * asked for it, and an end of that which does not fit fails the test, too.
 */
typedef struct _SseClient SseClient;

/**
 * sse_client_open:
 * @receive_buffer: SO_RCVBUF; 0 for the default
 * @query: (nullable): such as `?types=worker`
 * @headers: (nullable): more header lines, each with its CRLF
 *
 * Sends the request and reads nothing yet.
 */
SseClient *
sse_client_open (guint16 port, int receive_buffer, const char *query, const char *headers);

/* The same through a Unix socket. */
SseClient *sse_client_open_unix (const char *path, const char *query, const char *headers);

/**
 * sse_client_open_tls:
 * @identity: whom it expects
 *
 * The same through TLS, up to and with the handshake.
 */
SseClient *sse_client_open_tls (guint16 port,
                                const TlsIdentity *identity,
                                int receive_buffer,
                                const char *query,
                                const char *headers);

/**
 * sse_client_subscribe:
 *
 * Returns: a client that has read the answer's header, and the queen's first heartbeat with its
 *   `retry: 2000`; or that and a comment, when it wants none
 */
SseClient *sse_client_subscribe (guint16 port, const char *query, const char *headers);

void sse_client_close (SseClient *client);

/* Returns: an array that closes its clients */
GPtrArray *sse_client_array_new (void);

/* Returns: the queen's heartbeat that a subscriber who comes now is told first */
SseFrame *sse_client_take_snapshot (guint16 port);

/* The header of the answer, waited for. */
const HttpAnswer *sse_client_get_answer (SseClient *client);

/* Whether a frame or the end is there within @timeout_msec. */
gboolean sse_client_wait (SseClient *client, int timeout_msec);

/* Returns: the next frame, comments left out; %NULL at the end of the stream */
SseFrame *sse_client_next (SseClient *client);

/**
 * sse_client_expect:
 * @type: `worker` or `hive`
 *
 * Asserts that the next frame is the event of that component.
 *
 * Returns: its number
 */
guint64 sse_client_expect (SseClient *client, const char *type, const char *id, const char *status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseFrame, sse_frame_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SseClient, sse_client_close)

G_END_DECLS
