/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-heartbeat.h"

#include <math.h>
#include <string.h>

#include "queen-error.h"

static QueenComponent *
parse (QueenComponentKind kind, const char *body)
{
  g_autoptr (GError) error = NULL;
  QueenComponent *component = queen_heartbeat_parse (kind, body, strlen (body), &error);

  g_assert_no_error (error);
  return component;
}

static void
test_nested_worker (void)
{
  g_autoptr (QueenComponent) worker =
      parse (QUEEN_COMPONENT_WORKER,
             "{\"worker\":{\"id\":\"worker-1\",\"model_id\":\"llama\",\"device\":\"GPU-0\","
             "\"port\":9301,\"status\":\"ready\",\"implementation\":\"llm\",\"version\":\"0.1\","
             "\"hive_id\":\"hive-1\",\"hostname\":\"box\",\"new\":[1]},"
             "\"timestamp\":\"1970-01-01T00:00:02Z\"}");

  g_assert_cmpint (worker->kind, ==, QUEEN_COMPONENT_WORKER);
  g_assert_cmpstr (worker->id, ==, "worker-1");
  g_assert_cmpint (worker->status, ==, QUEEN_STATUS_READY);
  g_assert_cmpstr (worker->model_id, ==, "llama");
  g_assert_cmpstr (worker->device, ==, "GPU-0");
  g_assert_cmpuint (worker->port, ==, 9301);
  g_assert_cmpstr (worker->implementation, ==, "llm");
  g_assert_cmpstr (worker->version, ==, "0.1");
  g_assert_cmpstr (worker->hive_id, ==, "hive-1");
  g_assert_cmpstr (worker->hostname, ==, "box");
  g_assert_true (worker->has_said_at);
  g_assert_cmpint (worker->said_at, ==, 2 * G_USEC_PER_SEC);
}

static void
test_nested_hive (void)
{
  g_autoptr (QueenComponent) hive =
      parse (QUEEN_COMPONENT_HIVE,
             "{\"hive\":{\"id\":\"hive-1\",\"hostname\":\"127.0.0.1\",\"port\":9200,"
             "\"operational_status\":\"BUSY\",\"health_status\":{\"status\":\"degraded\","
             "\"reason\":\"disk\"},\"version\":\"0.1\"}}");

  g_assert_cmpstr (hive->id, ==, "hive-1");
  g_assert_cmpint (hive->status, ==, QUEEN_STATUS_BUSY);
  g_assert_cmpint (hive->health, ==, QUEEN_HEALTH_DEGRADED);
  g_assert_cmpstr (hive->health_reason, ==, "disk");
  g_assert_cmpstr (hive->hostname, ==, "127.0.0.1");
  g_assert_false (hive->has_said_at);
}

/* F2 */
static void
test_status_of_hive (void)
{
  g_autoptr (QueenComponent) hive =
      parse (QUEEN_COMPONENT_HIVE, "{\"hive\":{\"id\":\"h\",\"status\":\"busy\"}}");
  g_autoptr (QueenComponent) both =
      parse (QUEEN_COMPONENT_HIVE,
             "{\"hive\":{\"id\":\"h\",\"status\":\"well\",\"operational_status\":\"ready\"}}");

  g_assert_cmpint (hive->status, ==, QUEEN_STATUS_BUSY);
  g_assert_cmpint (both->status, ==, QUEEN_STATUS_READY);
}

static void
test_short (void)
{
  g_autoptr (QueenComponent) worker =
      parse (QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":\"Ready\"}");
  g_autoptr (QueenComponent) hive =
      parse (QUEEN_COMPONENT_HIVE, "{\"type\":\"hive\",\"hive_id\":\"h\",\"status\":\"Online\"}");

  g_assert_cmpstr (worker->id, ==, "w");
  g_assert_cmpstr (hive->id, ==, "h");
  g_assert_cmpint (hive->status, ==, QUEEN_STATUS_ONLINE);
  g_assert_cmpint (hive->health, ==, QUEEN_HEALTH_HEALTHY);
}

