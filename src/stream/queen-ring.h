/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/uio.h>

#include "queen-frame.h"
#include "queen-packed.h"

G_BEGIN_DECLS

typedef struct _QueenLeftovers QueenLeftovers;

/** How many kinds of events there may be. Each is one bit. */
#define QUEEN_RING_MAX_KINDS 16

/**
 * QueenRing:
 *
 * The last events in a ring, numbered from 1 upward, each as the frame that every subscriber
 * shares, in its chunk (see queen-frame.h). It knows no sockets and no subscribers: whoever reads
 * brings a #QueenCursor.
 *
 * Beside the ring stands the newest pulse. It has no number, but a place: it was made after event
 * n, carries the id of n, and is read exactly between n and n + 1. Who is already past n, or still
 * behind it when there is a newer pulse, does without. So an id never jumps over what was not sent.
 *
 * In the ring there may be asides, too, for those who want them: each says how something stands,
 * and carries the id of the event before it. They take no number and no room from what is numbered,
 * so whoever does not want them notices nothing of them. When there are thousands of them, the
 * oldest are forgotten, and of what was between them only these.
 */
typedef struct _QueenRing QueenRing;

/**
 * QueenRingSettings:
 * @capacity: how many events the ring holds, at least 1; see queen_ring_get_capacity()
 * @max_bytes: what they may cost at the most; the oldest leave when it is more
 * @epoch: what tells this ring from any other of the same name; it starts every event's id
 * @kinds: the bits of the kinds that are numbered and kept
 * @pulse_kind: the bit of those that want the pulse; 0 where there is none
 * @pack: (nullable): compresses a pulse for those who want it so; %NULL where none is large
 * @data: for @pack
 * @has_bare: whether there are readers of %QUEEN_ENCODING_BARE
 * @asides: the bits of the kinds that are kept, but not numbered
 * @leftovers: (nullable): what has a limit of all that is kept no longer, but by readers; for rings
 *   whose frames may be large
 * @party: (nullable): for whom they are then; it outlives the ring
 * @max_packed: bytes of a pulse that is compressed: a longer one would take longer than a turn may;
 *   0 for no end
 */
typedef struct
{
  guint capacity;
  gsize max_bytes;
  const char *epoch;
  guint kinds;
  guint pulse_kind;
  void (*pack) (GBytes *frame, QueenPacked *packed, gpointer data);
  gpointer data;
  gboolean has_bare;
  guint asides;
  QueenLeftovers *leftovers;
  const char *party;
  gsize max_packed;
} QueenRingSettings;

/**
 * QueenCursor:
 * @next: the place of the next event that its owner wants: that is its number, but for the asides
 * before it
 * @n_passed: how many events of its kinds came before that one
 * @pulse: the last pulse that its owner has had
 * @kinds: the bits of the kinds that its owner wants
 * @is_id_old: events were passed over since its owner last heard of an id
 * @encoding: what its owner understands: a #QueenEncoding. Where it begins that is
 *   %QUEEN_ENCODING_CHUNKED; whoever it is for sets this afterwards
 *
 * A place in the ring. It holds nothing, so a slow reader costs no more than a fast one.
 */
typedef struct
{
  guint64 next;
  guint64 n_passed;
  guint32 pulse;
  guint kinds : 16;
  guint is_id_old : 1;
  guint encoding : 3;
} QueenCursor;

/**
 * queen_ring_new:
 * @settings: copied
 */
QueenRing *queen_ring_new (const QueenRingSettings *settings);
void queen_ring_free (QueenRing *self);

/**
 * queen_ring_continue:
 * @epoch: of the ring that goes on
 * @next: the number that its next event would have got, at least 1
 *
 * Makes a ring into which nothing was published yet go on as a former one. The events are
 * gone; who has seen the last of them has lost nothing.
 */
void queen_ring_continue (QueenRing *self, const char *epoch, guint64 next);

/**
 * queen_ring_restart:
 * @epoch: what starts ids from now on
 * @next: the number in the id of the next event, at least 1
 * @is_lost: whether readers have lost what happened meanwhile elsewhere; then all events go, and
 *   nobody can say how many were lost
 *
 * Goes on under other numbers, in the middle of everything. Numbers within the ring only grow: it
 * is those in ids, and those that queen_ring_publish() is given, that are others from here on.
 */
void queen_ring_restart (QueenRing *self, const char *epoch, guint64 next, gboolean is_lost);

