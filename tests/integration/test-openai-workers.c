/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Questions in OpenAI's words, and workers and clients that do all that goes wrong. */

#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-client.h"
#include "queen-process.h"
#include "stand-in-worker.h"

#define CHAT "/v1/chat/completions"
#define MIB (1024 * 1024)
#define SOON (G_USEC_PER_SEC / 5) /* in which a worker's slot is free when its client has gone */
#define N_CLIENTS 1000

typedef struct
{
  QueenProcess *queen;
  guint16 port;
  StandIn *worker; /* “a”, with one slot */
  StandIn *other;  /* “b”, likewise, once it is wanted */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->queen = queen_process_start ("--heartbeat-interval=1h", "--drain=0s", NULL);
  f->port = queen_process_get_port (f->queen);
  f->worker = stand_in_start ("--slots=1", NULL);
  stand_in_beat (f->worker, f->port, "a", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->queen, queen_process_stop);
  g_clear_pointer (&f->worker, stand_in_stop);
  g_clear_pointer (&f->other, stand_in_stop);
}

static void
start_other (Fixture *f)
{
  f->other = stand_in_start ("--slots=1", NULL);
  stand_in_beat (f->other, f->port, "b", NULL);
}

/* @members: more of the question, each with a comma before it
 *
 * Returns: (transfer full): the question as JSON */
static char *
make_question (const char *prompt, const char *members)
{
  return g_strdup_printf (
      "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]%s}", prompt,
      members);
}

static HttpAnswer *
ask (Fixture *f, const char *prompt)
{
  g_autofree char *question = make_question (prompt, "");

  return http_post (f->port, CHAT, question);
}

static HttpAnswer *
ask_for_stream (Fixture *f, const char *prompt)
{
  g_autofree char *question = make_question (prompt, ",\"stream\":true");

  return http_post (f->port, CHAT, question);
}

/* Returns: a connection whose question has been sent */
static int
begin_to_ask (Fixture *f, const char *prompt, const char *members)
{
  g_autofree char *question = make_question (prompt, members);
  g_autofree char *request =
      g_strdup_printf ("POST " CHAT " HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen (question), question);
  int fd = http_connect (f->port);

  g_assert_true (http_send (fd, request, -1));
  return fd;
}

/* Returns: (transfer full): the texts of the answer's events, and what else they are in brackets */
static char *
dup_said (const HttpAnswer *answer)
{
  g_auto (GStrv) lines = g_strsplit (answer->body, "\n", -1);
  GString *said = g_string_new (NULL);

  for (char **line = lines; *line; line++)
    {
      g_autoptr (JsonNode) node = NULL;
      JsonObject *object, *delta;
      const char *data = g_str_has_prefix (*line, "data: ") ? *line + strlen ("data: ") : NULL;

      if (!data)
        {
          g_assert_cmpstr (*line, ==, ""); /* clients that are no parsers would show it */
          continue;
        }
      node = json_from_string (data, NULL);
      object = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      if (!object)
        g_string_append (said, data);
      else if (json_object_has_member (object, "error"))
        g_string_append (said, "[error]");
      else
        {
          delta = json_object_get_object_member (
              json_array_get_object_element (json_object_get_array_member (object, "choices"), 0),
              "delta");
          g_string_append (said, json_object_get_string_member_with_default (delta, "content", ""));
        }
    }
  return g_string_free (said, FALSE);
}

static void
assert_said (const HttpAnswer *answer, const char *expected)
{
  g_autofree char *said = NULL;

  g_assert_cmpuint (answer->status, ==, 200);
  said = dup_said (answer);
  g_assert_cmpstr (said, ==, expected);
}

static void
assert_error (const HttpAnswer *answer, guint status)
{
  g_autoptr (JsonNode) node = NULL;

  g_test_message ("%u: %s", answer->status, answer->body);
  g_assert_cmpuint (answer->status, ==, status);
  node = json_from_string (answer->body, NULL);
  g_assert_true (json_object_has_member (json_node_get_object (node), "error"));
}

#define ALL8 "tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7"

static void
test_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = ask (f, "hello");
  g_autoptr (JsonObject) asked = stand_in_dup_last_request (f->worker);
  g_autofree char *question = make_question ("hello", "");

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_nonnull (strstr (answer->body, "\"content\": \"" ALL8 "\""));
  g_assert_cmpstr (http_answer_get_header (answer, "x-queen-worker"), ==, "a");
  g_assert_true (g_str_has_prefix (http_answer_get_header (answer, "x-queen-job"), "job-"));
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==, "application/json");
  g_assert_cmpstr (json_object_get_string_member (asked, "body"), ==, question);
}

