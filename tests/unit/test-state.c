/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-state.h"

#include <string.h>

#include "model/queen-heartbeat.h"
#include "queen-error.h"
#include "state-text.h"

#define WRITTEN_AT (G_GINT64_CONSTANT (1761336660) * 1000000000) /* 2025-10-24T20:11:00Z, ns */
#define SINCE "\"since\":\"2025-10-24T20:10:30.000000000+00:00\""
#define TIMES                                                                                      \
  SINCE ","                                                                                        \
        "\"first_seen\":\"2025-10-24T20:10:00.000000000+00:00\","                                  \
        "\"last_seen\":\"2025-10-24T20:10:59.000000001+00:00\""

#define HEADER(n) HEADER_WITH (n, 0)
#define HEADER_WITH(n, n_holds)                                                                    \
  QUEEN_STATE_START "1,"                                                                           \
                    "\"written_at\":\"2025-10-24T20:11:00.000000000+00:00\",\"life\":"             \
                    "\"19a1c0de2f7\",\"next\":18,"                                                 \
                    "\"components\":" #n ",\"holds\":" #n_holds "}\n"
#define WORKER                                                                                     \
  "{\"kind\":\"worker\",\"id\":\"w\",\"status\":\"Ready\",\"model_id\":\"m\",\"device\":\"GPU-0\"" \
  ",\"port\":9301,\"implementation\":\"i\",\"version\":\"0.1.0\",\"hostname\":\"node\","           \
  "\"hive_id\":\"h\"," TIMES ",\"heartbeats\":7,\"age\":1500000,"                                  \
  "\"sender\":\"token:farm\",\"source\":\"10.0.0.7\"}\n"
#define HIVE                                                                                       \
  "{\"kind\":\"hive\",\"id\":\"h\",\"status\":\"Offline\",\"port\":9200,\"version\":\"0.2.0\","    \
  "\"hostname\":\"127.0.0.1\",\"health\":\"degraded\",\"health_reason\":\"disk\"," TIMES           \
  ",\"heartbeats\":1,\"age\":0,\"source\":\"here\"}\n"
#define WHOLE HEADER (2) WORKER HIVE

static QueenState *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  QueenState *state = parse_state (text, strlen (text), &error);

  g_assert_no_error (error);
  return state;
}

static void
assert_refused (const char *text, gsize length, const char *problem)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse_state (text, length, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
  if (problem && !strstr (error->message, problem))
    g_error ("“%s” does not say “%s”", error->message, problem);
}

static const QueenStateEntry *
get_entry (const QueenState *state, QueenComponentKind kind, guint i)
{
  g_assert_cmpuint (state->entries[kind]->len, >, i);
  return &g_array_index (state->entries[kind], QueenStateEntry, i);
}

static void
test_every_field (void)
{
  g_autoptr (QueenState) state = parse (WHOLE);
  const QueenStateEntry *worker = get_entry (state, QUEEN_COMPONENT_WORKER, 0);
  const QueenStateEntry *hive = get_entry (state, QUEEN_COMPONENT_HIVE, 0);

  g_assert_true (state->is_whole);
  g_assert_cmpstr (state->epoch, ==, "19a1c0de2f7");
  g_assert_cmpuint (state->next, ==, 18);
  g_assert_cmpint (state->written_at, ==, WRITTEN_AT);
  g_assert_cmpuint (state->entries[QUEEN_COMPONENT_WORKER]->len, ==, 1);
  g_assert_cmpuint (state->entries[QUEEN_COMPONENT_HIVE]->len, ==, 1);

  g_assert_cmpint (worker->age, ==, 1500000);
  g_assert_cmpstr (worker->sender, ==, "token:farm");
  g_assert_null (hive->sender);
  g_assert_true (queen_source_is_ipv4 (&worker->component->source));
  g_assert_cmpint (worker->component->source.address[15], ==, 7);
  g_assert_cmpint (hive->component->source.kind, ==, QUEEN_SOURCE_HERE);
  g_assert_cmpint (worker->component->kind, ==, QUEEN_COMPONENT_WORKER);
  g_assert_cmpint (worker->component->status, ==, QUEEN_STATUS_READY);
  g_assert_cmpint (worker->component->health, ==, QUEEN_HEALTH_HEALTHY);
  g_assert_cmpuint (worker->component->port, ==, 9301);
  g_assert_cmpstr (worker->component->id, ==, "w");
  g_assert_cmpstr (worker->component->model_id, ==, "m");
  g_assert_cmpstr (worker->component->device, ==, "GPU-0");
  g_assert_cmpstr (worker->component->implementation, ==, "i");
  g_assert_cmpstr (worker->component->version, ==, "0.1.0");
  g_assert_cmpstr (worker->component->hostname, ==, "node");
  g_assert_cmpstr (worker->component->hive_id, ==, "h");
  g_assert_cmpint (worker->component->since, ==, WRITTEN_AT - G_GINT64_CONSTANT (30000000000));
  g_assert_cmpint (worker->component->first_seen, ==, WRITTEN_AT - G_GINT64_CONSTANT (60000000000));
  g_assert_cmpint (worker->component->last_seen, ==, WRITTEN_AT - 999999999);
  g_assert_cmpuint (worker->component->heartbeats, ==, 7);

  g_assert_cmpint (hive->age, ==, 0);
  g_assert_cmpint (hive->component->status, ==, QUEEN_STATUS_OFFLINE);
  g_assert_cmpint (hive->component->health, ==, QUEEN_HEALTH_DEGRADED);
  g_assert_cmpstr (hive->component->health_reason, ==, "disk");
  g_assert_null (hive->component->model_id);
}

