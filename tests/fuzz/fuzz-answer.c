/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * A line with a digit, which says who speaks what with whom; a line with what is asked; and any
 * bytes as the worker's stream. Whatever it is, events are text without line ends, what is said in
 * the queen's own words is JSON, no token ends the stream of one of the seed's clients, and it
 * makes no difference in which pieces the bytes come. */

#include <json-glib/json-glib.h>
#include <string.h>

#include "fuzz.h"
#include "jobs/queen-dialect.h"
#include "queen-error.h"
#include "text/queen-sse.h"

#define MAX_EVENT 4096

static const struct
{
  QueenFace face;
  QueenApi api;
  const char *path;
  gboolean is_streamed;
  gboolean is_by_chat; /* the worker knows no completions */
} ways[] = {
  { QUEEN_FACE_OPENAI, QUEEN_API_OPENAI, "/v1/chat/completions", TRUE },
  { QUEEN_FACE_OPENAI, QUEEN_API_RBEE, "/v1/chat/completions", TRUE },
  { QUEEN_FACE_OPENAI, QUEEN_API_RBEE, "/v1/completions", TRUE },
  { QUEEN_FACE_OPENAI, QUEEN_API_RBEE, "/v1/chat/completions", FALSE },
  { QUEEN_FACE_RBEE, QUEEN_API_RBEE, NULL, TRUE },
  { QUEEN_FACE_RBEE, QUEEN_API_OPENAI, NULL, TRUE },
  { QUEEN_FACE_HIVE, QUEEN_API_UNSAID, NULL, TRUE },
  { QUEEN_FACE_OPENAI, QUEEN_API_OPENAI, "/v1/completions", TRUE, TRUE },
  { QUEEN_FACE_RBEE, QUEEN_API_OPENAI, NULL, TRUE, TRUE },
};

typedef struct
{
  QueenDialect *dialect;
  GString *said;
  GError *error;
  gboolean is_json; /* what is said is the queen's own, or read as JSON before */
  gboolean is_seeds;
} Talk;

static void
assert_json (const char *text, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_assert_true (json_parser_load_from_data (parser, text, (gssize) length, NULL));
}

static void
on_head (guint status, const char *type, gpointer data)
{
}

static void
on_event (GBytes *event, const char *text, gsize length, gpointer data)
{
  Talk *talk = data;
  gsize size;
  const char *bytes = g_bytes_get_data (event, &size);

  g_assert_true (size == 0 || g_utf8_validate (bytes, (gssize) size, NULL));
  g_assert_true (!text || g_utf8_validate (text, (gssize) length, NULL));
  g_assert_null (size > 0 ? memchr (bytes, '\n', size) : NULL);
  if (talk->is_json)
    assert_json (bytes, size);
  if (talk->is_seeds)
    g_assert_null (g_strstr_len (bytes, (gssize) size, "[DONE]"));
  g_string_append_len (talk->said, bytes, (gssize) size);
  g_string_append_c (talk->said, '\n');
}

static void
on_body (GBytes *part, gpointer data)
{
  gsize size;
  const char *bytes = g_bytes_get_data (part, &size);

  assert_json (bytes, size);
}

static void
on_sse_event (const char *event, const char *data, gpointer user_data)
{
  Talk *talk = user_data;

  if (!talk->error)
    queen_dialect_take_event (talk->dialect, data, &talk->error);
}

static QueenDialect *
make_dialect (guint way,
              const QueenAttemptRequest *request,
              const QueenAttemptFuncs *funcs,
              Talk *talk)
{
  g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  if (ways[way].is_by_chat)
    return queen_dialect_new_by_chat (request, funcs, talk, &talk->error);
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->api = ways[way].api;
  return queen_dialect_new (request, worker, funcs, talk, &talk->error);
}

/* What would go to the worker. */
static void
check_question (const QueenDialect *dialect)
{
  gsize length;
  const char *body = g_bytes_get_data (dialect->body, &length);

  g_assert_true (*dialect->path == '/');
  if (dialect->body != dialect->request->body)
    assert_json (body, length);
}

