/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-component-json.h"

#include "model/queen-component-fields.h"
#include "text/queen-json-tree.h"

/* 2025-10-24T20:11:00Z and a little later, ns */
#define FIRST_SEEN (G_GINT64_CONSTANT (1761336660) * 1000000000)
#define LAST_SEEN (FIRST_SEEN + 123456789)
#define TIMES                                                                                      \
  ",\"since\":\"2025-10-24T20:11:00.123456788+00:00\","                                            \
  "\"first_seen\":\"2025-10-24T20:11:00.000000000+00:00\","                                        \
  "\"last_seen\":\"2025-10-24T20:11:00.123456789+00:00\",\"heartbeats\":7,\"clock_skew\":null,"    \
  "\"not_called\":null}"

static QueenComponent *
new_component (QueenComponentKind kind, const char *id, QueenStatus status)
{
  QueenComponent *component = queen_component_new (kind);

  component->id = g_strdup (id);
  component->status = status;
  component->since = LAST_SEEN - 1;
  component->first_seen = FIRST_SEEN;
  component->last_seen = LAST_SEEN;
  component->heartbeats = 7;
  return component;
}

static void
assert_json (const QueenComponent *component, const char *expected)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  queen_component_append_json (component, json);
  g_assert_cmpstr (json->str, ==, expected);
  node = queen_json_tree_parse (json->str, json->len, &error);
  g_assert_no_error (error);
}

/* A 0 is one that was said. */
static const QueenVitals worker_vitals = {
  .api = QUEEN_API_OPENAI,
  .slots = 4,
  .running = 0,
  .waiting = -1,
  .kv_usage = 0.25,
  .tokens_per_second = 0,
  .progress = G_GINT64_CONSTANT (9007199254740993),
  .loaded_at = FIRST_SEEN,
  .exit_status = 0,
  .next_beat_within = 3600,
};

static void
test_worker (void)
{
  g_autoptr (QueenComponent) worker =
      new_component (QUEEN_COMPONENT_WORKER, "worker-1", QUEEN_STATUS_READY);

  worker->model_id = g_strdup ("meta-llama/Llama-2-7b");
  worker->device = g_strdup ("GPU-0");
  worker->port = 9301;
  worker->implementation = g_strdup ("llm-worker-rbee");
  worker->version = g_strdup ("0.1.0");
  worker->hostname = g_strdup ("node-1");
  worker->hive_id = g_strdup ("hive-1");
  worker->vitals = g_memdup2 (&worker_vitals, sizeof worker_vitals);
  worker->vitals->url = g_strdup ("http://10.0.0.7:8080");
  worker->vitals->models = g_strsplit ("one two", " ", -1);
  worker->vitals->busy_source = g_strdup ("sockets");
  assert_json (worker,
               "{\"id\":\"worker-1\",\"status\":\"Ready\",\"online\":true,"
               "\"available\":true,\"holds\":null,\"model_id\":\"meta-llama/Llama-2-7b\","
               "\"device\":\"GPU-0\",\"port\":9301,"
               "\"implementation\":\"llm-worker-rbee\",\"version\":\"0.1.0\","
               "\"hostname\":\"node-1\",\"hive_id\":\"hive-1\","
               "\"health_status\":{\"status\":\"healthy\"},"
               "\"url\":\"http://10.0.0.7:8080\",\"api\":\"openai\","
               "\"models\":[\"one\",\"two\"],\"slots\":4,\"running\":0,\"waiting\":null,"
               "\"kv_usage\":0.250,\"tokens_per_second\":0.000,\"progress\":9007199254740993,"
               "\"loaded_at\":\"2025-10-24T20:11:00.000000000+00:00\","
               "\"busy_source\":\"sockets\",\"exit_status\":0,"
               "\"next_beat_within\":3600" TIMES);
}

