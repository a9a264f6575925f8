/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* HTTP over a bare socket, so that a test can send any bytes at all. Every wait has a deadline. */

/**
 * HttpAnswer:
 * @status: such as 200; 0 when the queen closed without a word
 * @headers: values by lower-case name; those of a repeated name are joined by ", "
 * @body: what followed the header block, NUL-terminated
 * @was_reset: whether the connection ended by a reset instead of an orderly close
 */
typedef struct
{
  guint status;
  GHashTable *headers;
  char *body;
  gsize body_length;
  gboolean was_reset;
} HttpAnswer;

void http_answer_free (HttpAnswer *answer);
const char *http_answer_get_header (const HttpAnswer *answer, const char *lower_case_name);

/* Returns: the string @member of a JSON body; %NULL when there is none */
char *http_answer_dup_member (const HttpAnswer *answer, const char *member);

/**
 * http_answer_parse:
 *
 * Returns: the answer in @bytes up to and with the header block, @body being whatever follows
 */
HttpAnswer *http_answer_parse (const char *bytes, gsize length);

/**
 * http_connect:
 * @address: (nullable): the loopback address to come from, such as `127.0.0.2`
 * @receive_buffer: SO_RCVBUF, set before connecting as the window depends on it; 0 for the default
 *
 * Returns: a connected descriptor
 */
int http_connect_from (const char *address, guint16 port, int receive_buffer);
int http_connect_with_buffer (guint16 port, int receive_buffer);
int http_connect (guint16 port);

/* Likewise, through a Unix socket. */
int http_connect_unix (const char *path);

/**
 * http_send:
 * @length: -1 when @bytes end with a NUL
 *
 * Returns: %FALSE when the queen had closed before all was sent
 */
gboolean http_send (int fd, const char *bytes, gssize length);

/**
 * http_wait_readable:
 *
 * Returns: whether there is something to read, be it the end, within @timeout_msec
 */
gboolean http_wait_readable (int fd, int timeout_msec);

/* Returns: whether @bytes, which end with a NUL, begin with an answer after which the queen waits
 * for another request: who has none says so by closing its side, and then sees the end */
gboolean http_is_kept_open (const char *bytes);

/* Returns: everything up to the end of the connection, which is then closed */
HttpAnswer *http_read_answer (int fd);

/**
 * http_take_chunk:
 * @raw: (inout): what came; a whole chunk at its beginning is taken out
 * @body: what is inside of it is appended to this
 * @is_last: (out): whether it was the last one
 *
 * Asserts that @raw is chunks by the letter of RFC 9112 § 7.1, as she writes them: without
 * extensions and trailers, and without a zero or an upper-case digit that need not be.
 *
 * Returns: whether there was a whole one
 */
gboolean http_take_chunk (GString *raw, GString *body, gboolean *is_last);

/* One request on a connection of its own. */
HttpAnswer *http_exchange (guint16 port, const char *bytes, gssize length);
HttpAnswer *http_get (guint16 port, const char *path);
HttpAnswer *http_post (guint16 port, const char *path, const char *json);

/* @name: with its labels, such as `queen_refusals_total{reason="host"}` */
guint64 http_read_metric (guint16 port, const char *name);

/* A heartbeat in its short form, which must be accepted. */
void http_beat (guint16 port, const char *kind, const char *id, const char *status);

/* The same of @count workers, whose ids are long, so that fewer events fill a socket. */
void http_beat_many (guint16 port, guint from, guint count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpAnswer, http_answer_free)

G_END_DECLS
