/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-access.h"
#include "queen-chunks.h"
#include "queen-request-head.h"

G_BEGIN_DECLS

/** Bytes that nearly every request fits in. */
#define QUEEN_REQUEST_USUAL (QUEEN_REQUEST_MAX_HEAD + QUEEN_REQUEST_USUAL_BODY)

/**
 * QueenRequestRules:
 * @access: who may speak
 * @get_max_body: (nullable): how many bytes of body such a request may have, if it may be more
 *   than %QUEEN_REQUEST_USUAL_BODY
 * @speaks_openai: (nullable): whether those who ask for that path want errors in OpenAI's shape
 * @data: for both
 *
 * What a request is judged by before it is whole.
 */
typedef struct
{
  QueenAccess *access;
  gsize (*get_max_body) (QueenText method, QueenText path, gpointer data);
  gboolean (*speaks_openai) (QueenText path, gpointer data);
  gpointer data;
} QueenRequestRules;

/**
 * QueenRequestBuffer:
 * @kept: what has come, once it had to be kept; a request that comes in one piece never has, unless
 *   its body is chunked: then it is the head and what was inside of the chunks
 * @large: (nullable): a whole request that is handled once more, if it is longer than usual
 * @scanned: bytes in which no end of the head was found
 * @head_length: bytes; 0 before the head is whole
 * @has_body: the head says that there is a body, be it empty
 * @is_chunked: which comes in chunks
 * @excess: (nullable): what has come behind the request
 * @is_persistent: the client may send another one, as far as it says
 * @expects_continue: the client waits to be asked for the body
 * @is_forwarded: the head says that it comes through a proxy
 * @max_body: bytes of body that there may be
 * @body_length: bytes that the head promises; of a chunked body, once it is whole
 * @n_marked: bytes that there were when its time was last over
 * @chunks: how far that was read
 * @accepted: the head as libsoup may see it
 *
 * A request as far as it has come; all zero at first.
 */
typedef struct
{
  GByteArray *kept;
  GBytes *large;
  gsize scanned;
  gsize head_length;
  gboolean has_body;
  gboolean is_chunked;
  GBytes *excess;
  gboolean is_persistent;
  gboolean expects_continue;
  gboolean is_forwarded;
  gsize max_body;
  gsize body_length;
  gsize n_marked;
  QueenChunks chunks;
  GString *accepted;
} QueenRequestBuffer;

/**
 * QueenRequestProgress:
 * @QUEEN_REQUEST_REFUSED: it is not to be answered as a request
 * @QUEEN_REQUEST_PART: more of it is wanted
 * @QUEEN_REQUEST_HEAD: its head has become whole with this; of the body, more is wanted
 * @QUEEN_REQUEST_WHOLE: it is all there
 */
typedef enum
{
  QUEEN_REQUEST_REFUSED,
  QUEEN_REQUEST_PART,
  QUEEN_REQUEST_HEAD,
  QUEEN_REQUEST_WHOLE,
} QueenRequestProgress;

/**
 * queen_request_buffer_take:
 * @bytes: what has come now
 * @rules: what it is judged by
 * @whole: (out): all that has come so far; valid until the buffer or @bytes changes
 * @error: for %QUEEN_REQUEST_REFUSED: why
 *
 * Checks a head as soon as it is whole, and keeps what has come unless that is the whole request.
 */
QueenRequestProgress queen_request_buffer_take (QueenRequestBuffer *self,
                                                QueenText bytes,
                                                const QueenRequestRules *rules,
                                                QueenText *whole,
                                                GError **error);

/**
 * queen_request_buffer_keep:
 * @whole: (inout): as queen_request_buffer_take() or queen_request_buffer_steal_large() has given
 * it
 *
 * Keeps a whole request, wherever it was until now: in @kept, or @large if it is there already.
 */
void queen_request_buffer_keep (QueenRequestBuffer *self, QueenText *whole);

/**
 * queen_request_buffer_steal_large:
 * @whole: (inout): the whole request, as queen_request_buffer_take() has given it; or as it was
 * when what this returns was put back as @large
 *
 * Returns: (transfer full) (nullable): what @whole is in from then on, without what is behind it,
 * if it is longer than usual; a NUL stands behind it
 */
GBytes *queen_request_buffer_steal_large (QueenRequestBuffer *self, QueenText *whole);

/** Returns: bytes of memory that it takes */
gsize queen_request_buffer_get_size (const QueenRequestBuffer *self);

void queen_request_buffer_clear (QueenRequestBuffer *self);

G_END_DECLS
