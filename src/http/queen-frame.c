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
  char *text, *end;

  *length = 1;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].value)
      *length += strlen (fields[i].name) + fields[i].length + 1;

  text = end = g_malloc (*length);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (!fields[i].value)
        continue;
      end = append (end, fields[i].name, strlen (fields[i].name));
      end = append (end, fields[i].value, fields[i].length);
      *end++ = '\n';
    }
  *end = '\n';
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
  return g_string_free_to_bytes (frame);
}

/* EventSource dispatches no event without data. */
static GBytes *
make_last (guint retry_msec, const char *event, const char *reason)
{
  GString *frame = g_string_new (NULL);

  g_string_printf (frame, "retry: %u\nevent: %s\ndata: {\"reason\":\"%s\"}\n\n", retry_msec, event,
                   reason);
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
