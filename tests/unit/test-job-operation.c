/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The seed's operations, as its clients write them and as nobody should. */

#include "jobs/queen-job-operation.h"

#include <string.h>

#include "loop/queen-clock.h"
#include "queen-error.h"

static QueenJobOperation *
read_text (const char *text, GError **error)
{
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));

  return queen_job_operation_new (body, error);
}

/* Members are sorted, and what was 0.7 is widened. */
static void
test_keeper (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenJobOperation) operation = read_text (
      "{\"hive_id\":\"localhost\",\"max_tokens\":20,\"model\":\"m\",\"operation\":\"infer\","
      "\"prompt\":\"hello\",\"stream\":true,\"temperature\":0.699999988079071,"
      "\"top_p\":0.8999999761581421}",
      &error);

  g_assert_no_error (error);
  g_assert_cmpint (operation->kind, ==, QUEEN_JOB_INFER);
  g_assert_cmpstr (operation->request.operation, ==, "infer");
  g_assert_cmpstr (operation->request.model, ==, "m");
  g_assert_null (operation->request.wish);
  g_assert_null (operation->request.hive_id);
  g_assert_cmpint (operation->request.face, ==, QUEEN_FACE_RBEE);
  g_assert_cmpint (operation->request.on_disconnect, ==, QUEEN_JOB_KEEP);
  g_assert_cmpint (operation->request.queue_timeout, ==, QUEEN_JOB_QUEUE_TIMEOUT);
}

static void
test_settings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenJobOperation) operation = read_text (
      "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"p\",\"on_disconnect\":\"cancel\","
      "\"grace\":1.5,\"queue_timeout\":0,\"connect_timeout\":1,\"first_byte_timeout\":2,"
      "\"idle_timeout\":0.25,\"worker_id\":\"w\",\"affinity\":\"a\",\"reservation\":\"r\","
      "\"unknown\":{\"model\":\"other\"},\"device\":null}",
      &error);
  const QueenJobRequest *request;

  g_assert_no_error (error);
  request = &operation->request;
  g_assert_cmpint (request->on_disconnect, ==, QUEEN_JOB_CANCEL);
  g_assert_cmpint (request->grace, ==, 1500000);
  g_assert_cmpint (request->queue_timeout, ==, 0);
  g_assert_cmpint (request->connect_timeout, ==, 1000000);
  g_assert_cmpint (request->first_byte_timeout, ==, 2000000);
  g_assert_cmpint (request->idle_timeout, ==, 250000);
  g_assert_cmpstr (request->wish, ==, "w");
  g_assert_cmpstr (request->affinity, ==, "a");
  g_assert_cmpstr (request->reservation, ==, "r");
  g_assert_cmpstr (request->model, ==, "m");
}

