/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-chunks.h"

#include "queen-error.h"

#define MAX_DIGITS 16 /* of a size; leading zeros are digits, too */

/* What comes next. */
enum
{
  STATE_SIZE,
  STATE_BLANKS, /* and an extension behind them */
  STATE_EXTENSION,
  STATE_SIZE_END, /* a line feed */
  STATE_DATA,
  STATE_DATA_CR,
  STATE_DATA_END,
  STATE_TRAILER, /* a line of it, or the empty line that ends all */
  STATE_TRAILER_TEXT,
  STATE_TRAILER_END,
  STATE_LAST_END,
  STATE_WHOLE,
};

static gboolean
fail_chunks (GError **error)
{
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                       "the body is not chunked as RFC 9112 § 7.1 has it");
  return FALSE;
}

static gboolean
expect (QueenChunks *self, char byte, char expected, int next, GError **error)
{
  self->state = next;
  return byte == expected || fail_chunks (error);
}

/* Some pad a size with blanks, and some others read that otherwise. */
static gboolean
take_blank (QueenChunks *self, char byte, GError **error)
{
  self->state = byte == ';' ? STATE_EXTENSION : STATE_BLANKS;
  if (byte != ';' && byte != ' ' && byte != '\t')
    return fail_chunks (error);
  return ++self->n_extra <= QUEEN_CHUNKS_MAX_EXTRA || fail_chunks (error);
}

static gboolean
take_size (QueenChunks *self, char byte, GError **error)
{
  if (g_ascii_isxdigit (byte))
    {
      if (++self->n_digits > MAX_DIGITS)
        return fail_chunks (error);
      self->n_left = self->n_left << 4 | (gsize) g_ascii_xdigit_value (byte);
      return TRUE;
    }
  if (self->n_digits == 0)
    return fail_chunks (error);
  if (byte == '\r')
    self->state = STATE_SIZE_END;
  else
    return take_blank (self, byte, error);
  return TRUE;
}

static void
end_size (QueenChunks *self)
{
  self->state = self->n_left > 0 ? STATE_DATA : STATE_TRAILER;
  self->n_digits = 0;
}

/* A byte of an extension or of a trailer; @end: what a carriage return leads to. */
static gboolean
take_extra (QueenChunks *self, char byte, int end, GError **error)
{
  if (byte == '\r')
    {
      self->state = end;
      return TRUE;
    }
  if ((g_ascii_iscntrl (byte) && byte != '\t') || ++self->n_extra > QUEEN_CHUNKS_MAX_EXTRA)
    return fail_chunks (error);
  return TRUE;
}

static gboolean
take_trailer (QueenChunks *self, char byte, GError **error)
{
  if (byte == '\r')
    {
      self->state = STATE_LAST_END;
      return TRUE;
    }
  self->state = STATE_TRAILER_TEXT;
  return take_extra (self, byte, STATE_TRAILER_END, error);
}

/* One byte of what is around the data. */
static gboolean
take_byte (QueenChunks *self, char byte, GError **error)
{
  switch (self->state)
    {
    case STATE_SIZE:
      return take_size (self, byte, error);
    case STATE_BLANKS:
      return take_blank (self, byte, error);
    case STATE_EXTENSION:
      return take_extra (self, byte, STATE_SIZE_END, error);
    case STATE_SIZE_END:
      end_size (self);
      return byte == '\n' || fail_chunks (error);
    case STATE_DATA_CR:
      return expect (self, byte, '\r', STATE_DATA_END, error);
    case STATE_DATA_END:
      return expect (self, byte, '\n', STATE_SIZE, error);
    case STATE_TRAILER:
      return take_trailer (self, byte, error);
    case STATE_TRAILER_TEXT:
      return take_extra (self, byte, STATE_TRAILER_END, error);
    case STATE_TRAILER_END:
      return expect (self, byte, '\n', STATE_TRAILER, error);
    default:
      return expect (self, byte, '\n', STATE_WHOLE, error);
    }
}

static void
take_data (QueenChunks *self, QueenText *bytes, GByteArray *body)
{
  gsize n = MIN (self->n_left, bytes->length);

  g_byte_array_append (body, (const guint8 *) bytes->at, (guint) n);
  *bytes = (QueenText){ bytes->at + n, bytes->length - n };
  self->n_left -= n;
  self->length += n;
  if (self->n_left == 0)
    self->state = STATE_DATA_CR;
}

gboolean
queen_chunks_take (QueenChunks *self,
                   QueenText *bytes,
                   GByteArray *body,
                   gsize limit,
                   gboolean *is_whole,
                   GError **error)
{
  while (bytes->length > 0 && self->state != STATE_WHOLE)
    {
      if (self->state == STATE_DATA)
        {
          take_data (self, bytes, body);
          continue;
        }
      if (!take_byte (self, *bytes->at, error))
        return FALSE;
      *bytes = (QueenText){ bytes->at + 1, bytes->length - 1 };
      /* As soon as it is known, so that nobody waits for what is refused anyway. */
      if (self->n_left > limit - self->length)
        {
          g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
                       "the body is over %" G_GSIZE_FORMAT " bytes", limit);
          return FALSE;
        }
    }
  *is_whole = self->state == STATE_WHOLE;
  return TRUE;
}
