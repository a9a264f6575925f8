/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "loop/queen-clock.h"
#include "queen-component.h"

G_BEGIN_DECLS

#define QUEEN_HOLDS_MAX 4096                             /* of everybody */
#define QUEEN_HOLDS_MAX_PER_HOLDER 1024                  /* and no more than are left for others */
#define QUEEN_HOLDS_MAX_PER_COMPONENT 16                 /* whoever holds it */
#define QUEEN_HOLDS_MAX_TTL G_GINT64_CONSTANT (31536000) /* seconds: a year */
#define QUEEN_HOLDS_USUAL_TTL G_GINT64_CONSTANT (3600)   /* seconds */
#define QUEEN_HOLDS_MAX_REASON 1024                      /* bytes */
#define QUEEN_HOLDS_MAX_NAME 256                         /* bytes, of a holder or a caller */
#define QUEEN_HOLDS_HERE "this machine" /* a holder of whom nothing more is known */

#define QUEEN_TYPE_HOLDS (queen_holds_get_type ())
G_DECLARE_FINAL_TYPE (QueenHolds, queen_holds, QUEEN, HOLDS, GObject)

/**
 * QueenHolds::changed:
 * @kind: a #QueenComponentKind
 * @id: of the component whose holds are others now
 *
 * A hold came or went. When it is a hive's, its workers are held with it.
 */

/**
 * QueenHolds::begun:
 * @kind: a #QueenComponentKind
 * @id: of who is held
 * @hold: the #QueenHold
 *
 * One was made here; not what queen_holds_restore() and queen_holds_apply() take over.
 */

/**
 * QueenHolds::ended:
 *
 * Likewise, of one that has ended here, for whatever reason; not by queen_holds_drop().
 */

/**
 * QueenHoldRequest:
 * @kind: of whom no work is to be given to
 * @id: its id
 * @reason: why: not empty; what is not legible in it becomes blank
 * @holder: as in #QueenHold
 * @caller: (nullable): likewise
 * @ttl: µs after which it ends by itself; 0 for not at all
 */
typedef struct
{
  QueenComponentKind kind;
  const char *id;
  const char *reason;
  const char *holder;
  const char *caller;
  gint64 ttl;
} QueenHoldRequest;

/**
 * QueenHoldEntry:
 * @kind: of who is held
 * @component_id: its id
 * @hold: the hold
 * @left: µs after which it ends; -1 when it does not by itself
 *
 * What outlives the queen of a hold.
 */
typedef struct
{
  QueenComponentKind kind;
  char *component_id;
  QueenHold *hold;
  gint64 left;
} QueenHoldEntry;

void queen_hold_entry_clear (QueenHoldEntry *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenHoldEntry, queen_hold_entry_clear)

/**
 * queen_holds_new:
 *
 * Who is held: to whom no new work is to be given, while what runs there goes on to its end. A hold
 * is of an id, whether or not anybody is known by that; who makes one checks that. Nothing polls:
 * an alarm stands at the first deadline.
 */
QueenHolds *queen_holds_new (const QueenClock *clock);

/**
 * queen_holds_add:
 * @error: %QUEEN_ERROR_UNPROCESSABLE when there is no reason, or it or the ttl is out of range;
 *   %QUEEN_ERROR_UNAVAILABLE when there is no room for one more
 *
 * Returns: (transfer none) (nullable): the new hold, which is in force when this returns
 */
QueenHold *queen_holds_add (QueenHolds *self, const QueenHoldRequest *request, GError **error);

/**
 * queen_holds_release:
 * @hold: the id of one of its holds, whoever has it; %NULL or empty for all that are @by's
 * @by: who asks, as a holder
 * @error: %QUEEN_ERROR_NOT_FOUND when there is no such hold; the message says who holds it else
 *
 * Returns: how many were released; 0 with an error
 */
guint queen_holds_release (QueenHolds *self,
                           QueenComponentKind kind,
                           const char *id,
                           const char *hold,
                           const char *by,
                           GError **error);

/**
 * queen_holds_end_caller:
 * @caller: (nullable): as in #QueenHold: one who has left; %NULL for whoever there is
 *
 * Ends what was to last only as long as that one was there.
 */
void queen_holds_end_caller (QueenHolds *self, const char *caller);

/**
 * queen_holds_list_callers:
 *
 * Returns: (transfer full) (array zero-terminated=1): all callers with whom a hold ends, each once
 */
char **queen_holds_list_callers (QueenHolds *self);

/** Returns: (nullable) (transfer none): the holds of the component itself, not of its hive */
QueenHoldList *queen_holds_lookup (QueenHolds *self, QueenComponentKind kind, const char *id);

/** Returns: whether the component itself is held; for a worker see queen_component_is_held() */
gboolean queen_holds_is_held (QueenHolds *self, QueenComponentKind kind, const char *id);

/** Returns: how many there are of that kind */
guint queen_holds_get_n (QueenHolds *self, QueenComponentKind kind);

/**
 * queen_holds_stamp:
 * @component: one that has no holds yet, and that nobody else has
 *
 * Writes into @component by what it is held: its own holds and those of its hive.
 */
void queen_holds_stamp (QueenHolds *self, QueenComponent *component);

/**
 * queen_holds_restamp:
 *
 * Returns: (transfer full) (nullable): @component as it is now; %NULL when it knows all that
 *   already
 */
QueenComponent *queen_holds_restamp (QueenHolds *self, const QueenComponent *component);

/** Returns: (transfer full) (element-type QueenHoldEntry): all there are, in the order of their
 * ends */
GArray *queen_holds_list_entries (QueenHolds *self);

/** Returns: (transfer full) (element-type QueenHoldEntry): an empty list, which owns what is in it
 */
GArray *queen_hold_entries_new (void);

/**
 * queen_holds_restore:
 * @entries: (element-type QueenHoldEntry): what a former epoch of the queen knew
 * @elapsed: µs between then and now, not negative
 *
 * Goes on where the former epoch stopped, before anybody is known; nobody is told. What has ended
 * meanwhile is gone.
 *
 * Returns: how many there are
 */
guint queen_holds_restore (QueenHolds *self, GArray *entries, gint64 elapsed);

/**
 * queen_holds_apply:
 * @entry: a hold that was made elsewhere
 *
 * Takes over what another queen was told.
 *
 * Returns: %FALSE when it is known already, over, or one too many
 */
gboolean queen_holds_apply (QueenHolds *self, const QueenHoldEntry *entry);

/**
 * queen_holds_drop:
 * @hold: the id of one that has ended elsewhere
 *
 * Returns: %FALSE when there is none
 */
gboolean queen_holds_drop (QueenHolds *self, const char *hold);

G_END_DECLS
