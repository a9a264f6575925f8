/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "model/queen-component-fields.h"
#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-field.h"
#include "queenctl-load.h"
#include "queenctl-output.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

#define SPACING G_USEC_PER_SEC /* between two pictures */
#define CLEAR "\033[H\033[2J"
#define MOST_COLUMNS 7
#define AROUND 4 /* lines that are not a worker's or a hive's */

typedef struct
{
  const QueenctlOptions *options;
  GMainLoop *loop;
  QueenctlQueen *queen;
  gint64 drawn_at; /* µs, monotonic */
  guint draw_id;   /* 0 when nothing has happened since */
  guint stdout_id;
  char *note; /* (nullable): why what is shown may be old */
} Top;

typedef struct
{
  const char *heading;
  const char *property; /* on D-Bus, of which the table of members knows the rest; or NULL, for */
  char *(*describe) (const QueenctlComponent *component);
  gboolean is_cuttable;
} TopColumn;

static const TopColumn columns[QUEEN_COMPONENT_N_KINDS][MOST_COLUMNS + 1] = {
  [QUEEN_COMPONENT_WORKER] = {
    { N_ ("WORKER"), "Id", .is_cuttable = TRUE },
    { N_ ("STATE"), .describe = queenctl_output_dup_state },
    { N_ ("LOAD"), .describe = queenctl_load_describe },
    { N_ ("KV CACHE"), "KvUsage" },
    { N_ ("TOKENS/S"), "TokensPerSecond" },
    { N_ ("MODEL"), "ModelId", .is_cuttable = TRUE },
    { N_ ("HIVE"), "HiveId", .is_cuttable = TRUE },
  },
  [QUEEN_COMPONENT_HIVE] = {
    { N_ ("HIVE"), "Id", .is_cuttable = TRUE },
    { N_ ("STATE"), .describe = queenctl_output_dup_state },
    { N_ ("CPU"), "Cpu" },
    { N_ ("MEMORY USED"), "MemoryUsed" },
    { N_ ("GPUS"), "Gpus", .is_cuttable = TRUE },
  },
};

static char *
describe_cell (const TopColumn *column, const QueenctlComponent *component)
{
  JsonObject *members = json_node_get_object (queenctl_component_get_node (component));

  if (column->describe)
    return column->describe (component);
  if (g_str_equal (column->property, "Id"))
    return g_strdup (queenctl_component_get_string (component, "id"));
  return queenctl_field_describe (queen_component_fields_find_property (column->property), members);
}

static void
add_component (QueenctlTable *table, const QueenctlComponent *component)
{
  for (const TopColumn *column = columns[queenctl_component_get_kind (component)]; column->heading;
       column++)
    {
      g_autofree char *text = describe_cell (column, component);

      queenctl_table_add (table,
                          column->describe == queenctl_output_dup_state
                              ? queenctl_output_get_style (component)
                              : QUEENCTL_STYLE_PLAIN,
                          text);
    }
}

static QueenctlTable *
make_table (QueenComponentKind kind)
{
  guint n = 0;
  QueenctlTable *table;

  while (columns[kind][n].heading)
    n++;
  table = queenctl_table_new (n);
  for (guint i = 0; i < n; i++)
    {
      if (columns[kind][i].is_cuttable)
        queenctl_table_set_cuttable (table, i);
      queenctl_table_add_heading (table, _ (columns[kind][i].heading));
    }
  return table;
}

static guint
count_kind (GPtrArray *components, QueenComponentKind kind)
{
  guint n = 0;

  for (guint i = 0; i < components->len; i++)
    n += queenctl_component_get_kind (g_ptr_array_index (components, i)) == kind;
  return n;
}

/* @most: rows that there is room for */
static void
print_kind (GPtrArray *components, QueenComponentKind kind, guint most)
{
  g_autoptr (QueenctlTable) table = make_table (kind);
  guint n = count_kind (components, kind), n_shown = 0;

  for (guint i = 0; i < components->len && n_shown < most; i++)
    if (queenctl_component_get_kind (g_ptr_array_index (components, i)) == kind)
      {
        add_component (table, g_ptr_array_index (components, i));
        n_shown++;
      }
  if (n == 0)
    puts (kind == QUEEN_COMPONENT_WORKER ? _ ("No workers are known.") : _ ("No hives are known."));
  else
    queenctl_table_print (table, 0, QUEENCTL_COLUMNS_FITTING);
  if (n > n_shown)
    printf (ngettext ("… and %u more\n", "… and %u more\n", n - n_shown), n - n_shown);
}

