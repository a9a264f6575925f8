/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "loop/queen-deadline-queue.h"
#include "loop/queen-epoll.h"
#include "loop/queen-fair-queue.h"
#include "net/queen-handshakes.h"
#include "net/queen-run-queue.h"
#include "net/queen-shares.h"
#include "net/queen-tls.h"
#include "queen-delivery.h"
#include "queen-forwarded.h"
#include "queen-readers.h"
#include "queen-request-buffer.h"
#include "queen-tally.h"

G_BEGIN_DECLS

/**
 * QueenConnection:
 *
 * One client's connection: it says what it wants, gets its answer, and says what it wants next, or
 * is closed. At every moment it is in exactly one state, and whoever speaks for it looks at that
 * first.
 */
typedef struct _QueenConnection QueenConnection;

/**
 * QueenRequest:
 * @is_probe: whether the queen herself asks, to see that she still answers
 * @is_encrypted: whether it came through TLS
 * @is_forwarded: whether somebody hands it on, as far as that shows
 * @client: whose it is: who is at the other end, or whom a trusted proxy there names; as long as
 * its connection
 * @head: as libsoup may see it
 * @has_body: whether it said that it has a body; an empty one is a body, too
 * @body: what followed the head
 * @body_length: bytes
 * @large: (nullable): what @body is the end of, if it is longer than %QUEEN_REQUEST_USUAL_BODY
 */
typedef struct
{
  gboolean is_probe;
  gboolean is_encrypted;
  gboolean is_forwarded;
  const struct sockaddr_storage *client;
  QueenText head;
  gboolean has_body;
  const char *body;
  gsize body_length;
  GBytes *large;
} QueenRequest;

/**
 * queen_request_dup_body:
 *
 * Returns: (transfer full): its body, without a copy if it is a large one. A NUL stands behind it
 */
GBytes *queen_request_dup_body (const QueenRequest *self);

/**
 * QueenHandling:
 * @QUEEN_HANDLING_DONE: the answer is there
 * @QUEEN_HANDLING_LATER: it comes by queen_connection_answer()
 * @QUEEN_HANDLING_STOLEN: it goes another way, as the socket was stolen
 * @QUEEN_HANDLING_UNFINISHED: the same request is to be handled again when it may publish; what has
 *   become of it so far is its progress
 *
 * What became of a request.
 */
typedef enum
{
  QUEEN_HANDLING_DONE,
  QUEEN_HANDLING_LATER,
  QUEEN_HANDLING_STOLEN,
  QUEEN_HANDLING_UNFINISHED,
} QueenHandling;

/**
 * QueenRequestFunc:
 * @connection: who asks
 * @request: what it asks; valid until the function returns
 * @answer: (out): for %QUEEN_HANDLING_DONE: the answer
 */
typedef QueenHandling (*QueenRequestFunc) (QueenConnection *connection,
                                           const QueenRequest *request,
                                           QueenAnswer *answer,
                                           gpointer data);

/**
 * QueenPatience:
 * @QUEEN_PATIENCE_SHORT: a minute, and then it is 503; one that only closes its side still gets it
 * @QUEEN_PATIENCE_UNTIL_GONE: as long as whoever answers likes, who has a deadline of its own. One
 *   that closes its side has gone
 *
 * For how long somebody may be kept waiting for an answer that comes later.
 */
typedef enum
{
  QUEEN_PATIENCE_SHORT,
  QUEEN_PATIENCE_UNTIL_GONE,
} QueenPatience;

/**
 * QueenWaitKind:
 * @QUEEN_WAIT_HANDSHAKE: for its turn to shake hands
 * @QUEEN_WAIT_NEXT: for the first byte of another request, after an answer
 * @QUEEN_WAIT_HEAD: for a whole head
 * @QUEEN_WAIT_REQUEST: for the whole request, from the very beginning: who dawdles with the head
 * has less for the body
 * @QUEEN_WAIT_ROOM: for room for its body; several times, as long as that may take in all
 * @QUEEN_WAIT_HANDLER: for an answer that comes later
 * @QUEEN_WAIT_ANSWER: for the client to take some of its answer
 * @QUEEN_WAIT_TURN: for the main loop to turn, as others want to be served, too
 * @QUEEN_WAIT_LINGER: for the client to close
 *
 * What a connection may wait for; each has its deadline.
 */
