/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-request-buffer.h"

#include "queen-error.h"

static gboolean
parse_head (QueenRequestBuffer *self, QueenText text, QueenAccess *access, GError **error)
{
  gssize head_length = queen_request_head_find_end (text.at, text.length, &self->scanned, error);
  QueenRequestHead head;

  if (head_length < 0)
    return FALSE;
  if (head_length > QUEEN_REQUEST_MAX_HEAD ||
      (head_length == 0 && text.length >= QUEEN_REQUEST_MAX_HEAD))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_HEADER_TOO_LARGE, "the head is over %d bytes",
                   QUEEN_REQUEST_MAX_HEAD);
      return FALSE;
    }
  if (head_length == 0)
    return TRUE;

  self->head_length = (gsize) head_length;
  self->accepted = g_string_sized_new ((gsize) head_length);
  if (!queen_request_head_parse (text.at, self->head_length, &head, self->accepted, error) ||
      !queen_access_check_host (access, &head, error))
    return FALSE;
  self->has_body = head.has_content_length;
  self->body_length = head.content_length;
  self->expects_continue = head.expects_continue;
  self->is_forwarded = head.is_forwarded;
  return TRUE;
}

static void
keep (QueenRequestBuffer *self, QueenText bytes)
{
  if (!self->kept)
    self->kept = g_byte_array_new ();
  g_byte_array_append (self->kept, (const guint8 *) bytes.at, (guint) bytes.length);
}

QueenRequestProgress
queen_request_buffer_take (QueenRequestBuffer *self,
                           QueenText bytes,
                           QueenAccess *access,
                           QueenText *whole,
                           GError **error)
{
  gboolean had_head = self->head_length > 0;
  gboolean was_kept = self->kept != NULL;

  if (was_kept)
    keep (self, bytes);
  *whole = was_kept ? (QueenText){ (const char *) self->kept->data, self->kept->len } : bytes;

  if (!had_head && !parse_head (self, *whole, access, error))
    return QUEEN_REQUEST_REFUSED;
  if (self->head_length > 0 && whole->length >= self->head_length + self->body_length)
    return QUEEN_REQUEST_WHOLE;
  if (!was_kept)
    keep (self, bytes);
  return !had_head && self->head_length > 0 ? QUEEN_REQUEST_HEAD : QUEEN_REQUEST_PART;
}

void
queen_request_buffer_clear (QueenRequestBuffer *self)
{
  g_clear_pointer (&self->kept, g_byte_array_unref);
  if (self->accepted)
    g_string_free (g_steal_pointer (&self->accepted), TRUE);
}