static void
test_worker_vitals (void)
{
  g_autoptr (QueenComponent) worker = parse (
      QUEEN_COMPONENT_WORKER,
      "{\"worker\":{\"id\":\"w\",\"status\":\"busy\",\"url\":\"http://[fe80::1]:8080/v1\","
      "\"api\":\"rbee\",\"slots\":4.0,\"running\":0,\"kv_usage\":0,\"tokens_per_second\":31.25,"
      "\"progress\":18446744073709551615,\"loaded_at\":\"1970-01-01T01:00:01+01:00\","
      "\"busy_source\":\"gpu\",\"exit_status\":137,\"next_beat_within\":3600,"
      "\"models\":[\"a\",\"b\"],\"waiting\":null,\"cpu\":\"a worker has none\","
      "\"health_status\":{\"status\":\"degraded\",\"reason\":\"slow\"}}}");
  const QueenVitals *vitals = worker->vitals;

  g_assert_cmpstr (vitals->url, ==, "http://[fe80::1]:8080/v1");
  g_assert_cmpint (vitals->api, ==, QUEEN_API_RBEE);
  g_assert_cmpint (vitals->slots, ==, 4);
  g_assert_cmpint (vitals->running, ==, 0);
  g_assert_cmpint (vitals->waiting, ==, -1);
  g_assert_cmpfloat (vitals->kv_usage, ==, 0);
  g_assert_cmpfloat (vitals->tokens_per_second, ==, 31.25);
  g_assert_cmpint (vitals->progress, ==, G_MAXINT64);
  g_assert_cmpint (vitals->loaded_at, ==, 1000000000);
  g_assert_cmpstr (vitals->busy_source, ==, "gpu");
  g_assert_cmpint (vitals->exit_status, ==, 137);
  g_assert_cmpint (vitals->next_beat_within, ==, 3600);
  g_assert_cmpuint (g_strv_length (vitals->models), ==, 2);
  g_assert_cmpint (worker->health, ==, QUEEN_HEALTH_DEGRADED);
  g_assert_cmpstr (worker->health_reason, ==, "slow");
}

static void
test_hive_vitals (void)
{
  g_autoptr (QueenComponent) hive =
      parse (QUEEN_COMPONENT_HIVE,
             "{\"hive_id\":\"h\",\"status\":\"ready\",\"cpu\":0.5,\"memory_used\":0,"
             "\"memory_total\":68719476736,\"slots\":\"a hive has none\",\"gpus\":["
             "{\"index\":0,\"name\":\"H100\",\"uuid\":\"GPU-1\",\"vendor\":\"nvidia\","
             "\"busy\":0.93,\"memory_used\":0,\"memory_total\":85899345920,\"temperature\":-5,"
             "\"power\":280.5,\"age\":0.4,\"more\":{\"name\":[1]}},{}]}");
  const QueenVitals *vitals = hive->vitals;
  const QueenVitalsGpu *gpu = vitals->gpus->gpus;

  g_assert_cmpfloat (vitals->cpu, ==, 0.5);
  g_assert_cmpint (vitals->memory_used, ==, 0);
  g_assert_cmpint (vitals->memory_total, ==, G_GINT64_CONSTANT (68719476736));
  g_assert_cmpuint (vitals->gpus->n, ==, 2);
  g_assert_cmpint (gpu->index, ==, 0);
  g_assert_cmpstr (gpu->name, ==, "H100");
  g_assert_cmpfloat (gpu->temperature, ==, -5);
  g_assert_cmpfloat (gpu->age, ==, 0.4);
  g_assert_cmpint (gpu[1].index, ==, -1);
  g_assert_null (gpu[1].name);
  g_assert_true (isnan (gpu[1].power));
}

/* Most say nothing of this, and are as small as they were. */
static void
test_no_vitals (void)
{
  g_autoptr (QueenComponent) worker =
      parse (QUEEN_COMPONENT_WORKER,
             "{\"worker\":{\"id\":\"w\",\"status\":\"ready\",\"slots\":null,\"models\":null,"
             "\"name\":[{},{}],\"progressive\":7}}");

  g_assert_null (worker->vitals);
}

