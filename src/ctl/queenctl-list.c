/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "model/queen-hash.h"
#include "queenctl-client.h"
#include "queenctl-command.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

static void
add_text (QueenctlTable *table, const QueenctlComponent *component, const char *property)
{
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_component_get_string (component, property));
}

static void
add_worker_cells (QueenctlTable *table, const QueenctlComponent *worker)
{
  const char *hive = queenctl_component_get_string (worker, "HiveId");

  add_text (table, worker, "ModelId");
  add_text (table, worker, "Device");
  add_text (table, worker, *hive != '\0' ? "HiveId" : "Hostname");
}

static void
add_hive_cells (QueenctlTable *table, const QueenctlComponent *hive)
{
  g_autofree char *address = queenctl_component_dup_address (hive, NULL);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, address);
}

static const struct
{
  const char *title;
  const char *none;
  const char *headings[3];
  guint n_headings;
  void (*add_cells) (QueenctlTable *table, const QueenctlComponent *component);
} views[QUEENCTL_N_KINDS] = {
  [QUEENCTL_KIND_WORKER] = {
    N_ ("Workers"), N_ ("No workers are known."),
    { N_ ("MODEL"), N_ ("DEVICE"), N_ ("HIVE OR HOST") }, 3, add_worker_cells,
  },
  [QUEENCTL_KIND_HIVE] = {
    N_ ("Hives"), N_ ("No hives are known."), { N_ ("ADDRESS") }, 1, add_hive_cells,
  },
};

static void
add_row (QueenctlTable *table, const QueenctlComponent *component)
{
  gint64 last_seen = (gint64) queenctl_component_get_number (component, "LastSeen");
  g_autofree char *state = queenctl_output_dup_state (component);
  g_autofree char *ago = queenctl_text_dup_ago (last_seen, g_get_real_time ());

  add_text (table, component, "Id");
  queenctl_table_add (table, queenctl_output_get_style (component), state);
  views[queenctl_component_get_kind (component)].add_cells (table, component);
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, ago);
}

static void
print_table (GPtrArray *components, QueenctlKind kind)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (3 + views[kind].n_headings);
  gboolean is_empty = TRUE;

  queenctl_table_add_heading (table, C_ ("of a column", "ID"));
  queenctl_table_add_heading (table, _ ("STATE"));
  for (guint i = 0; i < views[kind].n_headings; i++)
    queenctl_table_add_heading (table, _ (views[kind].headings[i]));
  queenctl_table_add_heading (table, _ ("LAST SEEN"));
  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);

      if (queenctl_component_get_kind (component) != kind)
        continue;
      is_empty = FALSE;
      add_row (table, component);
    }
  if (is_empty)
    puts (_ (views[kind].none));
  else
    queenctl_table_print (table, 0);
}

static void
print_both_tables (GPtrArray *components)
{
  for (guint kind = 0; kind < QUEENCTL_N_KINDS; kind++)
    {
      printf ("%s%s%s%s\n", kind == 0 ? "" : "\n",
              queenctl_output_begin_style (QUEENCTL_STYLE_HEADING), _ (views[kind].title),
              queenctl_output_end_style (QUEENCTL_STYLE_HEADING));
      print_table (components, kind);
    }
}

/* Scripts get the ids as they are; a terminal gets what it can be trusted with. An id that both
 * kinds have is there once. */
static void
print_ids (GPtrArray *components, const QueenctlKind *only)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (queen_string_hash, g_str_equal);
  gboolean is_terminal = isatty (STDOUT_FILENO);

  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);
      const char *id = queenctl_component_get_string (component, "Id");
      g_autofree char *safe = queenctl_text_dup_safe (id);

      if (only && queenctl_component_get_kind (component) != *only)
        continue;
      if (g_hash_table_add (seen, (gpointer) id))
        puts (is_terminal ? safe : id);
    }
}

static void
print_json (GPtrArray *components, const QueenctlKind *only, gboolean is_ids_only)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  for (guint kind = 0; kind < QUEENCTL_N_KINDS; kind++)
    {
      if (only && *only != kind)
        continue;
      json_builder_set_member_name (builder, queenctl_kind_get_plural (kind));
      json_builder_begin_array (builder);
      for (guint i = 0; i < components->len; i++)
        {
          const QueenctlComponent *component = g_ptr_array_index (components, i);

          if (queenctl_component_get_kind (component) != kind)
            continue;
          if (is_ids_only)
            json_builder_add_string_value (builder,
                                           queenctl_component_get_string (component, "Id"));
          else
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
  g_autoptr (QueenctlClient) client = NULL;
  g_autoptr (GPtrArray) components = NULL;
  QueenctlKind kind;
  const QueenctlKind *only = arguments[0] ? &kind : NULL;

  if (only && !queenctl_kind_parse_plural (arguments[0], &kind))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("“%s” is neither workers nor hives"), arguments[0]);
      return FALSE;
    }
  client = queenctl_client_new (options->bus, error);
  components = client ? queenctl_client_list (client, error) : NULL;
  if (!components)
    return FALSE;

  if (options->is_json)
    print_json (components, only, options->is_ids_only);
  else if (options->is_ids_only)
    print_ids (components, only);
  else if (only)
    print_table (components, kind);
  else
    print_both_tables (components);
  return TRUE;
}

const QueenctlCommand queenctl_list_command = {
  .name = "list",
  .arguments = "[workers|hives]",
  .summary = N_ ("Lists who is known, offline ones included."),
  .options = (const char *const[]){ "ids", NULL },
  .most = 1,
  .run = run,
};