static void
test_streamed (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = ask_for_stream (f, "hello");

  assert_said (answer, ALL8 "[DONE]");
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==,
                   "text/event-stream; charset=utf-8");
  g_assert_cmpstr (http_answer_get_header (answer, "x-queen-worker"), ==, "a");
}

/* Before it has begun, another one is asked; the client hears of nothing. */
static void
test_next_worker (Fixture *f, gconstpointer data)
{
  static const char *const orders[] = {
    "{\"next\":[{\"fault\":\"reset-accept\"}]}", /* a reset says that it was not read */
    "{\"next\":[{\"fault\":\"reset-body\"}]}",
    "{\"always\":{\"fault\":\"status\",\"status\":\"503\"}}",
    "{\"always\":{\"fault\":\"status\",\"status\":\"429\"}}",
    "{\"listen\":false}",
  };

  start_other (f);
  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_autoptr (HttpAnswer) whole = NULL;
      g_autoptr (HttpAnswer) streamed = NULL;

      g_test_message ("%s", orders[i]);
      if (i + 1 < G_N_ELEMENTS (orders)) /* who does not listen cannot be told anything either */
        stand_in_order (f->worker, "%s", orders[i]);
      else
        g_clear_pointer (&f->worker, stand_in_stop);
      whole = ask (f, "hello");
      g_assert_cmpuint (whole->status, ==, 200);
      g_assert_cmpstr (http_answer_get_header (whole, "x-queen-worker"), ==, "b");
      streamed = ask_for_stream (f, "hello");
      assert_said (streamed, ALL8 "[DONE]");
      if (f->worker) /* or it would rest */
        stand_in_beat (f->worker, f->port, "a", NULL);
    }
}

/* Once it may have begun nobody else is asked, or the work would be done twice. */
static void
test_not_twice (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *prompt;
    guint status;
  } rows[] = {
    { "[[fault=close-first]]", 502 },       { "[[fault=reset-middle]]", 502 },
    { "[[fault=length-long]]", 502 },       { "[[fault=length-short]]", 502 },
    { "[[fault=no-json]]", 502 },           { "[[fault=status status=500]]", 500 },
    { "[[fault=status status=409]]", 409 }, { "[[fault=redirect]]", 502 },
  };

  start_other (f);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 before =
          stand_in_get_count (f->worker, "begun") + stand_in_get_count (f->other, "begun");
      g_autoptr (HttpAnswer) answer = ask (f, rows[i].prompt);

      assert_error (answer, rows[i].status);
      g_assert_cmpint (stand_in_get_count (f->worker, "begun") +
                           stand_in_get_count (f->other, "begun"),
                       ==, before + 1);
    }
  g_assert_cmpint (stand_in_get_count (f->worker, "redirected"), ==, 0);
  g_assert_cmpint (stand_in_get_count (f->other, "redirected"), ==, 0);
}

/* What was there is there, and the end says what it is. */
static void
test_broken_streams (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *prompt;
    const char *said; /* at the beginning */
    gboolean is_error;
  } rows[] = {
    { "[[fault=reset-middle]]", "tok0 tok1 tok2 tok3", TRUE },
    { "[[fault=close-middle]]", "tok0 tok1 tok2 tok3", TRUE },
    { "[[fault=reset-end]]", ALL8, TRUE },
    { "[[fault=long-line size=20000000]]", "tok0 tok1 tok2 tok3", TRUE },
    { "[[fault=half-frame]]", "tok0 tok1 tok2 tok3", TRUE },
    { "[[fault=error-event]]", "tok0 tok1 tok2 tok3", TRUE },
    { "[[fault=other-sse]]", ALL8, FALSE },
    { "[[fault=byte-by-byte tokens=2]]", "tok0 tok1", FALSE },
    { "[[fault=done-token]]", "tok0 tok1 tok2 tok3 [DONE] tok5 tok6 tok7", FALSE },
    { "[[fault=never-ends]]", ALL8, FALSE },
    { "[[fault=invalid-utf8]]", "tok0 tok1 tok2", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (HttpAnswer) answer = ask_for_stream (f, rows[i].prompt);
      g_autofree char *said = dup_said (answer);

      g_test_message ("%s: %s", rows[i].prompt, said);
      g_assert_cmpuint (answer->status, ==, 200);
      g_assert_true (g_str_has_prefix (said, rows[i].said));
      g_assert_cmpint (strstr (said, "[error]") != NULL, ==, rows[i].is_error);
      if (!rows[i].is_error)
        g_assert_true (g_str_has_suffix (said, "[DONE]"));
      g_assert_true (g_utf8_validate (answer->body, -1, NULL));
      stand_in_wait (f->worker, "running=0");
    }
}

