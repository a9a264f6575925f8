/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What the files of the sequencer share, and nobody else sees: what is published
 * (queen-redis-sequencer.c) and how it is written (queen-redis-writer.c), how she is alone
 * (queen-redis-alone.c) and joins the others (queen-redis-join.c), what each has missed
 * (queen-redis-heal.c), who is missed (queen-redis-liveness.c), what was told before
 * (queen-redis-past.c), what is read of the stream (queen-redis-reader.c), how queens keep step
 * (queen-redis-pace.c) and know of each other (queen-redis-announce.c), of holds
 * (queen-redis-holds.c), and of each other's jobs (queen-redis-jobs.c). */

#include "loop/queen-alarm.h"
#include "loop/queen-slice.h"
#include "model/queen-dispatch.h"
#include "model/queen-hold-dispatch.h"
#include "queen-engine-script.h"
#include "queen-flights.h"
#include "queen-redis-error.h"
#include "queen-redis-sequencer.h"
#include "queen-redis.h"

G_BEGIN_DECLS

/** What each call of the script has before its own words: command, script, keys, and six more. */
#define QUEEN_REDIS_FIXED (3 + QUEEN_ENGINE_N_KEYS + 6)

#define QUEEN_REDIS_PAIR 8 /* arguments at the most that an operation of the script needs */

#define QUEEN_REDIS_MAX_FORGOTTEN 4096 /* workers, and hives, that are known to nobody any more */

#define QUEEN_REDIS_SCAN_COUNT "64" /* fields of a hash in one turn */

/** What there is to do before she is together with the others. */
typedef enum
{
  QUEEN_JOIN_REPLID,
  QUEEN_JOIN_BEGIN,
  QUEEN_JOIN_RECALL,
  QUEEN_JOIN_WORKERS,
  QUEEN_JOIN_HIVES,
  QUEEN_JOIN_HOLDS,
  QUEEN_JOIN_QUEENS,
  QUEEN_JOIN_JOBS,
  QUEEN_JOIN_COMPARE,
} QueenJoinStep;

/** What the others know of her jobs. */
typedef enum
{
  QUEEN_TELL_NEWS, /* all that is not news */
  QUEEN_TELL_ALL,  /* nothing */
  QUEEN_TELL_REST, /* some of all that there is */
} QueenTellStep;

/** What is told in one turn of the loop of what she heals: no more than may wait for the engine,
 * however long each of it is, and than there is time for. */
typedef struct
{
  QueenSlice slice;
  gsize waiting; /* bytes that had no answer before that, */
  gsize written; /* and what has come to these */
  guint n;       /* of components and holds */
  gboolean is_over;
} QueenHealing;

struct _QueenRedisSequencer
{
  GObject parent_instance;

