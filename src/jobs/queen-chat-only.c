/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-chat-only.h"

#include "text/queen-hash.h"

struct _QueenChatOnly
{
  GHashTable *until; /* of a place: µs, monotonic */
};

QueenChatOnly *
queen_chat_only_new (void)
{
  QueenChatOnly *self = g_new0 (QueenChatOnly, 1);

  self->until = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  return self;
}

void
queen_chat_only_free (QueenChatOnly *self)
{
  g_hash_table_unref (self->until);
  g_free (self);
}

static char *
make_place (const char *id, const QueenTarget *target)
{
  return g_strdup_printf ("%s://%s:%u%s %s", target->scheme, target->host, target->port,
                          target->path, id);
}

/* Whoever is forgotten is asked once more, which is no harm. */
void
queen_chat_only_note (QueenChatOnly *self, const char *id, const QueenTarget *target, gint64 now)
{
  const gint64 until = now + QUEEN_CHAT_ONLY_KEPT;

  if (g_hash_table_size (self->until) >= QUEEN_CHAT_ONLY_MAX)
    g_hash_table_remove_all (self->until);
  g_hash_table_replace (self->until, make_place (id, target), g_memdup2 (&until, sizeof until));
}

void
queen_chat_only_forget (QueenChatOnly *self, const char *id, const QueenTarget *target)
{
  g_autofree char *place = make_place (id, target);

  g_hash_table_remove (self->until, place);
}

gboolean
queen_chat_only_has (QueenChatOnly *self, const char *id, const QueenTarget *target, gint64 now)
{
  g_autofree char *place = make_place (id, target);
  const gint64 *until = g_hash_table_lookup (self->until, place);

  return until && now < *until;
}