/* A worker that never stops talking costs no more memory than others. */
static void
test_long (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) usual = ask (f, "hello");
  gint64 before = queen_process_get_resident (f->queen);
  g_autoptr (HttpAnswer) line = ask_for_stream (f, "[[fault=long-line]]");
  g_autoptr (HttpAnswer) body = ask (f, "[[fault=long-body]]");

  g_assert_cmpuint (usual->status, ==, 200);
  g_assert_nonnull (strstr (line->body, "\"error\""));
  assert_error (body, 502);
  stand_in_wait (f->worker, "running=0");
  g_test_message ("%" G_GINT64_FORMAT " KiB more",
                  (queen_process_get_resident (f->queen) - before) / 1024);
  if (!queen_test_is_wrapped () && !queen_test_is_sanitized ())
    g_assert_cmpint (queen_process_get_resident (f->queen) - before, <, 64 * MIB);
}

/* Hangs up, and sees how soon the worker hears of it. */
static void
assert_freed (Fixture *f, int fd, const char *counts)
{
  gint64 left_at = g_get_monotonic_time ();
  gint64 took;

  close (fd);
  stand_in_wait (f->worker, counts);
  took = stand_in_get_time (f->worker, "gone_at") - left_at;
  g_test_message ("free after %" G_GINT64_FORMAT " us", took);
  if (!queen_test_is_wrapped ())
    g_assert_cmpint (took, <, SOON);
}

static void
test_gone_before_the_first_byte (Fixture *f, gconstpointer data)
{
  int whole = begin_to_ask (f, "[[fault=silent-first]]", "");
  int streamed;

  stand_in_wait (f->worker, "begun=1");
  assert_freed (f, whole, "gone=1&running=0");
  streamed = begin_to_ask (f, "[[fault=silent-head]]", ",\"stream\":true");
  stand_in_wait (f->worker, "begun=2&running=1");
  assert_freed (f, streamed, "gone=2&running=0");
}

static void
test_gone_in_the_middle (Fixture *f, gconstpointer data)
{
  int streamed = begin_to_ask (f, "[[pace=step]]", ",\"stream\":true");

  stand_in_wait (f->worker, "running=1");
  stand_in_order (f->worker, "{\"step\":2}");
  g_assert_true (http_wait_readable (streamed, queen_test_get_deadline ()));
  assert_freed (f, streamed, "gone=1&running=0");
}

/* Nobody else loses a slot by it, and the worker never hears of who waited. */
static void
test_gone_while_queued (Fixture *f, gconstpointer data)
{
  int first = begin_to_ask (f, "[[pace=step]]", ",\"stream\":true");
  int second, third;
  g_autoptr (HttpAnswer) answer = NULL;

  stand_in_wait (f->worker, "running=1");
  second = begin_to_ask (f, "second", "");
  third = begin_to_ask (f, "third", "");
  close (second);
  stand_in_order (f->worker, "{\"step\":8}");
  answer = http_read_answer (third);
  g_assert_cmpuint (answer->status, ==, 200);
  stand_in_wait (f->worker, "begun=2&running=0");
  close (first);
  g_assert_cmpint (stand_in_get_count (f->worker, "gone"), ==, 0);
}

/* With one slot each has its turn, and the worker never has two at once. */
static void
test_crowd (Fixture *f, gconstpointer data)
{
  guint n_clients = queen_test_scale (N_CLIENTS);
  g_autofree int *clients = g_new (int, n_clients);
  g_autofree char *counts = NULL;

  for (guint i = 0; i < n_clients; i++)
    clients[i] = begin_to_ask (f, "hello", ",\"max_tokens\":1");
  for (guint i = 0; i < n_clients; i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (clients[i]);

      g_assert_cmpuint (answer->status, ==, 200);
    }
  counts = g_strdup_printf ("begun=%u&running=0", n_clients);
  stand_in_wait (f->worker, counts);
  g_assert_cmpint (stand_in_get_count (f->worker, "most_waiting"), ==, 0);
}