  QueenEventBus *bus;
  QueenLocalSequencer *local;
  QueenRedisSequencerSettings settings;
  QueenCluster *cluster; /* NULL before the start and after the end */
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];

  char name[QUEEN_DISPATCH_QUEEN_LENGTH + 1];
  char *keys[QUEEN_ENGINE_N_KEYS];
  char *sha;              /* of the script */
  char stream_length[16]; /* events that stay in the stream */
  char turn[16];          /* the round in which she joined last */
  QueenRedis *writer;
  GString *puts; /* heartbeats that are written when the loop turns: words, each with its NUL */
  guint n_puts;
  QueenAlarm *put_alarm;
  QueenRedis *reader;
  char *address;     /* where she serves */
  gint64 started_at; /* µs since 1970 */

  QueenEngineState state;
  gint64 since;       /* µs, monotonic */
  gint64 told_since;  /* the same for people, µs since 1970 */
  gint64 alone_at;    /* µs, monotonic: when she was last left alone, */
  gint64 alone_since; /* and by the wall clock, µs since 1970 */
  char *reason;
  char *trouble;
  guint64 n_alone;
  char *epoch;             /* of the engine; NULL before she knew it */
  gboolean has_complained; /* since she was together last */
  gboolean was_together;   /* she has been in that epoch, and knows all that was so then */
  GPtrArray *past;       /* of QueenEvent, the newest first: what was told before she came; NULL if
                          she knows */
  QueenEngineId past_to; /* while she joins: up to where more of it is to be asked for */
  guint past_left;       /* events that she still wants of it */
  gsize past_bytes;      /* what she has of it */
  guint round; /* grows when she joins or leaves: what was asked before is not heeded any more */
  QueenAlarm *join_alarm;
  gint64 join_pause; /* µs: the last one, before she tried again what Redis refused */
  gint64 join_due;   /* µs, monotonic: not before that */

  QueenFlights *flights;
  QueenAlarm *flight_alarm; /* when the oldest should have come back */
  gint64 flights_due;       /* µs, monotonic: when the alarm should go off */
  gboolean has_excused_flights;
  guint64 excused_at; /* number of the last event that had come when that was looked at */

  GHashTable *dirty[QUEEN_COMPONENT_N_KINDS];    /* ids of which the engine may not know all */
  GHashTable *heard_by[QUEEN_COMPONENT_N_KINDS]; /* id -> name; whoever is not there: by herself */
  GHashTable *seen[QUEEN_COMPONENT_N_KINDS]; /* those that the engine knows, too; while she joins */
  GHashTable *healing[QUEEN_COMPONENT_N_KINDS]; /* those that the engine was told of, and has not
                                                   answered: it may not have heard it */
  gboolean is_same;                             /* the epoch is the one that she was in before */
  gboolean is_healing;     /* there may be more, when she has read as far as `healed_to` */
  QueenEngineId healed_to; /* where the stream ended behind the last that she has healed */

  GHashTable *holds_unread; /* ids of those made here that she has not read in the engine; and
                             whether they are written */
  GHashTable
      *holds_elsewhere; /* of those that it knows, too; while she joins, and until all is healed */
  GHashTable *released; /* id -> link: of holds that ended here, and that it may still have */
  GQueue released_in_order; /* of the same ids: the one that is least likely to be there first */
  GQueue holds_to_release;  /* ids of those that it has indeed */
  GArray
      *holds_to_heal; /* of QueenHoldEntry: what was here when she joined; NULL when it is healed */
  guint n_healed_holds; /* of these */
  QueenJoinStep step;
  char *scan_cursor;
  guint n_parts;           /* of what is asked for in parts: how many have come */
  QueenRedisReply *scan;   /* of which some is to be looked at still; NULL for none */
  gsize scan_at;           /* the first of that */
  guint compared_kind;     /* of components, or how many there are */
  guint64 compared_behind; /* the sequence of the last one that was compared */

  QueenEngineId read_to;
  guint64 tail;       /* number of the last event that is known to be in the stream */
  guint64 heard_then; /* number of the last one that had come when she last announced herself */
  guint64 stuck_at;   /* number of the last one that had come when there was more, */
  gint64 stuck_since; /* and when that was, µs, monotonic; 0 for never */
  gboolean is_reading;
  gboolean is_held_up; /* nothing is read, as subscribers have yet to hear of what was */
  gint64 asked_at;     /* µs, monotonic: when she asked for news last */
  guint n_hasty;       /* answers in a row that were none, and did not wait for any */
  guint n_at_once;     /* entries of the stream that there is time for in one turn */
  guint n_asked;       /* entries at the most that she has asked for */
  QueenAlarm *read_alarm;
  guint64 n_read;
  guint64 n_skipped;

  gboolean is_pressed; /* there may be more to read than she gets through soon */
  gint64 late_until;   /* µs, monotonic: until when the others are told of it; 0 for not */
  guint room;          /* events that she gets through in a moment */
  gint64 busy;         /* µs for which she has been busy since that was measured, */
  gint64 busy_since;   /* µs, monotonic: of these the last ones begin here; 0 for none, */
  guint64 read_then;   /* and number of the last event that she had read then */
  QueenAlarm *pace_alarm;
  GHashTable *paces;  /* name -> how far the stream may go on for that queen */
  gint64 paced_until; /* µs, monotonic: for how long any of that counts */

  GQueue sweeps;       /* of those who are overdue */
  guint n_missing;     /* calls that say so and have no answer */
  gsize missing_bytes; /* of these, and of those before them since there were none */
  QueenAlarm *sweep_alarm;
  gint64 patience; /* µs that she waits for another queen to say that somebody is offline */

  QueenJobIndex *job_index; /* the cluster's */
  QueenTellStep tell_step;
  gboolean has_told_jobs;
  gboolean is_telling; /* the engine has not answered yet */
  gint64 told_at;      /* µs, monotonic: when she told something of jobs last */
  QueenAlarm *tell_alarm;
  GHashTable *owners;          /* name -> QueenOwner: who else there is */
  QueenAlarm *owner_alarm;     /* when one of them should have said something */
  GPtrArray *owners_to_ask;    /* names of those whose jobs are to be read while she joins */
  gboolean has_owner_told_all; /* the last of these */

  GPtrArray *siblings;      /* of QueenSibling; empty while she is alone */
  GPtrArray *last_siblings; /* likewise: as they were when she was together last */
  QueenAlarm *announce_alarm;
};

