/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-list.h"

#define PIECE (16 * 1024) /* bytes between two looks at the clock */

QueenList *
queen_list_new (GBytes *json)
{
  QueenList *self = g_rc_box_new0 (QueenList);

  self->json = json;
  return self;
}

static void
clear_list (gpointer data)
{
  QueenList *self = data;

  g_bytes_unref (self->json);
  g_clear_pointer (&self->packed, g_bytes_unref);
  if (self->packing)
    g_string_free (self->packing, TRUE);
  g_free (self->version);
}

QueenList *
queen_list_ref (QueenList *self)
{
  return g_rc_box_acquire (self);
}

void
queen_list_unref (QueenList *self)
{
  g_rc_box_release_full (self, clear_list);
}

gboolean
queen_list_is_ready (const QueenList *self, gboolean wants_gzip)
{
  return !wants_gzip || self->packed || g_bytes_get_size (self->json) <= QUEEN_GZIP_SHORT;
}

/* It may be kept for long, and counts as long as it is. */
static void
finish_packing (QueenList *self)
{
  gsize length;

  queen_gzip_append_end (self->packing, &self->digest);
  length = self->packing->len;
  self->packed =
      g_bytes_new_take (g_realloc (g_string_free (g_steal_pointer (&self->packing), FALSE), length),
                        length);
}

void
queen_list_pack (QueenList *self, const QueenClock *clock, gint64 until)
{
  gsize size;
  const char *text = g_bytes_get_data (self->json, &size);

  if (queen_list_is_ready (self, TRUE))
    return;
  if (!self->packing)
    self->packing = g_string_new_len (QUEEN_GZIP_HEAD, QUEEN_GZIP_HEAD_LENGTH);
  do
    {
      gsize n = MIN (size - self->n_done, PIECE);
      QueenDigest piece;

      queen_gzip_append (self->packing, text + self->n_done, n);
      queen_digest_init (&piece, text + self->n_done, n);
      queen_digest_append (&self->digest, &piece);
      self->n_done += n;
    }
  while (self->n_done < size && clock->get_monotonic () < until);
  if (self->n_done == size)
    finish_packing (self);
}

gsize
queen_list_get_n_bytes (const QueenList *self)
{
  return g_bytes_get_size (self->json) + (self->packed ? g_bytes_get_size (self->packed) : 0) +
         (self->packing ? self->packing->len : 0);
}