/* Returns: (transfer full): a question of exactly @size bytes */
static char *
make_large (gsize size)
{
  g_autofree char *start = g_strdup ("{\"model\":\"tiny\",\"max_tokens\":1,\"prompt\":\"");
  g_autofree char *filling = g_strnfill (size - strlen (start) - strlen ("\"}"), 'x');

  return g_strconcat (start, filling, "\"}", NULL);
}

static void
test_large (Fixture *f, gconstpointer data)
{
  g_autofree char *most = make_large (8 * MIB);
  g_autofree char *more = make_large (8 * MIB + 1);
  g_autoptr (HttpAnswer) taken = http_post (f->port, "/v1/completions", most);
  g_autoptr (HttpAnswer) refused = http_post (f->port, "/v1/completions", more);
  g_autoptr (JsonObject) asked = stand_in_dup_last_request (f->worker);

  g_assert_cmpuint (taken->status, ==, 200);
  g_assert_cmpint (json_object_get_int_member (asked, "length"), ==, 8 * MIB);
  assert_error (refused, 413);
  g_assert_false (refused->was_reset);
}

/* It would come back in the error, at its whole length. */
static void
test_long_model (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (MIB, 'x');
  g_autofree char *question = g_strdup_printf ("{\"model\":\"%s\"}", name);
  g_autoptr (HttpAnswer) answer = http_post (f->port, CHAT, question);

  assert_error (answer, 400);
  g_assert_cmpuint (answer->body_length, <, 1024);
}

static void
test_bad_questions (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *question;
    guint status;
    const char *said;
  } rows[] = {
    { "", 400, "nothing" },
    { "{", 400, "not valid JSON" },
    { "[]", 400, "object" },
    { "{\"messages\":[]}", 400, "\"param\":\"model\"" },
    { "{\"model\":7}", 400, "\"param\":\"model\"" },
    { "{\"model\":\"\"}", 400, "\"param\":\"model\"" },
    { "{\"model\":\"tiny\",\"stream\":\"yes\"}", 400, "\"param\":\"stream\"" },
    { "{\"model\":\"tiny\",\"model\":\"tiny\"}", 400, "twice" },
    { "{\"model\":\"tiny\",\"mod\\u0065l\":\"other\"}", 400, "twice" },
    { "{\"stream\":true,\"model\":\"tiny\",\"stream\":false}", 400, "twice" },
    { "{\"model\":\"tiny\",\"x\":\"\xff\"}", 400, "UTF-8" },
    { "{\"model\":\"none\"}", 404, "\"code\":\"model_not_found\"" },
    { "{\"model\":\"none\"}", 404, "tiny" }, /* one that there is */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (HttpAnswer) answer = http_post (f->port, CHAT, rows[i].question);

      assert_error (answer, rows[i].status);
      g_assert_nonnull (strstr (answer->body, rows[i].said));
    }
  g_assert_cmpint (stand_in_get_count (f->worker, "begun"), ==, 0);
}

/* A form on somebody's page cannot ask. */
static void
test_forms (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) plain =
      http_exchange (f->port,
                     "POST " CHAT " HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                     "Content-Length: 16\r\n\r\n{\"model\":\"tiny\"}",
                     -1);
  g_autoptr (HttpAnswer) packed =
      http_exchange (f->port,
                     "POST " CHAT
                     " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
                     -1);

  assert_error (plain, 415);
  assert_error (packed, 415);
}

/* Nested as tools' schemas are, and with a `model` that is somebody else's. */
static void
test_only_the_top (Fixture *f, gconstpointer data)
{
  g_autofree char *question = make_question (
      "hello", ",\"tools\":[{\"function\":{\"parameters\":{\"properties\":{\"model\":{\"type\":"
               "\"string\"},\"stream\":{\"type\":\"object\",\"properties\":{\"stream\":{}}}}}}}],"
               "\"metadata\":{\"model\":\"none\",\"stream\":\"x\"}");
  g_autoptr (HttpAnswer) answer = http_post (f->port, CHAT, question);
  g_autoptr (JsonObject) asked = stand_in_dup_last_request (f->worker);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (json_object_get_string_member (asked, "body"), ==, question);
}