/**
 * queen_redis_sequencer_fill_call:
 * @argv: (out): room for at least %QUEEN_REDIS_FIXED words
 * @is_whole: the script itself, so that Redis knows it from then on, and not its hash
 *
 * Returns: how many words there are now
 */
guint queen_redis_sequencer_fill_call (QueenRedisSequencer *self,
                                       const char **argv,
                                       gboolean is_whole,
                                       const char *operation);

/**
 * Sends one operation of the script, with up to %QUEEN_REDIS_PAIR arguments, %NULL at the end.
 * @callback gets a reference to her, which is its own.
 *
 * Returns: whether it was sent; otherwise she is alone, and @callback is not called
 */
gboolean queen_redis_sequencer_call (QueenRedisSequencer *self,
                                     QueenRedisCallback callback,
                                     const char *operation,
                                     ...) G_GNUC_NULL_TERMINATED;

/** The same for what is only written, whose reply says no more than whether she is in the epoch. */
void queen_redis_sequencer_write (QueenRedisSequencer *self,
                                  const char *operation,
                                  ...) G_GNUC_NULL_TERMINATED;

/** The same with any number of arguments, up to what heartbeats may have. */
void queen_redis_sequencer_call_words (QueenRedisSequencer *self,
                                       QueenRedisCallback callback,
                                       const char *operation,
                                       const GPtrArray *words);

/**
 * queen_redis_sequencer_write_forget:
 * @moment: ns since 1970: who has been heard since is not forgotten
 * @by: who wants it so; "" for nobody
 */
void queen_redis_sequencer_write_forget (QueenRedisSequencer *self,
                                         QueenComponentKind kind,
                                         const char *id,
                                         gint64 moment,
                                         const char *by);

/** Writes a heartbeat, with all others of this turn of the loop. Returns: bytes of its dispatch */
gsize queen_redis_sequencer_put (QueenRedisSequencer *self, const QueenComponent *component);

/** Returns: whether there are so many that they should not wait for the loop to turn */
gboolean queen_redis_sequencer_has_enough_puts (QueenRedisSequencer *self);

/** Sends them now. Returns: whether there is still somebody to write to */
gboolean queen_redis_sequencer_send_puts (QueenRedisSequencer *self);

/** To be called once, before all others that write. */
void queen_redis_sequencer_hold_pen (QueenRedisSequencer *self);

/** Forgets what has not been sent. */
void queen_redis_sequencer_clear_puts (QueenRedisSequencer *self);

/**
 * queen_redis_sequencer_heed:
 *
 * Returns: (nullable): the first word of the reply to an operation, if she is together with the
 *   others after it: an error, another epoch or a newer script leave her alone
 */
