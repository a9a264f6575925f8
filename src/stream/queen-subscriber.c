/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-subscriber.h"

#include <errno.h>
#include <string.h>

#include "queen-frame.h"

#define MAX_INPUT_BYTES 4096          /* bytes */
#define MAX_MADE_AT_ONCE (128 * 1024) /* bytes, until others have a turn: 256 short records */

struct _QueenSubscriber
{
  QueenCursor cursor;
  QueenSocket socket;
  guint8 n_pending;
  gboolean is_leaving : 1; /* nothing comes after what is pending */
  gboolean has_moved : 1;  /* a Unix socket: it has taken something since the last look */
  guint16 n_input;         /* bytes that it has sent; it has nothing to say */
  guint32 n_written;
  guint32 n_seen; /* at the last look, of that: taken; a Unix socket, then or later: not taken */
  guint owner;
  QueenDigest digest; /* of what it gets up to the end of what is pending, if that is compressed */

  QueenSeat seat;
  GBytes *pending[QUEEN_SUBSCRIBER_MAX_PENDING];
  gsize pending_offset; /* how many bytes of the first of them are gone */
};

QueenSubscriber *
queen_subscriber_new (QueenSocket socket, guint owner)
{
  QueenSubscriber *self = g_new0 (QueenSubscriber, 1);

  self->socket = socket;
  self->owner = owner;
  return self;
}

static void
pay_first (QueenSubscriber *self)
{
  g_bytes_unref (self->pending[0]);
  self->n_pending--;
  self->pending_offset = 0;
  for (guint i = 0; i < self->n_pending; i++)
    self->pending[i] = self->pending[i + 1];
}

void
queen_subscriber_free (QueenSubscriber *self)
{
  while (self->n_pending > 0)
    pay_first (self);
  queen_socket_close (&self->socket);
  g_free (self);
}

QueenSeat *
queen_subscriber_get_seat (QueenSubscriber *self)
{
  return &self->seat;
}

QueenCursor *
queen_subscriber_get_cursor (QueenSubscriber *self)
{
  return &self->cursor;
}

int
queen_subscriber_get_fd (const QueenSubscriber *self)
{
  return self->socket.fd;
}

const QueenSocket *
queen_subscriber_get_socket (const QueenSubscriber *self)
{
  return &self->socket;
}

guint
queen_subscriber_get_owner (const QueenSubscriber *self)
{
  return self->owner;
}

guint32
queen_subscriber_get_n_written (const QueenSubscriber *self)
{
  return self->n_written;
}

/* Sealing and compressing take time, while what is plain the kernel takes at once. */
static gboolean
has_had_much (const QueenSubscriber *self, guint32 n_before)
{
  gboolean is_made = self->socket.tls || self->cursor.encoding == QUEEN_ENCODING_PACKED;

  return is_made && self->n_written - n_before >= MAX_MADE_AT_ONCE;
}

QueenWriteResult
queen_subscriber_take_turn (QueenSubscriber *self,
                            QueenWriteResult (*write) (gpointer data,
                                                       QueenSubscriber *subscriber,
                                                       gboolean *is_through),
                            gpointer data)
{
  guint32 n_before = self->n_written;
  QueenWriteResult result = QUEEN_WRITE_ALL;
  gboolean is_through = FALSE;

  while (result == QUEEN_WRITE_ALL && !is_through)
    result = has_had_much (self, n_before) ? QUEEN_WRITE_PAUSED : write (data, self, &is_through);
  return result;
}

void
queen_subscriber_add_pending (QueenSubscriber *self, GBytes *bytes)
{
  g_assert (self->n_pending < QUEEN_SUBSCRIBER_MAX_PENDING);
  /* Of nothing never anything would be written, for ever. */
  if (g_bytes_get_size (bytes) > 0)
    self->pending[self->n_pending++] = bytes;
  else
    g_bytes_unref (bytes);
}

