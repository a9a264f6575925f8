/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turnstile-party.h"

#include "loop/queen-fair-queue.h"
#include "text/queen-hash.h"

#define FREE (50 * G_TIME_SPAN_MILLISECOND) /* µs inside that nobody has to pay for */
#define MOST (5 * G_TIME_SPAN_SECOND)       /* µs inside that are remembered */
#define FORGIVEN 100                        /* of so many µs, one is forgotten */

typedef QueenTurnstileParty Party;

static void
free_party (gpointer data)
{
  Party *party = data;

  g_free (party->name);
  g_free (party);
}

GHashTable *
queen_turnstile_parties_new (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_party);
}

static Party *
ensure_named (GHashTable *parties, const char *name, Party *wide, gint64 now)
{
  Party *party = g_hash_table_lookup (parties, name);

  if (party)
    return party;
  party = g_new0 (Party, 1);
  party->name = g_strdup (name);
  party->wide = wide;
  party->used_at = now;
  g_hash_table_insert (parties, party->name, party);
  return party;
}

QueenTurnstileParty *
queen_turnstile_parties_ensure (GHashTable *parties, const QueenSource *source, gint64 now)
{
  g_autofree char *asker = queen_source_dup_asker (source);
  g_autofree char *wide = NULL;
  const char *askers[3];

  queen_fair_queue_split (asker, &wide, askers);
  return ensure_named (parties, wide ? askers[1] : asker,
                       wide ? ensure_named (parties, wide, NULL, now) : NULL, now);
}

void
queen_turnstile_party_enter (QueenTurnstileParty *self)
{
  for (; self; self = self->wide)
    self->n_entrances++;
}

void
queen_turnstile_party_leave (QueenTurnstileParty *self, GHashTable *parties)
{
  for (Party *wide; self; self = wide)
    {
      wide = self->wide;
      if (--self->n_entrances == 0)
        g_hash_table_remove (parties, self->name);
    }
}

void
queen_turnstile_party_count_inside (QueenTurnstileParty *self, int change)
{
  for (; self; self = self->wide)
    self->n_inside += (guint) change;
}

void
queen_turnstile_party_count_waiting (QueenTurnstileParty *self, int change)
{
  for (; self; self = self->wide)
    self->n_waiting += (guint) change;
}

void
queen_turnstile_party_count_waiting_for (QueenTurnstileParty *self, int change, guint *n_payers)
{
  for (; self; self = self->wide)
    {
      guint *n_beside = self->wide ? &self->wide->n_payers : n_payers;
      guint n_before = self->n_waiting_for;

      self->n_waiting_for += (guint) change;
      *n_beside += (n_before == 0) - (guint) (self->n_waiting_for == 0);
    }
}

gint64
queen_turnstile_party_get_used (const QueenTurnstileParty *self, gint64 now)
{
  return MAX (0, self->used - (now - self->used_at) / FORGIVEN);
}

gint64
queen_turnstile_party_get_turn (const QueenTurnstileParty *self)
{
  return self->used_at + self->used * FORGIVEN;
}

void
queen_turnstile_party_pay (QueenTurnstileParty *self, gint64 time, gint64 now)
{
  for (; self; self = self->wide)
    {
      self->used = MIN (queen_turnstile_party_get_used (self, now) + MAX (0, time - FREE), MOST);
      self->used_at = now;
    }
}
