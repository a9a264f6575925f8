/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-siblings.h"

G_BEGIN_DECLS

/**
 * QueenRelayStage:
 * @settings: what the siblings were made with
 * @alarms: for deadlines
 * @on_over: this answer is done with, and is to be freed, but not by this; set in its `is_over`
 * @data: for @on_over
 * @is_refusal_logged: (private)
 *
 * What all relayed answers share; it outlives them.
 */
typedef struct
{
  QueenSiblingsSettings settings;
  QueenAlarmGroup *alarms;
  void (*on_over) (gpointer data);
  gpointer data;
  gboolean is_refusal_logged;
} QueenRelayStage;

/**
 * QueenRelayedAnswer:
 *
 * One question about a job that another queen has, what she answers, and what is said in her place
 * when she is gone.
 */
typedef struct _QueenRelayedAnswer QueenRelayedAnswer;

/**
 * queen_relayed_answer_new:
 * @exchange: is answered from here on
 * @id: the job's, which the index knows
 * @request: (nullable): of %QUEEN_SIBLINGS_READ
 *
 * Asks the queen that has it.
 */
QueenRelayedAnswer *queen_relayed_answer_new (QueenRelayStage *stage,
                                              QueenExchange *exchange,
                                              const char *asker,
                                              const char *id,
                                              QueenSiblingsQuestion question,
                                              const QueenStreamRequest *request);

/** Returns: whether it can be freed */
gboolean queen_relayed_answer_is_over (const QueenRelayedAnswer *self);

/** Returns: bytes of what she has said that nobody has taken yet */
gsize queen_relayed_answer_get_n_bytes (const QueenRelayedAnswer *self);

/** Returns: (transfer none): among whose it counts */
const char *queen_relayed_answer_get_asker (const QueenRelayedAnswer *self);

/** queen_relayed_answer_say_goodbye: the queen ends. */
void queen_relayed_answer_say_goodbye (QueenRelayedAnswer *self);

/** Whoever waits or reads is let go. */
void queen_relayed_answer_free (QueenRelayedAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRelayedAnswer, queen_relayed_answer_free)

G_END_DECLS
