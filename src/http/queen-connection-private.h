/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What the five files of a connection share, and nobody else sees: its states and its way
 * (queen-connection.c), how its request comes (queen-connection-request.c), who makes room for it
 * (queen-connection-room.c), which bodies wait for theirs (queen-connection-body.c), and how its
 * answer goes (queen-connection-answer.c). */

#include "queen-connection.h"

G_BEGIN_DECLS

typedef enum
{
  STATE_HELLO,     /* the client is to begin with TLS */
  STATE_QUEUED,    /* it has, and waits for its first turn to shake hands */
  STATE_HANDSHAKE, /* the socket is the TLS session's alone */
  STATE_OVERDUE,   /* its time is over, but what it said in time still waits for a turn */
  STATE_IDLE,      /* it has its answer, and may ask for something else */
  STATE_HEAD,
  STATE_BODY,
  STATE_ROOM,            /* its head is whole, and its body stays with the kernel for now */
  STATE_WHOLE,           /* the request is there, and waits for its turn to be handled */
  STATE_HANDLER,         /* the answer is being made */
  STATE_PATIENT_HANDLER, /* it comes when it comes, as long as the client is there to hear it */
  STATE_ANSWER,
  STATE_LINGER,
} QueenConnectionState;

struct _QueenConnection
{
  QueenConnectionSettings *settings;
  GList link; /* among all */
  QueenSocket socket;
  QueenConnectionState state;
  QueenEpoll *watched_by; /* NULL when the kernel does not tell of it */
  gboolean is_probe;
  QueenDeadline waits[QUEEN_N_WAITS];
  guint waiting;                  /* which of these are on: a bit for each */
  struct sockaddr_storage peer;   /* who is at the other end */
  struct sockaddr_storage client; /* the same, or whom a trusted proxy there names */
  gboolean is_forwarded;
  gboolean is_proxied; /* a trusted proxy is there */
  QueenShare *share;   /* NULL of a probe, and of a proxy that has not named anybody yet */
  GList idle_link;     /* among the idle ones of that */
  gboolean is_idle;    /* it is among them */
  GList unhandled_link;
  gboolean is_unhandled; /* it is among those that are not handled */
  QueenHandshake handshake;
  QueenCostPlace turn; /* where it waits to be read or handled, or for more of its answer */
  gboolean is_overdue; /* its time is over, but what came in time has not been read yet */

  GBytes *ahead; /* what its client has said already behind the request; NULL when it has not */
  /* The kernel tells of something but once: what it has told of must be looked for. */
  gboolean is_drained;     /* it had no bytes more when it was last read */
  gboolean is_half_closed; /* it has told of the end of what the client says */
  gboolean speaks_openai;  /* the client of the request that is, or was, handled does */
  gsize max_drained;       /* bytes that are thrown away so that an answer arrives */
  guint n_requests;
  gboolean is_hurried;    /* the kernel gives it less time than others to take what was sent */
  gboolean is_persistent; /* the client may send another one after this */

  QueenRequestBuffer request;
  gsize n_reserved;      /* bytes there is room for until it is whole; 0 when it needs none */
  gsize n_heard;         /* of them, bytes that there were when it was last seen to come on */
  gint64 heard_at;       /* µs, monotonic: when that was */
  gint64 room_wanted_at; /* µs, monotonic: since when it has waited for room */
  QueenText whole;       /* in STATE_WHOLE: all of it */
  gpointer progress;     /* in STATE_WHOLE: what has become of it so far; NULL when nothing has */
  gsize progress_size;   /* bytes */
  GDestroyNotify free_progress;
  gsize n_kept;       /* bytes that count as held for it */
  gsize n_body;       /* of them, bytes of a large body, or room for it */
  char *body_holder;  /* whose these are, or would be if there was room; NULL for nobody */
  gsize n_waiting;    /* of them, bytes that only wait for room */
  GQueue *held_among; /* those that hold more than a little for a request; NULL when it does not */
  GList holding_link; /* among them */
  QueenFairPlace filling_place; /* among those that have room for all of it, by KiB */
  QueenFairPlace session_place; /* its TLS session, as long as it is read, among all */

