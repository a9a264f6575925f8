/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/socket.h>

#include "queen-ring.h"

G_BEGIN_DECLS

/**
 * QueenStreamRequest:
 * @kinds: the #QueenEventKind bits wanted; 0 for how things stand now, and the end
 * @n_history: how many past events to begin with; 0 for none
 * @last_id: (nullable): resume behind this event; goes before @n_history
 * @past: (nullable) (transfer none): a chunk of frames to begin with: of events up to @last_id that
 *   have come from elsewhere; never parsed, and only where the channel counts such
 * @client: (nullable): whose share of the subscribers it takes from; %NULL for nobody's
 * @is_forwarded: somebody says so who hands it on
 * @encoding: what the client understands
 * @owner: by whose right it listens, to be told of by queen_audience_end_owned(); 0 for nobody's
 *
 * What a subscriber asks for.
 */
typedef struct
{
  guint kinds;
  guint n_history;
  const char *last_id;
  GBytes *past;
  const struct sockaddr_storage *client;
  gboolean is_forwarded;
  QueenEncoding encoding;
  guint owner;
} QueenStreamRequest;

/** Clears one that was parsed. */
void queen_stream_request_clear (QueenStreamRequest *request);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenStreamRequest, queen_stream_request_clear)

/** Returns: the word of `?types=` for @kind, one of %QUEEN_EVENT_ALL_KINDS */
const char *queen_stream_request_get_word (guint kind);

/** Returns: (transfer full): who takes turns with others, as a #QueenFairQueue has it */
char *queen_stream_request_dup_asker (const QueenStreamRequest *request);

/**
 * queen_stream_request_parse:
 * @request: (out): what is asked for; to be cleared, also when it fails
 * @query: (nullable): what stands behind the question mark, see queen_query_parse()
 * @last_event_id: (nullable): the header of that name; it goes before the query, as a browser that
 *   comes back sends it, and cannot change the query
 * @capacity: how many past events there are at the most
 * @error: a %QUEEN_ERROR_BAD_REQUEST that lists what is valid
 */
gboolean queen_stream_request_parse (QueenStreamRequest *request,
                                     const char *query,
                                     const char *last_event_id,
                                     guint capacity,
                                     GError **error);

G_END_DECLS
