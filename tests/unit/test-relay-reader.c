/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who reads what another queen says: whole frames, and an end that may not be hers. */

#include "http/queen-relay-reader.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD "HTTP/1.0 200 OK\r\n\r\n"
#define LOST "data: lost\n\n"

/* Stands still, unless every look at it takes the queen so long that others are to have a turn. */
static gint64 now, time_of_a_look; /* µs */

static gint64
get_now (void)
{
  return now += time_of_a_look;
}

typedef struct
{
  QueenTally tally;
  QueenAudience *audience;
  QueenRelayReader *reader;
  int fd; /* the reader's end */
  gsize n_taken;
  guint n_gone;
  GString *got;
} Fixture;

static void
on_taken (gsize n_bytes, gpointer data)
{
  ((Fixture *) data)->n_taken += n_bytes;
}

static void
on_gone (gpointer data)
{
  ((Fixture *) data)->n_gone++;
}

static void
set_up (Fixture *f, gconstpointer encoding)
{
  static const QueenRelayReaderFuncs funcs = { on_taken, on_gone };
  static const QueenClock clock = { get_now, get_now, get_now };
  const QueenAudienceSettings settings = {
    .clock = &clock,
    .caps = { .subscribers = 1, .subscribers_per_address = 1 },
    .stall_timeout = 20 * G_USEC_PER_SEC,
    .tally = &f->tally,
  };
  const QueenStreamRequest request = {
    .encoding = encoding ? QUEEN_ENCODING_CHUNKED : QUEEN_ENCODING_PLAIN,
  };
  int fds[2];

  time_of_a_look = 0;
  f->audience = queen_audience_new (&settings, NULL);
  g_assert_nonnull (f->audience);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  f->fd = fds[0];
  f->got = g_string_new (NULL);
  f->reader =
      queen_relay_reader_new (f->audience, (QueenSocket){ .fd = fds[1], .is_unix = TRUE },
                              g_bytes_new_static (HEAD, strlen (HEAD)), &request, &funcs, f);
}

static void
tear_down (Fixture *f, gconstpointer encoding)
{
  queen_relay_reader_free (f->reader);
  queen_audience_free (f->audience);
  g_string_free (f->got, TRUE);
  close (f->fd);
}

static void
add (Fixture *f, const char *text)
{
  queen_relay_reader_add (f->reader, text, strlen (text));
}

/* Returns: whether the connection has ended */
static gboolean
read_on (Fixture *f)
{
  char bytes[65536];
  gssize n;

  g_string_truncate (f->got, 0);
  while ((n = read (f->fd, bytes, sizeof bytes)) > 0)
    g_string_append_len (f->got, bytes, n);
  return n == 0;
}

static void
expect (Fixture *f, const char *text)
{
  g_assert_false (read_on (f));
  g_assert_cmpstr (f->got->str, ==, text);
}

static void
expect_end (Fixture *f, const char *text)
{
  g_assert_true (read_on (f));
  g_assert_cmpstr (f->got->str, ==, text);
  g_assert_cmpuint (f->n_gone, ==, 1);
}

/* However they come, and with the signs of life between them. */
static void
test_whole_frames (Fixture *f, gconstpointer encoding)
{
  expect (f, HEAD);
  add (f, "id: 1\nda");
  add (f, "ta: a\n");
  expect (f, "");
  add (f, "\nid: 2\n");
  expect (f, "id: 1\ndata: a\n\n");
  add (f, "data: b\n\n:\n");
  expect (f, "id: 2\ndata: b\n\n:\n");
  add (f, ":\n");
  expect (f, ":\n");
  add (f, ":");
  expect (f, "");
  add (f, "\ndata: c\n\n");
  expect (f, ":\ndata: c\n\n");
  g_assert_cmpuint (f->n_taken, ==,
                    strlen ("id: 1\ndata: a\n\nid: 2\ndata: b\n\n:\n:\n:\ndata: c\n\n"));
}