typedef enum
{
  QUEEN_WAIT_HANDSHAKE,
  QUEEN_WAIT_NEXT,
  QUEEN_WAIT_HEAD,
  QUEEN_WAIT_REQUEST,
  QUEEN_WAIT_ROOM,
  QUEEN_WAIT_HANDLER,
  QUEEN_WAIT_ANSWER,
  QUEEN_WAIT_TURN,
  QUEEN_WAIT_LINGER,
  QUEEN_N_WAITS
} QueenWaitKind;

/** Seconds that a connection is kept for another request. */
#define QUEEN_WAIT_NEXT_SECONDS 75

/** KiB of room that one body costs at the most, in a queue for it. */
#define QUEEN_CONNECTION_MOST_ROOM (64 * 1024)

/**
 * QueenPassing:
 * @most: bytes of room that its network has to have less of then
 * @least: or else bytes that it has to have less of now, and then less than:
 * @most_of_less: bytes
 *
 * Who may have room before others that wait for some.
 */
typedef struct
{
  gsize most;
  gsize least;
  gsize most_of_less;
} QueenPassing;

/**
 * QueenConnectionSettings:
 * @rules: what requests are judged by
 * @tls: (nullable): what encrypts every connection by TCP
 * @handshakes: where they wait for their turn to shake hands
 * @run_queue: where they wait for their turn to be read and handled
 * @publishers: where they wait with a request for which subscribers first have to hear of what has
 *   happened already
 * @singles: the same for those with one event, who need not wait until those with many are through
 * @writers: where they wait for their turn to get more of their answers
 * @rooms: where they wait, with large bodies, for room
 * @passing: who comes anew and does not wait behind these
 * @lacks_requests: whether one of these lacks only what heads and small bodies have
 * @is_making_room: who could have some of that room has it when all of it is there
 * @rooms_made_at: µs, monotonic: when it was last looked who could make room for these
 * @publisher: (nullable): whose turn it is in one of these two
 * @tally: what counts
 * @budgets: what is held in memory, and how much that may be
 * @proxies: (nullable): whose word is taken for whose request they hand on
 * @shares: whose share a connection takes from
 * @readers: who has large answers waiting for it
 * @small_readers: likewise small ones
 * @on_request: who answers
 * @requests: where they wait for the kernel
 * @answers: likewise those that have more of their answer to take: these may be thousands, always
 *   ready for a little more, and nobody who comes has to wait behind them. They only enter @writers
 * @deadlines: where they wait for anything else
 * @all: (element-type QueenConnection): all of them
 * @unhandled: (element-type QueenConnection): those whose request is not handled right now; who was
 *   looked at longest ago first
 * @max_persistent: with how many connections there may be at the most each is kept for another
 *   request; 0 for none
 * @holding: (element-type QueenConnection): those that hold more than a little of their request,
 *   and have no room for all of it; who began to first
 * @filling: likewise those that have, by networks; of each, who has come on least lately first
 * @answering: (element-type QueenConnection): likewise those whose request is whole, for another
 * one that may follow
 * @sessions: whose TLS sessions there are, by networks
 * @late: whose answers come later, by askers: some places are not for them
 * @buffer: for one read; requests that come in one piece never leave it
 * @on_removed: called after a connection has gone
 *
 * What all connections of a gate have in common.
 */
typedef struct
{
  QueenRequestRules rules;
  QueenTls *tls;
  QueenHandshakes *handshakes;
  QueenRunQueue *run_queue;
  QueenRunQueue *publishers;
  QueenRunQueue *singles;
  QueenRunQueue *writers;
  QueenCostQueue *rooms;
  QueenPassing passing;
  gboolean lacks_requests;
  gboolean is_making_room;
  gint64 rooms_made_at;
  const QueenConnection *publisher;
  QueenTally *tally;
  QueenBudgets *budgets;
  const QueenProxies *proxies;
  QueenShares *shares;
  QueenReaders *readers;
  QueenReaders *small_readers;
  QueenRequestFunc on_request;
  gpointer data;
  QueenEpoll *requests;
  QueenEpoll *answers;
  QueenDeadlineQueue deadlines[QUEEN_N_WAITS];
  GQueue all;
  GQueue unhandled;
  guint max_persistent;
  GQueue holding;
  QueenFairQueue *filling;
  GQueue answering;
  QueenFairQueue *sessions;
  QueenFairQueue *late;
  char *buffer;
  void (*on_removed) (gpointer owner);
  gpointer owner;
} QueenConnectionSettings;