  void (*on_gone) (gpointer data); /* NULL when nobody answers later */
  gpointer data;
  guint owner;               /* the token by which that was allowed */
  gboolean is_revoked;       /* the token is no good any more */
  QueenFairPlace late_place; /* among all whose answers come later */
  gboolean is_displaced;     /* it makes room for others, in its turn */

  QueenDelivery delivery; /* of the answer */
  QueenReaders *readers;  /* among whom it has to wait; NULL when it never had to */
  QueenReader reader;     /* of it */
  gint64 answered_at;     /* µs, monotonic: when it began to wait, later by what is the queen's */
  gint64 writable_at;     /* µs, monotonic: since when it waits for its turn */
  gboolean is_doomed;     /* others want the room that its answer takes: it goes in its turn */
  gboolean has_unread_data; /* closing now would reset the connection under the answer */
  gsize n_drained;          /* bytes */
};

/** Goes on to @state: some waits end, others begin, and what is held is counted anew. */
void queen_connection_enter_state (QueenConnection *self, QueenConnectionState state);

/**
 * queen_connection_pass_state:
 *
 * Goes on to @state, most likely to the one after it in the same turn: waits end, but none begins.
 * Whoever stays in @state all the same enters it.
 */
void queen_connection_pass_state (QueenConnection *self, QueenConnectionState state);

/** Begins one wait more. */
void queen_connection_begin_wait (QueenConnection *self, QueenWaitKind wait);

/** Ends one, if it is on. */
void queen_connection_end_wait (QueenConnection *self, QueenWaitKind wait);

/** Returns: (nullable): who has held a TLS session for longest without a request */
QueenConnection *queen_connection_find_idle_holder (QueenConnectionSettings *settings);

/**
 * queen_connection_make_session_room:
 *
 * Makes room for its TLS session, which it has just begun to hold. An address with many of them
 * makes it before one with few.
 *
 * Returns: %FALSE when it had to go itself
 */
gboolean queen_connection_make_session_room (QueenConnection *self);

/**
 * queen_connection_watch:
 *
 * Has the kernel tell of it.
 *
 * Returns: %FALSE when it has no room; the connection is then no more
 */
gboolean queen_connection_watch (QueenConnection *self);

/* What is held of requests */

/** Counts that anew. */
void queen_connection_hold_request (QueenConnection *self);

/** What it holds belongs to a request that begins now: it is the last that has to make room. */
void queen_connection_hold_anew (QueenConnection *self);

void queen_connection_clear_request (QueenConnection *self);

/**
 * queen_connection_end_reading:
 *
 * Nothing that comes will be heard any more, and so it holds nothing for that, as far as that can
 * be.
 */
void queen_connection_end_reading (QueenConnection *self);

/** Bytes: most batches have fewer, and wait for no room. */
#define QUEEN_CONNECTION_SMALL_BODY (24 * 1024)

/** Returns: (transfer full): whose portion of the room for large bodies it takes from */
char *queen_connection_dup_room_holder (const QueenConnection *self);

/** Whoever waits for room with a large body, and may have it now, has it. */
void queen_connection_hand_out_room (QueenConnectionSettings *settings);

/**
 * queen_connection_let_go:
 *
 * It makes room by what it holds for another request, or else goes.
 */
void queen_connection_let_go (QueenConnection *self);

/**
 * queen_connection_find_oldest_holder:
 *
 * Returns: (nullable): of those who hold more than a little without room for all of it, who has let
 *   the queen wait for longest; not one some of whose request is done already, as it is its turn to
 *   publish
 */
QueenConnection *queen_connection_find_oldest_holder (const QueenConnectionSettings *settings);

/** Returns: whether there is room for what is held of all requests */
gboolean queen_connection_has_room (const QueenConnection *self);

