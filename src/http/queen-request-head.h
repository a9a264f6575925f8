/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

#include "text/queen-text.h"

G_BEGIN_DECLS

#define QUEEN_REQUEST_MAX_HEAD 16384   /* bytes */
#define QUEEN_REQUEST_USUAL_BODY 65536 /* bytes at the most, where a route does not say more */
#define QUEEN_REQUEST_MAX_LINES 256    /* browsers and proxies together send about forty */
#define QUEEN_REQUEST_MAX_PARAMETERS 64

/**
 * QueenRequestHead:
 * @is_http_1_0: it speaks HTTP/1.0, and so need not have a Host
 * @has_content_length: it says how long its body is
 * @content_length: bytes of body that follow; however many they are, no more than %G_MAXUINT32
 * @is_chunked: its body comes in chunks instead
 * @wants_close: the client says that it will not send another request on the same connection
 * @is_persistent: the client may send another one, as far as it says
 * @expects_continue: the client waits for `100 Continue` before it sends them
 * @method: `GET`, …
 * @path: what is asked for, encoded as it came, without the query
 * @is_forwarded: it says that it comes through a proxy; one that does not say so may all the same
 * @host: the header's value: a host and perhaps a port; `localhost` for one of HTTP/1.0 without
 * @target_host: the same from the target, when that is a whole URI
 * @origin: of the web page that asks; %NULL when it is no page, or no page of another origin
 *
 * What must be known of a request before its body has come. The texts are parts of the head that
 * was parsed, and valid as long as that is.
 */
typedef struct
{
  gboolean is_http_1_0;
  gboolean has_content_length;
  gsize content_length;
  gboolean is_chunked;
  gboolean wants_close;
  gboolean is_persistent;
  gboolean expects_continue;
  gboolean is_forwarded;
  QueenText method;
  QueenText path;
  QueenText host;
  QueenText target_host;
  QueenText origin;
} QueenRequestHead;

/**
 * queen_request_head_find_end:
 * @data: what has come so far
 * @length: bytes
 * @scanned: (inout): how far an earlier call has looked; 0 at first
 * @error: %QUEEN_ERROR_BAD_REQUEST for a bare line feed or a NUL
 *
 * Looks for the empty line that ends a request's head.
 *
 * Returns: the head's length with the empty line; 0 when it has not come yet, -1 on error
 */
gssize queen_request_head_find_end (const char *data, gsize length, gsize *scanned, GError **error);

/**
 * queen_request_head_find_path:
 * @head: one that queen_request_head_parse() has accepted, or a part of it
 *
 * Returns: what is asked for, encoded as it came, without the query
 */
QueenText queen_request_head_find_path (QueenText head);

/**
 * queen_request_head_parse:
 * @data: a whole head
 * @length: bytes, with the empty line
 * @head: (out): what the head says
 * @accepted: where to append the head as libsoup may see it
 * @error: what is wrong with it
 *
 * Checks a request's head by the letter of RFC 9112, where libsoup 3.2 is lax: a known method, one
 * sane Host, at most one Content-Length of digits alone or else `chunked`, no folded lines. The
 * lines that are dealt with before libsoup (Content-Length, Transfer-Encoding, Connection, Expect)
 * or that it had better not see (Range, CVE-2025-32907) are left out of @accepted. One of HTTP/1.0
 * without a Host gets one there, as libsoup wants one.
 */
gboolean queen_request_head_parse (
    const char *data, gsize length, QueenRequestHead *head, GString *accepted, GError **error);

/**
 * queen_request_head_recall:
 * @text: what has come so far
 * @head: (out): what the head at its beginning says; its texts are valid until the next head is
 *   parsed
 * @accepted: (out) (transfer full): the head as libsoup may see it
 *
 * Who sends heartbeats says the same head each time, and so do others who run the same program: it
 * need not be read again letter by letter.
 *
 * Returns: the head's length, if it is the one that queen_request_head_remember() was told of last;
 *   else 0
 */
gsize queen_request_head_recall (QueenText text, QueenRequestHead *head, GString **accepted);

/**
 * queen_request_head_remember:
 * @text: a head that queen_request_head_parse() has accepted
 * @head: what it says
 * @accepted: the head as libsoup may see it
 *
 * Keeps all that, if it is of the usual length.
 */
void
queen_request_head_remember (QueenText text, const QueenRequestHead *head, const GString *accepted);

G_END_DECLS
