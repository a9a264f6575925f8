/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "loop/queen-clock.h"
#include "queen-component.h"
#include "queen-holds.h"
#include "queen-sequencer.h"
#include "queen-state-entry.h"

G_BEGIN_DECLS

/**
 * QueenRegistrySettings:
 * @clock: where the time comes from
 * @timeout: µs after a heartbeat until its sender counts as offline
 * @forget_after: µs after going offline until a component is forgotten
 * @max_components: how many may be known at once, offline ones included
 * @holds: (nullable): who is held; it outlives the registry. %NULL when nobody ever is
 */
typedef struct
{
  const QueenClock *clock;
  gint64 timeout;
  gint64 forget_after;
  guint max_components;
  QueenHolds *holds;
} QueenRegistrySettings;

#define QUEEN_TYPE_REGISTRY (queen_registry_get_type ())
G_DECLARE_FINAL_TYPE (QueenRegistry, queen_registry, QUEEN, REGISTRY, GObject)

/**
 * queen_registry_new:
 * @kind: what it lists
 * @sequencer: where it publishes every change, after the change
 *
 * The components of one kind: who is online, who is available. Nothing polls: an alarm stands at
 * the first deadline.
 */
QueenRegistry *queen_registry_new (QueenComponentKind kind,
                                   QueenSequencer *sequencer,
                                   const QueenRegistrySettings *settings);

/**
 * queen_registry_get_kind:
 *
 * Returns: what it lists
 */
QueenComponentKind queen_registry_get_kind (QueenRegistry *self);

/**
 * queen_registry_restore:
 * @saved: (element-type QueenStateEntry): what a former epoch of the queen knew, in the order in
 *   which they were first seen; the registry fills their components in
 * @elapsed: µs between then and now, not negative
 *
 * Makes a registry that knows nobody yet go on where the former epoch stopped: every age goes on,
 * and what falls due in the meantime is due at once. Each component is told on the bus as a
 * %QUEEN_EVENT_RESTORED, as nothing has happened to it.
 *
 * Returns: how many it took: no more than may be known at once
 */
guint queen_registry_restore (QueenRegistry *self, GArray *saved, gint64 elapsed);

/**
 * queen_registry_update:
 * @component: (transfer full): what a heartbeat that has just arrived says
 * @sender: (nullable): who says it: `token:` and the name of the token that was shown, or
 * `address:` and where it comes from; %NULL for one who is trusted, and so not counted
 * @error: %QUEEN_ERROR_CONFLICT when the component is online and belongs to another token,
 *   %QUEEN_ERROR_REGISTRY_FULL when there is no room for it
 *
 * Takes a heartbeat, and publishes it. When this returns the component is known, listed and counted
 * as it says now, so its sender can have its answer. That does not depend on whether the event has
 * been emitted: with another sequencer than the local one those who listen to the bus hear of it
 * later.
 *
 * Where as many are known as may be, the one that has been offline longest is forgotten for a new
 * one. One sender may bring a quarter of them at the most; from then on room is made among its own.
 * When all are online, whoever has most makes room for who would not have more than that one even
 * then: the one of its own that was not heard for longest goes offline and is forgotten, and one
 * that is held only where there is no other. Senders in one IPv6 network of 48 bits are one there;
 * those who are not counted are one, too, but give no way. The same holds for bytes of the lists of
 * models and GPUs that they have.
 */
gboolean queen_registry_update (QueenRegistry *self,
                                QueenComponent *component,
                                const char *sender,
                                GError **error);

