/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-options.h"
#include "queenctl-output.h"

G_BEGIN_DECLS

/* Rows of text whose columns stand below each other on a terminal. */
typedef struct _QueenctlTable QueenctlTable;

/**
 * QueenctlColumns:
 * @QUEENCTL_COLUMNS_FITTING: all that are always there, with texts cut in the middle where the
 *   terminal is too narrow, and further ones where it has room for them
 * @QUEENCTL_COLUMNS_FULL: all that are always there, uncut
 * @QUEENCTL_COLUMNS_WIDE: all, uncut
 */
typedef enum
{
  QUEENCTL_COLUMNS_FITTING,
  QUEENCTL_COLUMNS_FULL,
  QUEENCTL_COLUMNS_WIDE,
} QueenctlColumns;

/**
 * queenctl_table_new:
 * @n_columns: how many cells a row has
 *
 * Returns: (transfer full): a table without rows
 */
QueenctlTable *queenctl_table_new (guint n_columns);

void queenctl_table_free (QueenctlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlTable, queenctl_table_free)

/** queenctl_table_set_cuttable: names in @column may be cut in the middle. */
void queenctl_table_set_cuttable (QueenctlTable *self, guint column);

/** queenctl_table_set_optional: columns from @column on are there only where there is room. */
void queenctl_table_set_optional (QueenctlTable *self, guint column);

/**
 * queenctl_table_add:
 * @text: any text; what a terminal might obey in it is written out; empty becomes a dash
 *
 * Adds the next cell, row by row.
 */
void queenctl_table_add (QueenctlTable *self, QueenctlStyle style, const char *text);

/**
 * QueenctlTableWord:
 * @name: as it is on the wire; %NULL behind the last one
 * @word: the word for people, to be translated
 *
 * One of a few words that a cell may say.
 */
typedef struct
{
  const char *name;
  const char *word;
  QueenctlStyle style;
} QueenctlTableWord;

/* How a queen stands with others, as the wire has it. One who is to have no others is not alone. */
extern const QueenctlTableWord queenctl_table_standings[];

/** queenctl_table_add_word: adds @name as one of @words says it; as it is if none does. */
void
queenctl_table_add_word (QueenctlTable *self, const QueenctlTableWord *words, const char *name);

/** queenctl_table_add_member: adds the text that is a member of @object. */
void queenctl_table_add_member (QueenctlTable *self, JsonObject *object, const char *member);

/** queenctl_table_add_number: adds the natural number that is a member of @object. */
void queenctl_table_add_number (QueenctlTable *self, JsonObject *object, const char *member);

/**
 * queenctl_table_add_heading:
 * @text: a column's heading, or a row's
 *
 * Adds the next cell.
 */
void queenctl_table_add_heading (QueenctlTable *self, const char *text);

/**
 * queenctl_table_add_headings:
 * @headings: the columns', to be translated; as many as there are
 *
 * Adds the first row, unless it is refused.
 */
void queenctl_table_add_headings (QueenctlTable *self,
                                  const char *const *headings,
                                  const QueenctlOptions *options);

/** queenctl_table_print_list: prints it as lists are, cut if need be unless that is refused. */
void queenctl_table_print_list (QueenctlTable *self, const QueenctlOptions *options);

/**
 * queenctl_table_print:
 * @indent: how many spaces go before each row
 */
void queenctl_table_print (QueenctlTable *self, guint indent, QueenctlColumns columns);

G_END_DECLS
