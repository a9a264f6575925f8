/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-portions.h"

#include "queen-fair-queue.h"
#include "text/queen-hash.h"

#define GROUP_PART 2 /* so many times as much as one of it may have a group */

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

static gsize
get_portion (const QueenPortions *self, const char *who)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (self->portions, who));
}

gboolean
queen_portions_may_take (const QueenPortions *self, const char *who, gsize n)
{
  gsize left = self->most - MIN (self->taken, self->most);
  const char *names[3];
  g_autofree char *group = queen_fair_queue_split (who, names);

  return n <= left && self->taken <= self->most && get_portion (self, who) + n <= left - n &&
         (!group || get_portion (self, group) + n <= (left - n) * GROUP_PART);
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
  const char *names[3];
  g_autofree char *group = queen_fair_queue_split (who, names);

  if (n == 0)
    return;
  self->taken += n;
  set_portion (self, who, get_portion (self, who) + n);
  if (group)
    set_portion (self, group, get_portion (self, group) + n);
}

void
queen_portions_give_back (QueenPortions *self, const char *who, gsize n)
{
  gsize before = get_portion (self, who);
  const char *names[3];
  g_autofree char *group = queen_fair_queue_split (who, names);

  g_return_if_fail (n <= before);

  self->taken -= n;
  set_portion (self, who, before - n);
  if (group)
    set_portion (self, group, get_portion (self, group) - n);
}