/* What a worker of the seed's says is told in OpenAI's words. */
static void
test_rbee (Fixture *f, gconstpointer data)
{
  g_autoptr (StandIn) worker = stand_in_start ("--api=rbee", "--model=seed", NULL);
  g_autoptr (HttpAnswer) streamed = NULL;
  g_autoptr (HttpAnswer) whole = NULL;

  stand_in_beat (worker, f->port, "seed", NULL);
  streamed = http_post (f->port, CHAT,
                        "{\"model\":\"seed\",\"stream\":true,\"max_tokens\":3,"
                        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
  assert_said (streamed, "tok0 tok1 tok2[DONE]");
  whole = http_post (f->port, "/v1/completions",
                     "{\"model\":\"seed\",\"max_tokens\":2,\"prompt\":\"hi\"}");
  g_assert_cmpuint (whole->status, ==, 200);
  g_assert_nonnull (strstr (whole->body, "tok0 tok1"));
}

/* A client of HTTP/1.0 gets it without chunks, up to the end of the connection. */
static void
test_http_1_0 (Fixture *f, gconstpointer data)
{
  g_autofree char *question = make_question ("hello", ",\"stream\":true");
  g_autofree char *request = g_strdup_printf ("POST " CHAT " HTTP/1.0\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n\r\n%s",
                                              strlen (question), question);
  g_autoptr (HttpAnswer) answer = http_exchange (f->port, request, -1);

  g_assert_null (http_answer_get_header (answer, "transfer-encoding"));
  assert_said (answer, ALL8 "[DONE]");
}

/* @headers: each with its line end */
static HttpAnswer *
ask_with (Fixture *f, const char *headers, const char *prompt)
{
  g_autofree char *question = make_question (prompt, "");
  g_autofree char *request =
      g_strdup_printf ("POST " CHAT " HTTP/1.1\r\nHost: localhost\r\n%s"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       headers, strlen (question), question);

  return http_exchange (f->port, request, -1);
}

static void
test_wish (Fixture *f, gconstpointer data)
{
  start_other (f);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (HttpAnswer) a = ask_with (f, "X-Queen-Worker: a\r\n", "hello");
      g_autoptr (HttpAnswer) b = ask_with (f, "X-Queen-Worker: b\r\n", "hello");

      g_assert_cmpstr (http_answer_get_header (a, "x-queen-worker"), ==, "a");
      g_assert_cmpstr (http_answer_get_header (b, "x-queen-worker"), ==, "b");
    }
}

/* The worker does it once, however often it is asked for. */
static void
test_same_key (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) first = ask_with (f, "Idempotency-Key: 7\r\n", "hello");
  g_autoptr (HttpAnswer) again = ask_with (f, "Idempotency-Key: 7\r\n", "hello");
  g_autoptr (HttpAnswer) other = ask_with (f, "Idempotency-Key: 7\r\n", "something else");

  g_assert_cmpuint (first->status, ==, 200);
  g_assert_cmpuint (again->status, ==, 200);
  g_assert_cmpstr (again->body, ==, first->body);
  g_assert_cmpstr (http_answer_get_header (again, "x-queen-job"), ==,
                   http_answer_get_header (first, "x-queen-job"));
  g_assert_cmpint (stand_in_get_count (f->worker, "begun"), ==, 1);
  assert_error (other, 422);
}

static gboolean
has_readers (Fixture *f, const char *count)
{
  g_autoptr (HttpAnswer) list = http_get (f->port, "/v1/jobs");
  g_autofree char *member = g_strdup_printf ("\"readers\":%s,", count);

  return strstr (list->body, member) != NULL;
}

/* All who wait for one answer are told in one turn, so they are not thousands. */
static void
test_same_key_by_many (Fixture *f, gconstpointer data)
{
  g_autofree char *question = make_question ("[[pace=step]]", "");
  g_autofree char *request =
      g_strdup_printf ("POST " CHAT " HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: 7\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen (question), question);
  g_autoptr (HttpAnswer) refused = NULL;
  int fds[100];

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = http_connect (f->port);
      g_assert_true (http_send (fds[i], request, -1));
    }
  /* Whoever is refused is answered at once; the others wait. */
  queen_test_wait_until (has_readers (f, "100"));
  refused = http_exchange (f->port, request, -1);
  assert_error (refused, 503);
  stand_in_order (f->worker, "{\"step\":1000}");
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      g_assert_cmpuint (answer->status, ==, 200);
    }
}

