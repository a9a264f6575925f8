/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-response.h"

#include <string.h>

typedef enum
{
  AT_STATUS,
  AT_HEADERS,
  AT_CHUNK_SIZE,
  AT_CHUNK,
  AT_CHUNK_END,
  AT_TRAILERS,
  AT_BODY,   /* of a known length */
  UNTIL_END, /* the connection's end is the body's */
  WHOLE,
} State;

struct _QueenResponse
{
  State state;
  gsize max;
  gsize n_lines; /* bytes of all that was not the body */
  gsize left;    /* bytes of the body, or of the chunk, that are to come */
  GString *line; /* what has come of this one */
  GByteArray *body;
  gboolean has_begun;

  /* The head */
  guint status;
  gboolean is_kept;
  gboolean has_length;
  gboolean is_chunked;
};

static gboolean
refuse_answer (GError **error, const char *why)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
  return FALSE;
}

static gboolean
refuse_length (GError **error, gsize max)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "over %" G_GSIZE_FORMAT " bytes", max);
  return FALSE;
}

/* RFC 9112 § 4. Some leave the last blank out when there is no phrase. */
static gboolean
take_status_line (QueenResponse *self, const char *line, GError **error)
{
  const char *status = line + strlen ("HTTP/1.x ");

  if (*line == '\0' && self->status == 0)
    return TRUE; /* one that is empty before it does no harm */
  if (!g_str_has_prefix (line, "HTTP/1.") || !g_ascii_isdigit (line[7]) || line[8] != ' ' ||
      !g_ascii_isdigit (status[0]) || !g_ascii_isdigit (status[1]) ||
      !g_ascii_isdigit (status[2]) || (status[3] != '\0' && status[3] != ' ') || status[0] == '0')
    return refuse_answer (error, "it is no HTTP");
  self->status = (guint) g_ascii_strtoull (status, NULL, 10);
  self->is_kept = line[7] != '0';
  self->has_length = FALSE;
  self->is_chunked = FALSE;
  self->left = 0;
  self->state = AT_HEADERS;
  return TRUE;
}

static gboolean
take_length (QueenResponse *self, const char *value, GError **error)
{
  guint64 length;

  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64, &length, NULL) ||
      (self->has_length && length != self->left))
    return refuse_answer (error, "its length is none");
  if (length > self->max)
    return refuse_length (error, self->max);
  self->has_length = TRUE;
  self->left = (gsize) length;
  return TRUE;
}

