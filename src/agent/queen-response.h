/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-adapter.h"

G_BEGIN_DECLS

/** Bytes that all may have that is not the body: heads, those of 1xx too, chunks' sizes, trailers
 */
#define QUEEN_RESPONSE_MAX_LINES (32 * 1024)

/**
 * QueenResponse:
 *
 * One answer of HTTP/1.0 or 1.1 to a GET, piece by piece as it comes. Whoever speaks may be
 * anybody: everything has an end, and each piece costs no more than its bytes.
 */
typedef struct _QueenResponse QueenResponse;

/** Returns: (transfer full): an answer of which nothing has come; its body has at most @max bytes
 */
QueenResponse *queen_response_new (gsize max);

void queen_response_free (QueenResponse *self);

/**
 * queen_response_feed:
 * @bytes: what came
 * @error: %G_IO_ERROR_NO_SPACE when it is too long, %G_IO_ERROR_INVALID_DATA when it is no HTTP
 *
 * Returns: whether all is well so far; after an error, and once it is whole, no more is to be fed
 */
gboolean queen_response_feed (QueenResponse *self, const char *bytes, gsize length, GError **error);

/**
 * queen_response_end:
 * @error: %G_IO_ERROR_CONNECTION_CLOSED when something is missing
 *
 * The connection has ended. Returns: whether the answer is whole
 */
gboolean queen_response_end (QueenResponse *self, GError **error);

gboolean queen_response_is_whole (QueenResponse *self);

/** Returns: whether anything has come */
gboolean queen_response_has_begun (QueenResponse *self);

/** Returns: how many bytes of it are kept */
gsize queen_response_get_size (QueenResponse *self);

/** Says what came, once it is whole; it lives as long as @self. */
void queen_response_get (QueenResponse *self, QueenServerAnswer *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenResponse, queen_response_free)

G_END_DECLS
