/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-hold.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "queenctl-json.h"
#include "queenctl-matches.h"
#include "queenctl-text.h"
#include "text/queen-span.h"
#include "text/queen-timestamp.h"

#define USUAL_TTL 3600                /* seconds */
#define LONGEST_TTL (365 * QUEEN_DAY) /* µs */

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

static gboolean
is_of_hive (JsonNode *node)
{
  return JSON_NODE_HOLDS_OBJECT (node) &&
         queenctl_json_get_string (json_node_get_object (node), "hive_id");
}

static char *
describe_holds (JsonArray *array, gboolean are_all_wanted)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      g_autofree char *hold = describe_hold (node);

      if (are_all_wanted || !is_of_hive (node))
        g_string_append_printf (all, "%s%s", all->len > 0 ? "; " : "", hold);
    }
  return g_string_free (g_steal_pointer (&all), FALSE);
}

char *
queenctl_hold_describe_all (JsonNode *holds)
{
  return describe_holds (json_node_get_array (holds), TRUE);
}

static JsonArray *
get_holds (const QueenctlComponent *component)
{
  JsonObject *object = json_node_get_object (queenctl_component_get_node (component));
  JsonNode *holds = json_object_get_member (object, "holds");

  return holds && JSON_NODE_HOLDS_ARRAY (holds) ? json_node_get_array (holds) : NULL;
}

char *
queenctl_hold_describe_own (const QueenctlComponent *component)
{
  JsonArray *array = get_holds (component);
  g_autofree char *text = array ? describe_holds (array, FALSE) : NULL;

  return text && *text != '\0' ? g_steal_pointer (&text) : NULL;
}

static gboolean
parse_ttl (const char *text, guint *ttl, GError **error)
{
  gint64 span;

  *ttl = USUAL_TTL;
  if (!text)
    return TRUE;
  if (!queen_span_parse (text, &span) || span < 0 || span > LONGEST_TTL)
    {
      g_set_error (
          error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
          _ ("--ttl: “%s” is not a span of time such as 30min or 8h, up to 365d; 0 is until "
             "it is released"),
          text);
      return FALSE;
    }
  *ttl = (guint) ((span + QUEEN_SECOND - 1) / QUEEN_SECOND);
  return TRUE;
}

gboolean
queenctl_hold_check (const QueenctlOptions *options, guint *ttl, GError **error)
{
  const char *reason = queenctl_options_get (options, "reason");
  g_autofree char *bare = g_strstrip (g_strdup (reason ? reason : ""));

  if (*bare == '\0')
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("Say why: --reason=TEXT"));
      return FALSE;
    }
  return queenctl_matches_check_kind (options->kind, error) && parse_ttl (options->ttl, ttl, error);
}

char *
queenctl_hold_make (QueenctlQueen *queen,
                    const QueenctlOptions *options,
                    const char *id,
                    guint ttl,
                    QueenctlComponent **component,
                    GError **error)
{
  *component = queenctl_matches_lookup_one (queen, id, options->kind, error);
  if (!*component)
    return NULL;
  return queenctl_queen_hold (queen, queenctl_component_get_kind (*component), id,
                              queenctl_options_get (options, "reason"), ttl, error);
}

const char *
queenctl_hold_get_since (const QueenctlComponent *component, const char *hold)
{
  JsonArray *array = get_holds (component);

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_OBJECT (node) &&
          g_str_equal (queenctl_json_get_text (json_node_get_object (node), "id"), hold))
        return queenctl_json_get_string (json_node_get_object (node), "since");
    }
  return NULL;
}
