/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-checkup.h"
#include "queenctl-circuit.h"
#include "queenctl-command.h"
#include "queenctl-error.h"
#include "queenctl-interrupt.h"
#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-table.h"

#define DEADLINE (30 * G_USEC_PER_SEC) /* µs; nothing new is begun after it */
#define MOST_QUEENS 64

typedef struct
{
  const QueenctlOptions *options;
  GPtrArray *checkups; /* of QueenctlCheckup */
  QueenctlDiagnosis *diagnosis;
  QueenctlCircuit *circuit;
  gint64 deadline; /* µs, monotonic */
} Visit;

static void
clear_visit (Visit *visit)
{
  g_clear_pointer (&visit->circuit, queenctl_circuit_free);
  g_ptr_array_unref (visit->checkups);
  queenctl_diagnosis_free (visit->diagnosis);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Visit, clear_visit)

/* Whom to ask */

/* One whom somebody has named, and who is shown the token. */
static gboolean
add_named (Visit *visit, const char *url, GError **error)
{
  QueenctlCheckup *checkup =
      queenctl_checkup_new (url, NULL, visit->options->token_file, visit->options->ca_file,
                            visit->diagnosis, error);

  if (checkup)
    g_ptr_array_add (visit->checkups, checkup);
  return checkup != NULL;
}

/* One of whom a queen says that she is there. */
static void
add_sibling (Visit *visit, JsonObject *sibling)
{
  const char *address = queenctl_json_get_text (sibling, "address");
  g_autoptr (GError) error = NULL;
  QueenctlCheckup *checkup;

  if (json_object_get_boolean_member_with_default (sibling, "self", FALSE))
    return;
  if (g_get_monotonic_time () >= visit->deadline)
    {
      queenctl_diagnosis_add (visit->diagnosis, address, "reachable",
                              _ ("Ask about her alone: queenctl doctor URL"),
                              g_strdup (_ ("There was no time left to ask her.")));
      return;
    }
  checkup = queenctl_checkup_new (address, queenctl_json_get_text (sibling, "id"), NULL,
                                  visit->options->ca_file, visit->diagnosis, &error);
  if (checkup)
    g_ptr_array_add (visit->checkups, checkup);
  else
    queenctl_diagnosis_add (
        visit->diagnosis, address, "reachable",
        _ ("Name all queens by addresses that lead to them: queenctl doctor URL…"),
        g_strdup (_ ("Where she says that she serves nobody can ask her from here.")));
}

static void
add_siblings (Visit *visit)
{
  const QueenctlCheckup *first = visit->checkups->pdata[0];
  JsonArray *queens =
      first->queens ? queenctl_json_get_objects (json_node_get_object (first->queens), "queens")
                    : NULL;
  guint n = queens ? json_array_get_length (queens) : 0;

  for (guint i = 0; i < MIN (n, MOST_QUEENS) && !queenctl_interrupt_has_come (); i++)
    add_sibling (visit, json_array_get_object_element (queens, i));
}

static gboolean
add_all (Visit *visit, char **urls, GError **error)
{
  if (!g_str_equal (visit->options->bus, "auto"))
    {
      g_set_error_literal (
          error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
          _ ("Queens are looked at over HTTP: take --url, or addresses, in the place of --bus"));
      return FALSE;
    }
  for (char **url = urls; *url && !queenctl_interrupt_has_come (); url++)
    if (!add_named (visit, *url, error))
      return FALSE;
  if (visit->checkups->len > 0)
    return TRUE;
  if (!add_named (visit, visit->options->url, error))
    return FALSE;
  add_siblings (visit);
  return TRUE;
}

/* What is shown */

static char *
dup_msec (gint64 time)
{
  return time < 0 ? g_strdup ("") : g_strdup_printf ("%.1f", (double) time / 1000);
}

static void
add_msec (QueenctlTable *table, gint64 time)
{
  g_autofree char *text = dup_msec (time);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, text);
}

static void
add_text (QueenctlTable *table, const char *text)
{
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, text ? text : "");
}

static void
add_checkup (QueenctlTable *table, const QueenctlCheckup *checkup)
{
  JsonObject *own = queenctl_checkup_get_self (checkup);
  JsonObject *engine = queenctl_checkup_get_engine (checkup);

  add_text (table, checkup->url);
  add_msec (table, checkup->is_there ? checkup->answer_time : -1);
  add_text (table, queenctl_checkup_get_version (checkup));
  queenctl_table_add_word (table, queenctl_table_standings,
                           engine ? queenctl_json_get_text (engine, "state") : "");
  if (own)
    queenctl_table_add_number (table, own, "lag");
  else
    add_text (table, NULL);
  add_msec (table, checkup->first_event_time);
}

static void
print_queens (Visit *visit)
{
  static const char *const headings[] = {
    N_ ("QUEEN"), N_ ("ANSWER/MS"), N_ ("VERSION"), N_ ("STATE"), N_ ("BEHIND"), N_ ("STREAM/MS"),
  };
  g_autoptr (QueenctlTable) table = queenctl_table_new (G_N_ELEMENTS (headings));

  queenctl_table_set_cuttable (table, 0);
  queenctl_table_add_headings (table, headings, visit->options);
  for (guint i = 0; i < visit->checkups->len; i++)
    add_checkup (table, visit->checkups->pdata[i]);
  queenctl_table_print_list (table, visit->options);
}

typedef void (*WayFunc) (
    const char *from, const char *to, guint n, gint64 median, gint64 most, gpointer data);

