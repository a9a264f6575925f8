/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-event.h"

#include <string.h>

#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"
#include "text/queen-timestamp.h"

#define GIVEN_BACK_FROM 4096 /* bytes */

G_DEFINE_BOXED_TYPE (QueenEvent, queen_event, queen_event_ref, queen_event_unref)

static void
free_event (QueenEvent *event)
{
  g_clear_pointer (&event->component, queen_component_unref);
  g_clear_pointer (&event->before, queen_component_unref);
  g_free (event->by);
  g_free (event->memory);
  g_free (event);
}

/* @n_behind: bytes behind it
 *
 * Returns: (transfer full): one that says nothing yet. Not of what is zero already, as
 * queen_component_new() has it */
static QueenEvent *
alloc_event (QueenEventKind kind, gsize n_behind)
{
  QueenEvent *event = g_malloc (sizeof *event + n_behind);

  *event = (QueenEvent){ .kind = kind };
  g_atomic_ref_count_init (&event->ref_count);
  return event;
}

/* Bytes that are not to be found out by anybody who reads too far. */
static void
append_margin (GString *json, gsize margin)
{
  gsize length = json->len;

  g_string_set_size (json, length + margin);
  memset (json->str + length, '\0', margin);
}

/* @memory: (transfer full): what the JSON is a part of
 * @margin: bytes of it that stand before the JSON */
static QueenEvent *
new_event (QueenEventKind kind, char *memory, gsize margin, gsize json_length)
{
  QueenEvent *event = alloc_event (kind, 0);

  event->memory = memory;
  event->json = memory + margin;
  event->json_length = json_length;
  return event;
}

/* By hand, as there is one for each heartbeat. */
QueenEvent *
queen_event_new_component (QueenComponent *component, gint64 time)
{
  gboolean is_worker = component->kind == QUEEN_COMPONENT_WORKER;
  char json[QUEEN_JSON_STRING_ROOM (QUEEN_HEARTBEAT_MAX_ID) + 128], *end = json;
  gsize length;
  QueenEvent *event;

  g_assert (strlen (component->id) <= QUEEN_HEARTBEAT_MAX_ID);
  end = stpcpy (end, is_worker ? "{\"type\":\"worker\",\"worker_id\":"
                               : "{\"type\":\"hive\",\"hive_id\":");
  end = queen_json_write_string (end, component->id);
  end = stpcpy (end, ",\"status\":\"");
  end = stpcpy (end, queen_status_get_name (component->status));
  end = stpcpy (end, "\",\"timestamp\":\"");
  end = queen_timestamp_write (end, time);
  end = stpcpy (end, "\"}");

  /* One piece of memory with its JSON. */
  length = (gsize) (end - json);
  event = alloc_event (is_worker ? QUEEN_EVENT_WORKER : QUEEN_EVENT_HIVE, length + 1);
  event->component = queen_component_ref (component);
  event->json = memcpy ((char *) (event + 1), json, length + 1);
  event->json_length = length;
  return event;
}

QueenEvent *
queen_event_new_heartbeat (QueenComponent *component)
{
  return queen_event_new_component (component, component->last_seen);
}

static QueenEvent *
new_silent_event (QueenEventKind kind, QueenComponent *component)
{
  QueenEvent *event = alloc_event (kind, 0);

  event->component = queen_component_ref (component);
  return event;
}

QueenEvent *
queen_event_new_forgotten (QueenComponent *component)
{
  return new_silent_event (QUEEN_EVENT_FORGOTTEN, component);
}

QueenEvent *
queen_event_new_restored (QueenComponent *component)
{
  return new_silent_event (QUEEN_EVENT_RESTORED, component);
}

/* @json: (transfer full) */
static QueenEvent *
new_aside (QueenEventKind kind, GString *json, gint64 time)
{
  gsize length;

  g_string_append (json, ",\"timestamp\":\"");
  queen_timestamp_append (json, time);
  g_string_append (json, "\"}");
  length = json->len;
  return new_event (kind, g_string_free (json, FALSE), 0, length);
}

QueenEvent *
queen_event_new_held (QueenComponent *component, gint64 time)
{
  gboolean is_held = component->holds || component->hive_holds;
  GString *json = g_string_new ("{\"type\":\"hold\",\"kind\":\"");
  QueenEvent *event;

  g_string_append (json, queen_component_kind_get_name (component->kind));
  g_string_append (json, "\",\"id\":");
  queen_json_append_string (json, component->id);
  g_string_append (json, is_held ? ",\"held\":true" : ",\"held\":false");
  event = new_aside (QUEEN_EVENT_HELD, json, time);
  event->component = queen_component_ref (component);
  return event;
}

QueenEvent *
queen_event_new_counts (QueenEventKind kind,
                        const char *model,
                        const char *state,
                        const QueenEventCount *counts,
                        guint n,
                        gint64 time)
{
  GString *json = g_string_new (kind == QUEEN_EVENT_JOB ? "{\"type\":\"job\",\"model\":"
                                                        : "{\"type\":\"placement\",\"model\":");

  queen_json_append_string_or_null (json, model);
  g_string_append_printf (json, ",\"state\":\"%s\"", state);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (json, ",\"%s\":%" G_GUINT64_FORMAT, counts[i].name, counts[i].number);
  return new_aside (kind, json, time);
}

QueenEvent *
queen_event_new_queen (const QueenCensus *workers, const QueenCensus *hives, gint64 time)
{
  gsize n_workers = workers->ids_length, n_hives = hives->ids_length;
  GString *json = g_string_sized_new (512 + 2 * QUEEN_EVENT_MARGIN + n_workers + n_hives);
  gsize json_length, length;
  char *memory;

  append_margin (json, QUEEN_EVENT_MARGIN);
  g_string_append_printf (json,
                          "{\"type\":\"queen\",\"workers_online\":%u,\"workers_available\":%u,"
                          "\"hives_online\":%u,\"hives_available\":%u",
                          workers->online, workers->available, hives->online, hives->available);
  g_string_append (json, ",\"worker_ids\":");
  g_string_append_len (json, workers->ids, (gssize) n_workers);
  g_string_append (json, ",\"hive_ids\":");
  g_string_append_len (json, hives->ids, (gssize) n_hives);
  g_string_append (json, ",\"timestamp\":\"");
  queen_timestamp_append (json, time);
  g_string_append (json, "\"}");
  json_length = json->len - QUEEN_EVENT_MARGIN;
  append_margin (json, QUEEN_EVENT_MARGIN);
  length = json->len;
  memory = g_string_free (json, FALSE);
  /* What GString has taken in advance is given back: of megabytes it may be as many again. */
  if (length >= GIVEN_BACK_FROM)
    memory = g_realloc (memory, length + 1);
  return new_event (QUEEN_EVENT_QUEEN, memory, QUEEN_EVENT_MARGIN, json_length);
}

gboolean
queen_event_is_change (const QueenEvent *event)
{
  const QueenComponent *now = event->component, *before = event->before;

  if (!now || !before || event->kind == QUEEN_EVENT_FORGOTTEN)
    return now != NULL;
  return now->vitals || before->vitals || now->status != before->status ||
         now->holds != before->holds || now->hive_holds != before->hive_holds ||
         now->health != before->health || !queen_component_has_same_sender (now, before) ||
         g_strcmp0 (now->model_id, before->model_id) != 0;
}

QueenEvent *
queen_event_ref (QueenEvent *event)
{
  g_atomic_ref_count_inc (&event->ref_count);
  return event;
}

void
queen_event_unref (QueenEvent *event)
{
  if (g_atomic_ref_count_dec (&event->ref_count))
    free_event (event);
}
