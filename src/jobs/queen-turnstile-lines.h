/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-turnstile-party.h"

G_BEGIN_DECLS

/**
 * QueenTurnstileLines:
 *
 * The lines in which somebody waits, in the order of their turns: by what those have had on whose
 * account they are (queen_turnstile_party_get_turn()), first of all that are one to others, then in
 * such a network. Of one of them the machines take turns, and of one machine its lines. Whose turn
 * it is costs no more with thousands of lines, but where they are of as many and all of them lead
 * to one machine that has what it may have.
 */
typedef struct _QueenTurnstileLines QueenTurnstileLines;

/**
 * QueenTurnstileLine:
 * @lines: where it is; %NULL when nobody waits in it
 *
 * One line, as a part of whatever it stands at; all zero at first.
 */
typedef struct
{
  QueenTurnstileLines *lines;
  struct _QueenTurnstileNode *node;
  GList link;
} QueenTurnstileLine;

/**
 * QueenTurnstileLook:
 * @QUEEN_TURNSTILE_MAY_ENTER: whoever is first in the line may go in
 * @QUEEN_TURNSTILE_LINE_WAITS: not yet
 * @QUEEN_TURNSTILE_MACHINE_WAITS: nor may any at that machine
 * @QUEEN_TURNSTILE_ALL_WAIT: nor may any on that account, or on one that is one with it to others
 */
typedef enum
{
  QUEEN_TURNSTILE_MAY_ENTER,
  QUEEN_TURNSTILE_LINE_WAITS,
  QUEEN_TURNSTILE_MACHINE_WAITS,
  QUEEN_TURNSTILE_ALL_WAIT,
} QueenTurnstileLook;

/** @item: as it was given to queen_turnstile_lines_enter() */
typedef QueenTurnstileLook (*QueenTurnstileLookFunc) (gconstpointer item);

/** Returns: (transfer full): none yet */
QueenTurnstileLines *queen_turnstile_lines_new (void);

/**
 * queen_turnstile_lines_enter:
 * @line: one that is in no lines
 * @payer: on whose account it is; it lives for as long as @line is here, as does
 * @machine: where it leads
 * @item: whose line it is
 */
void queen_turnstile_lines_enter (QueenTurnstileLines *self,
                                  QueenTurnstileLine *line,
                                  QueenTurnstileParty *payer,
                                  QueenTurnstileParty *machine,
                                  gpointer item);

/** Takes @line out, if it is in any lines. */
void queen_turnstile_lines_leave (QueenTurnstileLine *line);

/** It has had its turn: others on the same account come first. */
void queen_turnstile_lines_renew (QueenTurnstileLine *line);

/** @payer, and the network that it is in, have another turn than before. */
void queen_turnstile_lines_sort (QueenTurnstileLines *self, const QueenTurnstileParty *payer);

/**
 * queen_turnstile_lines_find:
 * @look: says who may
 *
 * Returns: (nullable): whose line is the first that may enter; it stays where it is
 */
gpointer queen_turnstile_lines_find (const QueenTurnstileLines *self, QueenTurnstileLookFunc look);

/** Nobody waits. */
void queen_turnstile_lines_free (QueenTurnstileLines *self);

G_END_DECLS
