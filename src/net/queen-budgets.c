/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-budgets.h"

#define MIB (1024 * 1024)

struct _QueenBudgets
{
  gsize held[QUEEN_N_BUDGETS];
  GHashTable *shared; /* GBytes -> how many hold them */
};

/* Who pays, how much at the most, and what happens then. */
static const struct
{
  const char *name;
  gsize most;
} budgets[QUEEN_N_BUDGETS] = {
  /* Their senders: the one whose request has not been whole for longest makes room. */
  [QUEEN_BUDGET_REQUESTS] = { "requests", 64 * MIB },
  /* Those who asked: who has taken nothing for a second makes room; if nobody has, it is 503. */
  [QUEEN_BUDGET_ANSWERS] = { "answers", 64 * MIB },
};

QueenBudgets *
queen_budgets_new (void)
{
  QueenBudgets *self = g_new0 (QueenBudgets, 1);

  self->shared = g_hash_table_new (NULL, NULL);
  return self;
}

void
queen_budgets_free (QueenBudgets *self)
{
  g_hash_table_unref (self->shared);
  g_free (self);
}

const char *
queen_budget_get_name (QueenBudget budget)
{
  return budgets[budget].name;
}

gsize
queen_budget_get_most (QueenBudget budget)
{
  return budgets[budget].most;
}

gsize
queen_budgets_get_held (const QueenBudgets *self, QueenBudget budget)
{
  return self->held[budget];
}

gboolean
queen_budgets_has_room (const QueenBudgets *self, QueenBudget budget, gsize n_bytes)
{
  return self->held[budget] + n_bytes <= budgets[budget].most;
}

void
queen_budgets_hold (QueenBudgets *self, QueenBudget budget, gssize n_bytes)
{
  self->held[budget] += (gsize) n_bytes;
}

void
queen_budgets_hold_shared (QueenBudgets *self, QueenBudget budget, GBytes *bytes)
{
  guint n_holders;

  if (!bytes)
    return;
  n_holders = GPOINTER_TO_UINT (g_hash_table_lookup (self->shared, bytes));
  g_hash_table_insert (self->shared, bytes, GUINT_TO_POINTER (n_holders + 1));
  if (n_holders == 0)
    self->held[budget] += g_bytes_get_size (bytes);
}

void
queen_budgets_release_shared (QueenBudgets *self, QueenBudget budget, GBytes *bytes)
{
  guint n_holders;

  if (!bytes)
    return;
  n_holders = GPOINTER_TO_UINT (g_hash_table_lookup (self->shared, bytes));
  if (n_holders > 1)
    {
      g_hash_table_insert (self->shared, bytes, GUINT_TO_POINTER (n_holders - 1));
      return;
    }
  g_hash_table_remove (self->shared, bytes);
  self->held[budget] -= g_bytes_get_size (bytes);
}

gboolean
queen_budgets_is_shared (const QueenBudgets *self, GBytes *bytes)
{
  return g_hash_table_contains (self->shared, bytes);
}