static void
test_null (void)
{
  g_autoptr (QueenComponent) worker =
      parse (QUEEN_COMPONENT_WORKER,
             "{\"worker\":{\"id\":\"w\",\"status\":\"busy\",\"port\":null,\"device\":null,"
             "\"model_id\":\"\",\"version\":\"\","
             "\"hive_id\":null},\"timestamp\":null}");
  g_autoptr (QueenComponent) hive =
      parse (QUEEN_COMPONENT_HIVE,
             "{\"hive_id\":\"h\",\"status\":\"ready\",\"health_status\":null}");
  g_autoptr (QueenComponent) sick =
      parse (QUEEN_COMPONENT_HIVE, "{\"hive\":{\"id\":\"h\",\"status\":\"ready\","
                                   "\"health_status\":{\"status\":\"degraded\",\"reason\":\"\"}}}");

  g_autoptr (QueenComponent) short_form =
      parse (QUEEN_COMPONENT_WORKER, "{\"worker\":null,\"worker_id\":\"w\",\"status\":\"ready\"}");

  g_assert_cmpstr (short_form->id, ==, "w");
  g_assert_null (worker->device);
  g_assert_null (worker->model_id);
  g_assert_null (worker->version);
  g_assert_null (sick->health_reason);
  g_assert_cmpuint (worker->port, ==, 0);
  g_assert_cmpint (hive->health, ==, QUEEN_HEALTH_HEALTHY);
}

#define WORKER(members) "{\"worker\":{\"id\":\"w\",\"status\":\"ready\"," members "}}"
#define HIVE(members) "{\"hive\":{\"id\":\"h\",\"operational_status\":\"ready\"," members "}}"

