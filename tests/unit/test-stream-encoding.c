/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* B2: what the stream is to those who speak HTTP/1.1, to those who take gzip, and to those who
 * speak HTTP/1.0: the same, but that the first get each frame as one chunk, and the second these
 * chunks as pieces of one gzip stream, which its end proves right. */

#include <string.h>
#include <zlib.h>

#include "stream-fixture.h"

static const Capacity three = { CAPACITY, 3 };

typedef struct
{
  QueenStreamRequest request;
  int fds[3]; /* by QueenEncoding */
  GString *texts[3];
  gboolean has_past; /* of which all frames are in one chunk */
} Trio;

static Trio
come (Fixture *f, const QueenStreamRequest *request)
{
  Trio trio = { .request = *request };

  for (QueenEncoding encoding = 0; encoding <= QUEEN_ENCODING_PACKED; encoding++)
    {
      trio.request.encoding = encoding;
      trio.fds[encoding] = subscribe_exactly (f, &trio.request);
      trio.texts[encoding] = g_string_new (NULL);
    }
  return trio;
}

static void
hang_up (Trio *trio)
{
  for (gsize i = 0; i < G_N_ELEMENTS (trio->fds); i++)
    {
      close (trio->fds[i]);
      g_string_free (trio->texts[i], TRUE);
    }
  turn ();
}

static void
check_chunk (const char *inside, gsize size)
{
  g_assert_true (size == 0 || g_strstr_len (inside, (gssize) size, "\n\n") == inside + size - 2 ||
                 strncmp (inside + size - 2, ":\n", 2) == 0);
}

/* Takes the chunks apart.
 *
 * Returns: what is inside, or NULL when the text ends within a chunk; @is_ended: with the last one
 */
static GString *
get_inside (const GString *text, void (*check) (const char *inside, gsize size), gboolean *is_ended)
{
  g_autoptr (GString) inside = g_string_new (NULL);
  const char *at = text->str + strlen (HEAD), *end = text->str + text->len;

  g_assert_true (g_str_has_prefix (text->str, HEAD));
  for (*is_ended = FALSE; at < end && !*is_ended;)
    {
      char *line_end;
      gsize size = (gsize) g_ascii_strtoull (at, &line_end, 16);

      g_assert_true (g_str_has_prefix (line_end, "\r\n"));
      at = line_end + 2;
      if (at + size + 2 > end)
        return NULL;
      g_assert_true (g_str_has_prefix (at + size, "\r\n"));
      g_string_append_len (inside, at, (gssize) size);
      if (check)
        check (at, size);
      *is_ended = size == 0;
      at += size + 2;
    }
  g_assert_true (at == end);
  return g_steal_pointer (&inside);
}

/* Whatever has come can be read. At the end zlib checks the digest. */
static GString *
unpack (const GString *packed, gboolean is_end)
{
  GString *text = g_string_new (NULL);
  z_stream stream = { .next_in = (Bytef *) packed->str, .avail_in = (uInt) packed->len };
  int result = inflateInit2 (&stream, 16 + MAX_WBITS); /* gzip, and nothing else */
  char buffer[4096];

  do
    {
      stream.next_out = (Bytef *) buffer;
      stream.avail_out = sizeof buffer;
      result = inflate (&stream, Z_SYNC_FLUSH);
      g_assert_true (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR);
      g_string_append_len (text, buffer, (gssize) (sizeof buffer - stream.avail_out));
    }
  while (stream.avail_out == 0 || (stream.avail_in > 0 && result == Z_OK));
  g_assert_cmpint (stream.avail_in, ==, 0);
  g_assert_cmpint (result == Z_STREAM_END, ==, is_end);
  inflateEnd (&stream);
  return text;
}

static GString *
get_plain (const Trio *trio)
{
  const GString *text = trio->texts[QUEEN_ENCODING_PLAIN];

  g_assert_true (g_str_has_prefix (text->str, HEAD));
  return g_string_new (text->str + strlen (HEAD));
}

static GString *
get_chunked (const Trio *trio, gboolean is_end)
{
  gboolean is_ended;
  GString *inside = get_inside (trio->texts[QUEEN_ENCODING_CHUNKED],
                                trio->has_past ? NULL : check_chunk, &is_ended);

  g_assert_nonnull (inside);
  g_assert_cmpint (is_ended, ==, is_end);
  return inside;
}