static void
for_each_way (Visit *visit, WayFunc func, gpointer data)
{
  gint64 median, most;
  guint n;

  for (guint from = 0; from < visit->checkups->len; from++)
    for (guint to = 0; to < visit->checkups->len; to++)
      if ((n = queenctl_circuit_get_way (visit->circuit, from, to, &median, &most)) > 0)
        func (((QueenctlCheckup *) visit->checkups->pdata[from])->url,
              ((QueenctlCheckup *) visit->checkups->pdata[to])->url, n, median, most, data);
}

static void
note_way (const char *from, const char *to, guint n, gint64 median, gint64 most, gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
add_way (const char *from, const char *to, guint n, gint64 median, gint64 most, gpointer data)
{
  add_text (data, from);
  add_text (data, to);
  add_msec (data, median);
  add_msec (data, most);
}

static void
print_ways (Visit *visit)
{
  static const char *const headings[] = {
    N_ ("AN EVENT FROM"),
    N_ ("TO WHO LISTENS TO"),
    N_ ("MEDIAN/MS"),
    N_ ("LONGEST/MS"),
  };
  g_autoptr (QueenctlTable) table = queenctl_table_new (G_N_ELEMENTS (headings));
  gboolean are_there = FALSE;

  queenctl_table_set_cuttable (table, 0);
  queenctl_table_set_cuttable (table, 1);
  for_each_way (visit, note_way, &are_there);
  if (!are_there)
    return;
  putchar ('\n');
  queenctl_table_add_headings (table, headings, visit->options);
  for_each_way (visit, add_way, table);
  queenctl_table_print_list (table, visit->options);
}

/* The same for programs */

/* @time: µs; negative: null */
static void
build_msec (JsonBuilder *builder, const char *member, gint64 time)
{
  json_builder_set_member_name (builder, member);
  if (time >= 0)
    json_builder_add_double_value (builder, (double) time / 1000);
  else
    json_builder_add_null_value (builder);
}

static void
build_checkup (JsonBuilder *builder, const QueenctlCheckup *checkup)
{
  JsonObject *own = queenctl_checkup_get_self (checkup);
  JsonObject *engine = queenctl_checkup_get_engine (checkup);

  json_builder_begin_object (builder);
  queenctl_json_build_text (builder, "url", checkup->url);
  queenctl_json_build_text (builder, "id", own ? queenctl_json_get_string (own, "id") : NULL);
  queenctl_json_build_text (builder, "version", queenctl_checkup_get_version (checkup));
  queenctl_json_build_text (builder, "state",
                            engine ? queenctl_json_get_string (engine, "state") : NULL);
  queenctl_json_build_text (builder, "reason",
                            engine ? queenctl_json_get_string (engine, "reason") : NULL);
  queenctl_json_build_text (builder, "since",
                            engine ? queenctl_json_get_string (engine, "since") : NULL);
  queenctl_json_build_text (builder, "epoch",
                            engine ? queenctl_json_get_string (engine, "epoch") : NULL);
  json_builder_set_member_name (builder, "lag");
  if (own)
    json_builder_add_int_value (builder, (gint64) queenctl_json_get_number (own, "lag"));
  else
    json_builder_add_null_value (builder);
  build_msec (builder, "answer_ms", checkup->is_there ? checkup->answer_time : -1);
  build_msec (builder, "first_event_ms", checkup->first_event_time);
  json_builder_end_object (builder);
}

static void
build_way (const char *from, const char *to, guint n, gint64 median, gint64 most, gpointer data)
{
  json_builder_begin_object (data);
  queenctl_json_build_text (data, "from", from);
  queenctl_json_build_text (data, "to", to);
  json_builder_set_member_name (data, "events");
  json_builder_add_int_value (data, n);
  build_msec (data, "median_ms", median);
  build_msec (data, "longest_ms", most);
  json_builder_end_object (data);
}

static void
print_json (Visit *visit)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  queenctl_diagnosis_build (visit->diagnosis, builder);
  json_builder_set_member_name (builder, "queens");
  json_builder_begin_array (builder);
  for (guint i = 0; i < visit->checkups->len; i++)
    build_checkup (builder, visit->checkups->pdata[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "ways");
  json_builder_begin_array (builder);
  for_each_way (visit, build_way, builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

static gboolean
is_anybody_there (Visit *visit)
{
  for (guint i = 0; i < visit->checkups->len; i++)
    if (((QueenctlCheckup *) visit->checkups->pdata[i])->is_there)
      return TRUE;
  return FALSE;
}

/* Returns: whether all is well; if not, @error has the exit status that says so */
static gboolean
conclude_visit (Visit *visit, GError **error)
{
  guint n = queenctl_diagnosis_count (visit->diagnosis);

  if (n == 0)
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR,
               is_anybody_there (visit) ? QUEENCTL_ERROR_REFUSED : QUEENCTL_ERROR_NO_QUEEN,
               ngettext ("%u thing is wrong.", "%u things are wrong.", n), n);
  return FALSE;
}

gboolean
queenctl_command_run_doctor (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_auto (Visit) visit = {
    .options = options,
    .checkups = g_ptr_array_new_with_free_func ((GDestroyNotify) queenctl_checkup_free),
    .diagnosis = queenctl_diagnosis_new (),
    .deadline = g_get_monotonic_time () + DEADLINE,
  };

  queenctl_interrupt_listen ();
  if (!add_all (&visit, arguments, error))
    return FALSE;
  queenctl_checkup_compare (visit.checkups, visit.diagnosis);
  visit.circuit = queenctl_circuit_new (visit.checkups, visit.diagnosis);
  if (!queenctl_circuit_measure (visit.circuit, visit.deadline, visit.diagnosis, error))
    return FALSE;
  if (options->is_json)
    print_json (&visit);
  else
    {
      print_queens (&visit);
      print_ways (&visit);
      queenctl_diagnosis_print (visit.diagnosis);
    }
  return conclude_visit (&visit, error);
}
