/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-filter.h"
#include "queenctl-load.h"
#include "queenctl-suggestion.h"
#include "queenctl-table.h"
#include "queenctl-text.h"
#include "text/queen-hash.h"

#define MOST_COLUMNS 13

typedef enum
{
  FORM_TABLE,
  FORM_WIDE,
  FORM_NAME,
  FORM_MODEL,
  FORM_JSON,
} Form;

typedef enum
{
  COLUMN_ALWAYS,
  COLUMN_OPTIONAL, /* where there is room; they come last */
} ColumnUse;

/* Columns */

static void
add_text (QueenctlTable *table, const QueenctlComponent *component, const char *member)
{
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_component_get_string (component, member));
}

static void
add_state (QueenctlTable *table, const QueenctlComponent *component, const char *member)
{
  g_autofree char *state = queenctl_output_dup_state (component);

  queenctl_table_add (table, queenctl_output_get_style (component), state);
}

static void
add_hive_or_host (QueenctlTable *table, const QueenctlComponent *worker, const char *member)
{
  add_text (table, worker,
            *queenctl_component_get_string (worker, member) != '\0' ? member : "hostname");
}

static void
add_address (QueenctlTable *table, const QueenctlComponent *component, const char *member)
{
  g_autofree char *address = queenctl_component_dup_address (component, NULL);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, address);
}

static void
add_ago (QueenctlTable *table, const QueenctlComponent *component, const char *member)
{
  gint64 time = queenctl_component_get_time (component, member);
  g_autofree char *ago = queenctl_text_dup_ago (time, g_get_real_time ());

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, ago);
}

static void
add_number (QueenctlTable *table, const QueenctlComponent *component, const char *member)
{
  g_autofree char *number =
      g_strdup_printf ("%" G_GUINT64_FORMAT, queenctl_component_get_number (component, member));

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, number);
}

static void
add_load (QueenctlTable *table, const QueenctlComponent *worker, const char *member)
{
  g_autofree char *load = queenctl_load_describe (worker);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, load);
}

static void
add_reason (QueenctlTable *table, const QueenctlComponent *component, const char *member)
{
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_component_get_health_reason (component));
}

typedef struct
{
  const char *heading;
  const char *member;
  void (*add) (QueenctlTable *table, const QueenctlComponent *component, const char *member);
  ColumnUse use;
  gboolean is_cuttable;
} ListColumn;

static const struct
{
  const char *title;
  const char *none;
  ListColumn columns[MOST_COLUMNS];
} views[QUEEN_COMPONENT_N_KINDS] = {
  [QUEEN_COMPONENT_WORKER] = {
    N_ ("Workers"), N_ ("No workers are known."), {
      { NC_ ("of a column", "ID"), "id", add_text, COLUMN_ALWAYS, TRUE },
      { N_ ("STATE"), "status", add_state, COLUMN_ALWAYS, FALSE },
      { N_ ("MODEL"), "model_id", add_text, COLUMN_ALWAYS, TRUE },
      { N_ ("DEVICE"), "device", add_text, COLUMN_ALWAYS, TRUE },
      { N_ ("HIVE OR HOST"), "hive_id", add_hive_or_host, COLUMN_ALWAYS, TRUE },
      { N_ ("LAST SEEN"), "last_seen", add_ago, COLUMN_ALWAYS, FALSE },
      { N_ ("ADDRESS"), NULL, add_address, COLUMN_OPTIONAL, FALSE },
      { N_ ("LOAD"), NULL, add_load, COLUMN_OPTIONAL, FALSE },
      { N_ ("REASON"), NULL, add_reason, COLUMN_OPTIONAL, FALSE },
      { N_ ("IMPLEMENTATION"), "implementation", add_text, COLUMN_OPTIONAL, FALSE },
      { N_ ("VERSION"), "version", add_text, COLUMN_OPTIONAL, FALSE },
      { N_ ("HEARTBEATS"), "heartbeats", add_number, COLUMN_OPTIONAL, FALSE },
      { N_ ("FIRST SEEN"), "first_seen", add_ago, COLUMN_OPTIONAL, FALSE },
    },
  },
  [QUEEN_COMPONENT_HIVE] = {
    N_ ("Hives"), N_ ("No hives are known."), {
      { NC_ ("of a column", "ID"), "id", add_text, COLUMN_ALWAYS, TRUE },
      { N_ ("STATE"), "status", add_state, COLUMN_ALWAYS, FALSE },
      { N_ ("ADDRESS"), NULL, add_address, COLUMN_ALWAYS, TRUE },
      { N_ ("LAST SEEN"), "last_seen", add_ago, COLUMN_ALWAYS, FALSE },
      { N_ ("REASON"), NULL, add_reason, COLUMN_OPTIONAL, FALSE },
      { N_ ("VERSION"), "version", add_text, COLUMN_OPTIONAL, FALSE },
      { N_ ("HEARTBEATS"), "heartbeats", add_number, COLUMN_OPTIONAL, FALSE },
      { N_ ("FIRST SEEN"), "first_seen", add_ago, COLUMN_OPTIONAL, FALSE },
    },
  },
};

