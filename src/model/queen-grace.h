/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenGrace:
 * @timeout: µs after which one who is not heard of counts as silent; the rest begins as zero
 * @woke_at: µs, monotonic: when it was noticed that the main loop had stood still
 * @span: µs: what everybody has got on top
 *
 * While the main loop stands still nobody is heard, whoever speaks. Afterwards all whose last word
 * is from before get as much time on top, so that what waits in the sockets can be heard.
 */
typedef struct
{
  gint64 timeout;
  gint64 woke_at;
  gint64 span;
} QueenGrace;

/**
 * queen_grace_begin:
 * @now: µs, monotonic
 * @lateness: µs for which the main loop has stood still at the least
 *
 * Begins a grace: at least half a second, and what is left of the one before; but no more than
 * @timeout, as everybody would have been heard by then.
 *
 * Returns: %FALSE when @lateness is less than a tenth of a second, and so none
 */
gboolean queen_grace_begin (QueenGrace *self, gint64 now, gint64 lateness);

/**
 * queen_grace_put_off:
 * @deadline: µs, monotonic: when one that is online would count as silent
 *
 * Returns: when it does. Deadlines stay in their order, but for those of who was heard just after
 *   the grace began: these may be before those of who was heard just before it.
 */
gint64 queen_grace_put_off (const QueenGrace *self, gint64 deadline);

G_END_DECLS
