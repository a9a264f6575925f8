/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-subscriber.h"

#include <errno.h>

#define MAX_CHATTER 4096 /* bytes */

QueenSubscriber *
queen_subscriber_new (QueenSocket socket)
{
  QueenSubscriber *self = g_new0 (QueenSubscriber, 1);

  self->socket = socket;
  return self;
}

static void
pay_first (QueenSubscriber *self)
{
  g_bytes_unref (self->owed[0]);
  self->n_owed--;
  self->owed_offset = 0;
  for (guint i = 0; i < self->n_owed; i++)
    self->owed[i] = self->owed[i + 1];
}

void
queen_subscriber_free (QueenSubscriber *self)
{
  while (self->n_owed > 0)
    pay_first (self);
  queen_socket_close (&self->socket);
  g_free (self);
}

void
queen_subscriber_owe (QueenSubscriber *self, GBytes *frame)
{
  g_assert (self->n_owed < QUEEN_SUBSCRIBER_MAX_OWED);
  self->owed[self->n_owed++] = frame;
}

void
queen_subscriber_let_off (QueenSubscriber *self)
{
  guint n_begun = self->owed_offset > 0 ? 1 : 0;

  while (self->n_owed > n_begun)
    g_bytes_unref (self->owed[--self->n_owed]);
}

/* Writing */

static QueenWriteResult
get_result (gssize written, gsize size)
{
  if (written < 0)
    return errno == EAGAIN || errno == ENOBUFS ? QUEEN_WRITE_NOTHING : QUEEN_WRITE_FAILED;
  return (gsize) written == size ? QUEEN_WRITE_ALL : QUEEN_WRITE_SOME;
}

static gsize
gather_owed (const QueenSubscriber *self, struct iovec *vectors)
{
  gsize size = 0;

  for (guint i = 0; i < self->n_owed; i++)
    {
      vectors[i].iov_base = (void *) g_bytes_get_data (self->owed[i], &vectors[i].iov_len);
      size += vectors[i].iov_len;
    }
  vectors[0].iov_base = (char *) vectors[0].iov_base + self->owed_offset;
  vectors[0].iov_len -= self->owed_offset;
  return size - self->owed_offset;
}

static void
pay (QueenSubscriber *self, gsize n_bytes)
{
  while (n_bytes > 0)
    {
      gsize left = g_bytes_get_size (self->owed[0]) - self->owed_offset;

      if (n_bytes < left)
        {
          self->owed_offset += n_bytes;
          return;
        }
      n_bytes -= left;
      pay_first (self);
    }
}

QueenWriteResult
queen_subscriber_write_owed (QueenSubscriber *self)
{
  struct iovec vectors[QUEEN_SUBSCRIBER_MAX_OWED];
  gsize size;
  gssize written;

  g_return_val_if_fail (self->n_owed > 0, QUEEN_WRITE_ALL);

  size = gather_owed (self, vectors);
  written = queen_socket_write (&self->socket, vectors, self->n_owed);
  if (written > 0)
    pay (self, (gsize) written);
  return get_result (written, size);
}

QueenWriteResult
queen_subscriber_write_batch (QueenSubscriber *self,
                              QueenBroadcast *broadcast,
                              const QueenBatch *batch)
{
  gssize written;
  QueenWriteResult result;
  GBytes *begun = NULL;
  gsize rest;

  g_return_val_if_fail (self->n_owed == 0, QUEEN_WRITE_NOTHING);

  written = queen_socket_write (&self->socket, batch->vectors, batch->n_vectors);
  result = get_result (written, batch->size);
  if (result == QUEEN_WRITE_ALL)
    self->cursor = batch->to;
  else if (written > 0)
    begun = queen_broadcast_advance (broadcast, &self->cursor, (gsize) written, &rest);
  if (begun)
    {
      queen_subscriber_owe (self, begun);
      self->owed_offset = g_bytes_get_size (begun) - rest;
    }
  return result;
}

QueenWriteResult
queen_subscriber_flush (QueenSubscriber *self)
{
  return get_result (self->is_leaving ? queen_socket_finish (&self->socket)
                                      : queen_socket_flush (&self->socket),
                     0);
}

gboolean
queen_subscriber_read_chatter (QueenSubscriber *self)
{
  char chatter[1024];
  gssize n_bytes;

  while ((n_bytes = queen_socket_drain (&self->socket, chatter, sizeof chatter)) > 0)
    {
      self->n_chatter += (guint16) n_bytes;
      if (self->n_chatter > MAX_CHATTER)
        return FALSE;
    }
  return n_bytes < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Batches */

static gboolean
is_same_place (const QueenCursor *a, const QueenCursor *b)
{
  return a->next == b->next && a->kinds == b->kinds && a->n_passed == b->n_passed;
}

void
queen_batch_gather (QueenBatch *self, QueenBroadcast *broadcast, const QueenCursor *cursor)
{
  guint64 head = queen_broadcast_get_head (broadcast);
  gsize rest;

  if (self->head == head && is_same_place (&self->from, cursor))
    return;

  self->from = self->to = *cursor;
  self->head = head;
  self->n_vectors =
      queen_broadcast_gather (broadcast, cursor, self->vectors, QUEEN_SUBSCRIBER_MAX_VECTORS);
  self->size = 0;
  for (guint i = 0; i < self->n_vectors; i++)
    self->size += self->vectors[i].iov_len;
  queen_broadcast_advance (broadcast, &self->to, self->size, &rest);
}
