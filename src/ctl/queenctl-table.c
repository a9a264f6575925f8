/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-table.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-json.h"
#include "queenctl-text.h"

#define GAP 2           /* columns of the terminal between two cells */
#define LEAST_OF_CUT 12 /* a name that is cut to less says nothing */

const QueenctlTableWord queenctl_table_standings[] = {
  { "together", N_ ("together"), QUEENCTL_STYLE_GOOD },
  { "joining", N_ ("joining"), QUEENCTL_STYLE_FAIR },
  { "alone", N_ ("alone"), QUEENCTL_STYLE_BAD },
  { NULL },
};

typedef struct
{
  char *text;
  guint width;
  QueenctlStyle style;
} Cell;

typedef struct
{
  guint width; /* columns of the terminal that its widest cell takes */
  gboolean is_cuttable;
} Column;

struct _QueenctlTable
{
  GArray *cells; /* row by row */
  Column *columns;
  guint n_columns;
  guint n_required;
};

static void
clear_cell (gpointer data)
{
  Cell *cell = data;

  g_free (cell->text);
}

QueenctlTable *
queenctl_table_new (guint n_columns)
{
  QueenctlTable *self = g_new0 (QueenctlTable, 1);

  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, clear_cell);
  self->columns = g_new0 (Column, n_columns);
  self->n_columns = n_columns;
  self->n_required = n_columns;
  return self;
}

void
queenctl_table_free (QueenctlTable *self)
{
  g_array_unref (self->cells);
  g_free (self->columns);
  g_free (self);
}

void
queenctl_table_set_cuttable (QueenctlTable *self, guint column)
{
  self->columns[column].is_cuttable = TRUE;
}

void
queenctl_table_set_optional (QueenctlTable *self, guint column)
{
  self->n_required = column;
}

void
queenctl_table_add (QueenctlTable *self, QueenctlStyle style, const char *text)
{
  Cell cell = { .text = queenctl_text_dup_safe (*text == '\0' ? "-" : text), .style = style };
  Column *column = &self->columns[self->cells->len % self->n_columns];

  cell.width = queenctl_text_count_columns (cell.text);
  column->width = MAX (column->width, cell.width);
  g_array_append_val (self->cells, cell);
}

void
queenctl_table_add_heading (QueenctlTable *self, const char *text)
{
  queenctl_table_add (self, QUEENCTL_STYLE_HEADING, text);
}

void
queenctl_table_add_headings (QueenctlTable *self,
                             const char *const *headings,
                             const QueenctlOptions *options)
{
  for (guint i = 0; i < self->n_columns && !options->is_legend_refused; i++)
    queenctl_table_add_heading (self, _ (headings[i]));
}

void
queenctl_table_add_word (QueenctlTable *self, const QueenctlTableWord *words, const char *name)
{
  for (const QueenctlTableWord *word = words; word->name; word++)
    if (g_str_equal (word->name, name))
      {
        queenctl_table_add (self, word->style, _ (word->word));
        return;
      }
  queenctl_table_add (self, QUEENCTL_STYLE_PLAIN, name);
}

void
queenctl_table_add_member (QueenctlTable *self, JsonObject *object, const char *member)
{
  queenctl_table_add (self, QUEENCTL_STYLE_PLAIN, queenctl_json_get_text (object, member));
}

void
queenctl_table_add_number (QueenctlTable *self, JsonObject *object, const char *member)
{
  g_autofree char *text =
      g_strdup_printf ("%" G_GUINT64_FORMAT, queenctl_json_get_number (object, member));

  queenctl_table_add (self, QUEENCTL_STYLE_PLAIN, text);
}

/* Returns: what the first @n columns take */
static guint
count_width (QueenctlTable *self, guint n)
{
  guint width = n > 0 ? (n - 1) * GAP : 0;

  for (guint i = 0; i < n; i++)
    width += self->columns[i].width;
  return width;
}

/* Returns: (nullable): the widest of those that may be cut, if it is wider than @least; any may be
 * as the last resort */
static Column *
find_widest (QueenctlTable *self, guint least, gboolean is_last_resort)
{
  Column *widest = NULL;

  for (guint i = 0; i < self->n_required; i++)
    if ((self->columns[i].is_cuttable || is_last_resort) && self->columns[i].width > least &&
        (!widest || self->columns[i].width > widest->width))
      widest = &self->columns[i];
  return widest;
}

/* Takes from the widest, so that they share what there is. On a terminal that is too narrow even
 * for that, lines that wrap could be read no better than what is cut everywhere. */
static void
narrow (QueenctlTable *self, guint width)
{
  for (guint excess = count_width (self, self->n_required); excess > width; excess--)
    {
      Column *widest = find_widest (self, LEAST_OF_CUT, FALSE);

      if (!widest)
        widest = find_widest (self, 1, TRUE);
      if (!widest)
        return;
      widest->width--;
    }
}

/* Returns: how many columns are shown */
static guint
fit (QueenctlTable *self, guint indent, QueenctlColumns columns)
{
  guint width = queenctl_output_get_width ();
  guint n = self->n_required;

  if (columns == QUEENCTL_COLUMNS_WIDE)
    return self->n_columns;
  if (columns == QUEENCTL_COLUMNS_FULL || width == 0)
    return n;
  width = width > indent ? width - indent : 1;
  narrow (self, width);
  while (n < self->n_columns && count_width (self, n + 1) <= width)
    n++;
  return n;
}

static void
print_cell (const Cell *cell, guint width, gboolean is_last)
{
  g_autofree char *cut = queenctl_text_dup_cut (cell->text, width);

  printf ("%s%s%s", queenctl_output_begin_style (cell->style), cut,
          queenctl_output_end_style (cell->style));
  if (is_last)
    putchar ('\n');
  else
    printf ("%*s", (int) (width - queenctl_text_count_columns (cut) + GAP), "");
}

void
queenctl_table_print (QueenctlTable *self, guint indent, QueenctlColumns columns)
{
  guint n_shown = fit (self, indent, columns);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint column = i % self->n_columns;

      if (column >= n_shown)
        continue;
      if (column == 0)
        printf ("%*s", (int) indent, "");
      print_cell (&g_array_index (self->cells, Cell, i), self->columns[column].width,
                  column + 1 == n_shown);
    }
}

void
queenctl_table_print_list (QueenctlTable *self, const QueenctlOptions *options)
{
  queenctl_table_print (self, 0,
                        options->is_full ? QUEENCTL_COLUMNS_FULL : QUEENCTL_COLUMNS_FITTING);
}