/**
 * queen_ring_get_epoch:
 *
 * Returns: what starts every event's id
 */
const char *queen_ring_get_epoch (const QueenRing *self);

/**
 * queen_ring_dup_id:
 * @place: an event's
 *
 * Returns: (transfer full): its id
 */
char *queen_ring_dup_id (const QueenRing *self, guint64 place);

/**
 * queen_ring_publish:
 * @number: as whoever numbers the events says, and as it is in the id; not less than that of
 *   queen_ring_get_head() would be, which is the one where nothing is missing
 * @kind: one of the kinds that are numbered
 * @name: the event's name on the wire
 * @data: its data, without a line break
 * @length: bytes of that
 *
 * Puts an event at the head of the ring. When the ring is full, the oldest one leaves it. Where
 * numbers are missing before @number, these events are lost to all readers, and so are those from
 * before them.
 */
void queen_ring_publish (
    QueenRing *self, guint64 number, guint kind, const char *name, const char *data, gsize length);

/**
 * queen_ring_recall:
 *
 * As queen_ring_publish(), right after queen_ring_restart(), of what was told elsewhere before: it
 * is there for those who come. Whoever was there before the restart may have had it, at another
 * queen, and goes on behind it.
 */
void queen_ring_recall (
    QueenRing *self, guint64 number, guint kind, const char *name, const char *data, gsize length);

/**
 * queen_ring_publish_aside:
 * @kind: one of the kinds that are asides
 * @name: as above, like @data and @length
 *
 * Puts an aside at the head of the ring.
 */
void queen_ring_publish_aside (
    QueenRing *self, guint kind, const char *name, const char *data, gsize length);

/** Returns: whether readers of @kinds are given the pulse */
gboolean queen_ring_wants_pulse (const QueenRing *self, guint kinds);

/**
 * queen_ring_pulse:
 * @frame: (transfer full): the queen's heartbeat in its chunk, with the id of the last event
 *
 * Puts @frame behind the last event, in the place of the pulse before. Readers who do not want it
 * get its id alone there, if their own is old.
 */
void queen_ring_pulse (QueenRing *self, GBytes *frame);

/**
 * queen_ring_mark:
 *
 * Puts behind the last event, in the place of the pulse, its id alone, for all whose own is old. It
 * is the last word before an end, or lets go of a pulse that nobody is there to read.
 */
void queen_ring_mark (QueenRing *self);

/**
 * queen_ring_keep_from:
 * @place: an event's; %G_MAXUINT64 for none, as in the beginning
 *
 * What readers who keep up have not had yet stays although there is more than the capacity, up to
 * the limit in bytes: from @place on.
 */
void queen_ring_keep_from (QueenRing *self, guint64 place);

/**
 * queen_ring_set_max_bytes:
 * @max_bytes: what its events may cost from now on; the oldest leave if they cost more
 */
void queen_ring_set_max_bytes (QueenRing *self, gsize max_bytes);

/**
 * queen_ring_keep_beside:
 * @n_bytes: how long a snapshot is that somebody takes now
 *
 * What comes while somebody takes megabytes must still be there when it has all of them: or it
 * would be told how things stand, in as many megabytes, and so on for ever. So beside a pulse, or a
 * snapshot that is newer, the ring holds as many events as cost what that is long.
 */
void queen_ring_keep_beside (QueenRing *self, gsize n_bytes);

/**
 * queen_ring_is_too_long_for:
 *
 * Returns: whether how things stand, as a pulse or a snapshot says it, is longer than whoever reads
 *   from @cursor may have it
 */
gboolean queen_ring_is_too_long_for (const QueenRing *self, const QueenCursor *cursor);

/**
 * queen_ring_get_capacity:
 *
 * Returns: how many events the ring holds: as many as the settings say, or as
 *   queen_ring_keep_beside() has it if that is more. When that becomes less, there are more for a
 *   while, which leave as others come
 */
guint64 queen_ring_get_capacity (const QueenRing *self);

/**
 * queen_ring_get_head:
 *
 * Returns: the place after that of the last event
 */
guint64 queen_ring_get_head (const QueenRing *self);

/**
 * queen_ring_get_oldest:
 *
 * Returns: the place of the oldest event still there; the head's when there is none
 */
guint64 queen_ring_get_oldest (const QueenRing *self);

