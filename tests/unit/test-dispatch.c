/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-dispatch.h"

#include <string.h>

#include "model/queen-component-json.h"
#include "model/queen-heartbeat.h"
#include "model/queen-hold-dispatch.h"
#include "queen-error.h"

#define QUEEN "0123456789abcdef0123456789abcdef"
#define SEEN (G_GINT64_CONSTANT (1761336660) * 1000000000)

static QueenComponent *
parse (QueenComponentKind kind, const char *body)
{
  g_autoptr (GError) error = NULL;
  QueenComponent *component = queen_heartbeat_parse (kind, body, strlen (body), &error);

  g_assert_no_error (error);
  component->first_seen = SEEN;
  component->since = SEEN + 5;
  component->last_seen = SEEN + 7;
  component->heartbeats = 3;
  return component;
}

static const char *const everything[QUEEN_COMPONENT_N_KINDS] = {
  [QUEEN_COMPONENT_WORKER] =
      "{\"worker\":{\"id\":\"w \\\"1\\\"\",\"status\":\"busy\",\"model_id\":\"a/b\","
      "\"device\":\"GPU-0\",\"port\":9301,\"implementation\":\"x\",\"version\":\"1\","
      "\"hostname\":\"h\",\"hive_id\":\"hive-1\",\"url\":\"http://10.0.0.7:8080\","
      "\"api\":\"openai\",\"models\":[\"one\",\"two\"],\"slots\":4,\"running\":0,\"waiting\":2,"
      "\"kv_usage\":0.25,\"tokens_per_second\":0,\"progress\":7,"
      "\"loaded_at\":\"2025-10-24T20:11:01Z\",\"busy_source\":\"gpu\",\"next_beat_within\":60,"
      "\"health_status\":{\"status\":\"degraded\",\"reason\":\"hot\"}},"
      "\"timestamp\":\"2025-10-24T20:11:01.123456Z\"}",
  [QUEEN_COMPONENT_HIVE] =
      "{\"hive\":{\"id\":\"hive-1\",\"hostname\":\"127.0.0.1\",\"port\":9200,"
      "\"operational_status\":\"ready\",\"health_status\":{\"status\":\"unhealthy\"},"
      "\"cpu\":0.5,\"memory_used\":1,\"memory_total\":2,\"gpus\":[{\"index\":0,\"name\":\"g\"}]}}",
};

/* Whatever a heartbeat may say, the other queen knows it, too. */
static void
test_everything (void)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_autoptr (QueenComponent) told = parse (kind, everything[kind]);
      g_autoptr (GString) text = g_string_new (NULL), before = g_string_new (NULL);
      g_autoptr (GString) after = g_string_new (NULL);
      g_auto (QueenDispatch) read = { 0 };
      g_autoptr (GError) error = NULL;

      queen_source_init_address (&told->source, (const guint8 *) "\x0a\0\0\x07", 4);
      queen_dispatch_write (text, told, "token:farm 7/é", QUEEN);
      g_assert_true (queen_dispatch_read (kind, text->str, text->len, &read, &error));
      g_assert_no_error (error);
      queen_component_append_json (told, before);
      queen_component_append_json (read.component, after);
      g_assert_cmpstr (before->str, ==, after->str);
      g_assert_cmpstr (read.sender, ==, "token:farm 7/é");
      g_assert_cmpstr (read.queen, ==, QUEEN);
      g_assert_cmpmem (&read.component->source, sizeof read.component->source, &told->source,
                       sizeof told->source);
      g_assert_cmpint (read.component->said_at, ==, told->said_at);
    }
}

static void
test_stamp (void)
{
  g_autoptr (QueenComponent) worker =
      parse (QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":\"ready\"}");
  g_autoptr (QueenComponent) gone = queen_component_copy_offline (worker, SEEN + 9, 0);
  g_autoptr (GString) text = g_string_new (NULL);
  char stamp[QUEEN_DISPATCH_STAMP_LENGTH + 1], later[QUEEN_DISPATCH_STAMP_LENGTH + 1];

  queen_dispatch_write (text, worker, NULL, QUEEN);
  queen_dispatch_write_stamp (stamp, worker, QUEEN);
  queen_dispatch_write_stamp (later, gone, QUEEN);
  g_assert_cmpuint (strlen (stamp), ==, QUEEN_DISPATCH_STAMP_LENGTH);
  g_assert_true (g_str_has_prefix (text->str, stamp));
  g_assert_cmpstr (stamp, <, later);
}

#define HEAD "01761336660000000007 " QUEEN
#define TIMES " 1761336660000000005 1761336660000000000 1761336660000000007"
#define BODY "\n{\"worker_id\":\"w\",\"status\":\"ready\"}"

static const char *const foreign[] = {
  "",
  "\n",
  "x",
  HEAD TIMES " 3 - -",                        /* no heartbeat */
  HEAD TIMES " 3 - -\n{\"worker_id\":\"w\"}", /* half of one */
  HEAD TIMES " 3 - -\n{\"hive_id\":\"w\",\"status\":\"ready\"}",
  HEAD TIMES " 3 - -\n{\"worker_id\":\"w\ufe0f\",\"status\":\"ready\"}", /* looks like another */
  HEAD TIMES " 0 - -" BODY,                                              /* never heard */
  HEAD TIMES " -3 - -" BODY,
  HEAD TIMES " 99999999999999999999 - -" BODY,
  HEAD TIMES " 3 nowhere -" BODY,
  HEAD TIMES " 3 - %zz" BODY,
  HEAD TIMES " 3 - %ff" BODY,
  HEAD TIMES " 3 - - more" BODY,
  HEAD TIMES " 3 -" BODY,
  "01761336660000000008 " QUEEN TIMES " 3 - -" BODY, /* of another time than it says */
  "1761336660000000007 " QUEEN TIMES " 3 - -" BODY,
  "01761336660000000007 0123456789ABCDEF0123456789ABCDEF" TIMES " 3 - -" BODY,
  "01761336660000000007 short" TIMES " 3 - -" BODY,
};