/**
 * queen_connection_make_room:
 *
 * Makes room for what it holds, as far as others can make it.
 *
 * Returns: %FALSE when it had to go itself
 */
gboolean queen_connection_make_room (QueenConnection *self);

/** The same, with what it holds now. */
gboolean queen_connection_keep_request (QueenConnection *self);

/**
 * queen_connection_reserve:
 *
 * Sees to it that there is room for the whole of its request, as far as it has come.
 *
 * Returns: %FALSE when it has to wait for that, and is not read any more before; it may be no more
 */
gboolean queen_connection_reserve (QueenConnection *self);

/** Who has room reserved, and does not fill it, loses it to others: its time begins now. */
void queen_connection_begin_pace (QueenConnection *self);

/** Returns: bytes that may be read of it at once: few when there may be no room for more */
gsize queen_connection_get_piece (const QueenConnection *self);

/** It has waited for room long enough for others to be looked at; it may be no more. */
void queen_connection_time_out_room (QueenConnection *self);

/* The request */

/**
 * queen_connection_read_all:
 *
 * Reads what is there.
 *
 * Returns: whether it still waits for what its client has to say; else it may be no more
 */
gboolean queen_connection_read_all (QueenConnection *self);

/** There is something to read: it is read as soon as it is its turn. */
void queen_connection_read_in_turn (QueenConnection *self);

/** Returns: whether what its client says is a request, or the next part of it */
static inline gboolean
queen_connection_wants_request (const QueenConnection *self)
{
  return self->state == STATE_IDLE || self->state == STATE_HEAD || self->state == STATE_BODY;
}

/** It has its answer, and waits for another request; afterwards it may be no more. */
void queen_connection_begin_next (QueenConnection *self);

/** Its socket is ready for something while it shakes hands. */
void queen_connection_look_for_turn (QueenConnection *self, guint events);

/** The handshake comes to nothing; the connection is no more. */
void queen_connection_refuse_handshake (QueenConnection *self);

/* The answer */

/**
 * queen_connection_begin_answer:
 * @answer: (transfer full): what the client gets
 *
 * Afterwards it may be no more.
 */
void queen_connection_begin_answer (QueenConnection *self, QueenAnswer *answer);

/** Returns: whether its request is being handled, and its answer comes later */
gboolean queen_connection_is_handled (const QueenConnection *self);

/** Its answer comes later: it has a place among those who wait for one, or has to go in its turn.
 */
void queen_connection_find_late_place (QueenConnection *self);

/** Returns: (nullable): whose turns it takes */
static inline const struct sockaddr_storage *
queen_connection_get_asker (const QueenConnection *self)
{
  return self->is_probe ? NULL : &self->client;
}

/**
 * queen_connection_go_on_with_answer:
 * @events: as in queen_connection_on_ready()
 *
 * The client may take more of its answer: it gets that when it is its turn. Afterwards it may be no
 * more.
 */
void queen_connection_go_on_with_answer (QueenConnection *self, guint events);

/** It is its turn to get more of its answer; afterwards it may be no more. */
void queen_connection_write_in_turn (QueenConnection *self);

/** Its request is not answered, but refused: whoever would have answered hears that it has gone. */
void queen_connection_give_up (QueenConnection *self, QueenRefusal reason, const GError *error);

/** The main loop has turned since it was to go; it may be no more. */
void queen_connection_take_turn (QueenConnection *self);

/** Nothing follows its answer; afterwards it may be no more. */
void queen_connection_begin_linger (QueenConnection *self);

/** Throws away what comes behind the answer; afterwards it may be no more. */
void queen_connection_linger (QueenConnection *self);

/** The time for that is over; afterwards it may be no more. */
void queen_connection_time_out_linger (QueenConnection *self);

/** The client has taken something of its answer, and so gets its time anew. */
void queen_connection_restart_answer_wait (QueenConnection *self);

void queen_connection_clear_answer (QueenConnection *self);

G_END_DECLS