/* Returns: @fd, whose answer has begun, of which nothing has been read */
static int
stream_by (int fd)
{
  g_autofree char *question = make_question ("[[pace=step]]", ",\"stream\":true");
  g_autofree char *request =
      g_strdup_printf ("POST " CHAT " HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: 7\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen (question), question);
  char head[13] = { 0 };

  g_assert_true (http_send (fd, request, -1));
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  g_assert_cmpint (recv (fd, head, sizeof head - 1, MSG_PEEK), >, 0);
  g_assert_cmpstr (head, ==, "HTTP/1.1 200");
  return fd;
}

/* Who listens to an answer takes from the places of all who listen, and one address no more than
 * its share; so does a user who comes through a Unix socket. */
static void
test_share_of_streams (Fixture *f, gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-rbee-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "queen.sock", NULL);
  g_autofree char *bind = g_strconcat ("--bind=unix:", path, NULL);
  int fds[3];
  g_autoptr (HttpAnswer) refused = NULL;

  queen_process_stop (f->queen);
  f->queen = queen_process_start ("--bind=127.0.0.1", bind, "--max-per-peer=2", "--drain=0s", NULL);
  f->port = queen_process_get_port (f->queen);
  stand_in_beat (f->worker, f->port, "a", NULL);
  fds[0] = stream_by (http_connect (f->port));
  fds[1] = stream_by (http_connect_from ("127.0.0.2", f->port, 0));
  refused = http_read_answer (stream_by (http_connect_from ("127.0.0.3", f->port, 0)));
  g_assert_nonnull (strstr (refused->body, "too many readers"));
  start_other (f); /* as a user has answers of its own, whatever the key */
  fds[2] = stream_by (http_connect_unix (path));
  g_assert_cmpuint (http_read_metric (f->port, "queen_refusals_total{reason=\"peer_share\"}"), ==,
                    1);
  g_assert_cmpuint (http_read_metric (f->port, "queen_job_readers"), ==, 3);
  g_assert_cmpuint (http_read_metric (f->port, "queen_subscribers"), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  g_clear_pointer (&f->queen, queen_process_stop);
  g_assert_no_errno (rmdir (directory));
}

/* Whose connection broke comes again by the same key, and is answered. */
static void
test_same_key_again (Fixture *f, gconstpointer data)
{
  g_autofree char *question = make_question ("hello", "");
  g_autofree char *request =
      g_strdup_printf ("POST " CHAT " HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: 7\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen (question), question);
  int fd = http_connect (f->port);
  g_autoptr (HttpAnswer) answer = NULL;
  g_autoptr (HttpAnswer) again = NULL;

  stand_in_order (f->worker, "{\"next\":[{\"fault\":\"silent-first\"}]}");
  g_assert_true (http_send (fd, request, -1));
  stand_in_wait (f->worker, "begun=1");
  close (fd);
  stand_in_wait (f->worker, "gone=1&running=0");
  answer = http_exchange (f->port, request, -1);
  g_assert_cmpuint (answer->status, ==, 200);
  again = http_exchange (f->port, request, -1);
  g_assert_cmpstr (again->body, ==, answer->body);
  g_assert_cmpint (stand_in_get_count (f->worker, "begun"), ==, 2);
}

/* Somebody ends it who knows its name; the reader is told so. */
static void
test_cancelled (Fixture *f, gconstpointer data)
{
  int fd = begin_to_ask (f, "[[pace=step]]", ",\"stream\":true");
  g_autoptr (HttpAnswer) list = NULL;
  g_autoptr (HttpAnswer) cancelled = NULL;
  g_autoptr (HttpAnswer) answer = NULL;
  g_autoptr (GRegex) regex = g_regex_new ("job-[0-9a-f-]{36}", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *id = NULL;
  g_autofree char *request = NULL;
  g_autofree char *said = NULL;

  stand_in_wait (f->worker, "running=1");
  stand_in_order (f->worker, "{\"step\":2}");
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  list = http_get (f->port, "/v1/jobs");
  g_assert_true (g_regex_match (regex, list->body, 0, &match));
  id = g_match_info_fetch (match, 0);
  request = g_strdup_printf ("DELETE /v1/jobs/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", id);
  cancelled = http_exchange (f->port, request, -1);
  g_assert_cmpuint (cancelled->status, ==, 200);
  answer = http_read_answer (fd);
  said = dup_said (answer);
  g_assert_nonnull (strstr (said, "[error]")); /* behind as much as had come until then */
  stand_in_wait (f->worker, "gone=1&running=0");
}

/* Returns: whether @text has come, which stays there to be read */
static gboolean
has_come (int fd, const char *text)
{
  char bytes[4096] = { 0 };

  return recv (fd, bytes, sizeof bytes - 1, MSG_PEEK | MSG_DONTWAIT) > 0 && strstr (bytes, text);
}

/* The end of the queen is the end of all that is asked, and each is told so in order. */
static void
test_end (Fixture *f, gconstpointer data)
{
  int streamed = begin_to_ask (f, "[[pace=step]]", ",\"stream\":true");
  int waiting;
  g_autoptr (HttpAnswer) cut = NULL;
  g_autoptr (HttpAnswer) refused = NULL;
  g_autofree char *said = NULL;

  stand_in_wait (f->worker, "running=1");
  stand_in_order (f->worker, "{\"step\":2}");
  waiting = begin_to_ask (f, "hello", "");
  queen_test_wait_until (has_come (streamed, "tok1"));
  queen_process_signal (f->queen, SIGTERM);
  refused = http_read_answer (waiting);
  assert_error (refused, 503);
  cut = http_read_answer (streamed);
  said = dup_said (cut);
  g_assert_true (g_str_has_prefix (said, "tok0 tok1"));
  g_assert_nonnull (strstr (said, "[error]"));
  stand_in_wait (f->worker, "gone=1&running=0");
  g_assert_cmpint (queen_process_wait_exit (f->queen), ==, 0);
}

/* A reader that takes nothing does not hold the worker, and is told that it has lost something. */
static void
test_slow_reader (Fixture *f, gconstpointer data)
{
  g_autofree char *question = make_question ("[[tokens=20000]]", ",\"stream\":true");
  g_autofree char *request = g_strdup_printf ("POST " CHAT " HTTP/1.1\r\nHost: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n\r\n%s",
                                              strlen (question), question);
  g_autoptr (HttpAnswer) answer = NULL;
  int fd = http_connect_with_buffer (f->port, 4096);

  g_assert_true (http_send (fd, request, -1));
  stand_in_wait (f->worker, "ended=1&running=0");
  answer = http_read_answer (fd);
  g_assert_nonnull (strstr (answer->body, "\"code\":\"lagged\""));
}

/* Returns: the answer of “one”, if it can be had */
static HttpAnswer *
ask_one (Fixture *f, const char *path)
{
  g_autofree char *request =
      g_strdup_printf ("POST %s HTTP/1.1\r\nHost: localhost\r\nX-Queen-Worker: one\r\n"
                       "Content-Type: application/json\r\nContent-Length: 42\r\n\r\n"
                       "{\"model\":\"seed\",\"input\":\"x\",\"prompt\":\"hi\"}",
                       path);

  return http_exchange (f->port, request, -1);
}

/* It is asked for what its kind never does, and is no worse for that. */
static void
test_not_ejected (Fixture *f, gconstpointer data)
{
  g_autoptr (StandIn) one = stand_in_start ("--api=rbee", "--model=seed", NULL);
  g_autoptr (StandIn) two = stand_in_start ("--api=rbee", "--model=seed", NULL);
  g_autoptr (HttpAnswer) answer = NULL;

  stand_in_beat (one, f->port, "one", NULL);
  stand_in_beat (two, f->port, "two", NULL);
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (HttpAnswer) refused = ask_one (f, "/v1/embeddings");

      assert_error (refused, 501);
    }
  answer = ask_one (f, "/v1/completions");
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "x-queen-worker"), ==, "one");
}

