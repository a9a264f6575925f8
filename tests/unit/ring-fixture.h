/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* A ring, and what one reads in it. */

#include "model/queen-event.h"
#include "stream/queen-frame.h"
#include "stream/queen-ring.h"

#include <string.h>

#define EPOCH "abc"
#define ALL QUEEN_EVENT_ALL_KINDS
#define NUMBERED (QUEEN_EVENT_WORKER | QUEEN_EVENT_HIVE)
#define ASIDE QUEEN_EVENT_JOB
#define MAX_VECTORS 64

static inline QueenRing *
new_ring_of (guint capacity, gsize max_bytes, const char *epoch)
{
  const QueenRingSettings settings = {
    .capacity = capacity,
    .max_bytes = max_bytes,
    .epoch = epoch,
    .kinds = NUMBERED,
    .asides = ASIDE,
    .pulse_kind = QUEEN_EVENT_QUEEN,
  };

  return queen_ring_new (&settings);
}

static inline QueenRing *
new_ring (guint capacity)
{
  return new_ring_of (capacity, G_MAXSIZE, EPOCH);
}

static inline void
publish (QueenRing *ring, QueenEventKind kind)
{
  g_autofree char *last = queen_ring_dup_id (ring, queen_ring_get_head (ring) - 1);
  guint64 number = g_ascii_strtoull (strchr (last, '-') + 1, NULL, 10) + 1;

  queen_ring_publish (ring, number, kind, "heartbeat", "{}", 2);
}

static inline void
pulse (QueenRing *ring)
{
  g_autofree char *id = queen_ring_dup_id (ring, queen_ring_get_head (ring) - 1);

  queen_ring_pulse (ring, queen_frame_new (id, "heartbeat", "{queen}", 7));
}

/* `w` and `h` for each event, `q` for a pulse, `j` for an aside. */
static inline void
publish_all (QueenRing *ring, const char *kinds)
{
  for (; *kinds != '\0'; kinds++)
    if (*kinds == 'q')
      pulse (ring);
    else if (*kinds == 'j')
      queen_ring_publish_aside (ring, ASIDE, "job", "{aside}", 7);
    else
      publish (ring, *kinds == 'w' ? QUEEN_EVENT_WORKER : QUEEN_EVENT_HIVE);
}

/* All that is behind @cursor; the cursor is moved. */
static inline char *
read_all (QueenRing *ring, QueenCursor *cursor)
{
  struct iovec vectors[MAX_VECTORS];
  QueenCursor end;
  QueenDigest digest = { 0 };
  GString *text = g_string_new (NULL);
  guint n = queen_ring_gather (ring, cursor, vectors, MAX_VECTORS, &end, &digest);

  for (guint i = 0; i < n; i++)
    g_string_append_len (text, vectors[i].iov_base, (gssize) vectors[i].iov_len);
  *cursor = end;
  return g_string_free (text, FALSE);
}

/* The same without chunks. */
static inline char *
read_all_inside (QueenRing *ring, QueenCursor *cursor)
{
  cursor->encoding = QUEEN_ENCODING_PLAIN;
  return read_all (ring, cursor);
}

/* The numbers of the events behind @cursor, such as `3 4 5`; `q5` for a pulse with that id, `id:5`
 * for a frame of an id alone. */
static inline void
assert_reads (QueenRing *ring, QueenCursor *cursor, const char *expected)
{
  g_autofree char *text = read_all_inside (ring, cursor);
  g_auto (GStrv) frames = g_strsplit (text, "\n\n", -1);
  g_autoptr (GString) numbers = g_string_new (NULL);

  for (char **frame = frames; *frame && **frame != '\0'; frame++)
    {
      const char *what = strstr (*frame, "{queen}")   ? "q"
                         : strstr (*frame, "{aside}") ? "j"
                         : strstr (*frame, "data")    ? ""
                                                      : "id:";

      g_assert_true (g_str_has_prefix (*frame, "id: " EPOCH "-"));
      g_string_append_printf (numbers, "%s%s%d", numbers->len > 0 ? " " : "", what,
                              atoi (*frame + 8));
    }
  g_assert_cmpstr (numbers->str, ==, expected);
}