#define TRICKLED (24 * 1024) /* less than may be held */

/* Returns: µs of a processor that it takes when each byte comes by itself */
static gint64
trickle (Fixture *f, gsize n_of_frame)
{
  gint64 begun = queen_clock_system.get_cpu ();

  for (gsize i = 1; i <= TRICKLED; i++)
    {
      gsize behind = i % n_of_frame;

      queen_relay_reader_add (f->reader, behind == 0 || behind == n_of_frame - 1 ? "\n" : "x", 1);
    }
  return queen_clock_system.get_cpu () - begun;
}

/* Who sends one large frame byte by byte costs no more than who sends small ones so. */
static void
test_trickle (Fixture *f, gconstpointer encoding)
{
  gint64 small = trickle (f, 256), large;

  g_assert_false (read_on (f));
  large = trickle (f, TRICKLED);
  g_assert_false (read_on (f));
  g_assert_cmpuint (f->got->len, ==, TRICKLED);
  g_test_message ("%d bytes of small frames: %d us; of one: %d us", TRICKLED, (int) small,
                  (int) large);
  g_assert_cmpint (large, <, 5 * small);
}

static void
test_chunks (Fixture *f, gconstpointer encoding)
{
  expect (f, HEAD);
  add (f, "data: a\n\ndata: b\n\n");
  expect (f, "12\r\ndata: a\n\ndata: b\n\n\r\n");
  queen_relay_reader_end (f->reader, NULL);
  expect_end (f, "0\r\n\r\n");
}

/* What is not whole is nothing, and what is said in its place is. */
static void
test_lost (Fixture *f, gconstpointer encoding)
{
  g_autoptr (GString) last = g_string_new (LOST);

  expect (f, HEAD);
  add (f, "data: a\n\ndata: half");
  g_assert_false (queen_relay_reader_has_end (f->reader, FALSE));
  g_assert_true (queen_relay_reader_end (f->reader, last));
  add (f, "too late\n\n");
  expect_end (f, "data: a\n\n" LOST);
}

/* A queen that does not get the processor for a while, between two looks at the clock, owes the
 * others a turn; but nobody would come back to this reader. */
static void
test_late_end (Fixture *f, gconstpointer encoding)
{
  g_autoptr (GString) last = g_string_new (LOST);

  expect (f, HEAD);
  time_of_a_look = G_USEC_PER_SEC;
  add (f, "data: a\n\n");
  expect (f, "data: a\n\n");
  g_assert_true (queen_relay_reader_end (f->reader, last));
  expect_end (f, LOST);
}

/* Of a large one what has come goes on; behind half of it there is no place for anything. */
static void
test_lost_inside (Fixture *f, gconstpointer encoding)
{
  g_autoptr (GString) last = g_string_new (LOST);
  g_autofree char *much = g_strnfill (60000, 'x');

  expect (f, HEAD);
  add (f, "data: ");
  add (f, much);
  g_assert_false (read_on (f));
  g_assert_cmpuint (f->got->len, >, 50000);
  add (f, "\n");
  g_assert_false (queen_relay_reader_end (f->reader, last));
  g_assert_true (read_on (f));
  g_assert_null (strstr (f->got->str, "lost"));
  g_assert_cmpuint (f->n_gone, ==, 1);
}

static void
test_large_frame (Fixture *f, gconstpointer encoding)
{
  g_autofree char *much = g_strnfill (60000, 'x');
  g_autoptr (GString) last = g_string_new (LOST);
  gsize n = 0;

  expect (f, HEAD);
  add (f, "data: ");
  add (f, much);
  add (f, "\n");
  add (f, "\n");
  add (f, "data: b\n\n");
  g_assert_false (read_on (f));
  n = f->got->len;
  g_assert_cmpuint (n, ==, strlen ("data: \n\ndata: b\n\n") + 60000);
  g_assert_true (queen_relay_reader_end (f->reader, last));
  expect_end (f, LOST);
}

