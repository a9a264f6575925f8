/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-config.h"
#include "queen-settings.h"

G_BEGIN_DECLS

/**
 * QueenCommandLine:
 * @values: of each setting, in the order of the table; %NULL where it is not named
 * @flags: which flags are named
 * @file: the key file; %NULL when none is named
 * @is_version_wanted: print the version and do nothing else
 *
 * What the command line said, before its values are understood.
 */
typedef struct
{
  char **values[QUEEN_N_SETTINGS];
  gboolean flags[QUEEN_N_SETTINGS];
  char *file;
  gboolean is_version_wanted;
} QueenCommandLine;

/**
 * queen_command_line_parse:
 * @line: all zero
 * @argc: (inout): as main() got it
 * @argv: (inout): likewise
 * @error: %QUEEN_ERROR_USAGE when it cannot be understood
 *
 * `--help` prints and exits.
 *
 * Returns: whether it was understood
 */
gboolean queen_command_line_parse (QueenCommandLine *line, int *argc, char ***argv, GError **error);

/**
 * queen_command_line_apply:
 * @line: what was said
 * @config: whose fields are set
 * @error: %QUEEN_ERROR_SETTING, with the option's name before it
 *
 * Returns: whether all of it can stand there
 */
gboolean
queen_command_line_apply (const QueenCommandLine *line, QueenConfig *config, GError **error);

void queen_command_line_clear (QueenCommandLine *line);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenCommandLine, queen_command_line_clear)

G_END_DECLS