static const char *
get_heading (const ListColumn *column)
{
  return g_str_equal (column->heading, "ID") ? C_ ("of a column", "ID") : _ (column->heading);
}

static QueenctlTable *
make_table (QueenComponentKind kind)
{
  const ListColumn *columns = views[kind].columns;
  guint n_columns = 0;
  guint n_required = 0;
  QueenctlTable *table;

  while (n_columns < MOST_COLUMNS && columns[n_columns].heading)
    n_required += columns[n_columns++].use == COLUMN_ALWAYS ? 1 : 0;
  table = queenctl_table_new (n_columns);
  queenctl_table_set_optional (table, n_required);
  for (guint i = 0; i < n_columns; i++)
    if (columns[i].is_cuttable)
      queenctl_table_set_cuttable (table, i);
  return table;
}

/* Forms */

static gboolean
print_table (GPtrArray *components,
             QueenComponentKind kind,
             const QueenctlOptions *options,
             Form form)
{
  g_autoptr (QueenctlTable) table = make_table (kind);
  const ListColumn *columns = views[kind].columns;
  gboolean is_empty = TRUE;

  for (guint i = 0; i < MOST_COLUMNS && columns[i].heading && !options->is_legend_refused; i++)
    queenctl_table_add_heading (table, get_heading (&columns[i]));
  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);

      if (queenctl_component_get_kind (component) != kind)
        continue;
      is_empty = FALSE;
      for (guint j = 0; j < MOST_COLUMNS && columns[j].heading; j++)
        columns[j].add (table, component, columns[j].member);
    }
  if (!is_empty)
    queenctl_table_print (table, 0,
                          form == FORM_WIDE  ? QUEENCTL_COLUMNS_WIDE
                          : options->is_full ? QUEENCTL_COLUMNS_FULL
                                             : QUEENCTL_COLUMNS_FITTING);
  return !is_empty;
}

/* Whoever asks for some of them may get none though others are known. */
static const char *
get_absence (QueenComponentKind kind, const QueenctlOptions *options)
{
  if (options->state || queenctl_options_get (options, "model") ||
      queenctl_options_get (options, "hive") || queenctl_options_get (options, "health"))
    return _ ("There are none of that kind.");
  return _ (views[kind].none);
}

static void
print_tables (GPtrArray *components,
              const QueenComponentKind *only,
              const QueenctlOptions *options,
              Form form)
{
  gboolean has_titles = !only && !options->is_legend_refused;

  for (guint kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      if (only && *only != kind)
        continue;
      if (has_titles)
        printf ("%s%s%s%s\n", kind == 0 ? "" : "\n",
                queenctl_output_begin_style (QUEENCTL_STYLE_HEADING), _ (views[kind].title),
                queenctl_output_end_style (QUEENCTL_STYLE_HEADING));
      if (!print_table (components, kind, options, form) && !options->is_legend_refused)
        puts (get_absence (kind, options));
    }
}