/* A connection that breaks between two frames looks like an end. */
static void
test_ends (Fixture *f, gconstpointer encoding)
{
  static const struct
  {
    const char *text;
    gboolean is_end;
    gboolean is_end_in_openai;
  } rows[] = {
    { "data: [DONE]\n\n", TRUE, TRUE },
    { "id: 1\n:8\r\ndata: [DONE]\n\n:\n", TRUE, TRUE },
    { "data: {\"type\":\"token\",\"t\":\"[DONE]\"}\n\n", FALSE, FALSE },
    { "retry: 1\nevent: bye\ndata: {}\n\n", TRUE, TRUE },
    { "data: {\"error\":{\"message\":\"x\"}}\n\n", FALSE, TRUE },
    { "data: [DONE]\n\ndata: a\n\n", FALSE, FALSE },
    { "data: [DONE]\n\ndata: a", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      add (f, rows[i].text);
      g_assert_cmpint (queen_relay_reader_has_end (f->reader, FALSE), ==, rows[i].is_end);
      g_assert_cmpint (queen_relay_reader_has_end (f->reader, TRUE), ==, rows[i].is_end_in_openai);
    }
}

/* Who does not read gets what the kernel holds, and nothing of the rest counts as taken. */
static void
test_slow (Fixture *f, gconstpointer encoding)
{
  g_autofree char *much = g_strnfill (1000, 'x');
  g_autofree char *frame = g_strconcat ("data: ", much, "\n\n", NULL);
  gsize n = 0;

  for (guint i = 0; i < 2000; i++, n += strlen (frame))
    add (f, frame);
  g_assert_cmpuint (f->n_taken, <, n / 2);
  g_assert_cmpuint (f->n_gone, ==, 0);
}

/* What has come and not been taken counts. When it has been taken, as good as nothing does. */
static void
test_counts (Fixture *f, gconstpointer encoding)
{
  g_autofree char *much = g_strnfill (30000, 'x');
  gsize n = 0;

  expect (f, HEAD);
  add (f, "data: ");
  add (f, much);
  g_assert_cmpuint (queen_relay_reader_get_n_bytes (f->reader), >, 30000);
  add (f, "\n\n");
  for (guint i = 0; i < 20; i++, n += 30000 + strlen ("data: \n\n"))
    {
      add (f, "data: ");
      add (f, much);
      add (f, "\n\n");
    }
  g_assert_cmpuint (queen_relay_reader_get_n_bytes (f->reader), >, n / 2);
  for (guint i = 0; i < 20; i++)
    {
      g_assert_false (read_on (f));
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  g_assert_cmpuint (f->n_taken, >, n);
  g_assert_cmpuint (queen_relay_reader_get_n_bytes (f->reader), <, 1024);
}

static void
test_cut (Fixture *f, gconstpointer encoding)
{
  expect (f, HEAD);
  queen_relay_reader_cut (f->reader);
  queen_relay_reader_cut (f->reader);
  expect_end (f, "");
}

int
main (int argc, char *argv[])
{
  static const char chunked[] = "chunked";

#define ADD(name, encoding, func)                                                                  \
  g_test_add ("/relay-reader/" name, Fixture, encoding, set_up, func, tear_down)
  g_test_init (&argc, &argv, NULL);
  ADD ("whole-frames", NULL, test_whole_frames);
  ADD ("chunks", chunked, test_chunks);
  ADD ("lost-is-said-behind-a-whole-frame", NULL, test_lost);
  ADD ("lost-is-said-by-one-who-has-no-time", NULL, test_late_end);
  ADD ("cut-off-in-the-middle-of-one", NULL, test_lost_inside);
  ADD ("large-frame", NULL, test_large_frame);
  ADD ("byte-by-byte", NULL, test_trickle);
  ADD ("what-is-an-end", NULL, test_ends);
  ADD ("slow", NULL, test_slow);
  ADD ("counts", NULL, test_counts);
  ADD ("cut", NULL, test_cut);
  return g_test_run ();
}