static GString *
get_packed (const Trio *trio, gboolean is_end)
{
  gboolean is_ended;
  g_autoptr (GString) inside = get_inside (trio->texts[QUEEN_ENCODING_PACKED], NULL, &is_ended);

  g_assert_nonnull (inside);
  g_assert_cmpint (is_ended, ==, is_end);
  return unpack (inside, is_end);
}

/* The number after `retry:` of a goodbye is each one's own. */
static char *
without_number (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("retry: [0-9]+", 0, 0, NULL);

  return g_regex_replace_literal (regex, text, -1, 0, "retry:", 0, NULL);
}

/* Asserts that all have got the same, and @is_end: that it is over for all. */
static void
assert_same (Trio *trio, gboolean is_end)
{
  char *got[3];
  g_autoptr (GString) plain = NULL;
  g_autoptr (GString) chunked = NULL;
  g_autoptr (GString) packed = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (trio->fds); i++)
    g_assert_cmpint (read_all (trio->fds[i], trio->texts[i]), ==, is_end);
  plain = get_plain (trio);
  chunked = get_chunked (trio, is_end);
  packed = get_packed (trio, is_end);
  got[0] = without_number (plain->str);
  got[1] = without_number (chunked->str);
  got[2] = without_number (packed->str);
  g_assert_cmpstr (got[1], ==, got[0]);
  g_assert_cmpstr (got[2], ==, got[0]);
  for (gsize i = 0; i < G_N_ELEMENTS (got); i++)
    g_free (got[i]);
}

static gboolean
has_got (const Trio *trio, const char *words)
{
  return strstr (trio->texts[QUEEN_ENCODING_PLAIN]->str, words) != NULL;
}

static void
test_newcomers (Fixture *f, gconstpointer data)
{
  static const QueenStreamRequest requests[] = {
    { .kinds = ALL },
    { .kinds = ALL, .n_history = 2 },
    { .kinds = ALL, .last_id = "abc-2" },
    { .kinds = ALL, .last_id = "old-2" },
    { .kinds = QUEEN_EVENT_HIVE },
    { .kinds = QUEEN_EVENT_HIVE, .last_id = "old-2" },
    { .kinds = QUEEN_EVENT_QUEEN },
  };

  for (int i = 0; i < 3; i++)
    publish (f);
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      Trio trio = come (f, &requests[i]);

      assert_same (&trio, FALSE);
      publish (f);
      beat (f, f->hives, "h");
      pulse (f); /* an id alone, for some */
      assert_same (&trio, FALSE);
      pass (20 * G_USEC_PER_SEC); /* a comment */
      assert_same (&trio, FALSE);
      g_assert_nonnull (strstr (trio.texts[QUEEN_ENCODING_CHUNKED]->str, "2\r\n:\n\r\n"));
      hang_up (&trio);
    }
}

static void
test_ends (Fixture *f, gconstpointer data)
{
  Trio glance = come (f, &(QueenStreamRequest){ .kinds = 0 });
  Trio trio = come (f, &(QueenStreamRequest){ .kinds = ALL });
  Trio busy = come (f, &(QueenStreamRequest){ .kinds = ALL });
  Trio late;

  assert_same (&glance, TRUE);
  assert_same (&busy, TRUE);
  g_assert_true (has_got (&busy, "event: busy\n"));
  queen_stream_say_goodbye (f->stream);
  assert_same (&trio, TRUE);
  g_assert_true (has_got (&trio, "event: bye\n"));
  late = come (f, &(QueenStreamRequest){ .kinds = ALL });
  assert_same (&late, TRUE);
  hang_up (&glance);
  hang_up (&busy);
  hang_up (&trio);
  hang_up (&late);
}

static void
assert_has_lagged (const char *text)
{
  const char *lagged = strstr (text, "event: lagged\n");

  g_assert_nonnull (lagged);
  g_assert_nonnull (strstr (lagged, "\n\nid: " EPOCH "-4900\nevent: heartbeat\ndata: "
                                    "{\"type\":\"queen\","));
  g_assert_nonnull (strstr (lagged, "\n\nid: " EPOCH "-5000\n"));
}

