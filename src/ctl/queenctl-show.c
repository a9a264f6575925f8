/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-matches.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

typedef char *(*Describe) (const QueenctlComponent *component, const char *property);

static char *
describe_text (const QueenctlComponent *component, const char *property)
{
  return g_strdup (queenctl_component_get_string (component, property));
}

static char *
describe_number (const QueenctlComponent *component, const char *property)
{
  guint64 number = queenctl_component_get_number (component, property);

  return number == 0 ? g_strdup ("") : g_strdup_printf ("%" G_GUINT64_FORMAT, number);
}

static char *
describe_status (const QueenctlComponent *component, const char *property)
{
  return queenctl_text_dup_status (queenctl_component_get_string (component, property));
}

static char *
describe_flag (const QueenctlComponent *component, const char *property)
{
  return g_strdup (queenctl_component_is (component, property) ? _ ("yes") : _ ("no"));
}

static char *
describe_time (const QueenctlComponent *component, const char *property)
{
  gint64 time = (gint64) queenctl_component_get_number (component, property);
  g_autofree char *local = queenctl_text_dup_local_time (time);
  g_autofree char *ago = queenctl_text_dup_ago (time, g_get_real_time ());

  return g_strdup_printf (_ ("%s (%s)"), local, ago);
}

/* In the order in which they are shown; those that a kind does not have are left out. */
static const struct
{
  const char *property;
  const char *label;
  Describe describe;
} rows[] = {
  { "Status", N_ ("Status"), describe_status },
  { "Online", N_ ("Online"), describe_flag },
  { "Available", N_ ("Available"), describe_flag },
  { "Health", N_ ("Health"), describe_status },
  { "HealthReason", N_ ("Reason"), describe_text },
  { "ModelId", N_ ("Model"), describe_text },
  { "Device", N_ ("Device"), describe_text },
  { "HiveId", N_ ("Hive"), describe_text },
  { "Hostname", N_ ("Host"), describe_text },
  { "Port", N_ ("Port"), describe_number },
  { "Implementation", N_ ("Implementation"), describe_text },
  { "Version", N_ ("Version"), describe_text },
  { "FirstSeen", N_ ("First seen"), describe_time },
  { "LastSeen", N_ ("Last seen"), describe_time },
  { "Heartbeats", N_ ("Heartbeats"), describe_number },
};

static void
print_component (const QueenctlComponent *component)
{
  QueenctlKind kind = queenctl_component_get_kind (component);
  g_autoptr (QueenctlTable) table = queenctl_table_new (2);
  g_autofree char *id = queenctl_text_dup_safe (queenctl_component_get_string (component, "Id"));

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = NULL;
      gboolean is_state = g_str_equal (rows[i].property, "Status");

      if (!g_dbus_interface_info_lookup_property (queenctl_kind_get_interface (kind),
                                                  rows[i].property))
        continue;
      text = rows[i].describe (component, rows[i].property);
      queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, _ (rows[i].label));
      queenctl_table_add (table,
                          is_state ? queenctl_output_get_style (component) : QUEENCTL_STYLE_PLAIN,
                          text);
    }
  printf ("%s%s %s%s\n", queenctl_output_begin_style (QUEENCTL_STYLE_HEADING),
          queenctl_kind_get_label (kind), id, queenctl_output_end_style (QUEENCTL_STYLE_HEADING));
  queenctl_table_print (table, 2);
}

static void
print_json (GPtrArray *matches)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  for (guint i = 0; i < matches->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (matches, i);

      json_builder_set_member_name (builder, queenctl_kind_get_nick (
                                                 queenctl_component_get_kind (component)));
      queenctl_output_add_component (builder, component);
    }
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlClient) client = NULL;
  g_autoptr (GPtrArray) matches = NULL;

  if (!queenctl_matches_check_kind (options->kind, error))
    return FALSE;
  client = queenctl_client_new (options->bus, error);
  matches = client ? queenctl_matches_lookup (client, arguments[0], options->kind, error) : NULL;
  if (!matches)
    return FALSE;

  if (options->is_json)
    {
      print_json (matches);
      return TRUE;
    }
  for (guint i = 0; i < matches->len; i++)
    {
      if (i > 0)
        putchar ('\n');
      print_component (g_ptr_array_index (matches, i));
    }
  return TRUE;
}

const QueenctlCommand queenctl_show_command = {
  .name = "show",
  .arguments = N_ ("ID"),
  .summary = N_ ("Shows all that is known of a worker or hive."),
  .options = (const char *const[]){ "kind", NULL },
  .least = 1,
  .most = 1,
  .run = run,
};
