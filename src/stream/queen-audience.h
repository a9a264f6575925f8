/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/socket.h>

#include "net/queen-caps.h"
#include "queen-row.h"
#include "queen-tally.h"

G_BEGIN_DECLS

/**
 * QueenAudience:
 *
 * The subscribers of all channels: their sockets in one epoll descriptor, who may come, who does
 * not take what it gets, and who has to go. What they get is not its business: it asks the channel
 * for each of them that it be delivered.
 *
 * With twelve thousand of them nothing is done to all in one turn of the loop: every walk along
 * them goes a few milliseconds far, and goes on in the next turn.
 */
typedef struct _QueenAudience QueenAudience;

/**
 * QueenAudienceSettings:
 * @clock: what deadlines are made of
 * @caps: how many subscribers there may be
 * @stall_timeout: µs after which a subscriber is let go that takes nothing of what waits for it
 * @tally: what counts; it outlives the audience
 */
typedef struct
{
  const QueenClock *clock;
  QueenCaps caps;
  gint64 stall_timeout;
  QueenTally *tally;
} QueenAudienceSettings;

/**
 * QueenSection:
 * @deliver: writes to @subscriber all that there is for it, or as much as the kernel takes, or as
 *   others can wait for; it is then asked again in the next turn
 * @on_changed: somebody has come or gone
 * @data: for both
 * @busy: (nullable): what those of %QUEEN_ENCODING_BARE are told for whom there is no room
 * @row: (private): who is in it
 * @is_over: (private): goodbye is said to all of them
 *
 * The part of the audience that listens to one channel, which has it.
 */
struct _QueenSection
{
  QueenWriteResult (*deliver) (QueenSubscriber *subscriber, gpointer data);
  void (*on_changed) (gpointer data);
  gpointer data;
  GBytes *busy;
  QueenRow row;
  gboolean is_over;
};

/**
 * queen_audience_new:
 * @settings: copied
 *
 * Returns: (transfer full): an audience of nobody, or %NULL when the system has no descriptor left
 */
QueenAudience *queen_audience_new (const QueenAudienceSettings *settings, GError **error);

/** Frees an audience of which all sections are closed. */
void queen_audience_free (QueenAudience *self);

/**
 * queen_audience_open:
 * @section: one that has its functions, and is otherwise zero
 */
void queen_audience_open (QueenAudience *self, QueenSection *section);

/**
 * queen_audience_close:
 *
 * Lets all of @section go, without a word, and without telling that somebody goes. It is nobody's
 * any more when this returns, and may be freed; of thousands the connections are closed in later
 * turns, and only then are frames let go of that they were in the middle of.
 */
void queen_audience_close (QueenAudience *self, QueenSection *section);

/**
 * queen_audience_get_n_subscribers:
 *
 * Returns: how many there are right now
 */
guint queen_audience_get_n_subscribers (const QueenAudience *self);

/**
 * queen_audience_count_pending:
 *
 * Returns: the size of all frames that subscribers are in the middle of, those that they share
 *   counted once
 */
gsize queen_audience_count_pending (const QueenAudience *self);

/**
 * queen_audience_has_room:
 * @client: (nullable): whose share of the places it takes from; %NULL for nobody's
 * @is_forwarded: see queen_shares_acquire()
 *
 * When all places are taken, the newest of the address that has most makes room for who would have
 * less: it is told that it is one too many, in a later turn. So it is with IPv6 networks of 48
 * bits, and with addresses in one. All who have none, such as those for whom another queen reads,
 * are as one address.
 *
 * Returns: whether @subscriber may come. It then has its share of places, until it goes; else it is
 *   to be told so, and reset when it does not take that as soon as it is added
 */
gboolean queen_audience_has_room (QueenAudience *self,
                                  QueenSubscriber *subscriber,
                                  const struct sockaddr_storage *client,
                                  gboolean is_forwarded);

/**
 * queen_audience_add:
 * @section: what it listens to
 * @subscriber: (transfer full): who comes; what it gets first is pending
 *
 * Delivers what there is for it, now and whenever it can take more, until it goes.
 */
void queen_audience_add (QueenAudience *self, QueenSection *section, QueenSubscriber *subscriber);

/**
 * queen_audience_flush:
 *
 * Delivers to all of @section who can take something: to as many of them as can be done in one
 * turn, and to one at least, going on where the last call has stopped.
 *
 * Returns: whether the last of them was reached, so that the next call begins anew
 */
gboolean queen_audience_flush (QueenAudience *self, QueenSection *section);

/**
 * queen_audience_flush_front:
 *
 * Delivers to who stands in front of all, while a flush goes on that takes long: what is large goes
 * to thousands, most of them of a few addresses, and those of others would hear of nothing before
 * all of these have it.
 */
void queen_audience_flush_front (QueenAudience *self, QueenSection *section);

/**
 * queen_audience_may_interrupt:
 * @now: µs, monotonic
 *
 * Whoever has news may tell them at once, in the midst of a turn that is about something else; but
 * a thousand sections may have some in one turn. So all of them together take half of the time at
 * most, but for the first few milliseconds.
 *
 * Returns: whether there is time for queen_audience_flush() before the next turn
 */
gboolean queen_audience_may_interrupt (const QueenAudience *self, gint64 now);

/**
 * queen_audience_note_interruption:
 * @begun: µs, monotonic: when that queen_audience_flush() was begun; it is over now
 */
void queen_audience_note_interruption (QueenAudience *self, gint64 begun);

/**
 * queen_section_is_flushing:
 *
 * Returns: whether the next call of queen_audience_flush() goes on with what one before has begun
 */
gboolean queen_section_is_flushing (const QueenSection *self);

/**
 * queen_audience_say_goodbye:
 *
 * Tells all of @section that this is the end and when to come back (1 to 5 s, at random, so that
 * they do not all come at once), and hangs up when it has been sent.
 */
void queen_audience_say_goodbye (QueenAudience *self, QueenSection *section);

/**
 * queen_audience_turn_away:
 * @subscriber: one who comes while goodbye is said
 *
 * Owes it the same goodbye.
 */
void queen_audience_turn_away (QueenSubscriber *subscriber);

/**
 * queen_audience_refuse:
 * @section: what it wants to listen to
 * @subscriber: one for whom there is no room
 *
 * Owes it that, and when to try again (10 to 20 s, at random), and the end.
 */
void queen_audience_refuse (const QueenSection *section, QueenSubscriber *subscriber);

/**
 * queen_audience_end_owned:
 * @is_over: asked for each owner, before this returns
 *
 * Says goodbye to those whose owner's right has ended.
 */
void queen_audience_end_owned (QueenAudience *self,
                               gboolean (*is_over) (guint owner, gpointer data),
                               gpointer data);

/**
 * queen_audience_drop_holders:
 * @frames: (element-type GBytes): what is to be freed; it is held until all have been asked
 *
 * Lets everybody go who is in the middle of one of @frames. That takes a walk along all, which
 * begins at once, or when the one before has ended, which is then for all that was said meanwhile.
 */
void queen_audience_drop_holders (QueenAudience *self, const GPtrArray *frames);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenAudience, queen_audience_free)

G_END_DECLS