/* The kernel has taken frames in part, and the ring has passed them. What they lose may differ, as
 * one takes more room than the other; no frame is torn, and none is counted wrong. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  Trio trio = come (f, &(QueenStreamRequest){ .kinds = ALL });
  g_autofree char *id = g_strnfill (100, 'x');
  g_autoptr (GString) plain = NULL;
  g_autoptr (GString) chunked = NULL;
  g_autoptr (GString) packed = NULL;

  for (int i = 0; i < 5000; i++)
    beat (f, f->workers, id);
  for (int i = 0; i < 100; i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (trio.fds); j++)
        read_all (trio.fds[j], trio.texts[j]);
      turn ();
    }
  g_assert_cmpuint (f->tally.lags, ==, 3);
  plain = get_plain (&trio);
  chunked = get_chunked (&trio, FALSE);
  packed = get_packed (&trio, FALSE);
  assert_has_lagged (plain->str);
  assert_has_lagged (chunked->str);
  assert_has_lagged (packed->str);
  queen_stream_say_goodbye (f->stream);
  for (gsize j = 0; j < G_N_ELEMENTS (trio.fds); j++)
    g_assert_true (read_all (trio.fds[j], trio.texts[j]));
  g_string_free (get_chunked (&trio, TRUE), TRUE);
  g_string_free (get_packed (&trio, TRUE), TRUE);
  hang_up (&trio);
}

/* Byte by byte: whatever part of a frame the kernel takes, it goes on right there. */
static void
test_torn (Fixture *f, gconstpointer data)
{
  Trio trio = come (f, &(QueenStreamRequest){ .kinds = ALL });
  int least = 4096;

  for (gsize i = 0; i < G_N_ELEMENTS (trio.fds); i++)
    setsockopt (trio.fds[i], SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%0*d", 1 + i % 90, i);

      beat (f, f->workers, id);
      if (i % 50 == 49)
        assert_same (&trio, FALSE);
    }
  g_assert_cmpuint (f->tally.lags, ==, 0);
  queen_stream_say_goodbye (f->stream);
  assert_same (&trio, TRUE);
  hang_up (&trio);
}

/* However large a snapshot is, and whatever of it was compressed in time. */
static void
test_large (Fixture *f, gconstpointer data)
{
  Trio trio;

  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *id =
          g_strdup_printf ("%08x-%08x-%d", g_test_rand_int (), g_test_rand_int (), i);

      beat (f, f->workers, id);
    }
  for (step = 0; step < 40 * MSEC; step += 7 * MSEC)
    {
      trio = come (f, &(QueenStreamRequest){ .kinds = ALL, .n_history = 3 });
      assert_same (&trio, FALSE);
      pulse (f);
      turn (); /* for those who were not reached in the same slice */
      assert_same (&trio, FALSE);
      hang_up (&trio);
    }
  step = 0;
  trio = come (f, &(QueenStreamRequest){ .kinds = ALL });
  assert_same (&trio, FALSE);
  queen_stream_say_goodbye (f->stream);
  assert_same (&trio, TRUE);
  hang_up (&trio);
}

static void
pulse_with (Fixture *f, gsize n_bytes)
{
  g_autofree char *letters = g_strnfill (n_bytes, 'w');
  g_autofree char *ids = g_strdup_printf ("[\"%s\"]", letters);
  const QueenCensus workers = { 1, 1, ids, strlen (ids) }, hives = { 0, 0, "[]", 2 };
  g_autoptr (QueenEvent) event = queen_event_new_queen (&workers, &hives, now);

  queen_event_bus_emit (f->bus, event);
}

/* Whoever comes while it would be tens of megabytes, whether somebody hears the pulses or not. */
static void
test_too_long (Fixture *f, gconstpointer data)
{
  g_assert_false (queen_stream_is_too_long_to_pack (f->stream));
  pulse_with (f, 9 * 1024 * 1024);
  g_assert_true (queen_stream_is_too_long_to_pack (f->stream));
  pulse_with (f, 7 * 1024 * 1024);
  g_assert_false (queen_stream_is_too_long_to_pack (f->stream));
}

static void
assert_let_go (int fd, const char *last)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) inside = NULL;
  g_autoptr (GString) unpacked = NULL;
  gboolean is_ended;

  g_assert_true (read_all (fd, text));
  inside = get_inside (text, NULL, &is_ended);
  g_assert_true (is_ended);
  unpacked = unpack (inside, TRUE);
  g_assert_true (g_str_has_suffix (unpacked->str, last));
  g_assert_cmpuint (unpacked->len, <, 64 * 1024);
  close (fd);
}

/* Nor is it made for who was there before, or came just now: all come again, and read on behind
 * what they have had. Who does not want to hear of it stays. */
