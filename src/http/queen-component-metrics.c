/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-metrics.h"

#include <math.h>

#include "queen-metrics-text.h"

#define PART 256 /* components that are looked at together */

static guint64
get_online (const QueenComponent *component)
{
  return queen_component_is_online (component);
}

static guint64
get_available (const QueenComponent *component)
{
  return queen_component_is_available (component);
}

static guint64
get_last_seen (const QueenComponent *component)
{
  return (guint64) component->last_seen / 1000000000;
}

static double
get_kv_usage (const QueenVitals *vitals)
{
  return vitals->kv_usage;
}

/* What is not said is NaN, which fmax () passes over. */
static double
get_temperature (const QueenVitals *vitals)
{
  double hottest = NAN;

  for (guint i = 0; vitals->gpus && i < vitals->gpus->n; i++)
    hottest = fmax (hottest, vitals->gpus->gpus[i].temperature);
  return hottest;
}

static double
get_gpu_memory (const QueenVitals *vitals)
{
  double fullest = NAN;

  for (guint i = 0; vitals->gpus && i < vitals->gpus->n; i++)
    {
      const QueenVitalsGpu *gpu = &vitals->gpus->gpus[i];

      if (gpu->memory_used >= 0 && gpu->memory_total > 0)
        fullest = fmax (fullest, (double) gpu->memory_used / (double) gpu->memory_total);
    }
  return fullest;
}

typedef struct
{
  const char *name;
  const char *help;
  guint64 (*get) (const QueenComponent *component);
  /* Without that: what it has said, and who has not said it has no series. */
  gsize vital; /* where it is in the vitals, */
  double (*measure) (
      const QueenVitals *vitals); /* or what has a fraction; NaN for what is not said */
} Family;

#define VITAL(name) .vital = G_STRUCT_OFFSET (QueenVitals, name)

static const Family families[] = {
  { "queen_component_online", "Whether it is online.", get_online },
  { "queen_component_available", "Whether work can be given to it.", get_available },
  { "queen_component_last_seen_timestamp_seconds", "When its last heartbeat arrived.",
    get_last_seen },
  { "queen_component_slots", "How many requests it can work on at once.", VITAL (slots) },
  { "queen_component_requests_running", "How many requests it works on.", VITAL (running) },
  { "queen_component_requests_waiting", "How many requests wait at it.", VITAL (waiting) },
  { "queen_component_kv_usage_ratio", "Which part of its memory for tokens is taken.",
    .measure = get_kv_usage },
  { "queen_component_gpu_temperature_celsius", "Of its hottest graphics card.",
    .measure = get_temperature },
  { "queen_component_gpu_memory_ratio", "How full the fullest of its graphics cards is.",
    .measure = get_gpu_memory },
};

static void
append_value (GString *text,
              const Family *family,
              const QueenLabel *labels,
              gsize n_labels,
              const QueenComponent *component)
{
  const QueenVitals *vitals = component->vitals ? component->vitals : &queen_vitals_unsaid;
  double number = family->measure ? family->measure (vitals) : NAN;
  gint64 value = -1;

  if (family->get)
    value = (gint64) family->get (component);
  else if (!family->measure)
    value = G_STRUCT_MEMBER (gint64, vitals, family->vital);
  if (value >= 0)
    queen_metrics_add (text, family->name, labels, n_labels, (guint64) value);
  else if (!isnan (number))
    queen_metrics_add_number (text, family->name, labels, n_labels, number);
}

/* Returns whether there is still room for it. */
static gboolean
append_series (GString *text, const Family *family, const QueenComponent *component)
{
  const QueenLabel labels[] = {
    { "kind", queen_component_kind_get_name (component->kind) },
    { "id", component->id },
    { "model", component->model_id ? component->model_id : "" },
  };

  append_value (text, family, labels, G_N_ELEMENTS (labels), component);
  return text->len <= QUEEN_COMPONENT_METRICS_MAX_BYTES;
}

static gboolean
append_registry (GString *text, const Family *family, QueenRegistry *registry)
{
  QueenComponent *components[PART];
  guint64 last = 0;
  guint n;

  while ((n = queen_registry_list_behind (registry, last, components, PART)) > 0)
    {
      for (guint i = 0; i < n; i++)
        if (!append_series (text, family, components[i]))
          return FALSE;
      last = components[n - 1]->sequence;
    }
  return TRUE;
}

static gboolean
append_families (GString *text, QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS])
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      queen_metrics_begin (text, families[i].name, "gauge", families[i].help);
      for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
        if (!append_registry (text, &families[i], registries[kind]))
          return FALSE;
    }
  return TRUE;
}

void
queen_component_metrics_append (GString *text,
                                QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS])
{
  gsize length = text->len;
  guint total = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    total += queen_registry_get_total (registries[kind]);
  /* Rather none than some: a series that is not there would look like one that has ended. */
  if (total > QUEEN_COMPONENT_METRICS_MAX || !append_families (text, registries))
    {
      g_string_truncate (text, length);
      total = 0;
    }
  queen_metrics_gauge (text, "queen_components_with_series",
                       "Components that have series of their own; none when they are too many.",
                       total);
}
