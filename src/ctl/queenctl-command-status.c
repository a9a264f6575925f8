/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-hold.h"
#include "queenctl-json.h"
#include "queenctl-table.h"
#include "queenctl-text.h"
#include "text/queen-timestamp.h"

/* One that said goodbye is gone on purpose. */
static gboolean
needs_attention (const QueenctlComponent *component)
{
  g_autofree char *holds = queenctl_hold_describe_own (component);

  if (!queenctl_component_is (component, "online"))
    return !g_str_equal (queenctl_component_get_string (component, "status"), "Stopped");
  return holds || queenctl_component_is_ill (component);
}

static guint
count_known (GPtrArray *components, QueenComponentKind kind)
{
  guint count = 0;

  for (guint i = 0; i < components->len; i++)
    if (queenctl_component_get_kind (g_ptr_array_index (components, i)) == kind)
      count++;
  return count;
}

static char *
describe_counts (guint online, guint available, guint known)
{
  g_autofree char *online_text =
      g_strdup_printf (ngettext ("%u online", "%u online", online), online);
  g_autofree char *available_text =
      g_strdup_printf (ngettext ("%u available", "%u available", available), available);
  g_autofree char *known_text = g_strdup_printf (ngettext ("%u known", "%u known", known), known);

  return g_strdup_printf (_ ("%s, %s, %s"), online_text, available_text, known_text);
}

static char *
describe_stream (JsonObject *status)
{
  guint n_subscribers = queenctl_json_get_count (status, "subscribers");
  gulong n_events = (gulong) queenctl_json_get_number (status, "events_published");
  g_autofree char *subscribers =
      g_strdup_printf (ngettext ("%u subscriber", "%u subscribers", n_subscribers), n_subscribers);
  g_autofree char *events =
      g_strdup_printf (ngettext ("%lu event so far", "%lu events so far", n_events), n_events);

  return g_strdup_printf (_ ("%s, %s"), subscribers, events);
}

static void
add_row (QueenctlTable *table, const char *heading, const char *text)
{
  queenctl_table_add_heading (table, heading);
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, text);
}

static void
add_counts (QueenctlTable *table,
            const char *heading,
            JsonObject *status,
            const char *online,
            const char *available,
            guint known)
{
  g_autofree char *text = describe_counts (queenctl_json_get_count (status, online),
                                           queenctl_json_get_count (status, available), known);

  add_row (table, heading, text);
}

static char *
join_addresses (JsonObject *status)
{
  JsonNode *node = json_object_get_member (status, "addresses");
  JsonArray *addresses = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GString) joined = g_string_new (NULL);

  for (guint i = 0; addresses && i < json_array_get_length (addresses); i++)
    g_string_append_printf (joined, "%s%s", i > 0 ? ", " : "",
                            json_array_get_string_element (addresses, i));
  return g_string_free (g_steal_pointer (&joined), FALSE);
}

static char *
describe_start (JsonObject *status)
{
  gint64 started_at = 0;
  g_autofree char *since = NULL;
  g_autofree char *ago = NULL;

  queen_timestamp_parse (queenctl_json_get_text (status, "started_at"), &started_at);
  started_at /= QUEEN_NSEC_PER_USEC;
  since = queenctl_text_dup_local_time (started_at);
  ago = queenctl_text_dup_ago (started_at, g_get_real_time ());
  return g_strdup_printf (_ ("since %s (%s)"), since, ago);
}

static void
print_queen (JsonObject *status, GPtrArray *components)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (2);
  g_autofree char *up = describe_start (status);
  g_autofree char *addresses = join_addresses (status);
  g_autofree char *stream = describe_stream (status);

  add_row (table, _ ("Version"), queenctl_json_get_text (status, "version"));
  add_row (table, _ ("Up"), up);
  add_row (table, _ ("Addresses"), addresses);
  add_counts (table, _ ("Workers"), status, "workers_online", "workers_available",
              count_known (components, QUEEN_COMPONENT_WORKER));
  add_counts (table, _ ("Hives"), status, "hives_online", "hives_available",
              count_known (components, QUEEN_COMPONENT_HIVE));
  add_row (table, _ ("Stream"), stream);
  queenctl_table_print (table, 0, QUEENCTL_COLUMNS_FULL);
}

static char *
describe_trouble (const QueenctlComponent *component)
{
  gboolean is_online = queenctl_component_is (component, "online");
  const char *reason = queenctl_component_get_health_reason (component);
  g_autofree char *holds = queenctl_hold_describe_own (component);
  g_autofree char *ago =
      queenctl_text_dup_ago (queenctl_component_get_time (component,
                                                          is_online ? "since" : "last_seen"),
                             g_get_real_time ());

  if (!is_online)
    return g_strdup_printf (_ ("last seen %s"), ago);
  if (holds && !queenctl_component_is_ill (component))
    return g_steal_pointer (&holds);
  return *reason == '\0' ? g_steal_pointer (&ago) : g_strdup_printf (_ ("%s (%s)"), reason, ago);
}

static void
add_trouble (QueenctlTable *table, const QueenctlComponent *component)
{
  g_autofree char *state = queenctl_output_dup_state (component);
  g_autofree char *trouble = describe_trouble (component);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_kind_get_label (queenctl_component_get_kind (component)));
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_component_get_string (component, "id"));
  queenctl_table_add (table, queenctl_output_get_style (component), state);
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, trouble);
}

static void
print_attention (GPtrArray *components, gboolean is_full)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (4);
  gboolean is_all_well = TRUE;

  queenctl_table_set_cuttable (table, 1);
  queenctl_table_set_cuttable (table, 3);
  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);

      if (!needs_attention (component))
        continue;
      is_all_well = FALSE;
      add_trouble (table, component);
    }
  printf ("\n%s%s%s\n", queenctl_output_begin_style (QUEENCTL_STYLE_HEADING),
          is_all_well ? _ ("Nothing needs attention.") : _ ("Needs attention"),
          queenctl_output_end_style (QUEENCTL_STYLE_HEADING));
  queenctl_table_print (table, 2, is_full ? QUEENCTL_COLUMNS_FULL : QUEENCTL_COLUMNS_FITTING);
}

/* Adds what is known of @kind to what the queen says of herself. */
static void
add_known (JsonObject *status, GPtrArray *components, QueenComponentKind kind)
{
  const char *plural = queen_component_kind_get_plural (kind);
  g_autofree char *known = g_strdup_printf ("%s_known", plural);
  g_autofree char *troubled = g_strdup_printf ("%s_needing_attention", plural);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);

      if (queenctl_component_get_kind (component) == kind && needs_attention (component))
        json_array_add_element (array, json_node_ref (queenctl_component_get_node (component)));
    }
  json_object_set_int_member (status, known, count_known (components, kind));
  json_object_set_array_member (status, troubled, array);
}

static void
print_json (JsonObject *status, GPtrArray *components)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), status);

  for (guint kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    add_known (status, components, kind);
  queenctl_output_print_node (node);
}

gboolean
queenctl_command_run_status (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = queenctl_connect (options, error);
  g_autoptr (JsonObject) status = queen ? queenctl_queen_get_status (queen, error) : NULL;
  g_autoptr (GPtrArray) components = status ? queenctl_queen_list (queen, NULL, error) : NULL;

  if (!components)
    return FALSE;
  if (options->is_json)
    print_json (status, components);
  else
    {
      print_queen (status, components);
      print_attention (components, options->is_full);
    }
  return TRUE;
}