const char *queen_redis_sequencer_heed (QueenRedisSequencer *self,
                                        const QueenRedisReply *reply,
                                        const GError *error);

/** Tells the bus what the registry knows without having told it, as it comes from elsewhere. */
void
queen_redis_sequencer_tell (QueenRedisSequencer *self, QueenEvent *event, QueenComponent *before);

/**
 * queen_redis_sequencer_tell_untold:
 *
 * Tells what need not wait, and has nothing before it that has to, for a slice of this turn, and as
 * long as who listens keeps up.
 *
 * Returns: whether that was all
 */
gboolean queen_redis_sequencer_tell_untold (QueenRedisSequencer *self);

/** Returns: whether who listens has yet to hear of what has been told, and would lag */
gboolean queen_redis_sequencer_is_behind (QueenRedisSequencer *self);

/**
 * queen_redis_sequencer_set_dirty:
 * @component: who has changed, or is forgotten
 *
 * While she is alone: the others hear of it when she comes back. Of those that are known there is
 * an end, but somebody may make up others and have them forgotten again for as long as she is
 * alone: %QUEEN_REDIS_MAX_FORGOTTEN are remembered.
 */
void queen_redis_sequencer_set_dirty (QueenRedisSequencer *self,
                                      const QueenComponent *component,
                                      gboolean is_forgotten);

/** Returns: who has heard that component last */
const char *queen_redis_sequencer_get_hearer (QueenRedisSequencer *self,
                                              QueenComponentKind kind,
                                              const char *id);

void queen_redis_sequencer_set_hearer (QueenRedisSequencer *self,
                                       QueenComponentKind kind,
                                       const char *id,
                                       const char *queen);

/** Returns: (transfer full): @component as a dispatch of hers; @span as text, ms */
GString *queen_redis_sequencer_dispatch (QueenRedisSequencer *self,
                                         const QueenComponent *component,
                                         const char *queen,
                                         char span[32]);

/** Returns: µs since 1970 */
gint64 queen_redis_sequencer_get_wall (QueenRedisSequencer *self);

void queen_redis_sequencer_set_state (QueenRedisSequencer *self, QueenEngineState state);

/* Liveness */

void queen_redis_sequencer_watch (QueenRedisSequencer *self);
void queen_redis_sequencer_clear_sweeps (QueenRedisSequencer *self);
gboolean queen_redis_sequencer_may_miss (QueenSequencer *sequencer, QueenComponent *component);

/* Alone and together */

/**
 * queen_redis_sequencer_compare:
 *
 * Looks at some of what is known here, from compared_kind and compared_behind on: of what the
 * engine has said nothing.
 *
 * Returns: whether that was all
 */
gboolean queen_redis_sequencer_compare (QueenRedisSequencer *self);

/** Tells the others what happened here while she was alone. */
void queen_redis_sequencer_heal (QueenRedisSequencer *self);

/** Goes on with that, if she has read what she has told so far. */
void queen_redis_sequencer_heal_on (QueenRedisSequencer *self);

/** One more is told, or changed here. */
void queen_redis_sequencer_note_healed (QueenRedisSequencer *self, QueenHealing *healing);

/** She is alone: what the engine has not answered is to be told again when she comes back. */
void queen_redis_sequencer_leave_healing (QueenRedisSequencer *self);

/** Forgets one whom the others have forgotten, if she knows it; @by: (nullable): who wanted it so
 */
void queen_redis_sequencer_drop (QueenRedisSequencer *self,
                                 QueenComponentKind kind,
                                 const char *id,
                                 const char *by);

/**
 * queen_redis_sequencer_ask:
 *
 * Sends a command of who joins; @callback's data is for queen_redis_sequencer_hear().
 *
 * Returns: %FALSE when she is alone by that
 */
gboolean queen_redis_sequencer_ask (QueenRedisSequencer *self,
                                    guint argc,
                                    const char *const *argv,
                                    QueenRedisCallback callback);

