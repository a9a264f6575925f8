/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenHold:
 * @id: by which it is released
 * @reason: why, for people
 * @holder: who: `token:` and its name, `address:` and that, `user:` and a number, or `this machine`
 * @caller: (nullable): one on the bus with whom it ends: the bus, a slash, and the unique name;
 *   %NULL when it does not depend on anybody
 * @since: ns since 1970
 * @until: ns since 1970: when it ends by itself; 0 when it does not
 * @deadline: µs, monotonic: likewise, which is what counts; %G_MAXINT64 when it does not
 *
 * That no work is to be given to somebody. Immutable, so references may be handed to any thread.
 */
typedef struct
{
  char *id;
  char *reason;
  char *holder;
  char *caller;
  gint64 since;
  gint64 until;
  gint64 deadline;
} QueenHold;

/**
 * queen_hold_new:
 * @hold: copied, with its texts
 *
 * Returns: (transfer full): a hold of one reference
 */
QueenHold *queen_hold_new (const QueenHold *hold);

QueenHold *queen_hold_ref (QueenHold *self);
void queen_hold_unref (QueenHold *self);

/**
 * queen_hold_get_caller_name:
 *
 * Returns: (nullable) (transfer none): the unique name of the caller without the bus that it is on
 */
const char *queen_hold_get_caller_name (const QueenHold *self);

/**
 * QueenHoldTeller:
 * @tell_text: gets a member; @text is %NULL when it does not apply
 * @tell_time: likewise; ns since 1970, 0 when it does not apply
 *
 * Who writes down what is told of a hold, in whatever form.
 */
typedef struct
{
  void (*tell_text) (const char *name, const char *text, gpointer data);
  void (*tell_time) (const char *name, gint64 time, gpointer data);
} QueenHoldTeller;

/**
 * queen_hold_tell:
 * @hive_id: (nullable): the hive whose hold it is, as its workers repeat it: with the first 128
 *   bytes of the reason
 *
 * Tells its members: `id`, `reason`, `holder`, `caller` (the name alone), `since`, `until` and
 * `hive_id`.
 */
void queen_hold_tell (const QueenHold *self,
                      const char *hive_id,
                      const QueenHoldTeller *teller,
                      gpointer data);

/**
 * queen_hold_append_json:
 *
 * Appends what queen_hold_tell() tells as an object; what does not apply is null.
 */
void queen_hold_append_json (const QueenHold *self, const char *hive_id, GString *json);

/**
 * QueenHoldList:
 *
 * All holds of one component, in the order in which they came; never empty, as %NULL stands for
 * none. Immutable: what changes is which list a component has, so two are the same list or differ.
 */
typedef struct
{
  guint n;
  QueenHold *holds[];
} QueenHoldList;

/**
 * queen_hold_list_with:
 * @self: (nullable): the list so far
 * @hold: (transfer full): what comes behind it
 *
 * Returns: (transfer full): another list
 */
QueenHoldList *queen_hold_list_with (const QueenHoldList *self, QueenHold *hold);

/**
 * queen_hold_list_without:
 * @hold: one of @self
 *
 * Returns: (transfer full) (nullable): another list
 */
QueenHoldList *queen_hold_list_without (const QueenHoldList *self, const QueenHold *hold);

/**
 * queen_hold_list_get_longest:
 *
 * Returns: (transfer none): the first of those that last longest
 */
const QueenHold *queen_hold_list_get_longest (const QueenHoldList *self);

/**
 * queen_hold_list_leaves_room:
 * @self: (nullable): the list so far
 * @most: how many it may have
 * @holder: of one more
 *
 * Returns: whether @holder leaves room for others with that. So many as there are, each may have
 *   the first
 */
gboolean queen_hold_list_leaves_room (const QueenHoldList *self, guint most, const char *holder);

/** Takes and returns %NULL, too. */
QueenHoldList *queen_hold_list_ref (QueenHoldList *self);
void queen_hold_list_unref (QueenHoldList *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenHold, queen_hold_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenHoldList, queen_hold_list_unref)

G_END_DECLS
