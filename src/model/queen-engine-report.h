/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_SIBLINGS_MAX 64 /* queens that one knows of */

/**
 * QueenEngineState:
 * @QUEEN_ENGINE_ALONE: the engine is away, or not to be used: she goes on by herself
 * @QUEEN_ENGINE_JOINING: the engine is there, and she learns what the others know
 * @QUEEN_ENGINE_TOGETHER: all queens are one
 */
typedef enum
{
  QUEEN_ENGINE_ALONE,
  QUEEN_ENGINE_JOINING,
  QUEEN_ENGINE_TOGETHER,
  QUEEN_ENGINE_N_STATES,
} QueenEngineState;

/**
 * QueenSibling:
 * @name: 32 lower-case hexadecimal digits
 * @address: (nullable): where she serves, as she says
 * @version: (nullable): hers
 * @started_at: µs since 1970; 0 when she has not said it
 * @subscribers: how many listen to her
 * @lag: how many events she had still to read when she said so
 * @is_self: this queen
 *
 * One of several queens, as she said last.
 */
typedef struct
{
  char *name;
  char *address;
  char *version;
  gint64 started_at;
  gint64 subscribers;
  gint64 lag;
  gboolean is_self;
} QueenSibling;

/**
 * QueenEngineReport:
 * @name: what this queen is called in the engine: 32 lower-case hexadecimal digits
 * @state: how this queen stands with the others
 * @reason: (nullable): why she is alone, as a word such as `timed_out`; see
 *   queen_redis_error_get_reason(); also `starting`, `newer_script`, `other_epoch`,
 * `not_coming_back`
 * @trouble: (nullable): the same for people
 * @address: (nullable): where the engine is; %NULL while it is not there
 * @epoch: what ids begin with now
 * @since: µs since 1970: since when that state is; she is alone since she was together last,
 * however often she has tried to join meanwhile
 * @n_alone: how often she has been left alone since she was started
 * @n_in_flight: events that have not come back yet
 * @in_flight_bytes: what they take
 * @n_sent: events that have come back so far
 * @n_read: entries of the stream read so far
 * @n_skipped: of these, what made no sense
 * @lag: events that were in the stream and had not been read when she last asked
 * @siblings: (element-type QueenSibling): all queens, this one among them, by name; valid until the
 *   main loop turns
 * @last_siblings: (element-type QueenSibling): the same, as it was before she was left alone last
 *
 * How a queen stands with the others, for whoever shows it.
 */
typedef struct
{
  const char *name;
  QueenEngineState state;
  const char *reason;
  const char *trouble;
  const char *address;
  const char *epoch;
  gint64 since;
  guint64 n_alone;
  guint n_in_flight;
  gsize in_flight_bytes;
  guint64 n_sent;
  guint64 n_read;
  guint64 n_skipped;
  guint64 lag;
  const GPtrArray *siblings;
  const GPtrArray *last_siblings;
} QueenEngineReport;

/** Returns: `alone`, `joining` or `together` */
const char *queen_engine_state_get_name (QueenEngineState state);

void queen_sibling_free (QueenSibling *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSibling, queen_sibling_free)

G_END_DECLS
