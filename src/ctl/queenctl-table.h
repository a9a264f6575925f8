/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-output.h"

G_BEGIN_DECLS

/* Rows of text whose columns stand below each other on a terminal. */
typedef struct _QueenctlTable QueenctlTable;

/**
 * queenctl_table_new:
 * @n_columns: how many cells a row has
 *
 * Returns: (transfer full): a table without rows
 */
QueenctlTable *queenctl_table_new (guint n_columns);

void queenctl_table_free (QueenctlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlTable, queenctl_table_free)

/**
 * queenctl_table_add:
 * @text: any text; what a terminal might obey in it is written out; empty becomes a dash
 *
 * Adds the next cell, row by row.
 */
void queenctl_table_add (QueenctlTable *self, QueenctlStyle style, const char *text);

/**
 * queenctl_table_add_heading:
 * @text: a column's heading, or a row's
 *
 * Adds the next cell.
 */
void queenctl_table_add_heading (QueenctlTable *self, const char *text);

/**
 * queenctl_table_print:
 * @indent: how many spaces go before each row
 */
void queenctl_table_print (QueenctlTable *self, guint indent);

G_END_DECLS
