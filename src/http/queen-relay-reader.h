/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "stream/queen-audience.h"
#include "stream/queen-stream-request.h"

G_BEGIN_DECLS

/**
 * QueenRelayReaderFuncs:
 * @on_taken: so many bytes of what queen_relay_reader_add() was given need no memory any more
 * @on_gone: the reader has gone, or has had the end; the reader must not be freed by this
 */
typedef struct
{
  void (*on_taken) (gsize n_bytes, gpointer data);
  void (*on_gone) (gpointer data);
} QueenRelayReaderFuncs;

/**
 * QueenRelayReader:
 *
 * Somebody who reads a stream that comes from another queen: it gets her frames as they are, and
 * each of them whole, so that there is always a place where something may be said of an end that
 * she has not said herself. It is in the audience as all who read are.
 */
typedef struct _QueenRelayReader QueenRelayReader;

/**
 * queen_relay_reader_new:
 * @audience: outlives it
 * @socket: (transfer full): the reader's connection
 * @head: (transfer full): the answer's head, to be sent first
 * @request: who reads; of its encoding it counts whether there are chunks
 * @funcs: static
 */
QueenRelayReader *queen_relay_reader_new (QueenAudience *audience,
                                          QueenSocket socket,
                                          GBytes *head,
                                          const QueenStreamRequest *request,
                                          const QueenRelayReaderFuncs *funcs,
                                          gpointer data);

/** Returns: bytes in memory that it has not taken yet, and that have come to its queen */
gsize queen_relay_reader_get_n_bytes (const QueenRelayReader *self);

/** Lets it go, without a word. */
void queen_relay_reader_free (QueenRelayReader *self);

/** queen_relay_reader_add: sends what comes next of the stream. */
void queen_relay_reader_add (QueenRelayReader *self, const char *bytes, gsize length);

/**
 * queen_relay_reader_has_end:
 * @speaks_openai: whether the answer is in OpenAI's words
 *
 * Where a connection breaks between two chunks, libsoup takes it for the end of the body. So it is
 * looked at what came last.
 *
 * Returns: whether that was the end of a stream: the job's, or of all streams of that queen
 */
gboolean queen_relay_reader_has_end (const QueenRelayReader *self, gboolean speaks_openai);

/**
 * queen_relay_reader_end:
 * @last: (nullable): whole frames in the place of what did not come whole
 *
 * Nothing comes any more.
 *
 * Returns: %FALSE when it is in the middle of a frame, behind which nothing can be said. It is
 *   then cut off, so that it knows that there was more
 */
gboolean queen_relay_reader_end (QueenRelayReader *self, const GString *last);

/** Cuts it off: there was more, and it may come again for that. */
void queen_relay_reader_cut (QueenRelayReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRelayReader, queen_relay_reader_free)

G_END_DECLS