/* Completions of a worker that speaks chat alone */

#define COMPLETIONS "/v1/completions"

static guint
count_asked (StandIn *worker, const char *path)
{
  g_autoptr (HttpAnswer) state = http_get (stand_in_get_port (worker), "/control");
  g_autofree char *member = g_strdup_printf ("\"path\": \"%s\"", path);
  g_auto (GStrv) parts = g_strsplit (state->body, member, -1);

  return g_strv_length (parts) - 1;
}

/* It is asked for completions once, and then no more. */
static void
test_chat_alone (Fixture *f, gconstpointer data)
{
  stand_in_order (f->worker, "{\"always\":{\"without\":\"" COMPLETIONS "\"}}");
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (HttpAnswer) whole =
          http_post (f->port, COMPLETIONS,
                     "{\"model\":\"tiny\",\"max_tokens\":2,\"prompt\":\"a b c\"}");
      g_autoptr (HttpAnswer) streamed =
          http_post (f->port, COMPLETIONS,
                     "{\"model\":\"tiny\",\"max_tokens\":2,\"stream\":true,\"stream_options\":"
                     "{\"include_usage\":true},\"prompt\":\"[[fault=byte-by-byte]]\"}");

      g_assert_cmpuint (whole->status, ==, 200);
      g_assert_nonnull (strstr (whole->body, "\"object\":\"text_completion\""));
      g_assert_nonnull (strstr (whole->body, "\"text\":\"tok0 tok1\",\"logprobs\":null,"
                                             "\"finish_reason\":\"stop\""));
      g_assert_nonnull (strstr (whole->body, "\"usage\":{\"prompt_tokens\":3,"));
      g_assert_cmpuint (streamed->status, ==, 200);
      g_assert_nonnull (strstr (streamed->body, "\"text\":\" tok1\""));
      g_assert_nonnull (strstr (streamed->body, "\"completion_tokens\":2,"));
      g_assert_null (strstr (streamed->body, "\"delta\""));
      g_assert_true (g_str_has_suffix (streamed->body, "data: [DONE]\n\n"));
    }
  g_assert_cmpuint (count_asked (f->worker, COMPLETIONS), ==, 1);
  g_assert_cmpuint (count_asked (f->worker, CHAT), ==, 6);
}

