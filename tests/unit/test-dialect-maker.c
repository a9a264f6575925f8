/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Long questions are translated, and nobody waits for that but who asks. */

#include <string.h>

#include "attempt-fixture.h"
#include "jobs/queen-dialect-maker.h"
#include "loop/queen-clock.h"
#include "no-threads.h"

#define LONG (8 * 1024 * 1024)
#define CHAT                                                                                       \
  STREAM_HEAD "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hé\"}}]}\n\n"            \
              "data: [DONE]\n\n"
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

typedef struct
{
  guint n_pending;
  QueenDialectMaker *maker;
  QueenComponent *worker;
  QueenAttemptRequest request;
} Maker;

typedef struct
{
  guint n_called;
  QueenDialect *dialect;
  char *message;
} Made;

static const QueenAttemptFuncs nobody = { NULL };

/* Returns: (transfer full): a question of @size bytes, which is nothing but escapes */
static char *
make_question (const char *start, gsize size)
{
  GString *text = g_string_new (start);

  while (text->len + strlen ("\\\"\"}") < size)
    g_string_append (text, "\\\"");
  g_string_append (text, "\"}");
  return g_string_free (text, FALSE);
}

static void
set_question (Maker *f, char *question)
{
  g_clear_pointer (&f->request.body, g_bytes_unref);
  f->request.body = g_bytes_new_take (question, strlen (question));
}

static void
set_up (Maker *f, gconstpointer data)
{
  f->maker = queen_dialect_maker_new (&f->n_pending);
  f->worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  f->request.path = "/v1/completions";
  f->request.face = QUEEN_FACE_OPENAI;
  set_question (f, make_question ("{\"prompt\":\"", LONG));
}