/* Whoever names that is no queen. */
static gboolean
has_control (const char *name)
{
  for (; *name != '\0'; name++)
    if (g_ascii_iscntrl (*name))
      return TRUE;
  return FALSE;
}

/* Scripts get names as they are, each on its line; a terminal gets what it can be trusted with.
 * What several have, as an id of both kinds or a model, is there once. */
static void
print_names (GPtrArray *components, const char *member)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (queen_string_hash, g_str_equal);
  gboolean is_terminal = queenctl_output_is_terminal ();

  for (guint i = 0; i < components->len; i++)
    {
      const char *name = queenctl_component_get_string (g_ptr_array_index (components, i), member);
      g_autofree char *safe = queenctl_text_dup_safe (name);

      if (*name != '\0' && g_hash_table_add (seen, (gpointer) name))
        puts (is_terminal || has_control (name) ? safe : name);
    }
}

static void
print_json (GPtrArray *components, const QueenComponentKind *only, gboolean is_ids_only)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  for (guint kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      if (only && *only != kind)
        continue;
      json_builder_set_member_name (builder, queen_component_kind_get_plural (kind));
      json_builder_begin_array (builder);
      for (guint i = 0; i < components->len; i++)
        {
          const QueenctlComponent *component = g_ptr_array_index (components, i);

          if (queenctl_component_get_kind (component) != kind)
            continue;
          if (is_ids_only)
            json_builder_add_string_value (builder,
                                           queenctl_component_get_string (component, "id"));
          else
            queenctl_output_add_component (builder, component);
        }
      json_builder_end_array (builder);
    }
  json_builder_set_member_name (builder, "total");
  json_builder_add_int_value (builder, components->len);
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

/* What is asked for twice, and differently, would be left out once without a word. */
static gboolean
check_forms (const QueenctlOptions *options, Form form, GError **error)
{
  const char *left_out = NULL;

  if (options->is_json && form != FORM_JSON)
    left_out = "json";
  else if (options->is_ids_only && (form == FORM_WIDE || form == FORM_MODEL))
    left_out = "ids";
  if (left_out)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                 _ ("--%s and --output=%s are two forms: take one"), left_out, options->output);
  return left_out == NULL;
}

static gboolean
parse_form (const QueenctlOptions *options, Form *form, GError **error)
{
  static const char *const names[] = {
    [FORM_TABLE] = "table", [FORM_WIDE] = "wide", [FORM_NAME] = "name",
    [FORM_MODEL] = "model", [FORM_JSON] = "json", NULL,
  };
  const char *wanted = options->output ? options->output : options->is_json ? "json" : "table";

  for (guint i = 0; names[i]; i++)
    if (g_str_equal (wanted, names[i]))
      {
        *form = i == FORM_TABLE && options->is_ids_only ? FORM_NAME : (Form) i;
        return check_forms (options, *form, error);
      }
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--output: “%s” is none of wide, name, model, json"), wanted);
  queenctl_suggestion_add (error, wanted, names);
  return FALSE;
}

gboolean
queenctl_command_run_list (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlFilter) filter = queenctl_filter_new (options, arguments[0], error);
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (GPtrArray) components = NULL;
  const QueenComponentKind *only;
  Form form;

  if (!filter || !parse_form (options, &form, error))
    return FALSE;
  only = queenctl_filter_get_kind (filter);
  queen = queenctl_connect (options, error);
  components = queen ? queenctl_queen_list (queen, only, error) : NULL;
  if (!components)
    return FALSE;

  queenctl_filter_apply (filter, components);
  if (form == FORM_JSON)
    print_json (components, only, options->is_ids_only);
  else if (form == FORM_NAME)
    print_names (components, "id");
  else if (form == FORM_MODEL)
    print_names (components, "model_id");
  else
    print_tables (components, only, options, form);
  return TRUE;
}
