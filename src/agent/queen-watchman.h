/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-agent.h"
#include "queen-prospects.h"

G_BEGIN_DECLS

/**
 * QueenWatchmanSettings:
 * @agent: for whom and where to; its @say and @data are also the watchman's, its @looked is not
 * used
 * @worker: the worker that @url, @pid or @command is about; an @id may be %NULL for a made one
 * @pid: (nullable): a process, as a number
 * @command: (nullable): a program to run, and its arguments
 * @directory: (nullable): where `*.worker` files are
 * @is_scanning: whether servers are looked for
 * @scope: whose
 * @drain: µs that requests may go on before the program is told to end
 *
 * Whom to look after.
 */
typedef struct
{
  QueenAgentSettings agent;
  QueenWardSettings worker;
  const char *pid;
  char **command;
  const char *directory;
  gboolean is_scanning;
  QueenScope scope;
  gint64 drain;
} QueenWatchmanSettings;

/**
 * queen_watchman_run:
 * @error: %QUEEN_ERROR_USAGE or %QUEEN_ERROR_SETTING when it cannot begin
 *
 * Looks after all of them until it is told to end, or the program or process has ended. Signals,
 * the service manager, and orphans of a container are its business, too.
 *
 * Returns: the exit status: of the program, as a shell has it, if there was one; 0 or 1 else
 */
int queen_watchman_run (const QueenWatchmanSettings *settings, GError **error);

G_END_DECLS
