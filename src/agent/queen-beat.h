/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenBeatContext:
 * @is_queen_here: the queen is on this machine, so an address of this machine means the same to her
 * @hive_id: (nullable): the hive that all workers of this agent belong to
 *
 * For whom beats are written.
 */
typedef struct
{
  gboolean is_queen_here;
  const char *hive_id;
} QueenBeatContext;

/**
 * QueenBeat:
 * @is_hive: whether it is a hive's, and not a worker's
 * @id: whose it is
 * @members: JSON: what is within `worker` or `hive` of a heartbeat, without its last brace
 *
 * A heartbeat that is being written. What is not known is left out.
 */
typedef struct
{
  gboolean is_hive;
  char *id;
  GString *members;
} QueenBeat;

/** Returns: (transfer full): a beat that says @id and @status */
QueenBeat *queen_beat_new (gboolean is_hive, const char *id, const char *status);

void queen_beat_free (QueenBeat *self);

/** Adds a text; @text: (nullable): UTF-8. */
void queen_beat_add_text (QueenBeat *self, const char *name, const char *text);

/** Adds a whole number, unless it is negative. */
void queen_beat_add_integer (QueenBeat *self, const char *name, gint64 number);

/** Adds a number, unless it is negative or none. */
void queen_beat_add_number (QueenBeat *self, const char *name, double number);

/** Adds a moment; @time: µs since 1970, or 0 when it is not known. */
void queen_beat_add_time (QueenBeat *self, const char *name, gint64 time);

/** Adds `health_status`; @reason: (nullable): why it is not well. */
void queen_beat_add_health (QueenBeat *self, const char *status, const char *reason);

/** Adds what is JSON already. */
void queen_beat_add_json (QueenBeat *self, const char *name, const char *json);

/** Adds an array of texts but for @known, unless it has none; @texts: (element-type utf8) */
void
queen_beat_add_texts (QueenBeat *self, const char *name, const GPtrArray *texts, const char *known);

/** Returns: (transfer full): @members as a whole object */
char *queen_beat_dup_members (const QueenBeat *self);

/** Appends the heartbeat in one line, as a batch has it, with its time. */
void queen_beat_append_line (const QueenBeat *self, GString *lines);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenBeat, queen_beat_free)

G_END_DECLS
