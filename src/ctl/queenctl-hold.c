/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-hold.h"

#include <glib/gi18n.h>

#include "queenctl-json.h"
#include "queenctl-text.h"
#include "text/queen-timestamp.h"

static char *
dup_end (JsonObject *hold)
{
  const char *until = queenctl_json_get_string (hold, "until");
  const char *caller = queenctl_json_get_string (hold, "caller");
  g_autofree char *local = NULL;
  gint64 time;

  if (until && queen_timestamp_parse (until, &time))
    {
      local = queenctl_text_dup_local_time (time / QUEEN_NSEC_PER_USEC);
      return g_strdup_printf (_ ("until %s"), local);
    }
  return caller ? g_strdup_printf (_ ("while %s is on the bus"), caller)
                : g_strdup (_ ("until released"));
}

static char *
describe_hold (JsonNode *node)
{
  JsonObject *hold = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  g_autofree char *end = NULL;
  g_autofree char *text = NULL;
  const char *hive;

  if (!hold)
    return g_strdup ("");
  end = dup_end (hold);
  /* Translators: whose hold, until when, why, and its id: by token:ops until 2026-01-01: update
   * (hold-1) */
  text = g_strdup_printf (_ ("by %s %s: %s (%s)"), queenctl_json_get_text (hold, "holder"), end,
                          queenctl_json_get_text (hold, "reason"),
                          queenctl_json_get_text (hold, "id"));
  hive = queenctl_json_get_string (hold, "hive_id");
  return hive ? g_strdup_printf (_ ("with hive %s, %s"), hive, text) : g_steal_pointer (&text);
}

char *
queenctl_hold_describe_all (JsonNode *holds)
{
  JsonArray *array = json_node_get_array (holds);
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *hold = describe_hold (json_array_get_element (array, i));

      g_string_append_printf (all, "%s%s", i > 0 ? "; " : "", hold);
    }
  return g_string_free (g_steal_pointer (&all), FALSE);
}