static void
test_grown (Fixture *f, gconstpointer data)
{
  QueenStreamRequest request = { .kinds = ALL, .encoding = QUEEN_ENCODING_PACKED };
  Trio trio = come (f, &(QueenStreamRequest){ .kinds = QUEEN_EVENT_WORKER });
  int before = subscribe_exactly (f, &request);

  publish (f);
  turn ();
  pulse_with (f, 20 * 1024 * 1024);
  turn ();
  assert_let_go (before, "\n\n");
  assert_let_go (subscribe_exactly (f, &request), ":\n");
  publish (f);
  assert_same (&trio, FALSE);
  hang_up (&trio);
}

typedef struct
{
  QueenStreamPastFunc func;
  gpointer data;
} Question;

static gboolean
keep_question (
    guint64 first, guint64 last, QueenStreamPastFunc func, gpointer func_data, gpointer data)
{
  const Question question = { func, func_data };

  g_array_append_val (data, question);
  return TRUE;
}

static GPtrArray *
make_past (void)
{
  GPtrArray *events = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);

  for (guint64 number = 1; number <= 1000; number++)
    {
      g_autoptr (QueenComponent) component = queen_component_new (QUEEN_COMPONENT_WORKER);
      QueenEvent *event;

      component->id = g_strdup_printf ("%08x-%080d", g_test_rand_int (), (int) number);
      event = queen_event_new_component (component, now);
      event->number = number;
      g_ptr_array_add (events, event);
    }
  return events;
}

static void
read_on (Trio *trio)
{
  for (int i = 0; i < 20; i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (trio->fds); j++)
        read_all (trio->fds[j], trio->texts[j]);
      turn ();
    }
}

/* Events that are no longer in the ring, and come from elsewhere: longer than what is compressed in
 * one piece. */
static void
test_past (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) questions = g_array_new (FALSE, FALSE, sizeof (Question));
  g_autoptr (GPtrArray) events = make_past ();
  Trio trio;

  queen_stream_continue (f->stream, EPOCH, 1001);
  queen_stream_set_past_func (f->stream, keep_question, questions);
  trio = come (f, &(QueenStreamRequest){ .kinds = ALL, .last_id = EPOCH "-0" });
  trio.has_past = TRUE;
  g_assert_cmpuint (questions->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      const Question *question = &g_array_index (questions, Question, i);

      question->func (events, question->data);
    }
  read_on (&trio);
  assert_same (&trio, FALSE);
  g_assert_cmpuint (trio.texts[QUEEN_ENCODING_PLAIN]->len, >, 2 * QUEEN_GZIP_MAX_PIECE);
  g_assert_true (has_got (&trio, "\nid: " EPOCH "-1000\n"));
  g_assert_false (has_got (&trio, "lagged"));
  queen_stream_say_goodbye (f->stream);
  assert_same (&trio, TRUE);
  hang_up (&trio);
}

/* Each frame is compressed but once, and all who take gzip share it. */
static void
test_shared (Fixture *f, gconstpointer data)
{
  QueenStreamHoldings one, many;
  int fds[50];

  fds[0] = subscribe_exactly (f, &(QueenStreamRequest){ .kinds = ALL,
                                                        .encoding = QUEEN_ENCODING_PACKED });
  for (int i = 0; i < 20; i++)
    publish (f);
  pulse (f);
  queen_stream_get_holdings (f->stream, &one);
  for (gsize i = 1; i < G_N_ELEMENTS (fds); i++)
    fds[i] = subscribe_exactly (f, &(QueenStreamRequest){ .kinds = ALL,
                                                          .n_history = 20,
                                                          .encoding = QUEEN_ENCODING_PACKED });
  queen_stream_get_holdings (f->stream, &many);
  g_assert_cmpuint (many.ring, ==, one.ring);
  g_assert_cmpuint (many.snapshots, ==, one.snapshots);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  turn ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/stream-encoding/newcomers/each-frame-is-a-chunk", crowd, test_newcomers);
  ADD ("/stream-encoding/end/the-last-chunk", three, test_ends);
  ADD ("/stream-encoding/slow/no-chunk-is-torn", crowd, test_slow);
  ADD ("/stream-encoding/torn/goes-on-where-it-was", crowd, test_torn);
  ADD ("/stream-encoding/large/whatever-time-there-was", crowd, test_large);
  ADD ("/stream-encoding/large/too-long-to-be-packed", three, test_too_long);
  ADD ("/stream-encoding/large/grown-too-long-to-be-packed", crowd, test_grown);
  ADD ("/stream-encoding/past/in-pieces", three, test_past);
  ADD ("/stream-encoding/packed/once-for-all", crowd, test_shared);

  return g_test_run ();
}