static void
test_same_text (void)
{
  g_autofree char *not_whole = g_strdup (WHOLE);
  const char *const texts[] = { WHOLE, HEADER (0), HEADER (1) WORKER, not_whole };

  not_whole[strlen (QUEEN_STATE_START)] = '0';
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (QueenState) state = parse (texts[i]);
      g_autoptr (GString) text = write_state (state);

      g_assert_cmpstr (text->str, ==, texts[i]);
    }
}

static void
add_heartbeat (QueenState *state, QueenComponentKind kind, const char *json)
{
  g_autoptr (GError) error = NULL;
  QueenStateEntry entry = { queen_heartbeat_parse (kind, json, strlen (json), &error), 1 };

  g_assert_no_error (error);
  entry.component->heartbeats = 1;
  g_array_append_val (state->entries[kind], entry);
}

/* Whatever a heartbeat may say comes back, the longest way of writing it included. */
static void
test_hostile (void)
{
  static const char *const escapes[] = { "\\\"",    "\\\\", "\\/", "\\u0041", "\\u00e9",
                                         "\\u20ac", "é",    "蜂",  "/" };
  static const char id[] = "\\\"}]{,:\\\\/%n é蜂\xf0\x9f\x90\x9d'<&";
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (QueenState) again = NULL;
  g_autoptr (GString) text = NULL;

  state->epoch = g_strdup ("0");
  state->next = 1;
  for (gsize i = 0; i < G_N_ELEMENTS (escapes); i++)
    {
      g_autoptr (GString) longest = g_string_new (NULL);
      g_autofree char *json = NULL;

      while (longest->len + strlen (escapes[i]) <= QUEEN_HEARTBEAT_MAX_MODEL_ID)
        g_string_append (longest, escapes[i]);
      json = g_strdup_printf ("{\"worker_id\":\"%s%u\",\"status\":\"busy\",\"model_id\":\"%s\"}",
                              id, (guint) i, longest->str);
      add_heartbeat (state, QUEEN_COMPONENT_WORKER, json);
    }
  add_heartbeat (state, QUEEN_COMPONENT_HIVE,
                 "{\"hive_id\":\"w\",\"status\":\"stopped\",\"hostname\":\" \","
                 "\"health_status\":{\"status\":\"healthy\",\"reason\":\"\\r\\b\\f.\"}}");
  text = write_state (state);
  again = parse (text->str);

  for (gsize i = 0; i < G_N_ELEMENTS (escapes); i++)
    {
      const QueenStateEntry *before = get_entry (state, QUEEN_COMPONENT_WORKER, i);
      const QueenStateEntry *after = get_entry (again, QUEEN_COMPONENT_WORKER, i);

      g_assert_cmpstr (after->component->id, ==, before->component->id);
      g_assert_cmpstr (after->component->model_id, ==, before->component->model_id);
    }
  g_assert_cmpstr (get_entry (again, QUEEN_COMPONENT_HIVE, 0)->component->hostname, ==, " ");
  g_assert_cmpstr (get_entry (again, QUEEN_COMPONENT_HIVE, 0)->component->health_reason, ==,
                   "   .");
}