GBytes *
queen_subscriber_dup_chunk (QueenSubscriber *self, GBytes *chunk)
{
  struct iovec inside;
  GString *bytes;

  if (self->cursor.encoding != QUEEN_ENCODING_PACKED)
    return queen_frame_dup_part (chunk, self->cursor.encoding);
  queen_chunk_get_inside (chunk, &inside);
  bytes = g_string_new (NULL);
  for (gsize at = 0; at < inside.iov_len; at += QUEEN_GZIP_MAX_PIECE)
    queen_packed_append_text (bytes, &self->digest, (const char *) inside.iov_base + at,
                              MIN (inside.iov_len - at, QUEEN_GZIP_MAX_PIECE));
  return g_string_free_to_bytes (bytes);
}

void
queen_subscriber_add_pending_chunk (QueenSubscriber *self, GBytes *chunk)
{
  g_autoptr (GBytes) whole = chunk;

  queen_subscriber_add_pending (self, queen_subscriber_dup_chunk (self, whole));
}

static void
add_begun_chunk (QueenSubscriber *self, GString *text, const GString *lines, GBytes *rest)
{
  gboolean has_chunks = self->cursor.encoding == QUEEN_ENCODING_CHUNKED;
  gsize n_rest = rest ? g_bytes_get_size (rest) - strlen (QUEEN_CHUNK_END) : 0;

  if (has_chunks)
    queen_chunk_append_size (text, lines->len + n_rest);
  g_string_append_len (text, lines->str, (gssize) lines->len);
  if (has_chunks && !rest)
    g_string_append (text, QUEEN_CHUNK_END);
  queen_subscriber_add_pending (self, g_string_free_to_bytes (text));
  if (rest)
    queen_subscriber_add_pending (self, has_chunks ? g_bytes_ref (rest)
                                                   : g_bytes_new_from_bytes (rest, 0, n_rest));
}

/* In two chunks for one who takes gzip, so that the rest is shared here, too. */
static void
add_begun_packed (QueenSubscriber *self,
                  GString *text,
                  const GString *lines,
                  GBytes *rest,
                  const QueenRingSettings *ring)
{
  QueenPacked packed;

  queen_packed_append_text (text, &self->digest, lines->str, lines->len);
  queen_subscriber_add_pending (self, g_string_free_to_bytes (text));
  if (!rest)
    return;
  ring->pack (rest, &packed, ring->data);
  queen_digest_append (&self->digest, &packed.digest);
  queen_subscriber_add_pending (self, g_bytes_ref (packed.chunk));
  queen_packed_clear (&packed);
}

void
queen_subscriber_add_pending_begun (QueenSubscriber *self,
                                    GString *text,
                                    const GString *lines,
                                    GBytes *rest,
                                    const QueenRingSettings *ring)
{
  if (queen_encoding_is_bare (self->cursor.encoding))
    queen_subscriber_add_pending (self, g_string_free_to_bytes (text));
  else if (self->cursor.encoding == QUEEN_ENCODING_PACKED)
    add_begun_packed (self, text, lines, rest, ring);
  else
    add_begun_chunk (self, text, lines, rest);
}

gboolean
queen_subscriber_has_pending (const QueenSubscriber *self)
{
  return self->n_pending > 0;
}

gboolean
queen_subscriber_holds (const QueenSubscriber *self, GBytes *frame)
{
  gsize size;
  const char *start = g_bytes_get_data (frame, &size);

  for (guint i = 0; i < self->n_pending; i++)
    {
      const char *bytes = g_bytes_get_data (self->pending[i], NULL);

      if (bytes >= start && bytes < start + size)
        return TRUE;
    }
  return FALSE;
}

gsize
queen_subscriber_count_pending (const QueenSubscriber *self, GHashTable *counted)
{
  gsize n_bytes = 0;

  for (guint i = 0; i < self->n_pending; i++)
    if (g_hash_table_add (counted, (gpointer) g_bytes_get_data (self->pending[i], NULL)))
      n_bytes += g_bytes_get_size (self->pending[i]);
  return n_bytes;
}

