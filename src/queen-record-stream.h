/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define QUEEN_RECORDS_AT_ONCE 64     /* of TLS, in one read that does not block */
#define QUEEN_RECORDS_OF_NOTHING 512 /* that one end may send without saying anything */
#define QUEEN_RECORDS_PER_READ 8     /* for each time that there was something, as many more */

/**
 * QueenRecordStream:
 *
 * What is below TLS: a connection that counts records. A record need not have anything in it for
 * who reads (warnings, tickets, new keys), and GnuTLS would be given one after the other, in one
 * call, for as long as the other end has more of them. Who only sends such, or wants another
 * handshake, is cut off.
 */
#define QUEEN_TYPE_RECORD_STREAM (queen_record_stream_get_type ())
G_DECLARE_FINAL_TYPE (QueenRecordStream, queen_record_stream, QUEEN, RECORD_STREAM, GIOStream)

/**
 * queen_record_stream_new:
 * @connection: whose input can be polled
 *
 * Returns: (transfer full): it writes to that and closes it, too
 */
QueenRecordStream *queen_record_stream_new (GIOStream *connection);

/**
 * queen_record_stream_get_outside:
 *
 * Returns: (transfer none): what it was made of, once somebody reads; and before that, itself
 */
GIOStream *queen_record_stream_get_outside (QueenRecordStream *self);

/**
 * queen_record_stream_begin_read:
 *
 * Somebody reads now, by any number of reads of this one: those that do not block would block after
 * %QUEEN_RECORDS_AT_ONCE records. Hands have been shaken by then, and are not shaken again.
 */
void queen_record_stream_begin_read (QueenRecordStream *self);

/** There was something in it, so it may go on. */
void queen_record_stream_end_read (QueenRecordStream *self);

G_END_DECLS