/* What is wrong, and how the message must begin. */
static const struct
{
  QueenComponentKind kind;
  const char *body;
  const char *message;
} wrong[] = {
  { QUEEN_COMPONENT_WORKER, "[]", "body: " },
  { QUEEN_COMPONENT_WORKER, "\"w\"", "body: " },
  { QUEEN_COMPONENT_WORKER, "{}", "worker: is missing" },
  { QUEEN_COMPONENT_HIVE, "{}", "hive: is missing" },
  { QUEEN_COMPONENT_HIVE, "{\"worker_id\":\"w\",\"status\":\"ready\"}", "hive: is missing" },
  { QUEEN_COMPONENT_WORKER, "{\"worker\":null}", "worker: is missing" },
  { QUEEN_COMPONENT_WORKER, "{\"worker\":7}", "worker: must be an object" },
  { QUEEN_COMPONENT_WORKER, "{\"worker\":{\"status\":\"ready\"}}", "worker.id: is missing" },
  { QUEEN_COMPONENT_WORKER, "{\"worker\":{\"id\":\"w\"}}", "worker.status: is missing" },
  { QUEEN_COMPONENT_HIVE, "{\"hive\":{\"id\":\"h\"}}", "hive.operational_status: is missing" },
  { QUEEN_COMPONENT_HIVE, "{\"hive\":{\"id\":\"h\",\"status\":7}}",
    "hive.status: must be a string" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\"}", "status: is missing" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":7,\"status\":\"ready\"}",
    "worker_id: must be a string" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"\",\"status\":\"ready\"}",
    "worker_id: must be 1 to" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":\"idle\"}",
    "status: is none of starting" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":true}", "status: must be a string" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":\"9301\""), "worker.port: must be a whole number" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":1.5"), "worker.port: must be a whole number" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":65536"), "worker.port: must be from 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":-1"), "worker.port: must be from 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"model_id\":1"), "worker.model_id: must be a string" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"device\":{}"), "worker.device: must be a string" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"implementation\":[]"), "worker.implementation: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"version\":false"), "worker.version: must be a string" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"hostname\":1"), "worker.hostname: must be a string" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"hive_id\":\"\""), "worker.hive_id: must be 1 to" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"hive_id\":\"..\""), "worker.hive_id: must not be . or .." },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\".\",\"status\":\"ready\"}",
    "worker_id: must not be . or .." },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"health_status\":\"healthy\""), "hive.health_status: must be" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"health_status\":{}"), "hive.health_status.status: is missing" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"health_status\":{\"status\":\"sick\"}"),
    "hive.health_status.status: is none of" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"health_status\":{\"status\":\"healthy\",\"reason\":1}"),
    "hive.health_status.reason: must be a string" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":\"ready\",\"timestamp\":\"today\"}",
    "timestamp: is no date" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":\"ready\",\"timestamp\":1761336661}",
    "timestamp: must be a string" },
  /* A25 */
  { QUEEN_COMPONENT_WORKER, WORKER ("\"device\":\"a\\u0085\""), "worker.device: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"device\":\"a\\n\""), "worker.device: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"model_id\":\"\\u007f\""),
    "worker.model_id: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"version\":\"\\u202e\""), "worker.version: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"model_id\":\"m\\ufe0f\""),
    "worker.model_id: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"models\":[\"m\",\"m\\u00a0\"]"),
    "worker.models: number 2: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"hostname\":\"\\u3164\""),
    "worker.hostname: must be without" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"hive_id\":\"h\\udb40\\udd00\""),
    "worker.hive_id: must be 1 to 128" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"hostname\":\"\\u001b[2J\""), "hive.hostname: must be without" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"\\u200b\",\"status\":\"ready\"}",
    "worker_id: must be 1 to 128 bytes without control or invisible" },
  /* B14 */
  { QUEEN_COMPONENT_WORKER, WORKER ("\"device\":\"a\\u0000\""), "worker.device: must be without" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"\\ud800\",\"status\":\"ready\"}", "worker_id: must" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":18446744073709560917"),
    "worker.port: must be from 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":1e400"), "worker.port: must be from 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":9301.5"), "worker.port: must be a whole number" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"port\":true"), "worker.port: must be a whole number" },
  /* What a worker or a hive says of how it is doing. */
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":7"), "worker.url: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":\"ftp://h/\""), "worker.url: must be an address" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":\"javascript:alert(1)\""), "worker.url: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":\"http:///v1\""), "worker.url: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":\"http://a:b@h/\""), "worker.url: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":\"http://h/?key=1\""), "worker.url: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"url\":\"http://h/#1\""), "worker.url: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"api\":\"OpenAI\""), "worker.api: is none of openai" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"slots\":0"), "worker.slots: must be from 1 to" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"slots\":\"4\""), "worker.slots: must be a whole number" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"running\":-1"), "worker.running: must be from 0 to" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"running\":1e10"), "worker.running: must be from 0 to" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"waiting\":0.5"), "worker.waiting: must be a whole" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"kv_usage\":1.01"), "worker.kv_usage: must be from 0 to 1" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"kv_usage\":\"0\""), "worker.kv_usage: must be a number" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"tokens_per_second\":-1"),
    "worker.tokens_per_second: must be at least 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"tokens_per_second\":1e999"),
    "worker.tokens_per_second: must be a number" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"progress\":-1"), "worker.progress: must be at least 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"loaded_at\":\"1969-12-31T23:59:59Z\""),
    "worker.loaded_at: must be a date" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"loaded_at\":1761336661"), "worker.loaded_at: must be" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"busy_source\":[]"), "worker.busy_source: must be a" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"exit_status\":256"), "worker.exit_status: must be from 0" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"next_beat_within\":0"),
    "worker.next_beat_within: must be from 1 to 3600" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"next_beat_within\":3601"),
    "worker.next_beat_within: must be from 1 to 3600" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"models\":\"one\""), "worker.models: must be an array" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"models\":[\"one\",2]"),
    "worker.models: number 2: must be a string" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"models\":[\"\"]"), "worker.models: number 1: must not" },
  { QUEEN_COMPONENT_WORKER,
    WORKER ("\"models\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"),
    "worker.models: must have at most 32 elements" },
  { QUEEN_COMPONENT_WORKER, WORKER ("\"health_status\":{\"status\":\"ill\"}"),
    "worker.health_status.status: is none of" },
  { QUEEN_COMPONENT_WORKER, "{\"worker_id\":\"w\",\"status\":\"ready\",\"slots\":true}",
    "slots: must be a whole number" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"cpu\":-0.1"), "hive.cpu: must be from 0 to 1" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"memory_used\":{}"), "hive.memory_used: must be a whole" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"memory_total\":1e16"), "hive.memory_total: must be from 0" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"gpus\":{}"), "hive.gpus: must be an array" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"gpus\":[{},7]"), "hive.gpus: number 2: must be an object" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"gpus\":[{\"name\":\"a\"},{\"name\":\"b\",\"busy\":2}]"),
    "hive.gpus: number 2: busy: must be from 0 to 1" },
  { QUEEN_COMPONENT_HIVE, HIVE ("\"gpus\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"),
    "hive.gpus: must have at most 16 elements" },
};

