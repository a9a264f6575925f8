/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-broadcast.h"
#include "queen-peers.h"
#include "queen-socket.h"
#include "queen-wait.h"

G_BEGIN_DECLS

#define QUEEN_SUBSCRIBER_MAX_OWED 5 /* what a newcomer gets (4), or a rest and a notice of loss */
#define QUEEN_SUBSCRIBER_MAX_VECTORS 256 /* frames in one write */

typedef struct _QueenSubscriber QueenSubscriber;

/**
 * QueenSubscriber:
 * @socket: its connection
 * @cursor: how far it is
 * @n_chatter: how many bytes it has sent; it has nothing to say
 * @is_blocked: the kernel took no more, and will say when it does; @stall says the same, but not in
 *   the first cache line
 * @is_leaving: nothing comes after what is owed
 * @n_owed: how many frames go out before what is behind the cursor
 * @owed_offset: how many bytes of the first of them are gone
 * @peer: (nullable): whose share it takes from
 * @stall: until when the kernel must take something, when it is blocked
 *
 * One who listens: a place in the ring, and at the most a few frames of its own. There may be ten
 * thousand of them, so it is small.
 */
struct _QueenSubscriber
{
  /* What a flush looks at, in one cache line. */
  QueenSubscriber *next;
  QueenSubscriber *previous;
  QueenCursor cursor;
  QueenSocket socket;
  gboolean is_blocked : 1;
  gboolean is_leaving : 1;
  guint8 n_owed;
  guint16 n_chatter;

  GBytes *owed[QUEEN_SUBSCRIBER_MAX_OWED];
  gsize owed_offset;
  QueenPeer *peer;
  QueenWait stall;
};

/**
 * QueenBatch:
 * @from: where it begins
 * @to: where it ends
 * @head: the broadcast's head when it was gathered; 0 when it never was
 * @size: bytes
 *
 * What is behind a cursor, gathered once for all the subscribers that stand there: most of them
 * stand at the same place.
 */
typedef struct
{
  QueenCursor from;
  QueenCursor to;
  guint64 head;
  gsize size;
  guint n_vectors;
  struct iovec vectors[QUEEN_SUBSCRIBER_MAX_VECTORS];
} QueenBatch;

typedef enum
{
  QUEEN_WRITE_ALL,
  QUEEN_WRITE_SOME,    /* the kernel took no more */
  QUEEN_WRITE_NOTHING, /* nor anything at all */
  QUEEN_WRITE_FAILED,
} QueenWriteResult;

/**
 * queen_subscriber_new:
 * @socket: (transfer full): a connection
 */
QueenSubscriber *queen_subscriber_new (QueenSocket socket);

/** Closes the socket, too. */
void queen_subscriber_free (QueenSubscriber *self);

/**
 * queen_subscriber_owe:
 * @frame: (transfer full): what it gets next, after what it is owed already
 */
void queen_subscriber_owe (QueenSubscriber *self, GBytes *frame);

/**
 * queen_subscriber_let_off:
 *
 * Drops what it is owed, but for a frame that was begun: that is always finished.
 */
void queen_subscriber_let_off (QueenSubscriber *self);

/** Writes what it is owed, in one write. */
QueenWriteResult queen_subscriber_write_owed (QueenSubscriber *self);

/**
 * queen_subscriber_write_batch:
 * @batch: what is behind its cursor
 *
 * Writes @batch in one write and moves the cursor. A frame that the kernel takes only in part is
 * owed from then on. It must be owed nothing before.
 */
QueenWriteResult queen_subscriber_write_batch (QueenSubscriber *self,
                                               QueenBroadcast *broadcast,
                                               const QueenBatch *batch);

/** Sends on what counts as written and the kernel has not taken; and who is leaving, its end. */
QueenWriteResult queen_subscriber_flush (QueenSubscriber *self);

/**
 * queen_subscriber_read_chatter:
 *
 * Throws away what it has sent.
 *
 * Returns: %FALSE when it has hung up, or talks too much
 */
gboolean queen_subscriber_read_chatter (QueenSubscriber *self);

/**
 * queen_batch_gather:
 * @self: a batch that holds what it was last gathered for
 *
 * Makes @self what is behind @cursor, if it is not that already.
 */
void queen_batch_gather (QueenBatch *self, QueenBroadcast *broadcast, const QueenCursor *cursor);

G_END_DECLS
