/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Grows when what the script writes is no longer what an older queen can read. */
#define QUEEN_ENGINE_SCRIPT_VERSION "2"

/** Heartbeats that one call is given at the most: Redis serves nobody else meanwhile. */
#define QUEEN_ENGINE_MAX_PUTS 128

/** A field that the hashes of who is known and of holds have: it is no id, and where it is missing,
 * all that was there is lost. */
#define QUEEN_ENGINE_MARK ""

/** Lines that one call of `jobs` is given at the most, and what each is to it: field, line, and
 * whether it is kept. */
#define QUEEN_ENGINE_MAX_LINES 128
#define QUEEN_ENGINE_LINE_WORDS 3

/** What one heartbeat is to `put`: kind, id, dispatch, and how long it holds, ms. */
#define QUEEN_ENGINE_PUT_WORDS 4

/** The one script; constant, as all data comes to it by ARGV. */
extern const char queen_engine_script[];

/**
 * QueenEngineKey:
 *
 * The keys, in the order in which the script is given them.
 */
typedef enum
{
  QUEEN_ENGINE_KEY_META,
  QUEEN_ENGINE_KEY_EVENTS,
  QUEEN_ENGINE_KEY_DUE,
  QUEEN_ENGINE_KEY_WORKER,
  QUEEN_ENGINE_KEY_HIVE,
  QUEEN_ENGINE_KEY_HOLDS,
  QUEEN_ENGINE_KEY_QUEENS,
  QUEEN_ENGINE_KEY_QUEEN, /* from here on: one of each queen */
  QUEEN_ENGINE_KEY_JOBS,
  QUEEN_ENGINE_KEY_TURN, /* what is written in a former one is refused */
  QUEEN_ENGINE_N_KEYS,
} QueenEngineKey;

/**
 * queen_engine_dup_key:
 * @cluster: whose
 * @queen: the name of the queen, for a key of her own
 *
 * Returns: (transfer full): such as `q:{house}:events`; the braces keep all of one cluster together
 */
char *queen_engine_dup_key (const char *cluster, const char *queen, QueenEngineKey key);

/**
 * QueenEngineId:
 * @number: of the last event up to there
 * @step: how much else was told since
 *
 * A place in the stream. Events have the step 0, so their numbers have no gap; what has no number
 * for those who subscribe (holds, who was forgotten, states after a queen was alone) stands in
 * steps behind the event before it.
 */
typedef struct
{
  guint64 number;
  guint64 step;
} QueenEngineId;

/**
 * queen_engine_id_parse:
 * @text: such as `17-0`
 *
 * Returns: %FALSE when @text is none
 */
gboolean queen_engine_id_parse (const char *text, QueenEngineId *id);

/** Returns: whether @id stands behind @other */
gboolean queen_engine_id_is_behind (const QueenEngineId *id, const QueenEngineId *other);

/** Returns: (transfer full): the same as text */
char *queen_engine_id_dup_text (const QueenEngineId *id);

/**
 * queen_engine_dup_replid:
 * @info: what Redis says of its replication
 *
 * Returns: (transfer full) (nullable): which line of masters this is
 */
char *queen_engine_dup_replid (const char *info);

/**
 * queen_engine_make_epoch:
 * @wall: ns since 1970
 * @dice: any number
 *
 * Returns: (transfer full): a name that no other epoch has, of any queen
 */
char *queen_engine_make_epoch (gint64 wall, guint32 dice);

G_END_DECLS
