/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-component-metrics.h"

#include <math.h>
#include <string.h>

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#define TIMEOUT (90 * (gint64) G_USEC_PER_SEC)

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  GString *text;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, TIMEOUT, 65536 };

  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    f->registries[kind] =
        queen_registry_new ((QueenComponentKind) kind, QUEEN_SEQUENCER (sequencer), &settings);
  f->text = g_string_new ("up 1\n");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_assert_finalize_object (f->registries[kind]);
  g_assert_finalize_object (f->bus);
  g_string_free (f->text, TRUE);
}

static void
add_workers_from (Fixture *f, const char *prefix, guint n, const char *model, const char *sender)
{
  for (guint i = 0; i < n; i++)
    {
      QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

      worker->id = g_strdup_printf ("%s%u", prefix, i);
      worker->model_id = g_strdup (model);
      worker->status = QUEEN_STATUS_READY;
      g_assert_true (
          queen_registry_update (f->registries[QUEEN_COMPONENT_WORKER], worker, sender, NULL));
    }
}

static void
add_workers (Fixture *f, guint n, const char *model)
{
  add_workers_from (f, "w", n, model, NULL);
}

/* No more than what there could be, and how many have series. */
static void
assert_none (Fixture *f)
{
  g_assert_true (g_str_has_prefix (f->text->str, "up 1\n# HELP queen_component_online "));
  g_assert_null (strchr (f->text->str, '{'));
  g_assert_true (g_str_has_suffix (f->text->str, "\nqueen_components_with_series 0\n"));
}

static void
test_all (Fixture *f, gconstpointer data)
{
  add_workers (f, 2, "a\"b\\c\nd");
  queen_component_metrics_append (f->text, f->registries);
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_online{kind=\"worker\",id=\"w1\","
                                          "model=\"a\\\"b\\\\c\\nd\"} 1\n"));
  g_assert_true (g_str_has_suffix (f->text->str, "\nqueen_components_with_series 2\n"));
}

/* Of how it is doing one has series if it has said so. */
static void
test_vitals (Fixture *f, gconstpointer data)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  add_workers (f, 1, "m");
  worker->id = g_strdup ("busy");
  worker->status = QUEEN_STATUS_BUSY;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = 4;
  worker->vitals->running = 0;
  worker->vitals->kv_usage = 0.25;
  g_assert_true (queen_registry_update (f->registries[QUEEN_COMPONENT_WORKER], worker, NULL, NULL));
  queen_component_metrics_append (f->text, f->registries);
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_slots{kind=\"worker\",id=\"busy\","
                                          "model=\"\"} 4\n"));
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_requests_running{kind=\"worker\","
                                          "id=\"busy\",model=\"\"} 0\n"));
  g_assert_null (strstr (f->text->str, "queen_component_slots{kind=\"worker\",id=\"w0\""));
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_kv_usage_ratio{kind=\"worker\","
                                          "id=\"busy\",model=\"\"} 0.25\n"));
  g_assert_null (strstr (f->text->str, "queen_component_requests_waiting{"));
  g_assert_null (strstr (f->text->str, "queen_component_kv_usage_ratio{kind=\"worker\",id=\"w0\""));
}

/* The hottest and the fullest of what is known. */
static void
test_gpus (Fixture *f, gconstpointer data)
{
  QueenComponent *hive = queen_component_new (QUEEN_COMPONENT_HIVE);
  QueenVitalsGpus *gpus = g_malloc0 (sizeof *gpus + 3 * sizeof gpus->gpus[0]);
  static const QueenVitalsGpu cards[] = {
    { .memory_used = 10,
      .memory_total = 40,
      .temperature = 80,
      .busy = NAN,
      .power = NAN,
      .age = 0 },
    { .memory_used = 30,
      .memory_total = 40,
      .temperature = NAN,
      .busy = NAN,
      .power = NAN,
      .age = 0 },
    { .memory_used = -1,
      .memory_total = -1,
      .temperature = 20,
      .busy = NAN,
      .power = NAN,
      .age = 0 },
  };

  gpus->n = G_N_ELEMENTS (cards);
  memcpy (gpus->gpus, cards, sizeof cards);
  hive->id = g_strdup ("h");
  hive->status = QUEEN_STATUS_ONLINE;
  hive->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  hive->vitals->gpus = gpus;
  g_assert_true (queen_registry_update (f->registries[QUEEN_COMPONENT_HIVE], hive, NULL, NULL));
  queen_component_metrics_append (f->text, f->registries);
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_gpu_temperature_celsius{kind=\"hive\","
                                          "id=\"h\",model=\"\"} 80\n"));
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_gpu_memory_ratio{kind=\"hive\","
                                          "id=\"h\",model=\"\"} 0.75\n"));
}

