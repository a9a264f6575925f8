/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-fields.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-heartbeat.h"

#define FIELD(name) G_STRUCT_OFFSET (QueenComponent, name)
#define WORKER QUEEN_COMPONENT_WORKER
#define HIVE QUEEN_COMPONENT_HIVE

const QueenField queen_component_fields[] = {
  { "id", .property = "Id", .type = &queen_field_id, .offset = FIELD (id) },
  { "status", .property = "Status", .type = &queen_field_status, .offset = FIELD (status),
    .label = N_ ("Status") },
  { "online", .property = "Online", .type = &queen_field_online, .label = N_ ("Online") },
  { "available", .property = "Available", .type = &queen_field_available,
    .label = N_ ("Available") },

  { "health", .nest = "health_status", .member = "status", .is_required = TRUE,
    .property = "Health", .type = &queen_field_health, .offset = FIELD (health),
    .place = { [HIVE] = 3 }, .place_in_state = 8, .label = N_ ("Health"), .option = "health",
    .argument = N_ ("HEALTH"), .help = N_ ("How the hive is: healthy, degraded or unhealthy") },
  { "health_reason", .nest = "health_status", .member = "reason", .property = "HealthReason",
    .type = &queen_field_reason, .offset = FIELD (health_reason),
    .most = QUEEN_HEARTBEAT_MAX_REASON, .place = { [HIVE] = 4 }, .place_in_state = 9,
    .label = N_ ("Reason"), .option = "reason", .argument = N_ ("TEXT"),
    .help = N_ ("Why the hive is not healthy") },
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
    .place = { [WORKER] = 3, [HIVE] = 2 }, .place_in_state = 3, .label = N_ ("Port"),
    .option = "port", .argument = N_ ("PORT"), .help = N_ ("The port that it serves") },
  { "implementation", .property = "Implementation", .type = &queen_field_text,
    .offset = FIELD (implementation), .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 4 },
    .place_in_state = 4, .label = N_ ("Implementation"), .option = "implementation",
    .argument = N_ ("NAME"), .help = N_ ("The program that the worker is") },
  { "version", .property = "Version", .type = &queen_field_text, .offset = FIELD (version),
    .most = QUEEN_HEARTBEAT_MAX_TEXT, .place = { [WORKER] = 5, [HIVE] = 5 }, .place_in_state = 5,
    .label = N_ ("Version"), .option = "component-version", .argument = N_ ("VERSION"),
    .help = N_ ("The version of its program") },

  { "since", .property = "Since", .type = &queen_field_time, .offset = FIELD (since),
    .label = N_ ("Since") },
  { "first_seen", .property = "FirstSeen", .type = &queen_field_time, .offset = FIELD (first_seen),
    .label = N_ ("First seen") },
  { "last_seen", .property = "LastSeen", .type = &queen_field_time, .offset = FIELD (last_seen),
    .label = N_ ("Last seen") },
  { "heartbeats", .property = "Heartbeats", .type = &queen_field_count,
    .offset = FIELD (heartbeats), .label = N_ ("Heartbeats") },
  { "clock_skew", .property = "ClockSkew", .type = &queen_field_skew, .label = N_ ("Clock") },
  {},
};

/* Lists of the same, each in an order of its own */

typedef struct
{
  const QueenField *all[G_N_ELEMENTS (queen_component_fields)];
  const QueenField *said[G_N_ELEMENTS (queen_component_fields)];
  const QueenField *kept[G_N_ELEMENTS (queen_component_fields)];
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

const QueenField *
queen_component_fields_find_property (const char *name)
{
  for (const QueenField *field = queen_component_fields; field->name; field++)
    if (g_str_equal (field->property, name))
      return field;
  return NULL;
}