/* In one piece, as there is room for no more than one. */
void
queen_subscriber_let_go (QueenSubscriber *self, GBytes *chunk)
{
  g_autoptr (GBytes) last = chunk;
  g_autoptr (GBytes) part = last ? queen_subscriber_dup_chunk (self, last) : NULL;
  g_autoptr (GString) bytes = g_string_new (NULL);

  self->is_leaving = TRUE;
  if (part)
    g_string_append_len (bytes, g_bytes_get_data (part, NULL), (gssize) g_bytes_get_size (part));
  if (self->cursor.encoding == QUEEN_ENCODING_PACKED)
    queen_packed_append_end (bytes, &self->digest);
  if (queen_encoding_has_chunks (self->cursor.encoding))
    g_string_append (bytes, QUEEN_LAST_CHUNK);
  if (bytes->len > 0)
    queen_subscriber_add_pending (self, g_string_free_to_bytes (g_steal_pointer (&bytes)));
}

gboolean
queen_subscriber_is_leaving (const QueenSubscriber *self)
{
  return self->is_leaving;
}

/* Writing */

static QueenWriteResult
get_result (const QueenSubscriber *self, gssize written, gsize size)
{
  if (written < 0)
    return errno == EAGAIN || errno == ENOBUFS ? QUEEN_WRITE_NOTHING : QUEEN_WRITE_FAILED;
  if ((gsize) written == size)
    return QUEEN_WRITE_ALL;
  return queen_socket_is_full (&self->socket) ? QUEEN_WRITE_SOME : QUEEN_WRITE_PAUSED;
}

/* Of a Unix socket the kernel tells what is not taken in bytes of memory, of which a write costs
 * nobody knows how many. So what has been taken shows only from one write to the next. */
static void
notice_taken (QueenSubscriber *self)
{
  guint32 n_queued = (guint32) queen_socket_get_n_queued (&self->socket);

  self->has_moved |= n_queued < self->n_seen;
  self->n_seen = n_queued;
}

/* At the last look not all had been taken. */
static gboolean
is_behind (const QueenSubscriber *self)
{
  return self->socket.is_unix && self->n_seen > 0;
}

static gssize
write_vectors (QueenSubscriber *self, const struct iovec *vectors, guint n_vectors)
{
  gboolean was_behind = is_behind (self);
  gssize written;

  if (was_behind)
    notice_taken (self);
  written = queen_socket_write (&self->socket, vectors, n_vectors);
  if (was_behind)
    self->n_seen = (guint32) queen_socket_get_n_queued (&self->socket);
  if (written > 0)
    self->n_written += (guint32) written;
  return written;
}

static gsize
gather_pending (const QueenSubscriber *self, struct iovec *vectors)
{
  gsize size = 0;

  for (guint i = 0; i < self->n_pending; i++)
    {
      vectors[i].iov_base = (void *) g_bytes_get_data (self->pending[i], &vectors[i].iov_len);
      size += vectors[i].iov_len;
    }
  vectors[0].iov_base = (char *) vectors[0].iov_base + self->pending_offset;
  vectors[0].iov_len -= self->pending_offset;
  return size - self->pending_offset;
}

static void
advance_pending (QueenSubscriber *self, gsize n_bytes)
{
  while (n_bytes > 0)
    {
      gsize left = g_bytes_get_size (self->pending[0]) - self->pending_offset;

      if (n_bytes < left)
        {
          self->pending_offset += n_bytes;
          return;
        }
      n_bytes -= left;
      pay_first (self);
    }
}

QueenWriteResult
queen_subscriber_write_pending (QueenSubscriber *self)
{
  struct iovec vectors[QUEEN_SUBSCRIBER_MAX_PENDING];
  gsize size;
  gssize written;

  g_return_val_if_fail (self->n_pending > 0, QUEEN_WRITE_ALL);

  size = gather_pending (self, vectors);
  written = write_vectors (self, vectors, self->n_pending);
  if (written > 0)
    advance_pending (self, (gsize) written);
  return get_result (self, written, size);
}

