/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* A ring, and what one reads in it. */

#include "stream/queen-broadcast.h"
#include "stream/queen-frame.h"

#include <string.h>

#define LIFE "abc"
#define ALL QUEEN_EVENT_ALL_KINDS
#define MAX_VECTORS 64

static inline QueenBroadcast *
new_broadcast (guint capacity)
{
  return queen_broadcast_new (capacity, G_MAXSIZE, LIFE);
}

static inline void
publish (QueenBroadcast *broadcast, QueenEventKind kind)
{
  char json[] = "{}";
  const QueenEvent event = { .kind = kind, .json = json, .json_length = 2 };

  queen_broadcast_publish (broadcast, &event);
}

static inline void
pulse (QueenBroadcast *broadcast)
{
  g_autofree char *id =
      queen_broadcast_dup_id (broadcast, queen_broadcast_get_head (broadcast) - 1);

  queen_broadcast_pulse (broadcast, queen_frame_new (id, "heartbeat", "{queen}", 7));
}

/* `w` and `h` for each event, `q` for a pulse. */
static inline void
publish_all (QueenBroadcast *broadcast, const char *kinds)
{
  for (; *kinds != '\0'; kinds++)
    if (*kinds == 'q')
      pulse (broadcast);
    else
      publish (broadcast, *kinds == 'w' ? QUEEN_EVENT_WORKER : QUEEN_EVENT_HIVE);
}

/* All that is behind @cursor; the cursor is moved. */
static inline char *
read_all (QueenBroadcast *broadcast, QueenCursor *cursor)
{
  struct iovec vectors[MAX_VECTORS];
  QueenCursor end;
  GString *text = g_string_new (NULL);
  guint n = queen_broadcast_gather (broadcast, cursor, vectors, MAX_VECTORS, &end);

  for (guint i = 0; i < n; i++)
    g_string_append_len (text, vectors[i].iov_base, (gssize) vectors[i].iov_len);
  *cursor = end;
  return g_string_free (text, FALSE);
}

/* The same without chunks. */
static inline char *
read_all_inside (QueenBroadcast *broadcast, QueenCursor *cursor)
{
  cursor->is_plain = TRUE;
  return read_all (broadcast, cursor);
}

/* The numbers of the events behind @cursor, such as `3 4 5`; `q5` for a pulse with that id, `id:5`
 * for a frame of an id alone. */
static inline void
assert_reads (QueenBroadcast *broadcast, QueenCursor *cursor, const char *expected)
{
  g_autofree char *text = read_all_inside (broadcast, cursor);
  g_auto (GStrv) frames = g_strsplit (text, "\n\n", -1);
  g_autoptr (GString) numbers = g_string_new (NULL);

  for (char **frame = frames; *frame && **frame != '\0'; frame++)
    {
      const char *what = strstr (*frame, "{queen}") ? "q" : strstr (*frame, "data") ? "" : "id:";

      g_assert_true (g_str_has_prefix (*frame, "id: " LIFE "-"));
      g_string_append_printf (numbers, "%s%s%d", numbers->len > 0 ? " " : "", what,
                              atoi (*frame + 8));
    }
  g_assert_cmpstr (numbers->str, ==, expected);
}
