/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-metrics.h"

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

typedef struct
{
  const char *name;
  const char *help;
  guint64 (*get) (const QueenComponent *component);
  gsize vital; /* without that: where it is in the vitals, and who has not said it has no series */
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
};

static gint64
get_value (const Family *family, const QueenComponent *component)
{
  const QueenVitals *vitals = component->vitals ? component->vitals : &queen_vitals_unsaid;

  return family->get ? (gint64) family->get (component)
                     : G_STRUCT_MEMBER (gint64, vitals, family->vital);
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

  gint64 value = get_value (family, component);

  if (value >= 0)
    queen_metrics_add (text, family->name, labels, G_N_ELEMENTS (labels), (guint64) value);
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
