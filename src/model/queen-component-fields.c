/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-fields.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-heartbeat.h"

#define FIELD(name) G_STRUCT_OFFSET (QueenComponent, name)
#define VITAL(name) .is_vital = TRUE, .offset = G_STRUCT_OFFSET (QueenVitals, name)
#define WORKER QUEEN_COMPONENT_WORKER
#define HIVE QUEEN_COMPONENT_HIVE

const QueenField queen_component_fields[] = {
  { "id", .property = "Id", .type = &queen_field_id, .offset = FIELD (id) },
  { "status", .property = "Status", .type = &queen_field_status, .offset = FIELD (status),
    .label = N_ ("Status") },
  { "online", .property = "Online", .type = &queen_field_online, .label = N_ ("Online") },
  { "available", .property = "Available", .type = &queen_field_available,
    .label = N_ ("Available") },
  { "holds", .property = "Holds", .type = &queen_field_holds, .label = N_ ("Held") },

  { "health", .nest = "health_status", .member = "status", .is_required = TRUE,
    .property = "Health", .type = &queen_field_health, .offset = FIELD (health),
    .place = { [WORKER] = 8, [HIVE] = 3 }, .place_in_state = 8, .label = N_ ("Health"),
    .option = "health", .argument = N_ ("HEALTH"),
    .help = N_ ("How it is: healthy, degraded or unhealthy") },
  { "health_reason", .nest = "health_status", .member = "reason", .property = "HealthReason",
    .type = &queen_field_reason, .offset = FIELD (health_reason),
    .most = QUEEN_HEARTBEAT_MAX_REASON, .place = { [WORKER] = 9, [HIVE] = 4 }, .place_in_state = 9,
    .label = N_ ("Reason"), .option = "reason", .argument = N_ ("TEXT"),
    .help = N_ ("Why: why it is not healthy, or gets no work") },
  { "model_id", .property = "ModelId", .type = &queen_field_text, .offset = FIELD (model_id),
    .most = QUEEN_HEARTBEAT_MAX_MODEL_ID, .place = { [WORKER] = 1 }, .place_in_state = 1,
    .label = N_ ("Model"), .option = "model", .argument = N_ ("MODEL"),
    .help = N_ ("The model that the worker has loaded") },
  { "device", .property = "Device", .type = &queen_field_text, .offset = FIELD (device),
    .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 2 }, .place_in_state = 2,
    .label = N_ ("Device"), .option = "device", .argument = N_ ("DEVICE"),
    .help = N_ ("What the worker runs on, such as GPU-0") },
  { "hive_id", .property = "HiveId", .type = &queen_field_id, .offset = FIELD (hive_id),
    .most = QUEEN_HEARTBEAT_MAX_ID, .place = { [WORKER] = 7 }, .place_in_state = 7,
    .label = N_ ("Hive"), .option = "hive", .argument = N_ ("ID"),
    .help = N_ ("The hive that the worker belongs to") },
  { "hostname", .property = "Hostname", .type = &queen_field_text, .offset = FIELD (hostname),
    .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 6, [HIVE] = 1 }, .place_in_state = 6,
    .label = N_ ("Host"), .option = "hostname", .argument = N_ ("HOST"),
    .help = N_ ("The machine that it runs on") },
  { "port", .property = "Port", .type = &queen_field_port, .offset = FIELD (port),
    .greatest = G_MAXUINT16, .place = { [WORKER] = 3, [HIVE] = 2 }, .place_in_state = 3,
    .label = N_ ("Port"), .option = "port", .argument = N_ ("PORT"),
    .help = N_ ("The port that it serves") },
  { "implementation", .property = "Implementation", .type = &queen_field_text,
    .offset = FIELD (implementation), .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 4 },
    .place_in_state = 4, .label = N_ ("Implementation"), .option = "implementation",
    .argument = N_ ("NAME"), .help = N_ ("The program that the worker is") },
  { "version", .property = "Version", .type = &queen_field_text, .offset = FIELD (version),
    .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 5, [HIVE] = 5 }, .place_in_state = 5,
    .label = N_ ("Version"), .option = "component-version", .argument = N_ ("VERSION"),
    .help = N_ ("The version of its program") },

  { "url", .property = "Url", .type = &queen_field_url, VITAL (url),
    .most = QUEEN_HEARTBEAT_MAX_URL, .place = { [WORKER] = 10 }, .place_in_state = 10,
    .label = N_ ("Address"), .option = "server-url", .argument = N_ ("URL"),
    .help = N_ ("Where the worker's API is") },
  { "api", .property = "Api", .type = &queen_field_api, VITAL (api), .place = { [WORKER] = 11 },
    .place_in_state = 11, .label = N_ ("API"), .option = "api", .argument = N_ ("API"),
    .help = N_ ("What the worker speaks: openai, ollama or rbee") },
  { "models", .property = "Models", .type = &queen_field_models, VITAL (models),
    .place = { [WORKER] = 12 }, .place_in_state = 12, .label = N_ ("More models"),
    .option = "models", .argument = N_ ("MODELS"),
    .help = N_ ("Further models that the worker serves, with commas") },
  { "slots", .property = "Slots", .type = &queen_field_int, .is_passing = TRUE, VITAL (slots),
    .least = 1, .greatest = QUEEN_VITALS_MAX_REQUESTS, .place = { [WORKER] = 13 },
    .place_in_state = 13, .label = N_ ("Slots"), .option = "slots", .argument = N_ ("NUMBER"),
    .help = N_ ("How many requests the worker works on at once") },
  { "running", .property = "Running", .type = &queen_field_int, .is_passing = TRUE, VITAL (running),
    .greatest = QUEEN_VITALS_MAX_REQUESTS, .place = { [WORKER] = 14 }, .place_in_state = 14,
    .label = N_ ("Running"), .option = "running", .argument = N_ ("NUMBER"),
    .help = N_ ("How many requests the worker works on") },
  { "waiting", .property = "Waiting", .type = &queen_field_int, .is_passing = TRUE, VITAL (waiting),
    .greatest = QUEEN_VITALS_MAX_REQUESTS, .place = { [WORKER] = 15 }, .place_in_state = 15,
    .label = N_ ("Waiting"), .option = "waiting", .argument = N_ ("NUMBER"),
    .help = N_ ("How many requests wait at the worker") },
  { "kv_usage", .property = "KvUsage", .type = &queen_field_part, .is_passing = TRUE,
    VITAL (kv_usage), .greatest = 1, .place = { [WORKER] = 16 }, .place_in_state = 16,
    .label = N_ ("KV cache"), .option = "kv-usage", .argument = N_ ("PART"),
    .help = N_ ("Which part of the worker's KV cache is taken, 0 to 1") },
  { "tokens_per_second", .property = "TokensPerSecond", .type = &queen_field_real,
    .is_passing = TRUE, VITAL (tokens_per_second), .place = { [WORKER] = 17 }, .place_in_state = 17,
    .label = N_ ("Tokens per second"), .option = "tokens-per-second", .argument = N_ ("NUMBER"),
    .help = N_ ("How many tokens the worker makes in a second") },
  { "progress", .property = "Progress", .type = &queen_field_int, .is_passing = TRUE,
    VITAL (progress), .place = { [WORKER] = 18 }, .place_in_state = 18, .label = N_ ("Progress"),
    .option = "progress", .argument = N_ ("NUMBER"),
    .help = N_ ("A count that grows while the worker works") },
  { "loaded_at", .property = "LoadedAt", .type = &queen_field_moment, VITAL (loaded_at),
    .place = { [WORKER] = 19 }, .place_in_state = 19, .label = N_ ("Loaded"), .option = "loaded-at",
    .argument = N_ ("TIME"),
    .help = N_ ("When the worker loaded its model, such as 2025-10-24T20:11:00Z") },
  { "busy_source", .property = "BusySource", .type = &queen_field_text, VITAL (busy_source),
    .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 20 }, .place_in_state = 20,
    .label = N_ ("Load is from"), .option = "busy-source", .argument = N_ ("SOURCE"),
    .help = N_ ("How it is known whether the worker is busy") },
  { "exit_status", .property = "ExitStatus", .type = &queen_field_int, VITAL (exit_status),
    .greatest = 255, .place = { [WORKER] = 21 }, .place_in_state = 21, .label = N_ ("Exit status"),
    .option = "exit-status", .argument = N_ ("NUMBER"),
    .help = N_ ("With which status the worker ended") },
  { "next_beat_within", .property = "NextBeatWithin", .type = &queen_field_int, .is_passing = TRUE,
    VITAL (next_beat_within), .least = 1, .greatest = QUEEN_HEARTBEAT_MAX_NEXT_BEAT,
    .place = { [WORKER] = 22 }, .place_in_state = 22, .label = N_ ("Next beat within"),
    .option = "next-beat-within", .argument = N_ ("SECONDS"),
    .help = N_ ("For how long the worker need not beat again, as it loads or compiles") },
  { "cpu", .property = "Cpu", .type = &queen_field_part, .is_passing = TRUE, VITAL (cpu),
    .greatest = 1, .place = { [HIVE] = 6 }, .place_in_state = 23, .label = N_ ("CPU"),
    .option = "cpu", .argument = N_ ("PART"),
    .help = N_ ("Which part of the hive's processors works, 0 to 1") },
  { "memory_used", .property = "MemoryUsed", .type = &queen_field_bytes, .is_passing = TRUE,
    VITAL (memory_used), .greatest = QUEEN_VITALS_MAX_MEMORY, .place = { [HIVE] = 7 },
    .place_in_state = 24, .label = N_ ("Memory used"), .option = "memory-used",
    .argument = N_ ("BYTES"), .help = N_ ("How much of the hive's memory is taken") },
  { "memory_total", .property = "MemoryTotal", .type = &queen_field_bytes, VITAL (memory_total),
    .greatest = QUEEN_VITALS_MAX_MEMORY, .place = { [HIVE] = 8 }, .place_in_state = 25,
    .label = N_ ("Memory"), .option = "memory-total", .argument = N_ ("BYTES"),
    .help = N_ ("How much memory the hive has") },
  { "gpus", .property = "Gpus", .type = &queen_field_gpus, .is_passing = TRUE, VITAL (gpus),
    .place = { [HIVE] = 9 }, .place_in_state = 26, .label = N_ ("GPUs") },

  { "since", .property = "Since", .type = &queen_field_time, .offset = FIELD (since),
    .label = N_ ("Since") },
  { "first_seen", .property = "FirstSeen", .type = &queen_field_time, .offset = FIELD (first_seen),
    .label = N_ ("First seen") },
  { "last_seen", .property = "LastSeen", .type = &queen_field_time, .offset = FIELD (last_seen),
    .label = N_ ("Last seen") },
  { "heartbeats", .property = "Heartbeats", .type = &queen_field_count,
    .offset = FIELD (heartbeats), .label = N_ ("Heartbeats") },
  { "clock_skew", .property = "ClockSkew", .type = &queen_field_skew, .label = N_ ("Clock") },
  { "not_called", .property = "NotCalled", .type = &queen_field_text, .offset = FIELD (not_called),
    .label = N_ ("Not called") },
  {},
};