QueenWriteResult
queen_subscriber_write_batch (QueenSubscriber *self, QueenRing *ring, const QueenBatch *batch)
{
  gssize written;
  QueenWriteResult result;
  GBytes *begun = NULL;
  gsize rest;

  g_return_val_if_fail (self->n_pending == 0, QUEEN_WRITE_NOTHING);

  written = write_vectors (self, batch->vectors, batch->n_vectors);
  result = get_result (self, written, batch->size);
  if (result == QUEEN_WRITE_ALL)
    {
      self->cursor = batch->to;
      queen_digest_append (&self->digest, &batch->digest);
    }
  else if (written > 0)
    begun = queen_ring_advance (ring, &self->cursor, (gsize) written, &rest, &self->digest);
  if (begun)
    {
      queen_subscriber_add_pending (self, begun);
      self->pending_offset = g_bytes_get_size (begun) - rest;
    }
  return result;
}

QueenWriteResult
queen_subscriber_flush (QueenSubscriber *self)
{
  return get_result (self,
                     self->is_leaving ? queen_socket_finish (&self->socket)
                                      : queen_socket_flush (&self->socket),
                     0);
}

static QueenLook
look_at_unix (QueenSubscriber *self)
{
  gboolean has_moved;

  notice_taken (self);
  has_moved = self->has_moved;
  self->has_moved = FALSE;
  if (self->n_seen == 0)
    return QUEEN_LOOK_SETTLED;
  return has_moved ? QUEEN_LOOK_MOVING : QUEEN_LOOK_STILL;
}

QueenLook
queen_subscriber_look (QueenSubscriber *self)
{
  gsize n_queued;
  guint32 n_taken;
  gboolean is_moving;

  if (self->socket.is_unix)
    return look_at_unix (self);
  n_queued = queen_socket_get_n_queued (&self->socket);
  n_taken = self->n_written - (guint32) n_queued;
  is_moving = (gint32) (n_taken - self->n_seen) > 0;
  self->n_seen = n_taken;
  if (n_queued == 0)
    return QUEEN_LOOK_SETTLED;
  return is_moving ? QUEEN_LOOK_MOVING : QUEEN_LOOK_STILL;
}

gboolean
queen_subscriber_discard_input (QueenSubscriber *self)
{
  char input[1024];
  gssize n_bytes;

  while ((n_bytes = queen_socket_drain (&self->socket, input, sizeof input)) > 0)
    {
      self->n_input += (guint16) n_bytes;
      if (self->n_input > MAX_INPUT_BYTES)
        return FALSE;
    }
  return n_bytes < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Batches */

static gboolean
is_same_place (const QueenCursor *a, const QueenCursor *b)
{
  return a->next == b->next && a->n_passed == b->n_passed && a->pulse == b->pulse &&
         a->kinds == b->kinds && a->is_id_old == b->is_id_old && a->encoding == b->encoding;
}

void
queen_batch_gather (QueenBatch *self, QueenRing *ring, const QueenCursor *cursor)
{
  guint64 version = queen_ring_get_version (ring);

  if (self->version == version && is_same_place (&self->from, cursor))
    return;

  self->from = *cursor;
  self->version = version;
  self->digest = (QueenDigest){ 0 };
  self->n_vectors = queen_ring_gather (ring, cursor, self->vectors, QUEEN_SUBSCRIBER_MAX_VECTORS,
                                       &self->to, &self->digest);
  if (self->digest.length > 0)
    queen_digest_finish (&self->digest);
  self->size = 0;
  for (guint i = 0; i < self->n_vectors; i++)
    self->size += self->vectors[i].iov_len;
}

gboolean
queen_batch_is_full (const QueenBatch *self)
{
  return self->n_vectors == QUEEN_SUBSCRIBER_MAX_VECTORS;
}
