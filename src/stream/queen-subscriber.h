/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-deadline-queue.h"
#include "loop/queen-fair-queue.h"
#include "net/queen-shares.h"
#include "net/queen-socket.h"
#include "queen-ring.h"

G_BEGIN_DECLS

/* What a newcomer gets (its beginning, a snapshot, its past, and that it has lost something all the
 * same), and the goodbye. */
#define QUEEN_SUBSCRIBER_MAX_PENDING 5
#define QUEEN_SUBSCRIBER_MAX_VECTORS 256 /* frames in one write */

/**
 * QueenSubscriber:
 *
 * One who listens: a place in the ring, and at the most a few frames of its own. There may be ten
 * thousand of them, so it is small.
 */
typedef struct _QueenSubscriber QueenSubscriber;

/**
 * QueenPlaceKind:
 * @QUEEN_PLACE_AUDIENCE: among all subscribers
 * @QUEEN_PLACE_CHANNEL: among those of one channel
 *
 * In which rows a subscriber stands.
 */
typedef enum
{
  QUEEN_PLACE_AUDIENCE,
  QUEEN_PLACE_CHANNEL,
  QUEEN_N_PLACES,
} QueenPlaceKind;

/**
 * QueenPlace:
 * @next: (nullable): who stands behind it
 * @previous: (nullable): who stands before it
 *
 * Its place in a #QueenRow.
 */
typedef struct
{
  QueenSubscriber *next;
  QueenSubscriber *previous;
} QueenPlace;

typedef struct _QueenSection QueenSection;

/**
 * QueenSeat:
 * @places: where it stands
 * @section: the part of the audience that it belongs to
 * @wrote_at: ms, monotonic, of 32 bits: when something was last written to it
 * @is_blocked: the kernel took no more, and will say when it does; or it has had enough, and waits
 * for its turn
 * @is_watched: not all that was written to it is known to have been taken
 * @is_dismissed: it may not stay
 * @is_refused: it is told that there is no room for it
 * @rank: the lower it is, the farther in front it stands; less than %QUEEN_ROW_MAX_RANKS
 * @share: (nullable): what its address has of all places
 * @claim: its own of these; or else, that it is to make room
 * @stall: until when something must be taken
 * @turn: (nullable): where it waits to go on, while it does
 *
 * Its place in the audience, which is the only one to look at it.
 */
typedef struct
{
  QueenPlace places[QUEEN_N_PLACES];
  QueenSection *section;
  guint32 wrote_at;
  gboolean is_blocked : 1;
  gboolean is_watched : 1;
  gboolean is_dismissed : 1;
  gboolean is_refused : 1;
  guint8 rank;
  QueenShare *share;
  QueenFairPlace claim;
  QueenDeadline stall;
  struct _QueenSeatTurn *turn;
} QueenSeat;

/**
 * QueenBatch:
 * @from: where it begins
 * @to: where it ends
 * @version: the ring's when it was gathered; 0 when it never was
 * @size: bytes
 * @digest: of what they are compressed from, if they are
 *
 * What is behind a cursor, gathered once for all the subscribers that stand there: most of them
 * stand at the same place.
 */
typedef struct
{
  QueenCursor from;
  QueenCursor to;
  guint64 version;
  gsize size;
  QueenDigest digest;
  guint n_vectors;
  struct iovec vectors[QUEEN_SUBSCRIBER_MAX_VECTORS];
} QueenBatch;

typedef enum
{
  QUEEN_WRITE_ALL,
  QUEEN_WRITE_SOME,    /* the kernel took no more */
  QUEEN_WRITE_NOTHING, /* nor anything at all */
  QUEEN_WRITE_PAUSED,  /* the kernel takes more, but it is the turn of others */
  QUEEN_WRITE_FAILED,
} QueenWriteResult;

/**
 * QueenLook:
 * @QUEEN_LOOK_SETTLED: the other end has taken everything
 * @QUEEN_LOOK_MOVING: it has taken something since the last look
 * @QUEEN_LOOK_STILL: it has not
 *
 * What became of what was written.
 */
typedef enum
{
  QUEEN_LOOK_SETTLED,
  QUEEN_LOOK_MOVING,
  QUEEN_LOOK_STILL,
} QueenLook;

/**
 * queen_subscriber_new:
 * @socket: (transfer full): a connection
 * @owner: by whose right it listens; 0 for nobody's
 */
QueenSubscriber *queen_subscriber_new (QueenSocket socket, guint owner);

/** Closes the socket, too. */
void queen_subscriber_free (QueenSubscriber *self);

/** Returns: (transfer none): its place in the audience */
QueenSeat *queen_subscriber_get_seat (QueenSubscriber *self);

/** Returns: (transfer none): its place in the ring */
QueenCursor *queen_subscriber_get_cursor (QueenSubscriber *self);

/** Returns: its descriptor, for the kernel to be asked and told */
int queen_subscriber_get_fd (const QueenSubscriber *self);
const QueenSocket *queen_subscriber_get_socket (const QueenSubscriber *self);