/* What others have put where queens look is read as any stranger's. */
static void
test_foreign (void)
{
  const char *good = HEAD TIMES " 3 here token:a" BODY;
  g_auto (QueenDispatch) fine = { 0 };

  g_assert_true (queen_dispatch_read (QUEEN_COMPONENT_WORKER, good, strlen (good), &fine, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_auto (QueenDispatch) read = { 0 };
      g_autoptr (GError) error = NULL;

      g_assert_false (queen_dispatch_read (QUEEN_COMPONENT_WORKER, foreign[i], strlen (foreign[i]),
                                           &read, &error));
      g_assert_nonnull (error);
      g_assert_null (read.component);
    }
}

/* Their order comes of it, and it is written down with the state. */
static void
test_first_seen (void)
{
  const char *text = HEAD " 1761336660000000005 9223372036854775807 1761336660000000007 3 - -" BODY;
  g_auto (QueenDispatch) read = { 0 };

  g_assert_true (queen_dispatch_read (QUEEN_COMPONENT_WORKER, text, strlen (text), &read, NULL));
  g_assert_cmpint (read.component->first_seen, ==, queen_dispatch_get_moment (read.component));
}

static void
test_hold (void)
{
  char id[] = "hold-1", reason[] = "new driver", holder[] = "token:ops", caller[] = "b/:1.7";
  g_autoptr (QueenHold) hold =
      queen_hold_new (&(QueenHold){ id, reason, holder, caller, SEEN, SEEN + 5000, 1 });
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (QueenHoldEntry) entry = { 0 };
  g_autoptr (GError) error = NULL;

  queen_hold_dispatch_write (text, QUEEN_COMPONENT_HIVE, "hive-1", hold);
  g_assert_true (queen_hold_dispatch_read (text->str, text->len, SEEN + 1000, &entry, &error));
  g_assert_no_error (error);
  g_assert_cmpint (entry.kind, ==, QUEEN_COMPONENT_HIVE);
  g_assert_cmpstr (entry.component_id, ==, "hive-1");
  g_assert_cmpstr (entry.hold->id, ==, "hold-1");
  g_assert_cmpstr (entry.hold->reason, ==, "new driver");
  g_assert_cmpstr (entry.hold->holder, ==, "token:ops");
  g_assert_null (entry.hold->caller); /* who is on another machine's bus */
  g_assert_cmpint (entry.left, ==, 4);
}

static const char *const foreign_holds[] = {
  "",
  "[]",
  "{}",
  "{\"hold\":\"a\",\"kind\":\"worker\",\"id\":\"w\",\"reason\":\"r\",\"holder\":\"h\"}",
  "{\"hold\":\"\",\"kind\":\"worker\",\"id\":\"w\",\"reason\":\"r\",\"holder\":\"h\","
  "\"since\":\"2025-10-24T20:11:01Z\"}",
  "{\"hold\":\"a\",\"kind\":\"queen\",\"id\":\"w\",\"reason\":\"r\",\"holder\":\"h\","
  "\"since\":\"2025-10-24T20:11:01Z\"}",
  "{\"hold\":\"a\",\"kind\":\"worker\",\"id\":\"\",\"reason\":\"r\",\"holder\":\"h\","
  "\"since\":\"2025-10-24T20:11:01Z\"}",
  "{\"hold\":\"a\",\"kind\":\"worker\",\"id\":\"w\",\"reason\":\"r\",\"holder\":\"h\","
  "\"since\":\"2025-10-24T20:11:01Z\",\"until\":7}",
};

static void
test_foreign_holds (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (foreign_holds); i++)
    {
      g_auto (QueenHoldEntry) entry = { 0 };
      g_autoptr (GError) error = NULL;

      g_assert_false (queen_hold_dispatch_read (foreign_holds[i], strlen (foreign_holds[i]), SEEN,
                                                &entry, &error));
      g_assert_nonnull (error);
      g_assert_null (entry.hold);
    }
}

/* Valid but for its length: nobody takes the time to read it. */
static void
test_endless_hold (void)
{
  g_autofree char *blanks = g_strnfill (1024 * 1024, ' ');
  g_autofree char *text =
      g_strconcat ("{\"hold\":\"a\",\"kind\":\"worker\",\"id\":\"w\",\"reason\":\"r\","
                   "\"holder\":\"h\",\"since\":\"2025-10-24T20:11:01Z\"",
                   blanks, "}", NULL);
  g_auto (QueenHoldEntry) entry = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (queen_hold_dispatch_read (text, strlen (text), SEEN, &entry, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dispatch/everything-that-a-heartbeat-may-say", test_everything);
  g_test_add_func ("/dispatch/stamp-grows-when-it-changes", test_stamp);
  g_test_add_func ("/dispatch/foreign-data-is-refused", test_foreign);
  g_test_add_func ("/dispatch/nobody-is-first-seen-after-what-is-told", test_first_seen);
  g_test_add_func ("/dispatch/holds", test_hold);
  g_test_add_func ("/dispatch/holds/foreign-data-is-refused", test_foreign_holds);
  g_test_add_func ("/dispatch/holds/endless/are-refused", test_endless_hold);
  return g_test_run ();
}
