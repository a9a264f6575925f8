/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-portions.h"

G_BEGIN_DECLS

/**
 * QueenBudget:
 * @QUEEN_BUDGET_REQUESTS: heads and bodies that are not whole yet, and the room that is reserved
 *   for these bodies
 * @QUEEN_BUDGET_BODIES: the part of it that large bodies have: however much others hold, they find
 *   room there
 * @QUEEN_BUDGET_WAITING: the part of it that those hold whose large bodies wait for room
 * @QUEEN_BUDGET_SESSIONS: TLS sessions that are read
 * @QUEEN_BUDGET_ANSWERS: large answers that their clients have not taken yet
 * @QUEEN_BUDGET_SMALL_ANSWERS: small ones, which have to wait only behind others that went the same
 *   way
 * @QUEEN_BUDGET_WINDOWS: what the kernel may take of large answers beyond what it takes of any
 *
 * What strangers can make the queen hold in memory.
 */
typedef enum
{
  QUEEN_BUDGET_REQUESTS,
  QUEEN_BUDGET_BODIES,
  QUEEN_BUDGET_WAITING,
  QUEEN_BUDGET_SESSIONS,
  QUEEN_BUDGET_ANSWERS,
  QUEEN_BUDGET_SMALL_ANSWERS,
  QUEEN_BUDGET_WINDOWS,
  QUEEN_N_BUDGETS
} QueenBudget;

/**
 * QueenBudgets:
 *
 * How many bytes of each are held right now. What is held for several at once counts once, and what
 * the queen keeps anyway does not count. The parts count into it, on the main loop's thread;
 * `/metrics` shows it.
 */
typedef struct _QueenBudgets QueenBudgets;

QueenBudgets *queen_budgets_new (void);
void queen_budgets_free (QueenBudgets *self);

/** Returns: its name in one word, as metrics have it */
const char *queen_budget_get_name (QueenBudget budget);

/** Returns: bytes that may be held at the most */
gsize queen_budget_get_most (QueenBudget budget);

/** Returns: bytes that are held */
gsize queen_budgets_get_held (const QueenBudgets *self, QueenBudget budget);

/**
 * queen_budgets_has_room:
 *
 * Returns: whether @n_bytes more may be held
 */
gboolean queen_budgets_has_room (const QueenBudgets *self, QueenBudget budget, gsize n_bytes);

/**
 * queen_budgets_hold:
 * @n_bytes: how many more are held; negative for fewer
 */
void queen_budgets_hold (QueenBudgets *self, QueenBudget budget, gssize n_bytes);

/**
 * queen_budgets_get_portions:
 * @budget: %QUEEN_BUDGET_BODIES or %QUEEN_BUDGET_WINDOWS
 *
 * Returns: (transfer none): how much of it each network has, as queen_shares_dup_networks() names
 *   them. It counts apart from queen_budgets_hold()
 */
QueenPortions *queen_budgets_get_portions (const QueenBudgets *self, QueenBudget budget);

/**
 * queen_budgets_hold_shared:
 * @bytes: (nullable): what one more holds
 *
 * The same for what may be shared: however many hold it, it counts once.
 */
void queen_budgets_hold_shared (QueenBudgets *self, QueenBudget budget, GBytes *bytes);

/**
 * queen_budgets_release_shared:
 * @bytes: (nullable): what one of its holders holds no longer
 */
void queen_budgets_release_shared (QueenBudgets *self, QueenBudget budget, GBytes *bytes);

/**
 * queen_budgets_set_kept:
 * @bytes: what several may hold
 * @is_kept: whether the queen keeps it, whoever holds it; %FALSE before she lets go of it
 *
 * What she keeps does not count. What she no longer keeps does, as long as somebody holds it.
 */
void
queen_budgets_set_kept (QueenBudgets *self, QueenBudget budget, GBytes *bytes, gboolean is_kept);

/** Returns: whether the queen keeps @bytes, so that nobody's letting go of it would free any */
gboolean queen_budgets_is_kept (const QueenBudgets *self, GBytes *bytes);

/**
 * queen_budgets_is_free:
 *
 * Returns: whether somebody holds @bytes, or the queen keeps it, so that one more costs nothing
 */
gboolean queen_budgets_is_free (const QueenBudgets *self, GBytes *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenBudgets, queen_budgets_free)

G_END_DECLS
