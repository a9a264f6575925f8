/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-budgets.h"

#define MIB (1024 * 1024)

struct _QueenBudgets
{
  gsize held[QUEEN_N_BUDGETS];
  QueenPortions *portions[QUEEN_N_BUDGETS]; /* whose they are; NULL where that does not count */
  GHashTable *shared;                       /* GBytes -> how many hold them */
  GHashTable *kept;                         /* a set of GBytes that the queen keeps anyway */
};

/* Whose they are, how many at the most, and what happens then. */
static const struct
{
  const char *name;
  gsize most;
  gboolean has_portions; /* nobody has more than is left */
} budgets[QUEEN_N_BUDGETS] = {
  /* Their senders: the one whose request has not been whole for longest makes room. */
  [QUEEN_BUDGET_REQUESTS] = { "requests", 64 * MIB },
  /* Bodies stay with their senders: whoever has room and does not fill it makes some, and soon
   * where its network has more than that of who waits. */
  [QUEEN_BUDGET_BODIES] = { "bodies", 48 * MIB, TRUE },
  /* Those who wait: the address that has most of them. */
  [QUEEN_BUDGET_WAITING] = { "waiting", 16 * MIB },
  /* The address that has most of them: the one that it has had for longest. */
  [QUEEN_BUDGET_SESSIONS] = { "sessions", 256 * MIB },
  /* Those who asked: without it a large answer takes longer to those who are far away. So nobody
   * has more than is left. */
  [QUEEN_BUDGET_WINDOWS] = { "windows", 64 * MIB, TRUE },
  /* Those who asked: who takes nothing makes room, or holds most; if nobody does, it is 503. */
  [QUEEN_BUDGET_ANSWERS] = { "answers", 64 * MIB },
  /* Those who asked: who holds most makes room; if nobody does, it is the end of the connection. */
  [QUEEN_BUDGET_SMALL_ANSWERS] = { "small_answers", 4 * MIB },
};

QueenBudgets *
queen_budgets_new (void)
{
  QueenBudgets *self = g_new0 (QueenBudgets, 1);

  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    if (budgets[budget].has_portions)
      self->portions[budget] = queen_portions_new (budgets[budget].most);
  self->shared = g_hash_table_new (NULL, NULL);
  self->kept = g_hash_table_new (NULL, NULL);
  return self;
}

void
queen_budgets_free (QueenBudgets *self)
{
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    g_clear_pointer (&self->portions[budget], queen_portions_free);
  g_hash_table_unref (self->shared);
  g_hash_table_unref (self->kept);
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

QueenPortions *
queen_budgets_get_portions (const QueenBudgets *self, QueenBudget budget)
{
  return self->portions[budget];
}

static guint
get_n_holders (const QueenBudgets *self, GBytes *bytes)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->shared, bytes));
}

/* Its holders are more or fewer than before, or the queen keeps it or not. */
static void
update_shared (
    QueenBudgets *self, QueenBudget budget, GBytes *bytes, guint n_holders, gboolean is_kept)
{
  gboolean did_count = get_n_holders (self, bytes) > 0 && !queen_budgets_is_kept (self, bytes);
  gboolean counts = n_holders > 0 && !is_kept;
  gssize size = (gssize) g_bytes_get_size (bytes);

  if (n_holders > 0)
    g_hash_table_insert (self->shared, bytes, GUINT_TO_POINTER (n_holders));
  else
    g_hash_table_remove (self->shared, bytes);
  if (is_kept)
    g_hash_table_add (self->kept, bytes);
  else
    g_hash_table_remove (self->kept, bytes);
  queen_budgets_hold (self, budget, (counts - did_count) * size);
}

void
queen_budgets_hold_shared (QueenBudgets *self, QueenBudget budget, GBytes *bytes)
{
  if (bytes)
    update_shared (self, budget, bytes, get_n_holders (self, bytes) + 1,
                   queen_budgets_is_kept (self, bytes));
}

void
queen_budgets_release_shared (QueenBudgets *self, QueenBudget budget, GBytes *bytes)
{
  if (bytes)
    update_shared (self, budget, bytes, get_n_holders (self, bytes) - 1,
                   queen_budgets_is_kept (self, bytes));
}

void
queen_budgets_set_kept (QueenBudgets *self, QueenBudget budget, GBytes *bytes, gboolean is_kept)
{
  update_shared (self, budget, bytes, get_n_holders (self, bytes), is_kept);
}

gboolean
queen_budgets_is_kept (const QueenBudgets *self, GBytes *bytes)
{
  return g_hash_table_contains (self->kept, bytes);
}

gboolean
queen_budgets_is_free (const QueenBudgets *self, GBytes *bytes)
{
  return get_n_holders (self, bytes) > 0 || queen_budgets_is_kept (self, bytes);
}