static void
tear_down (Maker *f, gconstpointer data)
{
  while (f->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  queen_dialect_maker_free (f->maker);
  g_bytes_unref (f->request.body);
  queen_component_unref (f->worker);
}

static void
on_made (QueenDialect *dialect, const GError *error, gpointer data)
{
  Made *made = data;

  made->n_called++;
  made->dialect = dialect;
  made->message = error ? g_strdup (error->message) : NULL;
}

static void
clear_made (Made *made)
{
  g_clear_pointer (&made->dialect, queen_dialect_free);
  g_clear_pointer (&made->message, g_free);
}

static QueenDialectOrder *
order (Maker *f, Made *made)
{
  return queen_dialect_maker_order (f->maker, &f->request, f->worker, &nobody, NULL, on_made, made);
}

static void
await (const Made *made)
{
  while (made->n_called == 0)
    g_main_context_iteration (NULL, TRUE);
}

/* It is made as it would be at once; but this thread, and whoever else has something to do in it,
 * has not a tenth of the work. */
static void
test_elsewhere (Maker *f, gconstpointer data)
{
  gint64 begun = queen_clock_system.get_cpu (), taken;
  g_autoptr (QueenDialect) dialect =
      queen_dialect_new (&f->request, f->worker, &nobody, NULL, NULL);
  Made made = { 0 };

  taken = queen_clock_system.get_cpu () - begun;
  begun += taken;
  order (f, &made);
  await (&made);
  g_assert_cmpint (queen_clock_system.get_cpu () - begun, <, taken / 10);
  g_assert_nonnull (made.dialect);
  g_assert_true (made.dialect->request == &f->request);
  g_assert_true (g_bytes_equal (made.dialect->body, dialect->body));
  clear_made (&made);
}

/* Who could not be served in that moment is in the next, when somebody else comes. */
static void
test_no_threads (Maker *f, gconstpointer data)
{
  Made first = { 0 }, second = { 0 };

  set_threads_out (TRUE);
  order (f, &first);
  set_threads_out (FALSE);
  order (f, &second);
  await (&first);
  await (&second);
  clear_made (&first);
  clear_made (&second);
}

static void
test_error (Maker *f, gconstpointer data)
{
  Made made = { 0 };

  set_question (f, make_question ("{\"question\":\"", LONG));
  order (f, &made);
  await (&made);
  g_assert_null (made.dialect);
  g_assert_cmpstr (made.message, ==, "prompt is no text, which is all that this worker takes");
  clear_made (&made);
}

/* Whether they wait, or are in the middle of it. */
static void
test_cancelled (Maker *f, gconstpointer data)
{
  Made first = { 0 }, second = { 0 }, third = { 0 };
  QueenDialectOrder *in_the_making = order (f, &first), *waiting = order (f, &second);

  order (f, &third);
  queen_dialect_order_cancel (in_the_making);
  queen_dialect_order_cancel (waiting);
  await (&third);
  g_assert_nonnull (third.dialect);
  g_assert_cmpuint (first.n_called + second.n_called, ==, 0);
  clear_made (&third);
  queen_dialect_order_cancel (order (f, &first));
}

/* However many questions somebody has, another one has its turn. */
static void
test_turns (Maker *f, gconstpointer data)
{
  Made many[4] = { 0 }, other = { 0 };

  f->request.submitter = "greedy";
  for (gsize i = 0; i < G_N_ELEMENTS (many); i++)
    order (f, &many[i]);
  f->request.submitter = "modest";
  order (f, &other);
  await (&other);
  g_assert_cmpuint (many[0].n_called, ==, 1);
  g_assert_cmpuint (many[2].n_called, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (many); i++)
    {
      await (&many[i]);
      clear_made (&many[i]);
    }
  clear_made (&other);
}

static void
test_slow (Maker *f, gconstpointer data)
{
  g_assert_true (queen_dialect_maker_is_slow (&f->request, f->worker));
  g_assert_true (queen_dialect_maker_is_slow (&f->request, NULL));
  f->worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  f->worker->vitals->api = QUEEN_API_OPENAI;
  g_assert_false (queen_dialect_maker_is_slow (&f->request, f->worker));
  f->worker->vitals->api = QUEEN_API_RBEE;
  set_question (f, make_question ("{\"prompt\":\"", 1000));
  g_assert_false (queen_dialect_maker_is_slow (&f->request, f->worker));
}

/* The worker does not know completions, so it is translated twice. */
static void
test_attempt (void)
{
  static const Scene scenes[] = { { NOT_FOUND, .end = SCENE_KEEP },
                                  { CHAT, .end = SCENE_CLOSE },
                                  { CHAT, .end = SCENE_CLOSE } };
  g_autofree char *question = make_question ("{\"prompt\":\"", 2 * QUEEN_DIALECT_AT_ONCE);
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.face = QUEEN_FACE_RBEE;
  for (guint i = 0; i < 2; i++)
    {
      fixture_run (&fixture, question);
      g_assert_no_error (fixture.error);
      g_assert_cmpstr (fixture.text->str, ==, "Hé");
    }
  g_assert_cmpuint (fixture.server.n_requests, ==, 3);
  g_assert_nonnull (strstr (fixture.server.requests->pdata[1], "POST /v1/chat/completions"));
  g_assert_nonnull (strstr (fixture.server.requests->pdata[1], "\\\"\\\"\\\"\"}]"));
  fixture_stop (&fixture);
}

static void
test_attempt_fails (void)
{
  g_autofree char *question = make_question ("{\"question\":\"", 2 * QUEEN_DIALECT_AT_ONCE);
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, NULL, 0);
  fixture.worker->port = 1;
  fixture_run (&fixture, question);
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "messages is no list");
  fixture_stop (&fixture);
}

/* At the end of the queen, too. */
static void
test_attempt_cancelled (void)
{
  g_autofree char *question = make_question ("{\"prompt\":\"", LONG);
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, NULL, 0);
  fixture.worker->port = 1;
  for (guint i = 0; i < 3; i++)
    {
      fixture_ask (&fixture, question);
      g_clear_pointer (&fixture.attempt, queen_attempt_cancel);
    }
  fixture_ask (&fixture, question);
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Maker, NULL, set_up, func, tear_down)
  ADD ("/dialect-maker/no-work-of-this-thread", test_elsewhere);
  ADD ("/dialect-maker/no-threads-for-a-while", test_no_threads);
  ADD ("/dialect-maker/error", test_error);
  ADD ("/dialect-maker/cancelled", test_cancelled);
  ADD ("/dialect-maker/turns", test_turns);
  ADD ("/dialect-maker/only-what-takes-long", test_slow);
  g_test_add_func ("/dialect-maker/attempt/twice", test_attempt);
  g_test_add_func ("/dialect-maker/attempt/fails", test_attempt_fails);
  g_test_add_func ("/dialect-maker/attempt/cancelled", test_attempt_cancelled);
  return g_test_run ();
}
