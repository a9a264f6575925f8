/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-options.h"

G_BEGIN_DECLS

/**
 * QueenctlCommand:
 * @name: as on the command line
 * @arguments: what follows it, for the help
 * @summary: what it does
 * @options: (nullable): the options that it takes beside the ones for all, %NULL-terminated
 * @least: how many arguments it needs
 * @most: how many it takes
 * @run: does it; @arguments are those after the command
 */
typedef struct
{
  const char *name;
  const char *arguments;
  const char *summary;
  const char *const *options;
  guint least;
  guint most;
  gboolean (*run) (const QueenctlOptions *options, char **arguments, GError **error);
} QueenctlCommand;

extern const QueenctlCommand queenctl_status_command;
extern const QueenctlCommand queenctl_list_command;
extern const QueenctlCommand queenctl_show_command;
extern const QueenctlCommand queenctl_watch_command;
extern const QueenctlCommand queenctl_wait_command;
extern const QueenctlCommand queenctl_open_command;
extern const QueenctlCommand queenctl_find_command;
extern const QueenctlCommand queenctl_report_command;
extern const QueenctlCommand queenctl_forget_command;

G_END_DECLS