static gboolean
has_token (const char *value, const char *token)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);

  for (char **part = parts; *part; part++)
    if (g_ascii_strcasecmp (g_strstrip (*part), token) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
take_header (QueenResponse *self, char *line, GError **error)
{
  char *value = strchr (line, ':');

  if (!value)
    return refuse_answer (error, "a header is none");
  *value++ = '\0';
  g_strstrip (value);
  if (g_ascii_strcasecmp (line, "Content-Length") == 0)
    return take_length (self, value, error);
  if (g_ascii_strcasecmp (line, "Transfer-Encoding") == 0)
    {
      if (g_ascii_strcasecmp (value, "chunked") != 0)
        return refuse_answer (error, "its coding is not known");
      self->is_chunked = TRUE;
    }
  else if (g_ascii_strcasecmp (line, "Connection") == 0)
    self->is_kept =
        (self->is_kept || has_token (value, "keep-alive")) && !has_token (value, "close");
  return TRUE;
}

/* RFC 9112 § 6.3 */
static gboolean
end_head (QueenResponse *self, GError **error)
{
  if (self->status == 101)
    return refuse_answer (error, "it speaks something else now");
  if (self->status < 200)
    self->state = AT_STATUS;
  else if (self->status == 204 || self->status == 304)
    self->state = WHOLE;
  else if (self->is_chunked)
    self->state = AT_CHUNK_SIZE;
  else if (self->has_length)
    self->state = self->left > 0 ? AT_BODY : WHOLE;
  else
    {
      self->state = UNTIL_END;
      self->is_kept = FALSE;
    }
  return TRUE;
}

static gboolean
take_chunk_size (QueenResponse *self, char *line, GError **error)
{
  guint64 size;

  line[strcspn (line, "; \t")] = '\0';
  if (!g_ascii_string_to_unsigned (line, 16, 0, G_MAXINT64, &size, NULL))
    return refuse_answer (error, "a chunk's size is none");
  if (size > self->max || self->body->len + size > self->max)
    return refuse_length (error, self->max);
  self->left = (gsize) size;
  self->state = size > 0 ? AT_CHUNK : AT_TRAILERS;
  return TRUE;
}

static gboolean
take_line (QueenResponse *self, char *line, GError **error)
{
  switch (self->state)
    {
    case AT_STATUS:
      return take_status_line (self, line, error);
    case AT_HEADERS:
      return *line == '\0' ? end_head (self, error) : take_header (self, line, error);
    case AT_CHUNK_SIZE:
      return take_chunk_size (self, line, error);
    case AT_CHUNK_END:
      self->state = AT_CHUNK_SIZE;
      return *line == '\0' || refuse_answer (error, "a chunk has no end");
    case AT_TRAILERS:
      if (*line == '\0')
        self->state = WHOLE;
      return TRUE;
    default:
      g_return_val_if_reached (FALSE);
    }
}

/* Returns: how many bytes were of it; all of them unless the line has ended; -1 for an error */
static gssize
feed_line (QueenResponse *self, const char *bytes, gsize length, GError **error)
{
  const char *end = memchr (bytes, '\n', length);
  gsize n_bytes = end ? (gsize) (end - bytes) + 1 : length;

  self->n_lines += n_bytes;
  if (self->n_lines > QUEEN_RESPONSE_MAX_LINES)
    {
      refuse_length (error, QUEEN_RESPONSE_MAX_LINES);
      return -1;
    }
  g_string_append_len (self->line, bytes, (gssize) n_bytes);
  if (!end)
    return (gssize) n_bytes;
  g_string_truncate (self->line, self->line->len - 1);
  if (g_str_has_suffix (self->line->str, "\r"))
    g_string_truncate (self->line, self->line->len - 1);
  /* A NUL would end what is looked at before its end. */
  if (strlen (self->line->str) != self->line->len)
    {
      refuse_answer (error, "a line has a NUL");
      return -1;
    }
  if (!take_line (self, self->line->str, error))
    return -1;
  g_string_truncate (self->line, 0);
  return (gssize) n_bytes;
}

static gssize
feed_body (QueenResponse *self, const char *bytes, gsize length, GError **error)
{
  gsize n_bytes = self->state == UNTIL_END ? length : MIN (length, self->left);

  if (self->body->len + n_bytes > self->max)
    {
      refuse_length (error, self->max);
      return -1;
    }
  g_byte_array_append (self->body, (const guint8 *) bytes, (guint) n_bytes);
  if (self->state == UNTIL_END)
    return (gssize) n_bytes;
  self->left -= n_bytes;
  if (self->left == 0)
    self->state = self->state == AT_CHUNK ? AT_CHUNK_END : WHOLE;
  return (gssize) n_bytes;
}

gboolean
queen_response_feed (QueenResponse *self, const char *bytes, gsize length, GError **error)
{
  self->has_begun |= length > 0;
  while (length > 0 && self->state != WHOLE)
    {
      gboolean is_body =
          self->state == AT_BODY || self->state == AT_CHUNK || self->state == UNTIL_END;
      gssize n_bytes =
          is_body ? feed_body (self, bytes, length, error) : feed_line (self, bytes, length, error);

      if (n_bytes < 0)
        return FALSE;
      bytes += n_bytes;
      length -= (gsize) n_bytes;
    }
  /* What comes behind it is the answer to nothing. */
  if (length > 0)
    self->is_kept = FALSE;
  return TRUE;
}

gboolean
queen_response_end (QueenResponse *self, GError **error)
{
  if (self->state == UNTIL_END)
    self->state = WHOLE;
  self->is_kept = FALSE;
  if (self->state == WHOLE)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                       "the connection was closed");
  return FALSE;
}

gboolean
queen_response_is_whole (QueenResponse *self)
{
  return self->state == WHOLE;
}

gboolean
queen_response_has_begun (QueenResponse *self)
{
  return self->has_begun;
}

gsize
queen_response_get_size (QueenResponse *self)
{
  return self->line->len + self->body->len;
}

void
queen_response_get (QueenResponse *self, QueenServerAnswer *answer)
{
  answer->status = self->status;
  answer->length = self->body->len;
  answer->is_kept = self->is_kept;
  g_byte_array_append (self->body, (const guint8 *) "", 1);
  g_byte_array_set_size (self->body, self->body->len - 1);
  answer->body = (const char *) self->body->data;
}

QueenResponse *
queen_response_new (gsize max)
{
  QueenResponse *self = g_new0 (QueenResponse, 1);

  self->max = max;
  self->line = g_string_new (NULL);
  self->body = g_byte_array_new ();
  return self;
}

void
queen_response_free (QueenResponse *self)
{
  g_string_free (self->line, TRUE);
  g_byte_array_unref (self->body);
  g_free (self);
}