/* Lists of the same, each in an order of its own */

typedef struct
{
  const QueenField *all[G_N_ELEMENTS (queen_component_fields)];
  const QueenField *said[G_N_ELEMENTS (queen_component_fields)];
  const QueenField *kept[G_N_ELEMENTS (queen_component_fields)];
  QueenFieldIndex index;
} Lists;

static int
compare_places (gconstpointer a, gconstpointer b, gpointer kind)
{
  guint8 left = (*(const QueenField *const *) a)->place[GPOINTER_TO_INT (kind)];
  guint8 right = (*(const QueenField *const *) b)->place[GPOINTER_TO_INT (kind)];

  return left - right;
}

static int
compare_places_in_state (gconstpointer a, gconstpointer b, gpointer unused)
{
  return (*(const QueenField *const *) a)->place_in_state -
         (*(const QueenField *const *) b)->place_in_state;
}

static void
fill_index (QueenFieldIndex *index, const QueenField *const *fields)
{
  guint8 n = 0;

  index->fields = fields;
  while (fields[n])
    n++;
  g_assert (n <= QUEEN_FIELD_INDEX_MAX);
  for (; n > 0; n--)
    {
      guint8 *first = &index->first[(guchar) *queen_field_get_top_name (fields[n - 1])];

      index->next[n - 1] = *first;
      *first = n;
    }
}

