/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-command.h"
#include "queenctl-job.h"

gboolean
queenctl_command_run_attach (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlHttp) http = queenctl_job_connect (options, error);

  return http && queenctl_job_read (http, arguments[0], options->is_json, FALSE, error);
}