/**
 * queen_registry_apply:
 * @component: (transfer full): one of its kind, as another queen has heard of it, with its times
 *   and its count; what is only the registry's (sequence, deadline, holds) is filled in
 * @sender: (nullable): as queen_registry_update() takes it
 * @age: µs since it has been as it is, not negative
 * @before: (out) (transfer full) (nullable): what was known of it; %NULL when it is new
 * @error: %QUEEN_ERROR_REGISTRY_FULL
 *
 * Takes over what has been published already, by another queen, so it publishes nothing; whoever
 * calls it tells the bus. Neither to whom it belonged nor whether that one has brought its quarter
 * matters here, as the other queen has looked at that. Only where there is no room somebody makes
 * it as for queen_registry_update(), and that is published: two queens may have made it at the same
 * time, each for somebody else. It is for the caller to see that nothing newer is lost.
 *
 * Returns: (transfer none) (nullable): the component as it is listed now
 */
QueenComponent *queen_registry_apply (QueenRegistry *self,
                                      QueenComponent *component,
                                      const char *sender,
                                      gint64 age,
                                      QueenComponent **before,
                                      GError **error);

/**
 * queen_registry_drop:
 *
 * Lists @id no longer, as another queen has had it forgotten; likewise without a word.
 *
 * Returns: (transfer full) (nullable): what was known of it
 */
QueenComponent *queen_registry_drop (QueenRegistry *self, const char *id);

/**
 * queen_registry_get_span:
 *
 * Returns: µs for which what @component says holds by itself: until it counts as offline, or, for
 *   one that is offline, until it is forgotten
 */
gint64 queen_registry_get_span (QueenRegistry *self, const QueenComponent *component);

/**
 * queen_registry_get_longest_silence:
 *
 * Returns: µs since the one online that has been silent longest was heard, of those who have not
 * said that they need more time; 0 when there is none
 */
gint64 queen_registry_get_longest_silence (QueenRegistry *self);

/**
 * queen_registry_forget:
 * @by: who asks for that, as queen_registry_update() takes a sender, or for people
 * @error: %QUEEN_ERROR_NOT_FOUND when it does not list @id
 *
 * Lists @id no longer. When it is online it goes offline first, so that everybody hears of it.
 */
gboolean
queen_registry_forget (QueenRegistry *self, const char *id, const char *by, GError **error);

/**
 * queen_registry_heed_holds:
 * @id: who is held by others than before
 *
 * Has its component know that, and publishes it as a %QUEEN_EVENT_HELD. Without such a component
 * nothing is to be done: when it comes, it is held from the beginning.
 */
void queen_registry_heed_holds (QueenRegistry *self, const char *id);

/**
 * queen_registry_heed_hive_holds:
 *
 * The same for all who are held by others because their hive is. Of many that takes a few turns of
 * the main loop; who looks at one of them meanwhile asks the holds themselves.
 */
void queen_registry_heed_hive_holds (QueenRegistry *self);

/**
 * QueenCallCheckFunc:
 *
 * Returns: (transfer full) (nullable): why the queen does not call @component; %NULL when she does,
 *   or nobody knows yet
 */
typedef char *(*QueenCallCheckFunc) (const QueenComponent *component, gpointer data);

/**
 * queen_registry_set_call_check:
 *
 * Has each that comes, and each that says another address than before, looked at by @check.
 */
void queen_registry_set_call_check (QueenRegistry *self, QueenCallCheckFunc check, gpointer data);

/**
 * queen_registry_excuse:
 * @lateness: µs for which the main loop has stood still at the least; less than a tenth of a second
 *   is nothing
 *
 * Nobody was heard meanwhile, whoever spoke, and what was said waits in the sockets. So everybody
 * who is online now gets as much time on top, but no more than a whole timeout.
 */
void queen_registry_excuse (QueenRegistry *self, gint64 lateness);

/**
 * queen_registry_give_grace:
 * @span: µs, as @lateness there
 * @why: what the log says of the queen: that she `was alone until now`
 *
 * The same when it is for something else that nobody was heard here.
 */
void queen_registry_give_grace (QueenRegistry *self, gint64 span, const char *why);

/**
 * queen_registry_expire:
 *
 * Does what is due: those silent for too long go offline (an event each), those offline for too
 * long are forgotten. It is called by itself at the right time, and does only so much in one go
 * that the main loop keeps turning.
 *
 * When it comes late, the main loop stood still, and it excuses everybody first.
 *
 * Returns: whether more is due right now
 */
