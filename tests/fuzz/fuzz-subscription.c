/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any query and any Last-Event-ID to the stream. The first line holds a byte for each event that
 * there has been; then come the query, the header (an empty one is none) and the sizes in which the
 * kernel takes the bytes. Whoever asks gets exactly the events behind the last one that it knows,
 * in order and whole, and hears how many are lost. */

#include <gio/gio.h>
#include <string.h>

#include "fuzz.h"
#include "queen-error.h"
#include "stream/queen-frame.h"
#include "stream/queen-ring.h"
#include "stream/queen-stream-request.h"
#include "stream/queen-stream.h"

#define EPOCH "1a2b3c"
#define CAPACITY 8
#define MAX_EVENTS 32
#define MAX_FRAMES CAPACITY

/* All events that there have been, where the ring has only the last ones. */
typedef struct
{
  QueenRing *ring;
  QueenEventKind kinds[MAX_EVENTS + 1]; /* by number */
  guint64 n_events;
} Past;

static char *
cut_text (const guint8 **at, const guint8 *end)
{
  g_autoptr (GBytes) line = *at ? fuzz_cut_line (at, end) : g_bytes_new (NULL, 0);
  gsize size;
  const char *data = g_bytes_get_data (line, &size);

  return g_strndup (data ? data : "", size);
}

static void
publish (Past *past, char byte)
{
  static const QueenEventKind kinds[] = { QUEEN_EVENT_QUEEN, QUEEN_EVENT_WORKER, QUEEN_EVENT_HIVE };
  QueenEventKind kind = kinds[(guchar) byte % G_N_ELEMENTS (kinds)];
  g_autofree char *json = NULL;

  /* A pulse has no number, and who comes later does not get it. */
  if (kind == QUEEN_EVENT_QUEEN)
    {
      queen_ring_pulse (past->ring, queen_chunk_new (g_string_new ("pulse")));
      return;
    }
  past->kinds[++past->n_events] = kind;
  json = g_strdup_printf ("{\"n\":%" G_GUINT64_FORMAT "}", past->n_events);
  queen_ring_publish (past->ring, queen_ring_get_head (past->ring), kind, "heartbeat", json,
                      strlen (json));
}

static guint64
count (const Past *past, guint kinds, guint64 first, guint64 last)
{
  guint64 n = 0;

  for (guint64 number = first; number <= last; number++)
    n += (past->kinds[number] & kinds) != 0;
  return n;
}

static guint64
get_oldest (const Past *past)
{
  return past->n_events > CAPACITY ? past->n_events - CAPACITY + 1 : 1;
}

/* Takes the frames as a socket would, some bytes at a time, each of 1 to 256; @digest is what a
 * gzip stream of them would end with. */
static GString *
receive (Past *past, QueenCursor *cursor, const char *sizes, QueenDigest *digest)
{
  GString *received = g_string_new (NULL);
  struct iovec vectors[MAX_FRAMES];
  QueenCursor end;
  QueenDigest behind = { 0 };
  gsize n_sizes = strlen (sizes);
  guint n_vectors;

  for (gsize turn = 0;
       (n_vectors = queen_ring_gather (past->ring, cursor, vectors, MAX_FRAMES, &end, &behind)) > 0;
       turn++)
    {
      gsize size = n_sizes > 0 ? (guchar) sizes[turn % n_sizes] + 1u : 64;
      gsize n_taken = 0, rest = 0;
      g_autoptr (GBytes) begun = NULL;

      for (guint i = 0; i < n_vectors && n_taken < size; i++)
        {
          gsize part = MIN (vectors[i].iov_len, size - n_taken);

          g_string_append_len (received, vectors[i].iov_base, (gssize) part);
          n_taken += part;
        }
      begun = queen_ring_advance (past->ring, cursor, n_taken, &rest, digest);
      if (begun)
        {
          gsize whole;
          const char *frame = g_bytes_get_data (begun, &whole);

          g_assert_true (rest > 0 && rest < whole);
          g_string_append_len (received, frame + whole - rest, (gssize) rest);
        }
      g_assert_cmpuint (turn, <, 4 * MAX_EVENTS);
    }
  g_assert_cmpuint (end.next, ==, past->n_events + 1);
  return received;
}

/* The frames of the wanted kinds from @first on, each in its chunk unless they are plain. */
static GString *
expect (const Past *past, guint kinds, guint64 first, QueenEncoding encoding)
{
  GString *expected = g_string_new (NULL);

  for (guint64 number = first; number <= past->n_events; number++)
    if (past->kinds[number] & kinds)
      {
        g_autofree char *frame =
            g_strdup_printf ("id: " EPOCH "-%" G_GUINT64_FORMAT "\nevent: heartbeat\n"
                             "data: {\"n\":%" G_GUINT64_FORMAT "}\n\n",
                             number, number);

        if (encoding == QUEEN_ENCODING_PLAIN)
          g_string_append (expected, frame);
        else
          g_string_append_printf (expected, "%x\r\n%s\r\n", (guint) strlen (frame), frame);
      }
  return expected;
}

static void
check_received_by (Past *past, QueenCursor *cursor, guint64 first, const char *sizes)
{
  g_autoptr (GString) expected = expect (past, cursor->kinds, first, cursor->encoding);
  g_autoptr (GString) received = NULL;
  QueenDigest digest = { 0 };

  g_assert_cmpuint (cursor->n_passed, ==, count (past, cursor->kinds, 1, cursor->next - 1));
  g_assert_cmpuint (queen_ring_skip_lost (past->ring, cursor), ==, 0);
  received = receive (past, cursor, sizes, &digest);
  g_assert_cmpstr (received->str, ==, expected->str);
}