/** Returns: (transfer full) (nullable): who asked, if the answer is of use; an error is not */
QueenRedisSequencer *queen_redis_sequencer_hear (gpointer data, const GError *error);

/** Takes what a part of a hash has, by the step, in as many turns as it needs; then goes on. */
void queen_redis_sequencer_take_scan (QueenRedisSequencer *self, const QueenRedisReply *reply);

void queen_redis_sequencer_take_step (QueenRedisSequencer *self, QueenJoinStep step);

void queen_redis_sequencer_connect (QueenRedisSequencer *self);

/**
 * queen_redis_sequencer_leave:
 * @reason: one word
 * @trouble: for people
 *
 * She is alone from here on: what was on its way is told next, in as many turns of the loop as it
 * needs, and before all that is published from now on. Looks for a way back.
 */
void
queen_redis_sequencer_leave (QueenRedisSequencer *self, const char *reason, const char *trouble);

/** Goes on telling what was on its way when she was left alone. */
void queen_redis_sequencer_tell_given_up (QueenRedisSequencer *self);

/** The connection for writing leads to one that is not the master, or not the one that is read. */
void queen_redis_sequencer_look_elsewhere (QueenRedisSequencer *self);

void queen_redis_sequencer_leave_for (QueenRedisSequencer *self, const GError *error);

/* Reading */

/**
 * queen_redis_sequencer_read_entry:
 * @reply: one entry of the stream
 * @id: (out): its place
 * @dispatch: (out): of a component, to be cleared
 *
 * Returns: whether it is an event
 */
gboolean queen_redis_sequencer_read_entry (QueenRedisSequencer *self,
                                           const QueenRedisReply *reply,
                                           QueenEngineId *id,
                                           QueenComponentKind *kind,
                                           QueenDispatch *dispatch);

/** Returns: (transfer full): the event that @component came to be as it is */
QueenEvent *queen_redis_sequencer_make_event (QueenComponent *component, guint64 number);

/** Begins to read behind @read_to, and goes on until she leaves. */
void queen_redis_sequencer_read (QueenRedisSequencer *self);

/** Takes one dispatch over, if it is newer than what is known. */
void queen_redis_sequencer_take_state (QueenRedisSequencer *self,
                                       QueenComponentKind kind,
                                       const QueenRedisReply *text);

/* Keeping step */

/** To be called once, before the next ones. */
void queen_redis_sequencer_mind_pace (QueenRedisSequencer *self);
void queen_redis_sequencer_forget_pace (QueenRedisSequencer *self);

/** She begins to read: what was said before does not count. */
void queen_redis_sequencer_begin_pace (QueenRedisSequencer *self);

/** There are @n entries to be read; she had asked for no more than @most. */
void queen_redis_sequencer_begin_entries (QueenRedisSequencer *self, gsize n, gsize most);

/** More comes than she gets through, or who listens has yet to hear of it: others are told soon. */
void queen_redis_sequencer_note_pressure (QueenRedisSequencer *self);

/** She is done with them, and asks for more. */
void queen_redis_sequencer_end_entries (QueenRedisSequencer *self, gint64 now);

/** Returns: whether there is more to read than she gets through soon, as she has told the others */
gboolean queen_redis_sequencer_is_late (QueenRedisSequencer *self);

/** @queen: (nullable): who says how far the stream may go on */
void queen_redis_sequencer_take_pace (QueenRedisSequencer *self,
                                      const QueenRedisReply *text,
                                      const char *queen);

/** Returns: whether the stream has gone on as far as all the others may read for now */
gboolean queen_redis_sequencer_is_paced (QueenRedisSequencer *self);

/* Holds */

/** To be called once, when there is a cluster, and before all others about holds. */
void queen_redis_sequencer_mind_holds (QueenRedisSequencer *self);
void queen_redis_sequencer_forget_holds (QueenRedisSequencer *self);

/** Has a hold that another queen was told of, unless it has ended here: that they are told then. */
void queen_redis_sequencer_take_hold (QueenRedisSequencer *self, const QueenRedisReply *text);