/* Nothing but what is to be escaped. */
static void
test_quotes (Fixture *f, gconstpointer data)
{
  g_autofree char *model = g_strnfill (512, '"');
  g_auto (GStrv) parts = g_strsplit (model, "\"", -1);
  g_autofree char *escaped = g_strjoinv ("\\\"", parts);

  add_workers (f, 1, model);
  queen_component_metrics_append (f->text, f->registries);
  g_assert_nonnull (strstr (f->text->str, escaped));
}

static void
test_too_many (Fixture *f, gconstpointer data)
{
  add_workers (f, QUEEN_COMPONENT_METRICS_MAX + 1, "m");
  queen_component_metrics_append (f->text, f->registries);
  assert_none (f);
}

/* They are few enough, but each says much. */
static void
test_too_long (Fixture *f, gconstpointer data)
{
  g_autofree char *model = g_strnfill (512, 'm');

  add_workers (f, QUEEN_COMPONENT_METRICS_MAX, model);
  queen_component_metrics_append (f->text, f->registries);
  assert_none (f);
}

/* Who has brought few has series for all of them, however many others bring, or how long-winded
 * those are. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  const guint n_many = QUEEN_COMPONENT_METRICS_MAX - 10;
  g_autofree char *model = g_strnfill (512, '"');
  g_autofree char *without =
      g_strdup_printf ("\nqueen_components_without_series %u\n", n_many + 2000);

  add_workers_from (f, "many", n_many, "m", "token:many");
  add_workers_from (f, "long", 2000, model, "address:192.0.2.1");
  add_workers_from (f, "few", 10, "m", "token:few");
  add_workers_from (f, "here", 2, "m", NULL);
  queen_component_metrics_append (f->text, f->registries);
  g_assert_cmpuint (f->text->len, <, QUEEN_COMPONENT_METRICS_MAX_BYTES);
  g_assert_nonnull (strstr (f->text->str, "\nqueen_component_online{kind=\"worker\",id=\"few9\","));
  g_assert_nonnull (
      strstr (f->text->str, "\nqueen_component_online{kind=\"worker\",id=\"here1\","));
  g_assert_null (strstr (f->text->str, "id=\"many"));
  g_assert_null (strstr (f->text->str, "id=\"long"));
  g_assert_nonnull (strstr (f->text->str, without));
  g_assert_true (g_str_has_suffix (f->text->str, "\nqueen_components_with_series 12\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/component-metrics/a-series-for-each", Fixture, NULL, set_up, test_all, tear_down);
  g_test_add ("/component-metrics/how-it-is-doing-if-it-says-so", Fixture, NULL, set_up,
              test_vitals, tear_down);
  g_test_add ("/component-metrics/hottest-and-fullest-card", Fixture, NULL, set_up, test_gpus,
              tear_down);
  g_test_add ("/component-metrics/quotes-escaped", Fixture, NULL, set_up, test_quotes, tear_down);
  g_test_add ("/component-metrics/none-when-too-many", Fixture, NULL, set_up, test_too_many,
              tear_down);
  g_test_add ("/component-metrics/who-has-few-has-all", Fixture, NULL, set_up, test_flood,
              tear_down);
  g_test_add ("/component-metrics/none-when-too-long", Fixture, NULL, set_up, test_too_long,
              tear_down);

  return g_test_run ();
}