static void
test_hive (void)
{
  g_autoptr (QueenComponent) hive =
      new_component (QUEEN_COMPONENT_HIVE, "hive-1", QUEEN_STATUS_BUSY);

  hive->hostname = g_strdup ("127.0.0.1");
  hive->port = 9200;
  hive->health = QUEEN_HEALTH_UNHEALTHY;
  hive->health_reason = g_strdup ("disk \"full\"");
  hive->version = g_strdup ("0.1.0");
  hive->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  hive->vitals->cpu = 1;
  hive->vitals->memory_total = 0;
  hive->vitals->gpus = g_malloc0 (sizeof (QueenVitalsGpus) + sizeof (QueenVitalsGpu));
  hive->vitals->gpus->n = 1;
  assert_json (hive, "{\"id\":\"hive-1\",\"status\":\"Busy\",\"online\":true,"
                     "\"available\":false,\"holds\":null,\"hostname\":\"127.0.0.1\",\"port\":9200,"
                     "\"health_status\":{\"status\":\"unhealthy\","
                     "\"reason\":\"disk \\\"full\\\"\"},\"version\":\"0.1.0\",\"cpu\":1.000,"
                     "\"memory_used\":null,\"memory_total\":0,"
                     "\"gpus\":[{\"index\":0,\"name\":null,\"uuid\":null,\"vendor\":null,"
                     "\"busy\":0.000,\"memory_used\":0,\"memory_total\":0,\"temperature\":0.000,"
                     "\"power\":0.000,\"age\":0.000}]" TIMES);
}

/* The head and the foot of what the queen knows, and between them nothing but null. */
static void
assert_unsaid (const QueenComponent *component, const char *head)
{
  g_autoptr (GString) expected = g_string_new (head);

  for (const QueenField *const *field = queen_component_fields_list_said (component->kind); *field;
       field++)
    if (!(*field)->nest)
      g_string_append_printf (expected, ",\"%s\":null", (*field)->name);
    else if ((*field)->is_required)
      g_string_append (expected, ",\"health_status\":{\"status\":\"healthy\"}");
  g_string_append (expected, TIMES);
  assert_json (component, expected->str);
}

static void
test_unsaid (void)
{
  g_autoptr (QueenComponent) worker =
      new_component (QUEEN_COMPONENT_WORKER, "a\"\\/%", QUEEN_STATUS_OFFLINE);
  g_autoptr (QueenComponent) hive = new_component (QUEEN_COMPONENT_HIVE, "蜂", QUEEN_STATUS_ONLINE);

  assert_unsaid (worker, "{\"id\":\"a\\\"\\\\/%\",\"status\":\"Offline\",\"online\":false,"
                         "\"available\":false,\"holds\":null");
  assert_unsaid (hive, "{\"id\":\"蜂\",\"status\":\"Online\",\"online\":true,"
                       "\"available\":true,\"holds\":null");
}

static QueenHoldList *
make_holds (const char *reason, const char *caller, gint64 until)
{
  const QueenHold hold = { .id = (char *) "hold-1",
                           .reason = (char *) reason,
                           .holder = (char *) "token:ops",
                           .caller = (char *) caller,
                           .since = FIRST_SEEN,
                           .until = until };

  return queen_hold_list_with (NULL, queen_hold_new (&hold));
}

/* What it reads back from D-Bus is the same again: that is how queenctl comes to its JSON. */
static void
test_holds (void)
{
  g_autoptr (QueenComponent) worker =
      new_component (QUEEN_COMPONENT_WORKER, "w", QUEEN_STATUS_READY);
  g_autoptr (QueenComponent) again =
      new_component (QUEEN_COMPONENT_WORKER, "w", QUEEN_STATUS_READY);
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);
  g_autoptr (GVariant) variant = NULL;

  worker->hive_id = g_strdup ("h");
  worker->holds = make_holds ("a \"b\"", NULL, LAST_SEEN / 1000 * 1000);
  worker->hive_holds = make_holds ("new driver", "0a/:1.7", 0);
  queen_component_append_json (worker, json);
  g_assert_nonnull (strstr (
      json->str,
      ",\"available\":false,\"holds\":["
      "{\"id\":\"hold-1\",\"reason\":\"a \\\"b\\\"\",\"holder\":\"token:ops\",\"caller\":null,"
      "\"since\":\"2025-10-24T20:11:00.000000000+00:00\","
      "\"until\":\"2025-10-24T20:11:00.123456000+00:00\",\"hive_id\":null},"
      "{\"id\":\"hold-1\",\"reason\":\"new driver\",\"holder\":\"token:ops\",\"caller\":\":1.7\","
      "\"since\":\"2025-10-24T20:11:00.000000000+00:00\",\"until\":null,\"hive_id\":\"h\"}],"));

  again->hive_id = g_strdup ("h");
  variant = g_variant_ref_sink (queen_field_holds.get_variant (worker));
  queen_field_holds.take_variant (again, variant);
  queen_component_append_json (again, second);
  g_assert_cmpstr (second->str, ==, json->str);
}

