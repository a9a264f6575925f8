/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-local-sequencer.h"
#include "stream/queen-ring.h"
#include "stream/queen-stream.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A stream over socket pairs, for which the kernel has no time limit of its own, by a clock of the
 * test's. */

#define CAPACITY 100
#define STALL_TIMEOUT (20 * G_USEC_PER_SEC)
#define MSEC G_TIME_SPAN_MILLISECOND
#define HEAD "HEAD\r\n\r\n"
#define EPOCH "abc"
#define ALL QUEEN_EVENT_ALL_KINDS

/* A clock that stands still until the test moves it; or that goes on by so much whenever somebody
 * looks at it, for one who wants to see how long a turn takes. */
static gint64 now;
static gint64 step;

static inline gint64
get_now (void)
{
  now += step;
  return now;
}

static const QueenClock clock_of_the_test = { get_now, get_now, get_now };

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPulse *pulse;
  QueenTally tally;
  QueenAudience *audience;
  QueenStream *stream;
  gboolean is_unix;
} Fixture;

/* How many events the ring keeps, how many subscribers there may be, and whether the audience knows
 * that their sockets are what they are: otherwise it takes them for TCP. */
typedef struct
{
  guint capacity;
  guint subscribers;
  gboolean is_unix;
} Capacity;

static const Capacity usual = { CAPACITY, 2 };
static const Capacity usual_unix = { CAPACITY, 2, TRUE };
static const Capacity crowd = { CAPACITY, 1000 };
static const Capacity tiny_ring = { 1, 1000 };

static inline QueenAudience *
make_audience (Fixture *f, guint n_subscribers)
{
  const QueenAudienceSettings settings = {
    .clock = &clock_of_the_test,
    .caps = { .subscribers = n_subscribers, .subscribers_per_address = 1 },
    .stall_timeout = STALL_TIMEOUT,
    .tally = &f->tally,
  };
  g_autoptr (GError) error = NULL;

  f->audience = queen_audience_new (&settings, &error);
  g_assert_no_error (error);
  return f->audience;
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  const Capacity *most = data;
  const QueenRegistrySettings registry = { &clock_of_the_test, G_MAXINT64 / 2, 1000, 65536 };
  const QueenStreamSettings settings = {
    .clock = &clock_of_the_test,
    .epoch = EPOCH,
    .capacity = most->capacity,
    .flush_interval = 0, /* each event goes out before publish() returns */
    .audience = make_audience (f, most->subscribers),
    .tally = &f->tally,
  };

  now = 1000 * G_USEC_PER_SEC;
  step = 0;
  f->is_unix = most->is_unix;
  memset (&f->tally, 0, sizeof f->tally);
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer =
      queen_local_sequencer_new (f->bus, &clock_of_the_test);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &registry);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, QUEEN_SEQUENCER (sequencer), &registry);
  f->pulse =
      queen_pulse_new (QUEEN_SEQUENCER (sequencer), f->workers, f->hives, &clock_of_the_test, 1);
  f->stream = queen_stream_new (f->bus, f->pulse, &settings);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->stream);
  g_clear_pointer (&f->audience, queen_audience_free);
  g_clear_object (&f->pulse);
  g_clear_object (&f->hives);
  g_clear_object (&f->workers);
  g_clear_object (&f->bus);
}

/* As it says: with chunks, unless it speaks HTTP/1.0.
 *
 * Returns: the subscriber's end */
static inline int
subscribe_exactly (Fixture *f, const QueenStreamRequest *request)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  queen_stream_subscribe (f->stream, (QueenSocket){ .fd = fds[1], .is_unix = f->is_unix },
                          g_bytes_new_static (HEAD, strlen (HEAD)), request);
  return fds[0];
}

/* The same without chunks, which are another test's business. */
static inline int
subscribe_with (Fixture *f, const QueenStreamRequest *request)
{
  QueenStreamRequest plain = *request;

  plain.encoding = QUEEN_ENCODING_PLAIN;
  return subscribe_exactly (f, &plain);
}

static inline int
subscribe_to (Fixture *f, guint kinds)
{
  return subscribe_with (f, &(QueenStreamRequest){ .kinds = kinds });
}

static inline int
subscribe (Fixture *f)
{
  return subscribe_to (f, ALL);
}

static inline void
beat (Fixture *f, QueenRegistry *registry, const char *id)
{
  QueenComponent *component = queen_component_new (queen_registry_get_kind (registry));

  component->id = g_strdup (id);
  component->status = QUEEN_STATUS_READY;
  queen_registry_update (registry, component, NULL, NULL);
}

static inline void
publish (Fixture *f)
{
  beat (f, f->workers, "w");
}

static inline void
pulse (Fixture *f)
{
  g_autoptr (QueenEvent) event = queen_pulse_make_snapshot (f->pulse);

  queen_event_bus_emit (f->bus, event);
}

static inline void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Lets time pass as the loop sees it. */
static inline void
pass (gint64 time)
{
  for (gint64 end = now + time; now < end;)
    {
      now += MIN (250 * MSEC, end - now);
      turn ();
    }
}

/* Reads what is there. Returns whether that was all that will ever come. */
static inline gboolean
read_all (int fd, GString *text)
{
  char buffer[4096];
  gssize n_bytes;

  while ((n_bytes = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n_bytes);
  return n_bytes == 0;
}

/* What is there, shortened: `3` for the event of that number, `q3` for a heartbeat of the queen
 * with that id, `q` for one without, `id:3` for an id alone, `lagged` and `bye` for these, `:` for
 * a comment. */
static inline void
append_short (GString *text, const char *frame)
{
  const char *id = strstr (frame, "id: " EPOCH "-");
  const char *kind = strstr (frame, "\"type\":\"queen\"")   ? "q"
                     : strstr (frame, "event: lagged")      ? "lagged"
                     : strstr (frame, "event: bye")         ? "bye"
                     : strstr (frame, "event: heartbeat\n") ? ""
                                                            : "id:";

  for (; g_str_has_prefix (frame, ":\n"); frame += 2)
    g_string_append (text, text->len > 0 ? " :" : ":");
  if (*frame == '\0')
    return;
  g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", kind);
  if (id)
    g_string_append_printf (text, "%d", atoi (id + strlen ("id: " EPOCH "-")));
}

static inline char *
shorten (const char *stream)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) frames = NULL;

  if (g_str_has_prefix (stream, HEAD "retry: 2000\n"))
    stream += strlen (HEAD "retry: 2000\n");
  frames = g_strsplit (stream, "\n\n", -1);
  for (char **frame = frames; *frame; frame++)
    append_short (text, *frame);
  return g_strdup (text->str);
}

static inline void
assert_reads (int fd, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *got = NULL;

  read_all (fd, text);
  got = shorten (text->str);
  g_assert_cmpstr (got, ==, expected);
}

#define ADD(path, most, func) g_test_add (path, Fixture, &most, set_up, func, tear_down)
