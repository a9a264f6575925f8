/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-answer-room.h"

struct _QueenAnswerRoom
{
  GPtrArray *shares;
  gsize size;
  gsize n_bytes; /* of all of them */
};

static QueenAnswerShare *
find_longest (QueenAnswerRoom *self)
{
  QueenAnswerShare *longest = self->shares->pdata[0];

  for (guint i = 1; i < self->shares->len; i++)
    {
      QueenAnswerShare *share = self->shares->pdata[i];

      if (share->n_bytes > longest->n_bytes)
        longest = share;
    }
  return longest;
}

void
queen_answer_room_enter (QueenAnswerRoom *self, QueenAnswerShare *share)
{
  share->n_bytes = 0;
  g_ptr_array_add (self->shares, share);
}

void
queen_answer_room_leave (QueenAnswerRoom *self, QueenAnswerShare *share)
{
  if (g_ptr_array_remove_fast (self->shares, share))
    self->n_bytes -= share->n_bytes;
}

void
queen_answer_room_set (QueenAnswerRoom *self, QueenAnswerShare *share, gsize n_bytes)
{
  self->n_bytes += n_bytes - share->n_bytes;
  share->n_bytes = n_bytes;
  while (self->n_bytes > self->size)
    {
      QueenAnswerShare *longest = find_longest (self);

      queen_answer_room_leave (self, longest);
      longest->give_up (longest->data);
    }
}

QueenAnswerRoom *
queen_answer_room_new (gsize size)
{
  QueenAnswerRoom *self = g_new0 (QueenAnswerRoom, 1);

  self->shares = g_ptr_array_new ();
  self->size = size;
  return self;
}

void
queen_answer_room_free (QueenAnswerRoom *self)
{
  g_ptr_array_unref (self->shares);
  g_free (self);
}
