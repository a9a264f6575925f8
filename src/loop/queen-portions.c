/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-portions.h"

#include "queen-fair-queue.h"
#include "text/queen-hash.h"

struct _QueenPortions
{
  gsize most;
  gsize taken;
  GHashTable *portions; /* name -> how much; only of those who have something, and their groups */
};

QueenPortions *
queen_portions_new (gsize most)
{
  QueenPortions *self = g_new0 (QueenPortions, 1);

  self->most = most;
  self->portions = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  return self;
}

void
queen_portions_free (QueenPortions *self)
{
  g_hash_table_unref (self->portions);
  g_free (self);
}

gsize
queen_portions_get_taken (const QueenPortions *self)
{
  return self->taken;
}

gsize
queen_portions_get (const QueenPortions *self, const char *who)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (self->portions, who));
}

static gsize
get_left (const QueenPortions *self)
{
  return self->most - MIN (self->taken, self->most);
}

gboolean
queen_portions_is_fair (gsize own, gsize of_group, gsize left)
{
  return own <= left && of_group <= left * QUEEN_PORTIONS_GROUP_PART;
}

static gsize
get_of_group (const QueenPortions *self, const char *who)
{
  g_autofree char *group = queen_fair_queue_dup_group (who);

  return group ? queen_portions_get (self, group) : 0;
}

gsize
queen_portions_get_portion (const QueenPortions *self, const char *who)
{
  g_autofree char *group = queen_fair_queue_dup_group (who);

  return queen_portions_get (self, group ? group : who);
}

gboolean
queen_portions_may_take (const QueenPortions *self, const char *who, gsize n)
{
  gsize left = get_left (self);

  return n <= left && self->taken <= self->most &&
         queen_portions_is_fair (queen_portions_get (self, who) + n, get_of_group (self, who) + n,
                                 left - n);
}

gboolean
queen_portions_is_over (const QueenPortions *self, const char *who)
{
  return !queen_portions_is_fair (queen_portions_get (self, who), get_of_group (self, who),
                                  get_left (self));
}

/* @n: 0 for nothing any longer */
static void
set_portion (QueenPortions *self, const char *who, gsize n)
{
  if (n > 0)
    g_hash_table_insert (self->portions, g_strdup (who), GSIZE_TO_POINTER (n));
  else
    g_hash_table_remove (self->portions, who);
}

void
queen_portions_take (QueenPortions *self, const char *who, gsize n)
{
  g_autofree char *group = queen_fair_queue_dup_group (who);

  if (n == 0)
    return;
  self->taken += n;
  set_portion (self, who, queen_portions_get (self, who) + n);
  if (group)
    set_portion (self, group, queen_portions_get (self, group) + n);
}

void
queen_portions_give_back (QueenPortions *self, const char *who, gsize n)
{
  gsize before = queen_portions_get (self, who);
  g_autofree char *group = queen_fair_queue_dup_group (who);

  g_return_if_fail (n <= before);

  self->taken -= n;
  set_portion (self, who, before - n);
  if (group)
    set_portion (self, group, queen_portions_get (self, group) - n);
}