/**
 * queen_ring_get_version:
 *
 * Returns: a number that is another one whenever anything has come or left, and that no other ring
 *   ever has; never 0
 */
guint64 queen_ring_get_version (const QueenRing *self);

/**
 * queen_ring_get_n_bytes:
 *
 * Returns: what the events in the ring cost, compressed ones included
 */
gsize queen_ring_get_n_bytes (const QueenRing *self);

/**
 * queen_ring_start:
 * @cursor: (out): a cursor at the head: only what is still to come
 */
void queen_ring_start (const QueenRing *self, guint kinds, QueenCursor *cursor);

/**
 * queen_ring_start_with_history:
 * @n_events: how many past events of the wanted kinds to begin with, if there are as many. Asides
 *   between them come along, and count only where nothing else is wanted
 * @cursor: (out): a cursor that starts further back
 */
void queen_ring_start_with_history (const QueenRing *self,
                                    guint kinds,
                                    guint n_events,
                                    QueenCursor *cursor);

/**
 * queen_ring_start_at:
 * @place: the first event that is wanted
 * @cursor: (out): a cursor just before that event, or at the oldest one still there
 *
 * Returns: how many events of the wanted kinds are lost; -1 when that cannot be known, because
 * kinds are filtered and the ring has moved on
 */
gint64 queen_ring_start_at (const QueenRing *self, guint kinds, guint64 place, QueenCursor *cursor);

/**
 * queen_ring_resume:
 * @last_id: the id of the last event that the reader has seen
 * @cursor: (out): a cursor just behind that event, or at the oldest one still there
 *
 * Returns: as queen_ring_start_at(); -1, too, when the id is of another epoch than this one and,
 *   where nothing was lost by queen_ring_restart(), the one before
 */
gint64
queen_ring_resume (const QueenRing *self, guint kinds, const char *last_id, QueenCursor *cursor);

/**
 * queen_ring_is_ahead:
 * @last_id: the id of the last event that the reader has seen
 * @number: (out): its number, as in ids
 *
 * Returns: whether that event has yet to come here, although it is of this epoch: somebody who has
 *   the same events has told it before
 */
gboolean queen_ring_is_ahead (const QueenRing *self, const char *last_id, guint64 *number);

/**
 * queen_ring_find_missing:
 * @last_id: the id of the last event that the reader has seen
 * @first: (out): the number of the first event that it misses and that is not there any more, as
 *   in ids
 * @last: (out): that of the last one
 *
 * Returns: %FALSE when none is missing, or that cannot be known
 */
gboolean
queen_ring_find_missing (const QueenRing *self, const char *last_id, guint64 *first, guint64 *last);

/**
 * queen_ring_skip_lost:
 *
 * Moves a cursor that the ring has passed to the oldest event still there. Whoever has lost
 * something is told how things stand before it reads on, and so has had the pulse.
 *
 * Returns: how many events of the wanted kinds are lost by that; 0 for a cursor that keeps up, and
 *   -1 when that cannot be known, by queen_ring_restart()
 */
gint64 queen_ring_skip_lost (const QueenRing *self, QueenCursor *cursor);

/**
 * queen_ring_gather:
 * @cursor: a cursor; there is nothing behind one that the ring has passed
 * @vectors: (out caller-allocates): where to put the frames' bytes
 * @n_vectors: how many fit
 * @end: (out): where @cursor is when all these bytes are gone
 * @digest: (inout): of what is gone; then of these bytes, too, if they are %QUEEN_ENCODING_PACKED
 *
 * Lists what is behind @cursor, without moving it.
 *
 * Returns: how many vectors were filled
 */
guint queen_ring_gather (QueenRing *self,
                         const QueenCursor *cursor,
                         struct iovec *vectors,
                         guint n_vectors,
                         QueenCursor *end,
                         QueenDigest *digest);

/**
 * queen_ring_advance:
 * @n_bytes: how many of the gathered bytes are gone
 * @rest: (out): how many bytes of the returned frame are still to go, when one is returned
 * @digest: (inout): as queen_ring_gather() has it; of the frame that was begun, all
 *
 * Moves @cursor behind the last frame that was begun.
 *
 * Returns: (transfer full) (nullable): the frame that was begun but not finished, as it is for
 *   @cursor
 */
GBytes *queen_ring_advance (
    QueenRing *self, QueenCursor *cursor, gsize n_bytes, gsize *rest, QueenDigest *digest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRing, queen_ring_free)

G_END_DECLS