/* What a chat cannot do goes to somebody who knows completions, and nobody is worse for it. */
static void
test_chat_cannot (Fixture *f, gconstpointer data)
{
  const char *question = "{\"model\":\"tiny\",\"max_tokens\":2,\"prompt\":\"hi\",\"echo\":true}";

  stand_in_order (f->worker, "{\"always\":{\"without\":\"" COMPLETIONS "\"}}");
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (HttpAnswer) refused = http_post (f->port, COMPLETIONS, question);

      assert_error (refused, 501);
      g_assert_nonnull (strstr (refused->body, "“echo”"));
    }
  start_other (f);
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (HttpAnswer) answer = http_post (f->port, COMPLETIONS, question);

      g_assert_cmpuint (answer->status, ==, 200);
      g_assert_cmpstr (http_answer_get_header (answer, "x-queen-worker"), ==, "b");
    }
  g_assert_cmpint ((gint64) http_read_metric (f->port, "queen_ejected_workers"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/openai/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("answers/whole-as-the-worker-gave-it", test_whole);
  ADD ("answers/streamed-as-the-worker-gave-it", test_streamed);
  ADD ("answers/from-a-worker-of-the-seeds", test_rbee);
  ADD ("workers/who-refuses-is-not-noticed", test_next_worker);
  ADD ("workers/who-may-have-begun-is-the-last", test_not_twice);
  ADD ("workers/streams-that-break", test_broken_streams);
  ADD ("workers/who-never-stops", test_long);
  ADD ("gone/before-the-first-byte", test_gone_before_the_first_byte);
  ADD ("gone/in-the-middle", test_gone_in_the_middle);
  ADD ("gone/while-queued", test_gone_while_queued);
  ADD ("crowd/a-thousand-for-one-slot", test_crowd);
  ADD ("answers/without-chunks", test_http_1_0);
  ADD ("answers/again-by-the-same-key", test_same_key);
  ADD ("answers/the-same-key-by-too-many", test_same_key_by_many);
  ADD ("answers/streams-take-from-the-share-of-an-address", test_share_of_streams);
  ADD ("answers/the-key-of-one-that-broke-off-is-free", test_same_key_again);
  ADD ("workers/who-cannot-do-that-is-not-ejected", test_not_ejected);
  ADD ("workers/who-speak-chat-alone", test_chat_alone);
  ADD ("workers/who-speak-chat-alone-do-not-do-all", test_chat_cannot);
  ADD ("workers/a-wish", test_wish);
  ADD ("gone/cancelled-by-somebody-else", test_cancelled);
  ADD ("gone/the-queen", test_end);
  ADD ("slow/a-reader-holds-nobody", test_slow_reader);
  ADD ("questions/8-mib-and-no-more", test_large);
  ADD ("questions/that-are-none", test_bad_questions);
  ADD ("questions/a-model-of-1-mib", test_long_model);
  ADD ("questions/no-forms", test_forms);
  ADD ("questions/only-the-top-is-looked-at", test_only_the_top);
  return g_test_run ();
}
