/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-metrics.h"

#include <math.h>
#include <string.h>

#include "model/queen-senders.h"
#include "queen-metrics-text.h"
#include "text/queen-hash.h"

#define SERIES 96         /* bytes of one at the most, without what a sender says */
#define HEADS 2048        /* bytes of what is written of all families, likewise */
#define N_FAMILIES_SAID 6 /* of those who say how they are doing */

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

static void
append_series (GString *text, const Family *family, const QueenComponent *component)
{
  const QueenLabel labels[] = {
    { "kind", queen_component_kind_get_name (component->kind) },
    { "id", component->id },
    { "model", component->model_id ? component->model_id : "" },
  };

  append_value (text, family, labels, G_N_ELEMENTS (labels), component);
}

static void
append_families (GString *text, const GPtrArray *components)
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      queen_metrics_begin (text, families[i].name, "gauge", families[i].help);
      for (guint j = 0; j < components->len; j++)
        append_series (text, &families[i], components->pdata[j]);
    }
}

/* Who has brought some, and what their series take at the most. */
typedef struct
{
  gsize n_bytes;
  gboolean is_left_out;
} Party;

typedef struct
{
  GHashTable *of_senders; /* a sender as components have it -> Party, which others may share */
  GHashTable *of_names;   /* name -> Party */
  GPtrArray *all;         /* of Party, whose they are */
} Parties;

static Party *
find_party (Parties *parties, const char *sender)
{
  Party *party = g_hash_table_lookup (parties->of_senders, sender);
  g_autofree char *name = NULL;

  if (party)
    return party;
  name = queen_sender_dup_party (sender ? sender : "");
  party = g_hash_table_lookup (parties->of_names, name);
  if (!party)
    {
      party = g_new0 (Party, 1);
      g_hash_table_insert (parties->of_names, g_steal_pointer (&name), party);
      g_ptr_array_add (parties->all, party);
    }
  g_hash_table_insert (parties->of_senders, (gpointer) sender, party);
  return party;
}

static gsize
measure_escaped (const char *text)
{
  gsize n = 0;

  for (; text && *text; text++)
    n += *text == '"' || *text == '\\' || *text == '\n' ? 2 : 1;
  return n;
}

static gsize
measure_series (const QueenComponent *component)
{
  gsize n = G_N_ELEMENTS (families) - (component->vitals ? 0 : N_FAMILIES_SAID);

  return n * (SERIES + measure_escaped (component->id) + measure_escaped (component->model_id));
}

static gint
compare_parties (gconstpointer a, gconstpointer b)
{
  const Party *first = *(const Party *const *) a, *second = *(const Party *const *) b;

  return first->n_bytes < second->n_bytes ? -1 : first->n_bytes > second->n_bytes;
}

/* Rather none of somebody's than some: a series that is not there would look like one that has
 * ended. Those who have least come first. */
static void
choose_parties (GPtrArray *all, gsize n_bytes)
{
  g_ptr_array_sort (all, compare_parties);
  for (guint i = 0; i < all->len; i++)
    {
      Party *party = all->pdata[i];

      n_bytes += party->n_bytes;
      party->is_left_out = n_bytes > QUEEN_COMPONENT_METRICS_MAX_BYTES;
    }
}

/* Removes those of whoever says too much. */
static void
leave_some_out (GPtrArray *components, gsize n_bytes)
{
  g_autoptr (GHashTable) of_senders = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) of_names =
      g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  Parties parties = { of_senders, of_names, all };
  guint n = 0;

  for (guint i = 0; i < components->len; i++)
    {
      const QueenComponent *component = components->pdata[i];

      find_party (&parties, component->sender)->n_bytes += measure_series (component);
    }
  choose_parties (all, n_bytes);
  for (guint i = 0; i < components->len; i++)
    {
      const QueenComponent *component = components->pdata[i];

      if (!find_party (&parties, component->sender)->is_left_out)
        components->pdata[n++] = components->pdata[i];
    }
  g_ptr_array_set_size (components, (gint) n);
}

void
queen_component_metrics_append (GString *text,
                                QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS])
{
  g_autoptr (GPtrArray) components =
      queen_registry_list_of_few (registries, QUEEN_COMPONENT_METRICS_MAX);
  guint total = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    total += queen_registry_get_total (registries[kind]);
  leave_some_out (components, text->len + HEADS);
  append_families (text, components);
  queen_metrics_gauge (text, "queen_components_without_series",
                       "Components that have none, as those who have brought them have too many.",
                       total - components->len);
  queen_metrics_gauge (text, "queen_components_with_series",
                       "Components that have series of their own.", components->len);
}