/* On a terminal as many as it has lines for, hives no more than a third of them. */
static void
print_components (GPtrArray *components)
{
  guint height = queenctl_output_get_height ();
  guint n_hives = count_kind (components, QUEEN_COMPONENT_HIVE);
  guint room = height == 0 ? G_MAXUINT : MAX (height, AROUND + 3) - AROUND - 2;
  guint most_hives = height == 0 ? G_MAXUINT : MAX (room / 3, 1);

  print_kind (components, QUEEN_COMPONENT_WORKER, room - MIN (MIN (n_hives, most_hives), room - 1));
  putchar ('\n');
  print_kind (components, QUEEN_COMPONENT_HIVE, most_hives);
}

static GPtrArray *
list_by_load (QueenctlQueen *queen, GError **error)
{
  GPtrArray *components = queenctl_queen_list (queen, NULL, error);

  if (components)
    g_ptr_array_sort (components, queenctl_load_compare);
  return components;
}

static gboolean
print_once (QueenctlQueen *queen, const QueenctlOptions *options, GError **error)
{
  g_autoptr (GPtrArray) components = list_by_load (queen, error);

  if (!components)
    return FALSE;
  if (options->is_json)
    queenctl_output_print_components (components);
  else
    print_components (components);
  return TRUE;
}

/* As it happens, on a terminal */

static void
draw (Top *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) components = list_by_load (self->queen, &error);

  self->drawn_at = g_get_monotonic_time ();
  if (!components && self->note)
    return; /* what was shown stays until she is back */
  fputs (CLEAR, stdout);
  if (components)
    print_components (components);
  else
    queenctl_output_complain (error);
  if (fflush (stdout) != 0)
    g_main_loop_quit (self->loop);
}

static gboolean
on_time_to_draw (gpointer data)
{
  Top *self = data;

  self->draw_id = 0;
  draw (self);
  return G_SOURCE_REMOVE;
}

/* Once a second at the most, however much happens; not at all while nothing does. */
static void
draw_soon (Top *self)
{
  gint64 wait = self->drawn_at + SPACING - g_get_monotonic_time ();

  if (self->draw_id == 0)
    self->draw_id = g_timeout_add ((guint) (MAX (wait, 0) / 1000), on_time_to_draw, self);
}

static void
on_top_event (QueenctlQueen *queen, const QueenctlEvent *event, gpointer data)
{
  if (!g_str_equal (event->kind, "queen"))
    draw_soon (data);
}

static void
on_top_lag (QueenctlQueen *queen, gint64 dropped, gpointer data)
{
  draw_soon (data);
}

static void
on_top_gone (QueenctlQueen *queen, const char *message, gpointer data)
{
  Top *self = data;
  g_autofree char *safe = queenctl_text_dup_safe (message);

  g_free (self->note);
  self->note = g_steal_pointer (&safe);
  printf ("\n%s%s%s\n", queenctl_output_begin_style (QUEENCTL_STYLE_BAD), self->note,
          queenctl_output_end_style (QUEENCTL_STYLE_BAD));
  if (fflush (stdout) != 0)
    g_main_loop_quit (self->loop);
}

static void
on_top_back (QueenctlQueen *queen, gpointer data)
{
  Top *self = data;

  g_clear_pointer (&self->note, g_free);
  draw_soon (self);
}

static gboolean
on_top_stdout_closed (int fd, GIOCondition condition, gpointer data)
{
  Top *self = data;

  self->stdout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
clear_top (Top *self)
{
  g_clear_handle_id (&self->stdout_id, g_source_remove);
  g_clear_handle_id (&self->draw_id, g_source_remove);
  if (self->queen)
    g_signal_handlers_disconnect_by_data (self->queen, self);
  g_clear_object (&self->queen);
  g_clear_pointer (&self->note, g_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Top, clear_top)

gboolean
queenctl_command_run_top (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_auto (Top) self = { .options = options };

  self.queen = queenctl_connect (options, error);
  if (!self.queen)
    return FALSE;
  if (options->is_json || !queenctl_output_is_terminal ())
    return print_once (self.queen, options, error);

  self.loop = g_main_loop_new (NULL, FALSE);
  if (!queenctl_queen_watch (self.queen, QUEENCTL_WATCH_HOLDS, error))
    return FALSE;
  g_signal_connect (self.queen, "event", G_CALLBACK (on_top_event), &self);
  g_signal_connect (self.queen, "held", G_CALLBACK (on_top_event), &self);
  g_signal_connect (self.queen, "lagged", G_CALLBACK (on_top_lag), &self);
  g_signal_connect (self.queen, "gone", G_CALLBACK (on_top_gone), &self);
  g_signal_connect (self.queen, "back", G_CALLBACK (on_top_back), &self);
  self.stdout_id =
      g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP | G_IO_NVAL, on_top_stdout_closed, &self);
  draw (&self);
  g_main_loop_run (self.loop);
  return TRUE;
}
