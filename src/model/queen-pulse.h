/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "loop/queen-clock.h"
#include "queen-registry.h"
#include "queen-sequencer.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_PULSE (queen_pulse_get_type ())
G_DECLARE_FINAL_TYPE (QueenPulse, queen_pulse, QUEEN, PULSE, GObject)

/**
 * queen_pulse_new:
 * @interval: µs between two beats
 *
 * The queen's own heartbeat: a GLib timeout that publishes her counts and ids.
 */
QueenPulse *queen_pulse_new (QueenSequencer *sequencer,
                             QueenRegistry *workers,
                             QueenRegistry *hives,
                             const QueenClock *clock,
                             gint64 interval);

/**
 * queen_pulse_start:
 *
 * The first beat comes one interval from now.
 */
void queen_pulse_start (QueenPulse *self);

/**
 * queen_pulse_make_snapshot:
 *
 * What a beat would say now, without publishing it: for one who has just come. It is made anew each
 * time, and with 65 536 workers it is megabytes; so whoever asks shares it.
 *
 * Returns: (transfer full): a queen event
 */
QueenEvent *queen_pulse_make_snapshot (QueenPulse *self);

/**
 * queen_pulse_get_next_beat:
 * @last_beat: µs: when a beat was due
 * @interval: µs
 * @now: µs, not before @last_beat
 *
 * Returns: the next time after @now that is in phase: beats that were missed are skipped
 */
gint64 queen_pulse_get_next_beat (gint64 last_beat, gint64 interval, gint64 now);

G_END_DECLS