static void
fill_lists (Lists *lists, QueenComponentKind kind)
{
  gsize n_all = 0, n_said = 0, first_said = 0;

  for (const QueenField *field = queen_component_fields; field->name; field++)
    {
      if (queen_field_is_said_by (field, kind))
        {
          first_said = n_said == 0 ? n_all : first_said;
          lists->said[n_said++] = field;
        }
      else if (!queen_field_is_of_queen (field))
        continue;
      lists->all[n_all++] = field;
    }
  memcpy (lists->kept, lists->said, n_said * sizeof *lists->kept);
  g_qsort_with_data (lists->said, (int) n_said, sizeof *lists->said, compare_places,
                     GINT_TO_POINTER (kind));
  memcpy (lists->all + first_said, lists->said, n_said * sizeof *lists->said);
  g_qsort_with_data (lists->kept, (int) n_said, sizeof *lists->kept, compare_places_in_state, NULL);
  fill_index (&lists->index, lists->said);
}

static const Lists *
get_lists (QueenComponentKind kind)
{
  static Lists lists[QUEEN_COMPONENT_N_KINDS];
  static gsize is_filled;

  if (g_once_init_enter (&is_filled))
    {
      for (int i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
        fill_lists (&lists[i], (QueenComponentKind) i);
      g_once_init_leave (&is_filled, TRUE);
    }
  return &lists[kind];
}

const QueenField *const *
queen_component_fields_list (QueenComponentKind kind)
{
  return get_lists (kind)->all;
}

const QueenField *const *
queen_component_fields_list_said (QueenComponentKind kind)
{
  return get_lists (kind)->said;
}

const QueenField *const *
queen_component_fields_list_kept (QueenComponentKind kind)
{
  return get_lists (kind)->kept;
}

const QueenFieldIndex *
queen_component_fields_get_index (QueenComponentKind kind)
{
  return &get_lists (kind)->index;
}

const QueenField *
queen_component_fields_find_property (const char *name)
{
  for (const QueenField *field = queen_component_fields; field->name; field++)
    if (g_str_equal (field->property, name))
      return field;
  return NULL;
}
