/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sse.h"

#include <string.h>

#include "queen-error.h"
#include "queen-text.h"

#define USUAL_RETRY 2000 /* ms */
#define LONGEST_RETRY 60000
#define LARGE (16 * 1024) /* bytes that are not kept for the next line or event */

struct _QueenSse
{
  gsize max; /* bytes of an event */
  QueenSseFunc func;
  gpointer user_data;
  GString *line;        /* that has not ended yet */
  gboolean is_after_cr; /* a line feed would belong to the end of the last line */
  GString *data;
  char *event;
  char *next_id; /* of the event that is not whole yet */
  char *last_id;
  guint retry;
};

QueenSse *
queen_sse_new (gsize max, QueenSseFunc func, gpointer user_data)
{
  QueenSse *self = g_new0 (QueenSse, 1);

  self->max = max;
  self->func = func;
  self->user_data = user_data;
  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  self->retry = USUAL_RETRY;
  return self;
}

void
queen_sse_free (QueenSse *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->data, TRUE);
  g_free (self->event);
  g_free (self->next_id);
  g_free (self->last_id);
  g_free (self);
}

static void
empty (GString **text)
{
  if ((*text)->allocated_len > LARGE)
    {
      g_string_free (*text, TRUE);
      *text = g_string_new (NULL);
    }
  g_string_truncate (*text, 0);
}

/* The id counts from here on: were it to count before, whoever is cut off between it and the end of
 * its event would come back behind an event that nobody has had. */
static void
dispatch (QueenSse *self)
{
  if (self->next_id)
    {
      g_free (self->last_id);
      self->last_id = g_steal_pointer (&self->next_id);
    }
  if (self->data->len > 0)
    {
      g_string_truncate (self->data, self->data->len - 1); /* the last line feed */
      self->func (self->event ? self->event : "message", self->data->str, self->user_data);
    }
  empty (&self->data);
  g_clear_pointer (&self->event, g_free);
}

static void
take_field (QueenSse *self, const char *name, const char *value)
{
  guint64 retry;

  if (g_str_equal (name, "data"))
    {
      g_string_append (self->data, value);
      g_string_append_c (self->data, '\n');
    }
  else if (g_str_equal (name, "event"))
    {
      g_free (self->event);
      self->event = g_strdup (value);
    }
  else if (g_str_equal (name, "id"))
    {
      g_free (self->next_id);
      self->next_id = g_strdup (value);
    }
  else if (g_str_equal (name, "retry") &&
           g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT, &retry, NULL))
    self->retry = (guint) MIN (retry, LONGEST_RETRY);
}

/* @line: without what ended it, which becomes a NUL, as do colons */
static void
take_line (QueenSse *self, char *line)
{
  char *value;

  if (*line == '\0')
    {
      dispatch (self);
      return;
    }
  value = strchr (line, ':');
  if (value)
    *value++ = '\0';
  take_field (self, line, !value ? "" : *value == ' ' ? value + 1 : value);
}

static gboolean
end_line (QueenSse *self, GError **error)
{
  const char *invalid;

  if (!queen_text_is_utf_8 ((QueenText){ self->line->str, self->line->len }, &invalid))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "an event is no UTF-8");
      return FALSE;
    }
  take_line (self, self->line->str);
  empty (&self->line);
  return TRUE;
}

/* WHATWG HTML § 9.2.5: a line ends with CR LF, LF or CR. Were a CR part of it, whatever is printed
 * of it, or sent back, would have one.
 *
 * Returns: how many bytes come before the first one that ends a line */
static gsize
get_length_of_line (const char *bytes, gsize length)
{
  gsize n = 0;

  while (n < length && bytes[n] != '\n' && bytes[n] != '\r')
    n++;
  return n;
}

/* @bytes: at least one
 * @n_taken: (out): how many of them were taken
 *
 * Returns: whether it can go on */
static gboolean
take_some (QueenSse *self, const char *bytes, gsize length, gsize *n_taken, GError **error)
{
  gsize n = get_length_of_line (bytes, length);
  gboolean is_rest_of_end = self->is_after_cr && *bytes == '\n';

  self->is_after_cr = n < length && bytes[n] == '\r';
  *n_taken = MIN (n + 1, length);
  if (is_rest_of_end)
    return TRUE;
  if (self->line->len + self->data->len + n > self->max)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
                   "an event is over %" G_GSIZE_FORMAT " bytes", self->max);
      return FALSE;
    }
  g_string_append_len (self->line, bytes, (gssize) n);
  return n == length || end_line (self, error);
}

gboolean
queen_sse_take (QueenSse *self, const char *bytes, gsize length, GError **error)
{
  if (length == 0)
    {
      empty (&self->line);
      empty (&self->data);
      g_clear_pointer (&self->event, g_free);
      g_clear_pointer (&self->next_id, g_free);
      self->is_after_cr = FALSE;
    }
  while (length > 0)
    {
      gsize n_taken;

      if (!take_some (self, bytes, length, &n_taken, error))
        return FALSE;
      bytes += n_taken;
      length -= n_taken;
    }
  return TRUE;
}

gsize
queen_sse_get_n_bytes (const QueenSse *self)
{
  return self->line->allocated_len + self->data->allocated_len + queen_text_measure (self->event) +
         queen_text_measure (self->next_id) + queen_text_measure (self->last_id);
}

const char *
queen_sse_get_last_id (QueenSse *self)
{
  return self->last_id;
}

guint
queen_sse_get_retry (QueenSse *self)
{
  return self->retry;
}