/** Ends a hold that has ended elsewhere. */
void queen_redis_sequencer_drop_hold (QueenRedisSequencer *self, const QueenRedisReply *text);

/** She is together with the others: what there is here is to be compared with what the engine has.
 */
void queen_redis_sequencer_begin_healing_holds (QueenRedisSequencer *self);

/** Heals some; there may be more to do when @healing is over. */
void queen_redis_sequencer_heal_holds (QueenRedisSequencer *self, QueenHealing *healing);

/** What was left of that is of no use any more. */
void queen_redis_sequencer_forget_healing_holds (QueenRedisSequencer *self);

/** Something in the engine makes no sense. */
void queen_redis_sequencer_skip (QueenRedisSequencer *self, const char *what, const GError *error);

/**
 * queen_redis_sequencer_fill_past:
 * @argv: (out): room for at least %QUEEN_REDIS_FIXED and %QUEEN_REDIS_PAIR words
 * @from: the first place that is asked for, in the direction
 * @to: the last one
 *
 * Returns: how many words there are now
 */
guint queen_redis_sequencer_fill_past (QueenRedisSequencer *self,
                                       const char **argv,
                                       gboolean is_backwards,
                                       const char *from,
                                       const char *to);

/**
 * queen_redis_sequencer_take_past:
 * @reply: the answer to that: entries up to past_to, the newest first
 *
 * Puts the events among them behind those of @past, which has the newest first, too, as long as
 * there is no gap.
 *
 * Returns: whether to ask for more of them
 */
gboolean queen_redis_sequencer_take_past (QueenRedisSequencer *self, const QueenRedisReply *reply);

/* Each other */

#define QUEEN_REDIS_LIFE 9000 /* ms after which a queen that says nothing is gone */

void queen_redis_sequencer_announce (QueenRedisSequencer *self);

/** Somebody has come: she announces herself now, as the answer says who is there. */
void queen_redis_sequencer_look_around (QueenRedisSequencer *self);

/** Says that she goes, so that nobody takes her for there until her time is up. */
void queen_redis_sequencer_take_leave (QueenRedisSequencer *self);

/* Each other's jobs */

/** To be called once, before the next ones. */
void queen_redis_sequencer_mind_jobs (QueenRedisSequencer *self);
void queen_redis_sequencer_forget_jobs (QueenRedisSequencer *self);

/** Tells the others of all her jobs, and from now on of what changes. */
void queen_redis_sequencer_tell_jobs (QueenRedisSequencer *self);

/** She is alone: what she knows of others' is what was so. */
void queen_redis_sequencer_leave_jobs (QueenRedisSequencer *self);

/**
 * queen_redis_sequencer_take_jobs:
 * @how: `begin`, `more`, `end`, `whole` or `news`
 * @text: a line for each
 * @owner: (nullable): who says it
 */
void queen_redis_sequencer_take_jobs (QueenRedisSequencer *self,
                                      const char *how,
                                      const QueenRedisReply *text,
                                      const char *owner);

/** @owner: (nullable): who has left in order */
void queen_redis_sequencer_let_go (QueenRedisSequencer *self, const char *owner);

/** @owner said @age ms ago that she is there. */
void queen_redis_sequencer_note_owner (QueenRedisSequencer *self, const char *owner, gint64 age);

/** All who are there have been noted: those who are overdue are gone. */
void queen_redis_sequencer_judge_owners (QueenRedisSequencer *self);

/** One of the fields of a key with jobs, and its value. */
void queen_redis_sequencer_take_job (QueenRedisSequencer *self,
                                     const QueenRedisReply *field,
                                     const QueenRedisReply *line);

/** There was no more of them. */
void queen_redis_sequencer_end_owner (QueenRedisSequencer *self);

/** Two steps of who joins: who else is there, and one's jobs after the other's. */
void queen_redis_sequencer_ask_queens (QueenRedisSequencer *self);
void queen_redis_sequencer_scan_jobs (QueenRedisSequencer *self);

G_END_DECLS
