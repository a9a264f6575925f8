/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-client.h"
#include "queenctl-command.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

/* One that said goodbye is gone on purpose. */
static gboolean
needs_attention (const QueenctlComponent *component)
{
  if (!queenctl_component_is (component, "Online"))
    return !g_str_equal (queenctl_component_get_string (component, "Status"), "Stopped");
  return queenctl_component_is_ill (component);
}

static guint
count_known (GPtrArray *components, QueenctlKind kind)
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
describe_stream (GVariant *queen)
{
  guint n_subscribers = (guint) queenctl_properties_get_number (queen, "Subscribers");
  gulong n_events = (gulong) queenctl_properties_get_number (queen, "EventsPublished");
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
            GVariant *queen,
            const char *online,
            const char *available,
            guint known)
{
  g_autofree char *text =
      describe_counts ((guint) queenctl_properties_get_number (queen, online),
                       (guint) queenctl_properties_get_number (queen, available), known);

  add_row (table, heading, text);
}

static void
print_queen (GVariant *queen, GPtrArray *components)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (2);
  gint64 started_at = (gint64) queenctl_properties_get_number (queen, "StartedAt");
  g_autofree char *since = queenctl_text_dup_local_time (started_at);
  g_autofree char *ago = queenctl_text_dup_ago (started_at, g_get_real_time ());
  g_autofree char *up = g_strdup_printf (_ ("since %s (%s)"), since, ago);
  g_autofree const char **addresses = NULL;
  g_autofree char *joined = NULL;
  g_autofree char *stream = describe_stream (queen);
  const char *version = "";

  g_variant_lookup (queen, "Version", "&s", &version);
  g_variant_lookup (queen, "Addresses", "^a&s", &addresses);
  joined = addresses ? g_strjoinv (", ", (char **) addresses) : g_strdup ("");

  add_row (table, _ ("Version"), version);
  add_row (table, _ ("Up"), up);
  add_row (table, _ ("Addresses"), joined);
  add_counts (table, _ ("Workers"), queen, "WorkersOnline", "WorkersAvailable",
              count_known (components, QUEENCTL_KIND_WORKER));
  add_counts (table, _ ("Hives"), queen, "HivesOnline", "HivesAvailable",
              count_known (components, QUEENCTL_KIND_HIVE));
  add_row (table, _ ("Stream"), stream);
  queenctl_table_print (table, 0);
}

static char *
describe_trouble (const QueenctlComponent *component)
{
  gint64 last_seen = (gint64) queenctl_component_get_number (component, "LastSeen");
  g_autofree char *ago = NULL;

  if (queenctl_component_is (component, "Online"))
    return g_strdup (queenctl_component_get_string (component, "HealthReason"));
  ago = queenctl_text_dup_ago (last_seen, g_get_real_time ());
  return g_strdup_printf (_ ("last seen %s"), ago);
}

static void
add_trouble (QueenctlTable *table, const QueenctlComponent *component)
{
  g_autofree char *state = queenctl_output_dup_state (component);
  g_autofree char *trouble = describe_trouble (component);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_kind_get_label (queenctl_component_get_kind (component)));
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_component_get_string (component, "Id"));
  queenctl_table_add (table, queenctl_output_get_style (component), state);
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, trouble);
}

static void
print_attention (GPtrArray *components)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (4);
  gboolean is_all_well = TRUE;

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
  queenctl_table_print (table, 2);
}

static void
print_json (GVariant *queen, GPtrArray *components)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  queenctl_output_add_properties (builder, queen_dbus_queen_interface_info (), queen);
  json_builder_set_member_name (builder, "workers_known");
  json_builder_add_int_value (builder, count_known (components, QUEENCTL_KIND_WORKER));
  json_builder_set_member_name (builder, "hives_known");
  json_builder_add_int_value (builder, count_known (components, QUEENCTL_KIND_HIVE));
  for (guint kind = 0; kind < QUEENCTL_N_KINDS; kind++)
    {
      g_autofree char *member =
          g_strdup_printf ("%s_needing_attention", queenctl_kind_get_plural (kind));

      json_builder_set_member_name (builder, member);
      json_builder_begin_array (builder);
      for (guint i = 0; i < components->len; i++)
        {
          const QueenctlComponent *component = g_ptr_array_index (components, i);

          if (queenctl_component_get_kind (component) == kind && needs_attention (component))
            queenctl_output_add_component (builder, component);
        }
      json_builder_end_array (builder);
    }
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlClient) client = queenctl_client_new (options->bus, error);
  g_autoptr (GVariant) queen = client ? queenctl_client_dup_properties (client, error) : NULL;
  g_autoptr (GPtrArray) components = queen ? queenctl_client_list (client, error) : NULL;

  if (!components)
    return FALSE;
  if (options->is_json)
    print_json (queen, components);
  else
    {
      print_queen (queen, components);
      print_attention (components);
    }
  return TRUE;
}

const QueenctlCommand queenctl_status_command = {
  .name = "status",
  .arguments = "",
  .summary = N_ ("Shows the whole cluster at a glance, and what needs attention."),
  .run = run,
};
