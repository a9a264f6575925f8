/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-json.h"

#include "text/queen-json.h"
#include "text/queen-timestamp.h"

/* Each @name comes with all that stands around it, so that a long list is not put together from
 * crumbs. */

static void
append_flag (GString *json, const char *name, gboolean flag)
{
  g_string_append (json, name);
  g_string_append (json, flag ? "true" : "false");
}

static void
append_text (GString *json, const char *name, const char *text)
{
  g_string_append (json, name);
  if (text)
    queen_json_append_string (json, text);
  else
    g_string_append (json, "null");
}

static void
append_time (GString *json, const char *name, gint64 time)
{
  g_string_append (json, name);
  g_string_append_c (json, '"');
  queen_timestamp_append (json, time);
  g_string_append_c (json, '"');
}

/* In seconds, to the millisecond. By hand, as printf() would write a comma for a German. */
static void
append_skew (GString *json, const QueenComponent *component)
{
  gint64 msec = queen_component_get_clock_skew (component) / 1000;

  g_string_append (json, ",\"clock_skew\":");
  if (component->has_said_at)
    g_string_append_printf (json, "%s%" G_GINT64_FORMAT ".%03d", msec < 0 ? "-" : "",
                            ABS (msec) / 1000, (int) (ABS (msec) % 1000));
  else
    g_string_append (json, "null");
}

static void
append_port (GString *json, guint16 port)
{
  if (port == 0)
    g_string_append (json, ",\"port\":null");
  else
    g_string_append_printf (json, ",\"port\":%u", port);
}

static void
append_worker (const QueenComponent *worker, GString *json)
{
  append_text (json, ",\"model_id\":", worker->model_id);
  append_text (json, ",\"device\":", worker->device);
  append_port (json, worker->port);
  append_text (json, ",\"implementation\":", worker->implementation);
  append_text (json, ",\"version\":", worker->version);
  append_text (json, ",\"hostname\":", worker->hostname);
  append_text (json, ",\"hive_id\":", worker->hive_id);
}

static void
append_hive (const QueenComponent *hive, GString *json)
{
  append_text (json, ",\"hostname\":", hive->hostname);
  append_port (json, hive->port);
  append_text (json, ",\"health_status\":{\"status\":", queen_health_get_name (hive->health));
  if (hive->health_reason)
    append_text (json, ",\"reason\":", hive->health_reason);
  g_string_append_c (json, '}');
  append_text (json, ",\"version\":", hive->version);
}

void
queen_component_append_json (const QueenComponent *component, GString *json)
{
  append_text (json, "{\"id\":", component->id);
  append_text (json, ",\"status\":", queen_status_get_name (component->status));
  append_flag (json, ",\"online\":", queen_component_is_online (component));
  append_flag (json, ",\"available\":", queen_component_is_available (component));
  if (component->kind == QUEEN_COMPONENT_WORKER)
    append_worker (component, json);
  else
    append_hive (component, json);
  append_time (json, ",\"since\":", component->since);
  append_time (json, ",\"first_seen\":", component->first_seen);
  append_time (json, ",\"last_seen\":", component->last_seen);
  g_string_append_printf (json, ",\"heartbeats\":%" G_GUINT64_FORMAT, component->heartbeats);
  append_skew (json, component);
  g_string_append_c (json, '}');
}
