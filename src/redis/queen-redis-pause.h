/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** The shortest and the longest pause, in µs. */
#define QUEEN_REDIS_LEAST_PAUSE (G_USEC_PER_SEC / 10)
#define QUEEN_REDIS_MOST_PAUSE (5 * G_USEC_PER_SEC)

/**
 * queen_redis_pause_next:
 * @former: the pause before, in µs; 0 for none
 * @random: (nullable): dice: from 0 to below @limit; %NULL for GLib's
 *
 * How long to wait before what has failed is tried again: longer each time, and never in step with
 * other queens who lost it in the same moment ("decorrelated jitter").
 *
 * Returns: µs, from %QUEEN_REDIS_LEAST_PAUSE to %QUEEN_REDIS_MOST_PAUSE
 */
gint64 queen_redis_pause_next (gint64 former, gint64 (*random) (gint64 limit));

G_END_DECLS