/* The answer as one that is no stream, whatever it is. */
static void
take_whole (guint way, const QueenAttemptRequest *request, const char *answer, gsize length)
{
  static const QueenAttemptFuncs funcs = { NULL, on_head, on_event, on_body, NULL };
  g_autofree char *ended = g_strndup (answer, length);
  Talk talk = { .is_json = TRUE, .said = g_string_new (NULL) };

  talk.dialect = make_dialect (way, request, &funcs, &talk);
  if (talk.dialect && talk.dialect->type->take_answer)
    {
      gboolean is_taken =
          talk.dialect->type->take_answer (talk.dialect, ended, length, &talk.error);

      g_assert_true (is_taken == (talk.error == NULL));
    }
  g_clear_error (&talk.error);
  g_clear_pointer (&talk.dialect, queen_dialect_free);
  g_string_free (talk.said, TRUE);
}

/* Returns: (transfer full) (nullable): all that was said; %NULL when nothing can be asked */
static char *
hold_talk (guint way, GBytes *body, const char *answer, gsize length, gsize piece)
{
  static const QueenAttemptFuncs funcs = { NULL, on_head, on_event, on_body, NULL };
  const QueenAttemptRequest request = {
    ways[way].face, ways[way].path, body, ways[way].is_streamed, 1, 1, 1
  };
  g_autoptr (QueenSse) sse = NULL;
  Talk talk = { .is_json = ways[way].face != QUEEN_FACE_HIVE && way > 0,
                .is_seeds = ways[way].face == QUEEN_FACE_RBEE };

  talk.dialect = make_dialect (way, &request, &funcs, &talk);
  g_assert_true ((talk.dialect == NULL) == (talk.error != NULL));
  if (talk.error)
    {
      g_error_free (talk.error);
      return NULL;
    }
  check_question (talk.dialect);
  if (piece >= length)
    take_whole (way, &request, answer, length);
  talk.said = g_string_new (NULL);
  sse = queen_sse_new (MAX_EVENT, on_sse_event, &talk);
  while (length > 0 && !talk.error)
    {
      gsize n = MIN (piece, length);
      g_autoptr (GError) error = NULL;

      if (!queen_sse_take (sse, answer, n, &error) && !talk.error)
        talk.error = g_steal_pointer (&error);
      answer += n;
      length -= n;
    }
  if (!talk.error)
    queen_dialect_end (talk.dialect, &talk.error);
  if (talk.error)
    g_assert_true (talk.error->domain == QUEEN_ERROR &&
                   g_utf8_validate (talk.error->message, -1, NULL));
  g_clear_error (&talk.error);
  queen_dialect_free (talk.dialect);
  return g_string_free (talk.said, FALSE);
}

/* What each answers when it is asked for, which differs in ids and times. */
static gboolean
is_same_each_time (guint way)
{
  return ways[way].face == QUEEN_FACE_HIVE || way == 0 || way == 4 || way == 7;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *at = data, *end = data + size;
  g_autoptr (GBytes) first = fuzz_cut_line (&at, end);
  g_autoptr (GBytes) body = at ? fuzz_cut_line (&at, end) : NULL;
  gsize length = at ? (gsize) (end - at) : 0;
  const char *digit = g_bytes_get_data (first, NULL);
  guint way = g_bytes_get_size (first) > 0 ? (guint8) (*digit - '0') % G_N_ELEMENTS (ways) : 0;
  g_autofree char *whole = NULL, *pieces = NULL;

  if (!body)
    return 0;
  whole = hold_talk (way, body, (const char *) at, length, MAX (length, 1));
  pieces = hold_talk (way, body, (const char *) at, length, 1 + length / 7);
  g_assert_true ((whole == NULL) == (pieces == NULL));
  if (whole && is_same_each_time (way))
    g_assert_cmpstr (whole, ==, pieces);
  return 0;
}
