/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-table.h"

#include <stdio.h>

#include "queenctl-text.h"

#define GAP 2 /* columns of the terminal between two cells */

typedef struct
{
  char *text;
  guint width;
  QueenctlStyle style;
} Cell;

struct _QueenctlTable
{
  GArray *cells; /* row by row */
  guint n_columns;
  guint *widths;
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
  self->n_columns = n_columns;
  self->widths = g_new0 (guint, n_columns);
  return self;
}

void
queenctl_table_free (QueenctlTable *self)
{
  g_array_unref (self->cells);
  g_free (self->widths);
  g_free (self);
}

void
queenctl_table_add (QueenctlTable *self, QueenctlStyle style, const char *text)
{
  Cell cell = { .text = queenctl_text_dup_safe (*text == '\0' ? "-" : text), .style = style };
  guint column = self->cells->len % self->n_columns;

  cell.width = queenctl_text_count_columns (cell.text);
  self->widths[column] = MAX (self->widths[column], cell.width);
  g_array_append_val (self->cells, cell);
}

void
queenctl_table_add_heading (QueenctlTable *self, const char *text)
{
  queenctl_table_add (self, QUEENCTL_STYLE_HEADING, text);
}

void
queenctl_table_print (QueenctlTable *self, guint indent)
{
  for (guint i = 0; i < self->cells->len; i++)
    {
      const Cell *cell = &g_array_index (self->cells, Cell, i);
      guint column = i % self->n_columns;

      if (column == 0)
        printf ("%*s", (int) indent, "");
      printf ("%s%s%s", queenctl_output_begin_style (cell->style), cell->text,
              queenctl_output_end_style (cell->style));
      if (column + 1 < self->n_columns)
        printf ("%*s", (int) (self->widths[column] - cell->width + GAP), "");
      else
        putchar ('\n');
    }
}