static void
test_kinds (void)
{
  static const struct
  {
    const char *text;
    QueenJobOperationKind kind;
    const char *id;
  } cases[] = {
    { "{\"operation\":\"status\"}", QUEEN_JOB_REPORT, NULL },
    { "{\"operation\":\"hive_list\"}", QUEEN_JOB_REPORT, NULL },
    { "{\"operation\":\"hive_get\"}", QUEEN_JOB_REPORT, "localhost" },
    { "{\"operation\":\"hive_status\",\"alias\":\"h\"}", QUEEN_JOB_REPORT, "h" },
    { "{\"worker_id\":\"w\",\"operation\":\"active_worker_get\"}", QUEEN_JOB_REPORT, "w" },
    { "{\"worker_id\":\"w\",\"operation\":\"active_worker_retire\"}", QUEEN_JOB_RETIRE, "w" },
    { "{\"hive_id\":\"h\",\"operation\":\"model_list\"}", QUEEN_JOB_OF_HIVE, "h" },
    { "{\"hive_id\":\"h\",\"operation\":\"worker_spawn\",\"device\":1}", QUEEN_JOB_OF_HIVE, "h" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (QueenJobOperation) operation = read_text (cases[i].text, &error);

      g_assert_no_error (error);
      g_assert_cmpint (operation->kind, ==, cases[i].kind);
      g_assert_cmpstr (operation->id, ==, cases[i].id);
      if (operation->kind == QUEEN_JOB_OF_HIVE)
        g_assert_cmpstr (operation->request.hive_id, ==, cases[i].id);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    int code;
    const char *word;
  } cases[] = {
    { "", QUEEN_ERROR_BAD_REQUEST, "JSON" },
    { "{", QUEEN_ERROR_BAD_REQUEST, "JSON" },
    { "{\"model\":\"a\",\"model\":\"b\"}", QUEEN_ERROR_BAD_REQUEST, "model" },
    { "{\"stream\":true,\"stream\":true}", QUEEN_ERROR_BAD_REQUEST, "stream" },
    { "[]", QUEEN_ERROR_UNPROCESSABLE, "object" },
    { "7", QUEEN_ERROR_UNPROCESSABLE, "object" },
    { "{}", QUEEN_ERROR_UNPROCESSABLE, "operation" },
    { "{\"operation\":null}", QUEEN_ERROR_UNPROCESSABLE, "operation" },
    { "{\"operation\":\"dance\"}", QUEEN_ERROR_UNPROCESSABLE, "dance" },
    { "{\"operation\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaéééé\"}",
      QUEEN_ERROR_UNPROCESSABLE, "aaa…" },
    { "{\"operation\":\"\\u202e\\u001b\"}", QUEEN_ERROR_UNPROCESSABLE, "“  ”" },
    { "{\"operation\":\"infer\",\"model\":\"m\"}", QUEEN_ERROR_UNPROCESSABLE, "prompt" },
    { "{\"operation\":\"infer\",\"prompt\":\"p\"}", QUEEN_ERROR_UNPROCESSABLE, "model" },
    { "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":[\"p\"]}", QUEEN_ERROR_UNPROCESSABLE,
      "prompt" },
    { "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"p\",\"temperature\":-1}",
      QUEEN_ERROR_UNPROCESSABLE, "temperature" },
    { "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"p\",\"top_k\":\"7\"}",
      QUEEN_ERROR_UNPROCESSABLE, "top_k" },
    { "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"p\",\"idle_timeout\":3601}",
      QUEEN_ERROR_UNPROCESSABLE, "idle_timeout" },
    { "{\"operation\":\"active_worker_get\"}", QUEEN_ERROR_UNPROCESSABLE, "worker_id" },
    { "{\"operation\":\"model_download\",\"model\":\"m\"}", QUEEN_ERROR_UNPROCESSABLE, "hive_id" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_text (cases[i].text, &error));
      g_assert_error (error, QUEEN_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].word));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

#define FILL (8 * 1024 * 1024)
#define UNITS_AT_ONCE 8192
#define TRIES 3 /* the best of which counts */

/* Returns: µs of a processor that it takes to read it; the rest is refused */
static gint64
measure (const char *name, const char *unit, int code)
{
  g_autoptr (GString) text = g_string_new ("{\"model\":\"m\",\"operation\":\"infer\",\"");
  g_autoptr (GString) many = g_string_new (NULL);
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < UNITS_AT_ONCE; i++)
    g_string_append (many, unit);
  g_string_append_printf (text, "%s\":\"", name);
  while (text->len < FILL)
    g_string_append_len (text, many->str, (gssize) many->len);
  g_string_append (text, "\"}");
  for (guint i = 0; i < TRIES; i++)
    {
      gint64 begun = queen_clock_system.get_cpu ();
      g_autoptr (GError) error = NULL;

      g_assert_null (read_text (text->str, &error));
      best = MIN (best, queen_clock_system.get_cpu () - begun);
      g_assert_error (error, QUEEN_ERROR, code);
    }
  return best;
}

/* What is far too long is neither copied nor counted, so that nobody waits for that. */
static void
test_far_too_long (void)
{
  static const char *const units[] = { "a", "é", "\\n", "\\u00e9" };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    {
      gint64 of_prompt = measure ("prompt", units[i], QUEEN_ERROR_BAD_REQUEST);
      gint64 of_unknown = measure ("unknown", units[i], QUEEN_ERROR_UNPROCESSABLE);

      g_test_message ("8 MiB of %s: a prompt %d us, what is passed over %d us", units[i],
                      (int) of_prompt, (int) of_unknown);
      g_assert_cmpint (of_prompt, <, 3 * of_unknown);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-operation/as-the-keeper-writes-it", test_keeper);
  g_test_add_func ("/job-operation/what-may-be-set", test_settings);
  g_test_add_func ("/job-operation/whose-business-it-is", test_kinds);
  g_test_add_func ("/job-operation/refused-with-the-member-named", test_refused);
  g_test_add_func ("/job-operation/far-too-long", test_far_too_long);
  return g_test_run ();
}