/* Asserts that @chunks are pieces of a gzip stream, of @expected. */
static void
check_packed (const GString *chunks, const QueenDigest *digest, const GString *expected)
{
  g_autoptr (GString) stream = g_string_new_len (QUEEN_GZIP_HEAD, QUEEN_GZIP_HEAD_LENGTH);
  g_autofree char *text = g_malloc (expected->len + 1);
  g_autoptr (GConverter) unpacker =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  gsize n_read, n_written;

  for (const char *at = chunks->str; at < chunks->str + chunks->len;)
    {
      char *line_end;
      gsize size = strtoul (at, &line_end, 16);

      g_string_append_len (stream, line_end + 2, (gssize) size);
      at = line_end + 2 + size + 2;
    }
  queen_gzip_append_end (stream, digest);
  g_assert_cmpint (g_converter_convert (unpacker, stream->str, stream->len, text, expected->len + 1,
                                        G_CONVERTER_INPUT_AT_END, &n_read, &n_written, NULL),
                   ==, G_CONVERTER_FINISHED);
  g_assert_cmpmem (text, n_written, expected->str, expected->len);
}

static void
check_packed_for (Past *past, QueenCursor *cursor, guint64 first, const char *sizes)
{
  g_autoptr (GString) expected = expect (past, cursor->kinds, first, QUEEN_ENCODING_PLAIN);
  QueenDigest digest = { 0 };
  g_autoptr (GString) received = NULL;

  cursor->encoding = QUEEN_ENCODING_PACKED;
  received = receive (past, cursor, sizes, &digest);
  check_packed (received, &digest, expected);
}

static void
check_received (Past *past, const QueenCursor *cursor, guint64 first, const char *sizes)
{
  QueenCursor packed = *cursor;

  for (int i = 0; i < 2; i++)
    {
      QueenCursor copy = *cursor;

      copy.encoding = i == 1 ? QUEEN_ENCODING_PLAIN : QUEEN_ENCODING_CHUNKED;
      check_received_by (past, &copy, first, sizes);
    }
  check_packed_for (past, &packed, first, sizes);
}

static void
check_history (Past *past, const QueenStreamRequest *request, const char *sizes)
{
  guint64 first = past->n_events + 1;
  QueenCursor cursor;

  while (first > get_oldest (past) &&
         count (past, request->kinds, first, past->n_events) < request->n_history)
    first--;
  queen_ring_start_with_history (past->ring, request->kinds, request->n_history, &cursor);
  g_assert_cmpuint (cursor.next, ==, first);
  check_received (past, &cursor, first, sizes);
}

/* FALSE for what is no id that this epoch has given; 0 is the one before the first. */
static gboolean
parse_id (const Past *past, const char *id, guint64 *number)
{
  if (!g_str_has_prefix (id, EPOCH "-"))
    return FALSE;
  id += strlen (EPOCH "-");
  while (id[0] == '0' && id[1] != '\0')
    id++;
  for (*number = 0; *number <= past->n_events; (*number)++)
    {
      g_autofree char *given = g_strdup_printf ("%" G_GUINT64_FORMAT, *number);

      if (g_str_equal (id, given))
        return TRUE;
    }
  return FALSE;
}

static void
check_resume (Past *past, const QueenStreamRequest *request, const char *sizes)
{
  guint64 last, oldest = get_oldest (past);
  guint wanted = request->kinds & QUEEN_EVENT_NUMBERED_KINDS;
  gint64 expected = 0;
  QueenCursor cursor;
  gint64 n_lost = queen_ring_resume (past->ring, request->kinds, request->last_id, &cursor);

  if (!parse_id (past, request->last_id, &last))
    {
      expected = wanted == 0 ? 0 : -1;
      last = 0;
    }
  else if (last + 1 < oldest)
    expected = wanted == QUEEN_EVENT_NUMBERED_KINDS ? (gint64) (oldest - last - 1)
               : wanted == 0                        ? 0
                                                    : -1;
  g_assert_cmpint (n_lost, ==, expected);
  check_received (past, &cursor, MAX (last + 1, oldest), sizes);
}

static void
subscribe (Past *past, const char *query, const char *last_event_id, const char *sizes)
{
  g_autoptr (GError) error = NULL;
  g_auto (QueenStreamRequest) request = { 0 };

  if (!queen_stream_request_parse (&request, query, last_event_id, CAPACITY, &error))
    {
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }
  g_assert_no_error (error);
  g_assert_true (request.kinds != 0 &&
                 (request.kinds & ~(guint) (QUEEN_EVENT_ALL_KINDS | QUEEN_EVENT_ASIDE_KINDS)) == 0);
  g_assert_cmpuint (request.n_history, <=, CAPACITY);
  if (last_event_id)
    g_assert_cmpstr (request.last_id, ==, last_event_id);
  if (request.last_id)
    check_resume (past, &request, sizes);
  else
    check_history (past, &request, sizes);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *at = data;
  g_autofree char *events = cut_text (&at, data + size);
  g_autofree char *query = cut_text (&at, data + size);
  g_autofree char *last_event_id = cut_text (&at, data + size);
  g_autofree char *sizes = cut_text (&at, data + size);
  const QueenRingSettings settings = {
    .capacity = CAPACITY,
    .max_bytes = G_MAXSIZE,
    .epoch = EPOCH,
    .kinds = QUEEN_EVENT_NUMBERED_KINDS,
    .pulse_kind = QUEEN_EVENT_QUEEN,
  };
  Past past = { .ring = queen_ring_new (&settings) };

  for (const char *event = events; *event && past.n_events < MAX_EVENTS; event++)
    publish (&past, *event);
  subscribe (&past, query, *last_event_id ? last_event_id : NULL, sizes);
  queen_ring_free (past.ring);
  return 0;
}