/**
 * queen_connection_new:
 * @fd: (transfer full): a connection that was just accepted, non-blocking
 * @address: who is at its other end
 * @share: (nullable) (transfer full): what it takes from @address's share
 * @is_probe: whether it is the queen's own: it is never encrypted and needs no token
 */
QueenConnection *queen_connection_new (QueenConnectionSettings *settings,
                                       int fd,
                                       const struct sockaddr_storage *address,
                                       QueenShare *share,
                                       gboolean is_probe);

/**
 * queen_connection_start:
 *
 * Looks for the request as soon as it is its turn: most are there already, and then the kernel
 * never hears that they were waited for.
 *
 * Afterwards it may be no more.
 */
void queen_connection_start (QueenConnection *self);

/**
 * queen_connection_run:
 *
 * It is its turn to be read and handled, or to get more of its answer: #QueenRunQueue. Afterwards
 * it may be no more.
 */
void queen_connection_run (QueenConnection *self);

/**
 * queen_connection_refuse:
 * @reason: under what it is counted
 * @error: what the client is told
 *
 * Answers without knowing what was asked.
 */
void queen_connection_refuse (QueenConnection *self, QueenRefusal reason, const GError *error);

/**
 * queen_connection_refuse_share:
 *
 * Refuses it as its client has as many as one may have.
 */
void queen_connection_refuse_share (QueenConnection *self);

/**
 * queen_connection_has_spoken:
 *
 * Returns: whether its client has said something that nobody has heard yet. From now on it is for
 *   the queen to go on
 */
gboolean queen_connection_has_spoken (QueenConnection *self);

/**
 * queen_connection_find_idle:
 * @share: (nullable): one that takes from it; %NULL for any
 *
 * Returns: (nullable): who has waited for longest for something to ask, as far as can be seen soon
 */
QueenConnection *queen_connection_find_idle (QueenConnectionSettings *settings, QueenShare *share);

/**
 * queen_connection_find_greediest:
 * @share: (nullable): of who comes; %NULL when that is not known yet
 *
 * A few dozen are compared, and others the next time. What is handled has places of its own.
 *
 * Returns: (nullable): one of an address that has clearly more of all than that of @share, and most
 *   of those that were compared; an IPv6 network of 48 bits is one address
 */
QueenConnection *queen_connection_find_greediest (QueenConnectionSettings *settings,
                                                  QueenShare *share);

/**
 * queen_connection_find_instead:
 *
 * For who would make room as its request is not whole yet, or waits for its turn: nobody is to push
 * out all whose requests come in parts by taking all places and coming again and again.
 *
 * Returns: one of an address that has many of all places, and more than its own has, of a few dozen
 *   that are compared; itself when there is none, or when it has let the queen wait for a second
 */
QueenConnection *queen_connection_find_instead (QueenConnection *self);

/** The queen ends, and this waits for another request: it goes, unless that has come already. */
void queen_connection_end (QueenConnection *self);

/**
 * queen_connection_evict:
 *
 * Makes room for another one. Who has said something is told why; but nobody waits until it has
 * read that, and nothing that it has said is handled any more: to make room must cost next to
 * nothing. Only a handshake that has gone on without anybody hearing it yet goes on, once.
 */
void queen_connection_evict (QueenConnection *self);

/**
 * queen_connection_evict_idle:
 *
 * Makes room by the one that has taken nothing of its answer for longest, if that is a second at
 * the least.
 *
 * Returns: whether one has gone
 */
gboolean queen_connection_evict_idle (QueenConnectionSettings *settings);

/**
 * queen_connection_on_ready:
 * @events: what the kernel says: `EPOLLIN`, …; 0 to look without having been told
 */
void queen_connection_on_ready (QueenConnection *self, guint events);

/**
 * queen_connection_waits_for_queen:
 *
 * Returns: whether its client has said or taken something, and it is for the queen to go on: with
 *   its handshake, its request, or its answer
 */
gboolean queen_connection_waits_for_queen (const QueenConnection *self);

/** It is its turn to publish, after %QUEEN_HANDLING_UNFINISHED. It may be no more afterwards. */
void queen_connection_publish (QueenConnection *self);

