/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-error.h"
#include "queenctl-http.h"
#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

static const struct
{
  const char *name;
  const char *word;
  QueenctlStyle style;
} standings[] = {
  { "together", N_ ("together"), QUEENCTL_STYLE_GOOD },
  { "joining", N_ ("joining"), QUEENCTL_STYLE_FAIR },
  { "alone", N_ ("alone"), QUEENCTL_STYLE_BAD },
};

/* One who is to have no others is not alone. */
static void
add_standing (QueenctlTable *table, JsonObject *queen)
{
  const char *standing = queenctl_json_get_text (queen, "engine");

  for (gsize i = 0; i < G_N_ELEMENTS (standings); i++)
    if (g_str_equal (standings[i].name, standing))
      {
        queenctl_table_add (table, standings[i].style, _ (standings[i].word));
        return;
      }
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, standing);
}

static void
add_said (QueenctlTable *table, JsonObject *queen, const char *member)
{
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_json_get_text (queen, member));
}

static void
add_figure (QueenctlTable *table, JsonObject *queen, const char *member)
{
  g_autofree char *text =
      g_strdup_printf ("%" G_GUINT64_FORMAT, queenctl_json_get_number (queen, member));

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, text);
}

/* The one that was asked is marked. */
static void
add_queen (QueenctlTable *table, JsonObject *queen)
{
  gboolean is_self = json_object_get_boolean_member_with_default (queen, "self", FALSE);
  g_autofree char *address =
      g_strdup_printf ("%s%s", queenctl_json_get_text (queen, "address"), is_self ? " *" : "");

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, address);
  add_standing (table, queen);
  add_said (table, queen, "version");
  add_figure (table, queen, "subscribers");
  add_figure (table, queen, "lag");
  add_said (table, queen, "id");
}

static void
add_headings (QueenctlTable *table)
{
  queenctl_table_add_heading (table, _ ("QUEEN"));
  queenctl_table_add_heading (table, _ ("STATE"));
  queenctl_table_add_heading (table, _ ("VERSION"));
  queenctl_table_add_heading (table, _ ("SUBSCRIBERS"));
  queenctl_table_add_heading (table, _ ("BEHIND"));
  queenctl_table_add_heading (table, _ ("ID"));
}

static void
print_queens (JsonArray *queens, const QueenctlOptions *options)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (6);

  queenctl_table_set_cuttable (table, 0);
  queenctl_table_set_optional (table, 5);
  if (!options->is_legend_refused)
    add_headings (table);
  for (guint i = 0; i < json_array_get_length (queens); i++)
    add_queen (table, json_array_get_object_element (queens, i));
  queenctl_table_print (table, 0,
                        options->is_full ? QUEENCTL_COLUMNS_FULL : QUEENCTL_COLUMNS_FITTING);
}

/* There is no more than one queen on a bus. */
static QueenctlHttp *
reach_queens (const QueenctlOptions *options, GError **error)
{
  if (g_str_equal (options->bus, "auto"))
    return queenctl_http_new (options->url, options->token_file, options->ca_file, error);
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                       _ ("Queens are asked for over HTTP: take --url in the place of --bus"));
  return NULL;
}

gboolean
queenctl_command_run_queens (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlHttp) http = reach_queens (options, error);
  g_autoptr (JsonNode) answer =
      http ? queenctl_http_ask_json (http, "GET", "/v1/queens", NULL, NULL, error) : NULL;
  JsonArray *queens =
      answer ? queenctl_json_get_objects (json_node_get_object (answer), "queens") : NULL;

  if (answer && !queens)
    queenctl_http_set_odd (http, error);
  if (!queens)
    return FALSE;
  if (options->is_json)
    queenctl_output_print_node (answer);
  else
    print_queens (queens, options);
  return TRUE;
}
