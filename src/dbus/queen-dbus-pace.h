/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_DBUS_PACE_MOST 256 /* signals at once */

/**
 * QueenDBusPace:
 *
 * How many signals are sent before the bus is asked whether it has read them. A bus looks at each
 * rule of everybody for each signal, and anybody may have tens of thousands of rules; then it needs
 * some ms for each. It reads in order, so that all answers wait behind the signals that were sent
 * before. So there are as many as it has read in a tenth of a second.
 */
typedef struct
{
  guint portion;
  gint64 begun; /* µs; -1 as long as the bus has not come to the portion */
} QueenDBusPace;

/** queen_dbus_pace_init: slowly; it gets faster with each portion. */
void queen_dbus_pace_init (QueenDBusPace *self);

/** Returns: how many signals may be sent now; at least one */
guint queen_dbus_pace_get_portion (const QueenDBusPace *self);

/**
 * queen_dbus_pace_begin:
 * @now: µs, at which the bus has read all that was sent before the portion
 */
void queen_dbus_pace_begin (QueenDBusPace *self, gint64 now);

/**
 * queen_dbus_pace_end:
 * @now: µs, at which it has read the portion
 */
void queen_dbus_pace_end (QueenDBusPace *self, gint64 now);

G_END_DECLS