gboolean queen_registry_expire (QueenRegistry *self);

/**
 * queen_registry_expire_restored:
 *
 * Does all that is due at once, after queen_registry_restore() and before anybody is served. It may
 * take long, and that excuses nobody.
 */
void queen_registry_expire_restored (QueenRegistry *self);

/**
 * queen_registry_lookup:
 *
 * Returns: (transfer none) (nullable): the component as it is now
 */
QueenComponent *queen_registry_lookup (QueenRegistry *self, const char *id);

/**
 * queen_registry_list_behind:
 * @sequence: of the one behind which to begin, be it known or not; 0 to begin with the first
 * @components: (out) (array) (transfer none): as they are now; valid until the registry changes
 * @max: how many there is room for
 *
 * All that are known, in the order in which they were first seen, a few at a time: it costs no more
 * in the middle than at the beginning, so whoever has to look at all of them can let the main loop
 * turn in between.
 *
 * Returns: how many there are, up to @max
 */
guint queen_registry_list_behind (QueenRegistry *self,
                                  guint64 sequence,
                                  QueenComponent **components,
                                  guint max);

/**
 * queen_registry_list_of_few:
 * @registries: of each kind one
 * @max: how many there is room for
 *
 * What those have brought who have brought few, all of one or nothing: those who have least first,
 * as long as there is room. However many others there are, they are not looked at. All in an IPv6
 * network of 48 bits are one, and so are those who are not counted.
 *
 * Returns: (transfer container) (element-type QueenComponent): each kind in the order in which they
 *   were first seen; valid until a registry changes
 */
GPtrArray *queen_registry_list_of_few (QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS],
                                       guint max);

/**
 * queen_registry_list_state_entries:
 *
 * Returns: (transfer full) (element-type QueenStateEntry): all that are known, in the order in
 * which they were first seen, with the ages that they have now
 */
GArray *queen_registry_list_state_entries (QueenRegistry *self);

/**
 * queen_registry_get_census:
 * @census: (out): counts and ids; the ids are valid until the registry changes
 */
void queen_registry_get_census (QueenRegistry *self, QueenCensus *census);

/** queen_registry_get_n_online: how many are online. */
guint queen_registry_get_n_online (QueenRegistry *self);

/** queen_registry_get_n_available: how many are available. */
guint queen_registry_get_n_available (QueenRegistry *self);

/**
 * queen_registry_get_total:
 *
 * Returns: how many are known, offline ones included
 */
guint queen_registry_get_total (QueenRegistry *self);

/**
 * queen_registry_get_n_displaced:
 *
 * Returns: how many were forgotten before their time, to make room
 */
guint64 queen_registry_get_n_displaced (QueenRegistry *self);

/**
 * queen_registry_get_n_bytes:
 *
 * Returns: bytes that all that is known takes in memory; see queen_component_get_size()
 */
gsize queen_registry_get_n_bytes (QueenRegistry *self);

/** Returns: bytes that the lists of models and GPUs take that are known, and what they are found by
 */
gsize queen_registry_get_n_list_bytes (QueenRegistry *self);

/** Returns: how many of these there may be */
gsize queen_registry_get_most_list_bytes (QueenRegistry *self);

/**
 * queen_registry_get_n_heartbeats:
 *
 * Returns: how many heartbeats it has taken, from whomever
 */
guint64 queen_registry_get_n_heartbeats (QueenRegistry *self);

/**
 * queen_registry_get_revision:
 *
 * Returns: a number that grows when somebody is listed or no longer listed, or says something else
 *   than before; a heartbeat that says the same leaves it as it is
 */
guint64 queen_registry_get_revision (QueenRegistry *self);

/** queen_registry_get_last_sequence: no component that is known has a larger sequence. */
guint64 queen_registry_get_last_sequence (QueenRegistry *self);

G_END_DECLS