/* A hive may have thousands of workers, and each of them says so: but not all that is said of it.
 */
static void
test_holds_of_hive (void)
{
  g_autoptr (QueenComponent) worker =
      new_component (QUEEN_COMPONENT_WORKER, "w", QUEEN_STATUS_READY);
  g_autoptr (QueenComponent) hive = new_component (QUEEN_COMPONENT_HIVE, "h", QUEEN_STATUS_READY);
  g_autofree char *reason = g_strnfill (1024, '"');
  g_autoptr (GString) json = g_string_new (NULL), of_hive = g_string_new (NULL);
  g_autoptr (GVariant) variant = NULL;

  worker->hive_id = g_strdup ("h");
  for (guint i = 0; i < 16; i++)
    {
      g_autofree char *id = g_strdup_printf ("hold-%u", i);
      g_autoptr (QueenHoldList) before = worker->hive_holds;
      const QueenHold hold = {
        .id = id, .reason = reason, .holder = (char *) "token:ops", .until = i == 7 ? 0 : LAST_SEEN
      };

      worker->hive_holds = queen_hold_list_with (before, queen_hold_new (&hold));
    }
  hive->holds = queen_hold_list_ref (worker->hive_holds);
  queen_field_holds.append (worker, json);
  queen_field_holds.append (hive, of_hive);
  g_assert_true (g_str_has_prefix (json->str, "[{\"id\":\"hold-7\",\"reason\":\"\\\"\\\""));
  g_assert_true (g_str_has_suffix (json->str, ",\"until\":null,\"hive_id\":\"h\"}]"));
  g_assert_nonnull (strstr (json->str, "\\\"…\","));
  g_assert_cmpuint (json->len, <, 512);
  g_assert_cmpuint (of_hive->len, >, 16 * 2048);
  variant = g_variant_ref_sink (queen_field_holds.get_variant (worker));
  g_assert_cmpuint (g_variant_n_children (variant), ==, 1);
  g_assert_cmpuint (g_variant_get_size (variant), <, 512);
}

/* B13: in whatever language numbers are written otherwise. */
static void
test_skew (void)
{
  static const struct
  {
    gint64 skew; /* µs */
    const char *text;
  } rows[] = {
    { 0, ",\"clock_skew\":0.000,\"not_called\":null}" },
    { 120 * G_USEC_PER_SEC + 4999, ",\"clock_skew\":120.004,\"not_called\":null}" },
    { -90 * G_USEC_PER_SEC - 50000, ",\"clock_skew\":-90.050,\"not_called\":null}" },
    { -1000, ",\"clock_skew\":-0.001,\"not_called\":null}" },
    { G_GINT64_CONSTANT (-62135596800000000),
      ",\"clock_skew\":-62135596800.000,\"not_called\":null}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (QueenComponent) worker =
          new_component (QUEEN_COMPONENT_WORKER, "w", QUEEN_STATUS_READY);
      g_autoptr (GString) json = g_string_new (NULL);

      worker->has_said_at = TRUE;
      worker->said_at = worker->last_seen / 1000 + rows[i].skew;
      queen_component_append_json (worker, json);
      g_assert_true (g_str_has_suffix (json->str, rows[i].text));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/component-json/worker/members-in-order", test_worker);
  g_test_add_func ("/component-json/hive/members-in-order", test_hive);
  g_test_add_func ("/component-json/unsaid/is-null", test_unsaid);

  g_test_add_func ("/component-json/holds/its-own-and-its-hives", test_holds);
  g_test_add_func ("/component-json/holds/of-a-hive-that-its-workers-do-not-repeat",
                   test_holds_of_hive);
  g_test_add_func ("/component-json/clock-skew/seconds-that-the-sender-is-ahead", test_skew);

  return g_test_run ();
}
