/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-frame.h"

#include <string.h>

typedef struct
{
  const char *name;
  const char *value; /* NULL when there is no such line */
  gsize length;
} Field;

#define MAX_SIZE_LINE (2 * sizeof (gsize) + sizeof "\r\n")

/* Returns: how long it is */
static gsize
print_size_line (char line[MAX_SIZE_LINE], gsize size)
{
  return (gsize) g_snprintf (line, MAX_SIZE_LINE, "%" G_GSIZE_MODIFIER "x\r\n", size);
}

void
queen_chunk_append_size (GString *text, gsize size)
{
  char line[MAX_SIZE_LINE];

  g_string_append_len (text, line, (gssize) print_size_line (line, size));
}

/* Makes a chunk of @text. */
static void
close_chunk (GString *text)
{
  char line[MAX_SIZE_LINE];

  g_string_prepend_len (text, line, (gssize) print_size_line (line, text->len));
  g_string_append (text, QUEEN_CHUNK_END);
}

GBytes *
queen_chunk_new (GString *text)
{
  close_chunk (text);
  return g_string_free_to_bytes (text);
}

void
queen_chunk_get_inside (GBytes *chunk, struct iovec *inside)
{
  char *bytes = (char *) g_bytes_get_data (chunk, NULL);
  char *end;

  inside->iov_len = (gsize) g_ascii_strtoull (bytes, &end, 16);
  inside->iov_base = end + strlen ("\r\n");
}

GBytes *
queen_chunk_dup_inside (GBytes *chunk)
{
  const char *bytes = g_bytes_get_data (chunk, NULL);
  struct iovec inside;

  queen_chunk_get_inside (chunk, &inside);
  return g_bytes_new_from_bytes (chunk, (gsize) ((char *) inside.iov_base - bytes), inside.iov_len);
}

static char *
append (char *end, const char *text, gsize length)
{
  memcpy (end, text, length);
  return end + length;
}

char *
queen_frame_dup_text (
    const char *id, const char *event, const char *data, gsize data_length, gsize *length)
{
  const Field fields[] = {
    { "id: ", id, id ? strlen (id) : 0 },
    { "event: ", event, event ? strlen (event) : 0 },
    { "data: ", data, data_length },
  };
  gsize inside = 1, n_line;
  char line[MAX_SIZE_LINE];
  char *text, *end;

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].value)
      inside += strlen (fields[i].name) + fields[i].length + 1;

  n_line = print_size_line (line, inside);
  *length = n_line + inside + strlen (QUEEN_CHUNK_END);
  text = g_malloc (*length);
  end = append (text, line, n_line);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (!fields[i].value)
        continue;
      end = append (end, fields[i].name, strlen (fields[i].name));
      end = append (end, fields[i].value, fields[i].length);
      *end++ = '\n';
    }
  *end++ = '\n';
  append (end, QUEEN_CHUNK_END, strlen (QUEEN_CHUNK_END));
  return text;
}

GBytes *
queen_frame_new (const char *id, const char *event, const char *data, gsize data_length)
{
  gsize length;
  char *text = queen_frame_dup_text (id, event, data, data_length, &length);

  return g_bytes_new_take (text, length);
}

GBytes *
queen_frame_new_lagged (gint64 n_dropped)
{
  GString *frame = g_string_new ("event: lagged\ndata: {\"dropped\":");

  if (n_dropped < 0)
    g_string_append (frame, "null");
  else
    g_string_append_printf (frame, "%" G_GINT64_FORMAT, n_dropped);
  g_string_append (frame, "}\n\n");
  return queen_chunk_new (frame);
}

/* EventSource dispatches no event without data. */
static GBytes *
make_last (guint retry_msec, const char *event, const char *reason)
{
  GString *frame = g_string_new (NULL);

  g_string_printf (frame, "retry: %u\nevent: %s\ndata: {\"reason\":\"%s\"}\n\n", retry_msec, event,
                   reason);
  close_chunk (frame);
  g_string_append (frame, QUEEN_LAST_CHUNK);
  return g_string_free_to_bytes (frame);
}

GBytes *
queen_frame_new_bye (guint retry_msec, const char *reason)
{
  return make_last (retry_msec, "bye", reason);
}

GBytes *
queen_frame_new_busy (guint retry_msec)
{
  return make_last (retry_msec, "busy", "too many subscribers");
}
