/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-frame.h"

GBytes *
queen_frame_new (const char *id, const char *event, const char *data, gsize data_length)
{
  GString *frame = g_string_sized_new (data_length + 64);

  if (id)
    {
      g_string_append (frame, "id: ");
      g_string_append (frame, id);
      g_string_append_c (frame, '\n');
    }
  if (event)
    {
      g_string_append (frame, "event: ");
      g_string_append (frame, event);
      g_string_append_c (frame, '\n');
    }
  if (data)
    {
      g_string_append (frame, "data: ");
      g_string_append_len (frame, data, (gssize) data_length);
      g_string_append_c (frame, '\n');
    }
  g_string_append_c (frame, '\n');
  return g_string_free_to_bytes (frame);
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
queen_frame_new_bye (guint retry_msec)
{
  return make_last (retry_msec, "bye", "shutdown");
}

GBytes *
queen_frame_new_busy (guint retry_msec)
{
  return make_last (retry_msec, "busy", "too many subscribers");
}
