/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-options.h"

G_BEGIN_DECLS

/**
 * QueenctlCommand:
 * @name: as on the command line
 * @arguments: what follows it, for the help: words as they are typed, and in capitals what a value
 *   is. Shells complete by these names, see build-aux/describe-commands
 * @summary: what it does
 * @options: (nullable): the options that it takes beside the ones for all, %NULL-terminated
 * @least: how many arguments it needs
 * @most: how many it takes
 * @takes_command: words behind “--” are a command of its own, and no arguments
 * @description: (nullable): more than a line has room for, for the help
 * @run: does it; @arguments are those after the command
 *
 * One row of queenctl-commands-table.h.
 */
typedef struct
{
  const char *name;
  const char *arguments;
  const char *summary;
  const char *const *options;
  guint least;
  guint most;
  gboolean takes_command;
  const char *description;
  gboolean (*run) (const QueenctlOptions *options, char **arguments, GError **error);
} QueenctlCommand;

/* Names of options, in a row */
#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The functions of the commands */
#define COMMAND(name_, ...)                                                                        \
  gboolean queenctl_command_run_##name_ (const QueenctlOptions *options, char **arguments,         \
                                         GError **error);
#include "queenctl-commands-table.h"
#undef COMMAND

G_END_DECLS
