/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-request-buffer.h"

#include "queen-error.h"

/* Returns: the head's length; 0 when more is to come, -1 on error */
static gssize
find_end (QueenRequestBuffer *self, QueenText text, GError **error)
{
  gssize length = queen_request_head_find_end (text.at, text.length, &self->scanned, error);

  if (length <= QUEEN_REQUEST_MAX_HEAD && (length != 0 || text.length < QUEEN_REQUEST_MAX_HEAD))
    return length;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_HEADER_TOO_LARGE, "the head is over %d bytes",
               QUEEN_REQUEST_MAX_HEAD);
  return -1;
}

static gboolean
check_body (QueenRequestBuffer *self,
            const QueenRequestHead *head,
            const QueenRequestRules *rules,
            GError **error)
{
  self->max_body = QUEEN_REQUEST_USUAL_BODY;
  if (rules->get_max_body && (head->is_chunked || head->content_length > self->max_body))
    self->max_body = rules->get_max_body (head->method, head->path, rules->data);
  if (head->content_length <= self->max_body)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
               "the body is over %" G_GSIZE_FORMAT " bytes", self->max_body);
  return FALSE;
}

/* Returns: whether it is right, as far as it has come; @head is there when its length is */
static gboolean
read_head (QueenRequestBuffer *self, QueenText text, QueenRequestHead *head, GError **error)
{
  gssize length;

  if (self->scanned == 0)
    self->head_length = queen_request_head_recall (text, head, &self->accepted);
  if (self->head_length > 0)
    return TRUE;
  length = find_end (self, text, error);
  if (length <= 0)
    return length == 0;
  self->head_length = (gsize) length;
  self->accepted = g_string_sized_new ((gsize) length);
  if (!queen_request_head_parse (text.at, self->head_length, head, self->accepted, error))
    return FALSE;
  queen_request_head_remember ((QueenText){ text.at, self->head_length }, head, self->accepted);
  return TRUE;
}

static gboolean
parse_head (QueenRequestBuffer *self,
            QueenText text,
            const QueenRequestRules *rules,
            GError **error)
{
  QueenRequestHead head;

  if (!read_head (self, text, &head, error))
    return FALSE;
  if (self->head_length == 0)
    return TRUE;
  if (!queen_access_check_host (rules->access, &head, error) ||
      !check_body (self, &head, rules, error))
    return FALSE;
  self->has_body = head.has_content_length || head.is_chunked;
  self->is_chunked = head.is_chunked;
  self->body_length = head.content_length;
  self->expects_continue = head.expects_continue;
  self->is_persistent = head.is_persistent;
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

/* Returns: all that has come so far, @bytes being the last of it */
static QueenText
join (QueenRequestBuffer *self, QueenText bytes)
{
  if (!self->kept)
    return bytes;
  keep (self, bytes);
  return (QueenText){ (const char *) self->kept->data, self->kept->len };
}

static void
keep_excess (QueenRequestBuffer *self, QueenText excess)
{
  if (excess.length > 0)
    self->excess = g_bytes_new (excess.at, excess.length);
}

static gboolean
take_plain (QueenRequestBuffer *self, QueenText bytes, QueenText whole)
{
  gsize length = self->head_length + self->body_length;
  gboolean is_whole = self->head_length > 0 && whole.length >= length;

  if (is_whole)
    keep_excess (self, (QueenText){ whole.at + length, whole.length - length });
  else if (!self->kept)
    keep (self, bytes);
  return is_whole;
}

/* Of a chunked body only what is inside is kept. */
static gboolean
take_chunks (QueenRequestBuffer *self, QueenText bytes, gboolean *is_whole, GError **error)
{
  if (!queen_chunks_take (&self->chunks, &bytes, self->kept, self->max_body, is_whole, error))
    return FALSE;
  self->body_length = self->chunks.length;
  keep_excess (self, bytes);
  return TRUE;
}

static gboolean
begin_chunks (QueenRequestBuffer *self, QueenText whole, gboolean *is_whole, GError **error)
{
  gsize length = whole.length - self->head_length;
  g_autofree char *rest = g_memdup2 (whole.at + self->head_length, length);

  if (self->kept)
    g_byte_array_set_size (self->kept, (guint) self->head_length);
  else
    keep (self, (QueenText){ whole.at, self->head_length });
  return take_chunks (self, (QueenText){ rest, length }, is_whole, error);
}

QueenRequestProgress
queen_request_buffer_take (QueenRequestBuffer *self,
                           QueenText bytes,
                           const QueenRequestRules *rules,
                           QueenText *whole,
                           GError **error)
{
  gboolean had_head = self->head_length > 0;
  gboolean goes_on = had_head && self->is_chunked;
  gboolean is_whole = FALSE;

  *whole = goes_on ? bytes : join (self, bytes);
  if (!had_head && !parse_head (self, *whole, rules, error))
    return QUEEN_REQUEST_REFUSED;
  if (!self->is_chunked)
    is_whole = take_plain (self, bytes, *whole);
  else if (!(goes_on ? take_chunks : begin_chunks) (self, *whole, &is_whole, error))
    return QUEEN_REQUEST_REFUSED;
  if (self->is_chunked)
    *whole = (QueenText){ (const char *) self->kept->data, self->kept->len };
  if (is_whole)
    return QUEEN_REQUEST_WHOLE;
  return !had_head && self->head_length > 0 ? QUEEN_REQUEST_HEAD : QUEEN_REQUEST_PART;
}

void
queen_request_buffer_keep (QueenRequestBuffer *self, QueenText *whole)
{
  if (self->large)
    return;
  if (!self->kept)
    keep (self, *whole);
  *whole = (QueenText){ (const char *) self->kept->data, self->kept->len };
}

GBytes *
queen_request_buffer_steal_large (QueenRequestBuffer *self, QueenText *whole)
{
  GBytes *large;

  if (self->large)
    return g_steal_pointer (&self->large);
  if (!self->kept || self->body_length <= QUEEN_REQUEST_USUAL_BODY)
    return NULL;
  large =
      queen_text_end_bytes (g_steal_pointer (&self->kept), self->head_length + self->body_length);
  whole->at = g_bytes_get_data (large, &whole->length);
  return large;
}

gsize
queen_request_buffer_get_size (const QueenRequestBuffer *self)
{
  gsize size = 0;

  if (self->kept)
    size += self->kept->len;
  if (self->large)
    size += g_bytes_get_size (self->large);
  if (size > 0 && self->accepted) /* else it is about to be handled */
    size += self->accepted->allocated_len;
  if (self->excess)
    size += g_bytes_get_size (self->excess);
  return size;
}

void
queen_request_buffer_clear (QueenRequestBuffer *self)
{
  g_clear_pointer (&self->kept, g_byte_array_unref);
  g_clear_pointer (&self->large, g_bytes_unref);
  g_clear_pointer (&self->excess, g_bytes_unref);
  if (self->accepted)
    g_string_free (g_steal_pointer (&self->accepted), TRUE);
}