/** It is its turn to shake hands: #QueenHandshakes. */
void queen_connection_shake_hands (QueenConnection *self);

/** The time for @wait is over. */
void queen_connection_time_out (QueenConnection *self, QueenWaitKind wait);

/** Closes it, whatever it was about. */
void queen_connection_remove (QueenConnection *self);

/**
 * queen_connection_close:
 *
 * Closes one that waits for another request. If that is on its way already, the client learns that
 * nobody has read it: there is no reset (RFC 9112 § 9.6). Afterwards it may be no more.
 */
void queen_connection_close (QueenConnection *self);

/**
 * queen_connection_steal_socket:
 *
 * Only while its request is being handled.
 *
 * Returns: (transfer full): the socket, which then is no longer watched or closed here
 */
QueenSocket queen_connection_steal_socket (QueenConnection *self);

/**
 * queen_connection_hand_over:
 *
 * Answers later by somebody else, who gets the socket. The connection is then no more, and nobody
 * is told that it has gone.
 *
 * Returns: (transfer full): the socket
 */
QueenSocket queen_connection_hand_over (QueenConnection *self);

/**
 * queen_connection_get_fd:
 *
 * Returns: (transfer none): its descriptor, to find out more about the other end
 */
int queen_connection_get_fd (const QueenConnection *self);

/** What it says of itself to the request that is being handled is told in OpenAI's words. */
void queen_connection_speak_openai (QueenConnection *self);

/** Returns: whether its client may send another request after the one that is handled */
gboolean queen_connection_is_persistent (const QueenConnection *self);

/** Returns: whether others wait for their turn to be read, or to publish */
gboolean queen_connection_is_among_many (QueenConnection *self);

/**
 * queen_connection_may_publish:
 *
 * To be asked for each event.
 *
 * While queen_connection_is_among_many(), a request takes but a few in one turn.
 *
 * Returns: whether what its request makes happen may happen now, or %QUEEN_HANDLING_UNFINISHED had
 *   better come of it: subscribers would have to hear of too much, or others wait for that already
 */
gboolean queen_connection_may_publish (QueenConnection *self);

/** The same for a request of a single event, which waits for no long ones. */
gboolean queen_connection_may_publish_one (QueenConnection *self);

/**
 * queen_connection_keep_progress:
 * @progress: (transfer full) (nullable): what has become of its request so far
 * @size: bytes of memory that it takes
 *
 * For who returns %QUEEN_HANDLING_UNFINISHED.
 */
void queen_connection_keep_progress (QueenConnection *self,
                                     gpointer progress,
                                     gsize size,
                                     GDestroyNotify free_progress);

/**
 * queen_connection_steal_progress:
 *
 * Returns: (transfer full) (nullable): what was kept when the request was last handled
 */
gpointer queen_connection_steal_progress (QueenConnection *self);

/**
 * queen_connection_set_patience:
 * @owner: the token by which its request was allowed, for queen_connection_end_owned()
 *
 * Only while its request is being handled.
 */
void queen_connection_set_patience (QueenConnection *self, QueenPatience patience, guint owner);

/**
 * queen_connection_end_owned:
 * @is_over: whether a token is no good any more
 *
 * If its request waits for an answer and was allowed by such a token, it is refused: in a later
 * turn, or when it would be answered if that is before.
 */
void queen_connection_end_owned (QueenConnection *self,
                                 gboolean (*is_over) (guint owner, gpointer data),
                                 gpointer data);

/**
 * queen_connection_refuse_revoked:
 *
 * Refuses its request, now that there is an answer, if its token is no good any more. Whoever waits
 * to hear that the client has gone hears nothing.
 *
 * Returns: whether it has; the connection may then be no more
 */
gboolean queen_connection_refuse_revoked (QueenConnection *self);

/**
 * queen_connection_set_gone_func:
 * @on_gone: (nullable): called when it goes before it was answered
 *
 * For who answers later.
 */
void queen_connection_set_gone_func (QueenConnection *self,
                                     void (*on_gone) (gpointer data),
                                     gpointer data);

/**
 * queen_connection_answer:
 * @answer: (transfer full): what the client gets
 *
 * Answers later, once.
 */
void queen_connection_answer (QueenConnection *self, QueenAnswer *answer);

G_END_DECLS