/* Clocks and counters that nobody can have, and that are written so that they can be read. */
static void
test_extremes (void)
{
  g_autoptr (QueenState) state = parse (HEADER (1) WORKER);
  QueenStateEntry *entry =
      &g_array_index (state->entries[QUEEN_COMPONENT_WORKER], QueenStateEntry, 0);
  g_autoptr (QueenState) again = NULL;
  g_autoptr (GString) text = NULL;

  state->written_at = -5;
  entry->age = G_MAXINT64;
  entry->component->heartbeats = G_MAXUINT64;
  entry->component->last_seen = G_MININT64;
  text = write_state (state);
  again = parse (text->str);
  g_assert_cmpint (again->written_at, ==, 0);
  g_assert_cmpint (get_entry (again, QUEEN_COMPONENT_WORKER, 0)->age, ==, 999999999999999);
}

/* The whole with @from replaced by @to, once. */
static char *
with (const char *from, const char *to)
{
  const char *at = strstr (WHOLE, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - WHOLE), WHOLE, to, at + strlen (from));
}

static void
test_broken (void)
{
  static const struct
  {
    const char *from;
    const char *to;
    const char *problem;
  } rows[] = {
    { "queen-rbee state", "queen-bee state", "line 1: not a state of the queen" },
    { "{\"format\"", "{\"forma\"", "line 1: format is missing" },
    { "\"version\":3,", "\"version\":4,", "line 1: a version that is not known here" },
    { "\"version\":3,", "\"version\":0,", "line 1: a version that is not known here" },
    { "\"version\":3,", "\"version\":3.0,", "line 1: version has the wrong type" },
    { "\"version\":3,", "", "line 1: version is missing" },
    { "\"whole\":1,", "", "line 1: whole is missing" },
    { "\"whole\":1,", "\"whole\":2,", "line 1: whole is out of range" },
    { "2025-10-24T20:11:00.000000000+00:00", "yesterday", "line 1: written_at is no date" },
    { "19a1c0de2f7", "", "line 1: life is none" },
    { "19a1c0de2f7", "19A1", "line 1: life is none" },
    { "19a1c0de2f7", "1\\nid: 2", "line 1: life is none" },
    { "19a1c0de2f7", "0123456789abcdef0", "line 1: life is none" },
    { "\"next\":18", "\"next\":0", "line 1: next is out of range" },
    { "\"next\":18", "\"next\":-1", "line 1: next is out of range" },
    { "\"next\":18", "\"next\":1000000000000000", "line 1: next has the wrong type" },
    { "\"next\":18", "\"next\":\"18\"", "line 1: next has the wrong type" },
    { "\"components\":2", "\"components\":3", "line 4: the text ends too early" },
    { "\"components\":2", "\"components\":1", "line 3: something follows" },
    { "\"components\":2", "\"components\":-1", "line 1: components is out of range" },
    { "\"holds\":0", "\"holds\":1", "line 4: the text ends too early" },
    { "\"holds\":0", "\"holds\":4097", "line 1: holds is out of range" },
    { ",\"holds\":0", "", "line 1: holds is missing" },
    { "\"components\":2", "\"components\":2,\"more\":0", "line 1: a member that does not belong" },
    { "\"kind\":\"worker\"", "\"kind\":\"queen\"", "line 2: kind is none" },
    { "\"kind\":\"worker\"", "\"kind\":\"hive\"", "line 2: a member that does not belong" },
    { "\"id\":\"w\",", "", "line 2: id is missing" },
    { "\"id\":\"w\"", "\"id\":\"\"", "line 2: id is no id" },
    { "\"id\":\"w\"", "\"id\":null", "line 2: id has the wrong type" },
    { "\"hive_id\":\"h\"", "\"hive_id\":\"\"", "line 2: hive_id is no id" },
    { "\"Ready\"", "\"Asleep\"", "line 2: status is none" },
    { "\"port\":9301", "\"port\":0", "line 2: port is out of range" },
    { "\"port\":9301", "\"port\":65536", "line 2: port is out of range" },
    { "\"heartbeats\":7", "\"heartbeats\":0", "line 2: heartbeats is out of range" },
    { "\"age\":1500000", "\"age\":-1", "line 2: age is out of range" },
    { ",\"age\":1500000", "", "line 2: age is missing" },
    { "\"token:farm\"", "7", "line 2: sender has the wrong type" },
    { "\"10.0.0.7\"", "\"10.0.0.999\"", "line 2: source is none" },
    { "\"device\":\"GPU-0\"", "\"device\":{}", "line 2: device has the wrong type" },
    { "\"device\":\"GPU-0\"", "\"devil\":\"GPU-0\"", "line 2: a member that does not belong" },
    { "{\"kind\":\"hive\"", "[{\"kind\":\"hive\"", "line 3: not valid JSON" },
    { "\"degraded\"", "\"ill\"", "line 3: health is none" },
    { HIVE, WORKER, "line 3: a second worker of that id" },
    { HIVE, "\n" HIVE, "line 3: not valid JSON" },
    { HIVE, HIVE "\n", "line 4: something follows" },
    { HIVE, HIVE "{", "line 4: something follows" },
    { HIVE, "[]\n", "line 3: not an object" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = with (rows[i].from, rows[i].to);

      assert_refused (text, strlen (text), rows[i].problem);
    }
}

/* Earlier versions took what cannot be seen. That one would be refused now; the others are good. */
static void
test_unseen (void)
{
  static const struct
  {
    const char *from;
    const char *to;
  } rows[] = {
    { "\"id\":\"w\"", "\"id\":\"w\ufe0f\"" },
    { "\"id\":\"w\"", "\"id\":\"h\\u2028\"" },
    { "\"hive_id\":\"h\"", "\"hive_id\":\"h\u00a0\"" },
    { "\"port\":9301", "\"port\":9301,\"url\":\"http://h/\u3164\"" },
    { "\"port\":9301", "\"port\":9301,\"models\":[\"m\",\"n\U000e0100\"]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = with (rows[i].from, rows[i].to);
      g_autoptr (QueenState) state = parse (text);

      g_assert_cmpuint (state->n_left_out, ==, 1);
      g_assert_cmpuint (state->entries[QUEEN_COMPONENT_WORKER]->len, ==, 0);
      g_assert_cmpstr (get_entry (state, QUEEN_COMPONENT_HIVE, 0)->component->id, ==, "h");
    }
}

/* Nobody is mistaken for another by them, so they need only be made legible. */
static void
test_unseen_texts (void)
{
  g_autofree char *text = with ("\"device\":\"GPU-0\"", "\"device\":\"GPU\u00a00\"");
  g_autoptr (QueenState) state = parse (text);

  g_assert_cmpuint (state->n_left_out, ==, 0);
  g_assert_cmpstr (get_entry (state, QUEEN_COMPONENT_WORKER, 0)->component->device, ==, "GPU 0");
}

/* As 0.1.0 wrote it, at its end. */
static void
test_first_version (void)
{
  static const char text[] =
      "{\"format\":\"queen-rbee state\",\"version\":1,"
      "\"written_at\":\"2025-10-24T20:11:00.000000000+00:00\",\"life\":\"a\",\"next\":18,"
      "\"components\":1}\n"
      "{\"kind\":\"hive\",\"id\":\"h\",\"status\":\"Ready\",\"health\":\"degraded\","
      "\"health_reason\":\"a\\nb\"," TIMES ",\"heartbeats\":1,\"age\":0}\n";
  g_autoptr (QueenState) state = parse (text);

  g_assert_true (state->is_whole);
  g_assert_cmpuint (state->next, ==, 18);
  g_assert_cmpstr (get_entry (state, QUEEN_COMPONENT_HIVE, 0)->component->health_reason, ==, "a b");
}

/* As it was written before there were holds. */
static void
test_second_version (void)
{
  static const char text[] =
      "{\"format\":\"queen-rbee state\",\"version\":2,\"whole\":0,"
      "\"written_at\":\"2025-10-24T20:11:00.000000000+00:00\",\"life\":\"a\",\"next\":18,"
      "\"components\":1}\n" WORKER;
  g_autoptr (QueenState) state = parse (text);

  g_assert_false (state->is_whole);
  g_assert_cmpstr (get_entry (state, QUEEN_COMPONENT_WORKER, 0)->component->id, ==, "w");
  g_assert_cmpuint (state->holds->len, ==, 0);
}

#define HOLD                                                                                       \
  "{\"hold\":\"hold-1\",\"kind\":\"hive\",\"id\":\"h\",\"reason\":\"driver\",\"holder\":\"token:"  \
  "ops\","                                                                                         \
  "\"caller\":\"0a/:1.4\",\"since\":\"2025-10-24T20:10:30.000000000+00:00\","                      \
  "\"until\":\"2025-10-24T21:10:30.000000000+00:00\",\"left\":3570000000}\n"
#define ENDLESS                                                                                    \
  "{\"hold\":\"hold-2\",\"kind\":\"worker\",\"id\":\"nobody\",\"reason\":\"r\",\"holder\":\"user:" \
  "0\","                                                                                           \
  "\"since\":\"2025-10-24T20:10:30.000000000+00:00\"}\n"
#define HELD HEADER_WITH (0, 2) HOLD ENDLESS

static void
test_holds (void)
{
  g_autoptr (QueenState) state = parse (HELD);
  const QueenHoldEntry *hold = &g_array_index (state->holds, QueenHoldEntry, 0);
  const QueenHoldEntry *endless = &g_array_index (state->holds, QueenHoldEntry, 1);
  g_autoptr (GString) again = write_state (state);

  g_assert_cmpstr (again->str, ==, HELD);
  g_assert_cmpuint (state->holds->len, ==, 2);
  g_assert_cmpint (hold->kind, ==, QUEEN_COMPONENT_HIVE);
  g_assert_cmpstr (hold->component_id, ==, "h");
  g_assert_cmpstr (hold->hold->id, ==, "hold-1");
  g_assert_cmpstr (hold->hold->reason, ==, "driver");
  g_assert_cmpstr (hold->hold->holder, ==, "token:ops");
  g_assert_cmpstr (queen_hold_get_caller_name (hold->hold), ==, ":1.4");
  g_assert_cmpint (hold->hold->until - hold->hold->since, ==,
                   3600 * G_GINT64_CONSTANT (1000000000));
  g_assert_cmpint (hold->left, ==, G_GINT64_CONSTANT (3570000000));
  g_assert_cmpint (endless->left, ==, -1);
  g_assert_cmpint (endless->hold->until, ==, 0);
  g_assert_null (endless->hold->caller);
}

static void
test_broken_holds (void)
{
  static const struct
  {
    const char *line;
    const char *problem;
  } rows[] = {
    { WORKER, "line 2: hold is missing" },
    { "[]\n", "line 2: not an object" },
    { "{\"hold\":\"a\",\"kind\":\"queen\",\"id\":\"w\",\"reason\":\"r\",\"holder\":\"o\"," TIMES
      "}\n",
      "line 2: kind is none" },
    { "{\"hold\":\"a\",\"kind\":\"hive\",\"id\":\"\",\"reason\":\"r\",\"holder\":\"o\"," TIMES
      "}\n",
      "line 2: id is no id" },
    { "{\"hold\":\"a\",\"kind\":\"hive\",\"id\":\"h\",\"reason\":\"\",\"holder\":\"o\"," TIMES
      "}\n",
      "line 2: reason is missing" },
    { "{\"hold\":\"a\",\"kind\":\"hive\",\"id\":\"h\",\"reason\":\"r\",\"holder\":\"o\"}\n",
      "line 2: since is missing" },
    { "{\"hold\":\"a\",\"kind\":\"hive\",\"id\":\"h\",\"reason\":\"r\",\"holder\":\"o\"," TIMES
      "}\n",
      "line 2: a member that does not belong" },
    { "{\"hold\":\"a\",\"kind\":\"hive\",\"id\":\"h\",\"reason\":\"r\",\"holder\":\"o\",\"left\":-"
      "1," TIMES "}\n",
      "line 2: left is out of range" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = g_strconcat (HEADER_WITH (0, 1), rows[i].line, NULL);

      assert_refused (text, strlen (text), rows[i].problem);
    }
}

static void
test_unseen_holds (void)
{
  static const char unseen[] = "{\"hold\":\"a\",\"kind\":\"hive\",\"id\":\"h\u3164\","
                               "\"reason\":\"\ufe0f\",\"holder\":\"o\"," SINCE "}\n";
  g_autofree char *text = g_strconcat (HEADER_WITH (0, 3), HOLD, unseen, ENDLESS, NULL);
  g_autoptr (QueenState) state = parse (text);
  g_autoptr (GString) again = write_state (state);

  g_assert_cmpuint (state->n_left_out, ==, 1);
  g_assert_cmpstr (again->str, ==, HELD);
}

/* However it comes. */
static void
test_pieces (void)
{
  for (gsize size = 1; size < strlen (WHOLE); size++)
    {
      g_autoptr (QueenStateReader) reader = queen_state_reader_new ();
      g_autoptr (QueenState) state = NULL;
      g_autoptr (GString) text = NULL;

      for (gsize i = 0; i < strlen (WHOLE); i += size)
        g_assert_true (
            queen_state_reader_feed (reader, &WHOLE[i], MIN (size, strlen (WHOLE) - i), NULL));
      state = queen_state_reader_finish (reader, NULL);
      g_assert_nonnull (state);
      text = write_state (state);
      g_assert_cmpstr (text->str, ==, WHOLE);
    }
}

static void
test_endless_line (void)
{
  g_autoptr (QueenStateReader) reader = queen_state_reader_new ();
  g_autofree char *text = g_strnfill (10000, '[');
  g_autoptr (GError) error = NULL;
  guint n_fed = 1;

  while (queen_state_reader_feed (reader, text, strlen (text), n_fed == 7 ? &error : NULL))
    g_assert_cmpuint (++n_fed, <, 8);
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "line 1: it has no end"));
}

static void
test_truncated (void)
{
  for (gsize length = 0; length < strlen (WHOLE); length++)
    {
      /* Memory of its own, so that a tool sees whoever reads beyond the end. */
      g_autofree char *text = g_memdup2 (WHOLE, length);

      assert_refused (text, length, length == 0 ? "line 1: the text ends too early" : NULL);
    }
}

/* Bytes that have changed make it no state, or another one: never something in between. */
static void
test_random (void)
{
  static const char bytes[] = "\"\\{}[]:,0179eE+-.\n\r azZ\x80\xff\x7f";
  guint n_accepted = 0;

  for (int round = 0; round < 20000; round++)
    {
      g_autofree char *text = g_strdup (WHOLE);
      g_autoptr (QueenState) state = NULL;
      gsize length = strlen (WHOLE);

      for (int n = g_test_rand_int_range (1, 4); n > 0; n--)
        text[g_test_rand_int_range (0, (gint32) length)] =
            bytes[g_test_rand_int_range (0, sizeof bytes)];
      state = parse_state (text, length, NULL);
      if (state)
        {
          g_autoptr (GString) first = write_state (state);
          g_autoptr (QueenState) again = parse (first->str);
          g_autoptr (GString) second = write_state (again);

          g_assert_cmpstr (first->str, ==, second->str);
          n_accepted++;
        }
    }
  g_assert_cmpuint (n_accepted, >, 0);
}

static void
test_elapsed (void)
{
  g_autoptr (QueenState) state = parse (WHOLE);

  g_assert_cmpint (queen_state_get_elapsed (state, WRITTEN_AT), ==, 0);
  g_assert_cmpint (queen_state_get_elapsed (state, WRITTEN_AT + 1999), ==, 1);
  g_assert_cmpint (queen_state_get_elapsed (state, WRITTEN_AT - 1), ==, 0);
  g_assert_cmpint (queen_state_get_elapsed (state, G_MININT64), ==, 0);
  g_assert_cmpint (queen_state_get_elapsed (state, G_MAXINT64), ==,
                   (G_MAXINT64 - WRITTEN_AT) / 1000);
}

/* @n elements of an array, each of them the same */
static char *
repeat (const char *element, guint n)
{
  g_autoptr (GString) array = g_string_new ("[");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (array, "%s%s", i > 0 ? "," : "", element);
  g_string_append_c (array, ']');
  return g_string_free (g_steal_pointer (&array), FALSE);
}

static void
add_longest (QueenState *state, QueenComponentKind kind, const char *json)
{
  g_autoptr (GError) error = NULL;
  QueenComponent *component = queen_heartbeat_parse (kind, json, strlen (json), &error);
  QueenStateEntry entry = { component, 1 };

  g_assert_no_error (error);
  component->heartbeats = 1;
  g_array_append_val (state->entries[kind], entry);
}

/* Whoever says as much as can be said, and all of it in what has to be escaped. */
static void
test_longest_lines (void)
{
  g_autofree char *quotes = g_strnfill (512, '"');
  g_autofree char *model = g_strescape (quotes, NULL);
  g_autofree char *text = g_strndup (model, 512);
  g_autofree char *element = g_strdup_printf ("\"%s\"", model);
  g_autofree char *models = repeat (element, QUEEN_VITALS_MAX_MODELS);
  g_autofree char *gpu = g_strdup_printf (
      "{\"name\":\"%s\",\"uuid\":\"%s\",\"vendor\":\"%s\",\"busy\":0.123456789012345,"
      "\"memory_total\":1234567890123,\"power\":1e300}",
      text, text, text);
  g_autofree char *gpus = repeat (gpu, QUEEN_VITALS_MAX_GPUS);
  g_autofree char *worker =
      g_strdup_printf ("{\"worker_id\":\"w\",\"status\":\"busy\",\"model_id\":%s,\"device\":\"%s\","
                       "\"implementation\":\"%s\",\"version\":\"%s\",\"hostname\":\"%s\","
                       "\"busy_source\":\"%s\",\"models\":%s,\"health_status\":"
                       "{\"status\":\"degraded\",\"reason\":\"%s%s\"}}",
                       element, text, text, text, text, text, models, model, model);
  g_autofree char *hive =
      g_strdup_printf ("{\"hive_id\":\"h\",\"status\":\"busy\",\"hostname\":\"%s\",\"gpus\":%s}",
                       text, gpus);
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (QueenState) again = NULL;
  g_autoptr (GString) first = NULL;
  g_autoptr (GString) second = NULL;

  state->epoch = g_strdup ("0");
  state->next = 1;
  add_longest (state, QUEEN_COMPONENT_WORKER, worker);
  add_longest (state, QUEEN_COMPONENT_HIVE, hive);
  first = write_state (state);
  again = parse (first->str);
  second = write_state (again);
  g_assert_cmpstr (first->str, ==, second->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/state/read/every-field", test_every_field);
  g_test_add_func ("/state/round-trip/the-same-text", test_same_text);
  g_test_add_func ("/state/round-trip/whatever-a-heartbeat-may-say", test_hostile);
  g_test_add_func ("/state/round-trip/extremes-can-be-read-again", test_extremes);
  g_test_add_func ("/state/round-trip/the-longest-lines", test_longest_lines);
  g_test_add_func ("/state/unseen/that-one-alone-is-left-out", test_unseen);
  g_test_add_func ("/state/unseen/texts-are-made-legible", test_unseen_texts);
  g_test_add_func ("/state/unseen/holds-of-such-ids-are-left-out", test_unseen_holds);
  g_test_add_func ("/state/first-version/can-be-read", test_first_version);
  g_test_add_func ("/state/second-version/can-be-read", test_second_version);
  g_test_add_func ("/state/holds/every-field-and-the-same-text", test_holds);
  g_test_add_func ("/state/holds/refused-by-line-and-member", test_broken_holds);
  g_test_add_func ("/state/pieces/as-good-as-the-whole", test_pieces);
  g_test_add_func ("/state/broken/a-line-without-end", test_endless_line);
  g_test_add_func ("/state/broken/refused-by-line-and-member", test_broken);
  g_test_add_func ("/state/broken/every-truncation-refused", test_truncated);
  g_test_add_func ("/state/broken/random-bytes-never-half-read", test_random);
  g_test_add_func ("/state/elapsed/never-negative-never-wraps", test_elapsed);

  return g_test_run ();
}