guint queen_subscriber_get_owner (const QueenSubscriber *self);

/**
 * queen_subscriber_get_n_written:
 *
 * Returns: how many bytes were written to it so far, of 32 bits
 */
guint32 queen_subscriber_get_n_written (const QueenSubscriber *self);

/**
 * queen_subscriber_take_turn:
 * @write: writes once, if there is anything to write; says when that was all
 *
 * Has it written to until there is nothing more, its connection takes no more, or it is the turn of
 * others.
 *
 * Returns: what became of the last one; %QUEEN_WRITE_PAUSED if it is the turn of others
 */
QueenWriteResult queen_subscriber_take_turn (QueenSubscriber *self,
                                             QueenWriteResult (*write) (gpointer data,
                                                                        QueenSubscriber *subscriber,
                                                                        gboolean *is_through),
                                             gpointer data);

/**
 * queen_subscriber_add_pending:
 * @bytes: (transfer full): what it gets next, after what is pending already, and before what is
 *   behind its cursor; may be empty, as a head is where there is no HTTP
 */
void queen_subscriber_add_pending (QueenSubscriber *self, GBytes *bytes);

/**
 * queen_subscriber_add_pending_chunk:
 * @chunk: (transfer full): a frame, see queen-frame.h
 *
 * The same with what @chunk is to a subscriber of its kind.
 */
void queen_subscriber_add_pending_chunk (QueenSubscriber *self, GBytes *chunk);

/**
 * queen_subscriber_dup_chunk:
 * @chunk: a frame, see queen-frame.h
 *
 * Returns: (transfer full): what @chunk is to a subscriber of its kind. It is to be pending before
 *   anything else is
 */
GBytes *queen_subscriber_dup_chunk (QueenSubscriber *self, GBytes *chunk);

/**
 * queen_subscriber_add_pending_begun:
 * @text: (transfer full): what comes before that, such as the answer's head
 * @lines: of the subscriber's own, with which a frame begins
 * @rest: (nullable): the shared rest of that frame, as queen_snapshots_get() returns it; %NULL when
 *   what comes next goes on with it
 * @ring: how @rest is compressed
 *
 * The same with a frame that is partly its own; to one of %QUEEN_ENCODING_BARE only @text, as these
 * lines are nothing to it.
 */
void queen_subscriber_add_pending_begun (QueenSubscriber *self,
                                         GString *text,
                                         const GString *lines,
                                         GBytes *rest,
                                         const QueenRingSettings *ring);

gboolean queen_subscriber_has_pending (const QueenSubscriber *self);

/**
 * queen_subscriber_holds:
 *
 * Returns: whether bytes of @frame are pending, so that it holds it
 */
gboolean queen_subscriber_holds (const QueenSubscriber *self, GBytes *frame);

/**
 * queen_subscriber_count_pending:
 * @counted: the frames that were counted already; what is counted now is added
 *
 * Returns: the size of the frames that are pending
 */
gsize queen_subscriber_count_pending (const QueenSubscriber *self, GHashTable *counted);

/**
 * queen_subscriber_let_go:
 * @chunk: (nullable) (transfer full): the last frame
 *
 * Nothing comes any more after what is pending, and after @chunk and the end of the body.
 */
void queen_subscriber_let_go (QueenSubscriber *self, GBytes *chunk);

gboolean queen_subscriber_is_leaving (const QueenSubscriber *self);

/** Writes what is pending, in one write. */
QueenWriteResult queen_subscriber_write_pending (QueenSubscriber *self);

/**
 * queen_subscriber_write_batch:
 * @batch: what is behind its cursor
 *
 * Writes @batch in one write and moves the cursor. A frame that the kernel takes only in part is
 * pending from then on. Nothing may be pending before.
 */
QueenWriteResult
queen_subscriber_write_batch (QueenSubscriber *self, QueenRing *ring, const QueenBatch *batch);

/** Sends on what counts as written and the kernel has not taken; and who is leaving, its end. */
QueenWriteResult queen_subscriber_flush (QueenSubscriber *self);

/**
 * queen_subscriber_look:
 *
 * Asks the kernel how much of what was written has not been taken by the other end. A subscriber
 * that reads slowly moves all the same.
 */
QueenLook queen_subscriber_look (QueenSubscriber *self);

/**
 * queen_subscriber_discard_input:
 *
 * Throws away what it has sent.
 *
 * Returns: %FALSE when it has hung up, or talks too much
 */
gboolean queen_subscriber_discard_input (QueenSubscriber *self);

/**
 * queen_batch_gather:
 * @self: a batch that holds what it was last gathered for
 *
 * Makes @self what is behind @cursor, if it is not that already.
 */
void queen_batch_gather (QueenBatch *self, QueenRing *ring, const QueenCursor *cursor);

/** Returns: whether there may be more behind the cursor than went into it */
gboolean queen_batch_is_full (const QueenBatch *self);

G_END_DECLS