static void
test_wrong (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (
          queen_heartbeat_parse (wrong[i].kind, wrong[i].body, strlen (wrong[i].body), &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
      g_assert_true (g_str_has_prefix (error->message, wrong[i].message));
    }
}

/* A17: how many bytes each may have. */
static void
test_sizes (void)
{
  static const struct
  {
    QueenComponentKind kind;
    const char *member;
    gsize size;
    gsize offset;
  } rows[] = {
    { QUEEN_COMPONENT_WORKER, "model_id", 512, G_STRUCT_OFFSET (QueenComponent, model_id) },
    { QUEEN_COMPONENT_WORKER, "device", 256, G_STRUCT_OFFSET (QueenComponent, device) },
    { QUEEN_COMPONENT_WORKER, "implementation", 256,
      G_STRUCT_OFFSET (QueenComponent, implementation) },
    { QUEEN_COMPONENT_WORKER, "version", 256, G_STRUCT_OFFSET (QueenComponent, version) },
    { QUEEN_COMPONENT_WORKER, "hostname", 256, G_STRUCT_OFFSET (QueenComponent, hostname) },
    { QUEEN_COMPONENT_WORKER, "hive_id", 128, G_STRUCT_OFFSET (QueenComponent, hive_id) },
    { QUEEN_COMPONENT_HIVE, "version", 256, G_STRUCT_OFFSET (QueenComponent, version) },
    { QUEEN_COMPONENT_HIVE, "hostname", 256, G_STRUCT_OFFSET (QueenComponent, hostname) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *longest = g_strnfill (rows[i].size, 'x');
      const char *form = rows[i].kind == QUEEN_COMPONENT_WORKER
                             ? "{\"worker\":{\"id\":\"w\",\"status\":\"ready\",\"%s\":\"%s%s\"}}"
                             : "{\"hive\":{\"id\":\"h\",\"operational_status\":\"ready\","
                               "\"%s\":\"%s%s\"}}";
      g_autofree char *fits = g_strdup_printf (form, rows[i].member, longest, "");
      g_autofree char *too_long = g_strdup_printf (form, rows[i].member, longest, "x");
      g_autoptr (QueenComponent) component = parse (rows[i].kind, fits);
      g_autoptr (GError) error = NULL;

      g_assert_cmpstr (G_STRUCT_MEMBER (char *, component, rows[i].offset), ==, longest);
      g_assert_null (queen_heartbeat_parse (rows[i].kind, too_long, strlen (too_long), &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
      g_assert_nonnull (strstr (error->message, rows[i].member));
    }
}

/* B15, A25: who is sick is heard, whatever it says of that. */
static void
test_reason (void)
{
  g_autofree char *most = g_strnfill (1021, 'x');
  g_autofree char *all = g_strnfill (1024, 'x');
  g_autofree char *cut = g_strconcat (most, "…", NULL);
  g_autofree char *cut_before = g_strdup_printf ("%.1020s…", most);
  g_autofree char *too_long = g_strconcat (all, "y", NULL);
  g_autofree char *between = g_strdup_printf ("%.1020sé%s", most, most);
  const struct
  {
    const char *reason;
    const char *heard;
  } rows[] = {
    { "disk", "disk" },
    { "", NULL },
    { all, all },
    { too_long, cut },
    { between, cut_before }, /* and not in the middle of a character */
    { "a\\nb\\u009b\\u202e\\u0000c\x7f", "a b   c " },
    { "line\\u2028line", "line line" },
    { "\u26a0\ufe0f disk", "\u26a0  disk" }, /* an emoji, made of a sign and a selector */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *json =
          g_strdup_printf ("{\"hive_id\":\"h\",\"status\":\"ready\",\"health_status\":"
                           "{\"status\":\"unhealthy\",\"reason\":\"%s\"}}",
                           rows[i].reason);
      g_autoptr (QueenComponent) hive = parse (QUEEN_COMPONENT_HIVE, json);

      g_assert_cmpint (hive->health, ==, QUEEN_HEALTH_UNHEALTHY);
      g_assert_cmpstr (hive->health_reason, ==, rows[i].heard);
    }
}

/* B14: what nobody reads is no reason to refuse anybody. */
static void
test_unknown (void)
{
  g_autofree char *text = g_strnfill (2000, 'x');
  g_autoptr (GString) many = g_string_new (NULL);
  const char *members[] = { "\"started_ns\":1761336661123456789",
                            "\"x\":\"\\u0000\"",
                            "\"x\":1,\"x\":2",
                            "\"x\":[[[[[[[[[{}]]]]]]]]]",
                            "\"x\":1e999",
                            text,
                            "" };

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (many, "%s\"m%u\":{\"id\":7}", i > 0 ? "," : "", i);
  members[5] = g_strdup_printf ("\"x\":\"%s\"", text);
  members[6] = many->str;
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    {
      g_autofree char *json = g_strdup_printf (
          "{\"worker\":{%s,\"id\":\"w\",\"port\":9301.0,\"status\":\"ready\"},\"more\":{%s}}",
          members[i], members[i]);
      g_autoptr (QueenComponent) worker = parse (QUEEN_COMPONENT_WORKER, json);

      g_assert_cmpstr (worker->id, ==, "w");
      g_assert_cmpuint (worker->port, ==, 9301);
    }
  g_free ((char *) members[5]);
}

static void
test_not_json (void)
{
  static const char *const bodies[][2] = {
    { "{", "not valid JSON: " },
    { "{\"worker_id\":\"w\",\"status\":\"ready\",\"worker_id\":\"w\"}",
      "JSON as it is not taken here: byte 35: “worker_id” stands there twice" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_heartbeat_parse (QUEEN_COMPONENT_WORKER, bodies[i][0],
                                            strlen (bodies[i][0]), &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_prefix (error->message, bodies[i][1]));
    }
}

static void
test_ids (void)
{
  g_autofree char *longest = g_strnfill (QUEEN_HEARTBEAT_MAX_ID, 'x');
  g_autofree char *too_long = g_strnfill (QUEEN_HEARTBEAT_MAX_ID + 1, 'x');

  g_assert_true (queen_heartbeat_check_id ("w"));
  g_assert_true (queen_heartbeat_check_id ("a b/c\"d\\é🐝"));
  g_assert_true (queen_heartbeat_check_id (longest));
  g_assert_false (queen_heartbeat_check_id (too_long));
  g_assert_false (queen_heartbeat_check_id (""));
  g_assert_false (queen_heartbeat_check_id ("a\nb"));
  g_assert_false (queen_heartbeat_check_id ("a\x7f"));
  g_assert_false (queen_heartbeat_check_id ("a\xc2\x85")); /* NEXT LINE, a C1 control */
  g_assert_false (queen_heartbeat_check_id ("a\xff"));
  /* A25 */
  g_assert_false (queen_heartbeat_check_id ("\u200b"));  /* ZERO WIDTH SPACE */
  g_assert_false (queen_heartbeat_check_id ("a\u200f")); /* RIGHT-TO-LEFT MARK */
  g_assert_false (queen_heartbeat_check_id ("\ufeffa"));
  g_assert_false (queen_heartbeat_check_id ("a\u2066b"));
}

/* Who cannot be seen, or looks as another does, could be taken for that one. */
static void
test_unseen_ids (void)
{
  static const char *const unseen[] = {
    "\u00a0",                                           /* NO-BREAK SPACE */
    "\u034f",                                           /* COMBINING GRAPHEME JOINER */
    "\u115f",     "\u1160",     "\u3164",     "\uffa0", /* fillers of Hangul */
    "\u17b4",     "\u180b",     "\u2003",               /* EM SPACE */
    "\u2028",     "\u2029",     "\u2065",     "\u2800", /* BRAILLE PATTERN BLANK */
    "\u3000",     "\ufe00",     "\ufe0f",               /* VARIATION SELECTOR-16 */
    "\ufff0",     "\U0001d159", "\U000e0100",           /* VARIATION SELECTOR-17 */
    "\U000e01ef",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (unseen); i++)
    {
      g_autofree char *behind = g_strconcat ("worker-1", unseen[i], NULL);
      g_autofree char *between = g_strconcat ("é", unseen[i], "b", NULL);

      g_assert_false (queen_heartbeat_check_id (unseen[i]));
      g_assert_false (queen_heartbeat_check_id (behind));
      g_assert_false (queen_heartbeat_check_id (between));
    }
  g_assert_true (queen_heartbeat_check_id ("e\u0301"));        /* an accent is seen */
  g_assert_true (queen_heartbeat_check_id ("日本 \u26a0 한")); /* and so are these */
  g_assert_true (queen_heartbeat_check_id ("\u2801\ufdfd\ufe10\ufffd\U0001d158"));
}

/* Of whichever kind it is: who says of which hive it is is a worker. */
static void
test_any (void)
{
  static const struct
  {
    const char *body;
    QueenComponentKind kind;
    const char *id;
  } rows[] = {
    { "{\"worker_id\":\"w\",\"status\":\"ready\"}", QUEEN_COMPONENT_WORKER, "w" },
    { "{\"hive_id\":\"h\",\"status\":\"ready\"}", QUEEN_COMPONENT_HIVE, "h" },
    { "{\"hive_id\":\"h\",\"worker_id\":\"w\",\"status\":\"ready\"}", QUEEN_COMPONENT_WORKER, "w" },
    { "{\"worker\":{\"id\":\"w\",\"hive_id\":\"h\",\"status\":\"ready\"}}", QUEEN_COMPONENT_WORKER,
      "w" },
    { "{\"hive\":{\"id\":\"h\",\"operational_status\":\"ready\"}}", QUEEN_COMPONENT_HIVE, "h" },
  };
  static const char *const none[] = { "{}", "[]", "7", "{\"id\":\"w\",\"status\":\"ready\"}" };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (QueenComponent) component =
          queen_heartbeat_parse_any (rows[i].body, strlen (rows[i].body), &error);

      g_assert_no_error (error);
      g_assert_cmpint (component->kind, ==, rows[i].kind);
      g_assert_cmpstr (component->id, ==, rows[i].id);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_heartbeat_parse_any (none[i], strlen (none[i]), &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/heartbeat/worker/nested-form-whole", test_nested_worker);
  g_test_add_func ("/heartbeat/hive/nested-form-whole", test_nested_hive);
  g_test_add_func ("/heartbeat/worker/says-how-it-is-doing", test_worker_vitals);
  g_test_add_func ("/heartbeat/hive/says-how-it-is-doing", test_hive_vitals);
  g_test_add_func ("/heartbeat/worker/who-says-nothing-of-that-has-nothing", test_no_vitals);
  g_test_add_func ("/heartbeat/short-form/as-events-are-streamed", test_short);
  g_test_add_func ("/heartbeat/status/one-word-will-do-for-hives-too", test_status_of_hive);
  g_test_add_func ("/heartbeat/null/counts-as-absent", test_null);
  g_test_add_func ("/heartbeat/wrong/message-names-the-member", test_wrong);
  g_test_add_func ("/heartbeat/text/no-longer-than-it-may-be", test_sizes);
  g_test_add_func ("/heartbeat/reason/cut-and-legible-but-heard", test_reason);
  g_test_add_func ("/heartbeat/unknown/read-over-whatever-it-holds", test_unknown);
  g_test_add_func ("/heartbeat/not-json/bad-request", test_not_json);
  g_test_add_func ("/heartbeat/id/1-to-128-legible-bytes", test_ids);
  g_test_add_func ("/heartbeat/id/is-seen-and-not-like-another", test_unseen_ids);
  g_test_add_func ("/heartbeat/any/kind-by-its-members", test_any);

  return g_test_run ();
}
