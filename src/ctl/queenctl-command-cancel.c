/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-error.h"
#include "queenctl-job.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

static gboolean
cancel_one (QueenctlHttp *http, const QueenctlOptions *options, const char *id, GError **error)
{
  g_autofree char *safe = queenctl_text_dup_safe (id);

  if (!queenctl_job_cancel (http, id, error))
    return FALSE;
  if (options->is_json)
    queenctl_output_print_ok ("Cancelled job %s", id);
  else
    printf (_ ("Cancelled %s.\n"), safe);
  return TRUE;
}

/* What goes wrong with one keeps no other, unless there is no queen any more. */
gboolean
queenctl_command_run_cancel (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlHttp) http = queenctl_job_connect (options, error);
  GError *last = NULL;

  if (!http)
    return FALSE;
  for (; *arguments && !g_error_matches (last, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN);
       arguments++)
    {
      GError *problem = NULL;

      if (!cancel_one (http, options, *arguments, &problem))
        queenctl_output_add_complaint (&last, problem);
    }
  if (last)
    g_propagate_error (error, last);
  return last == NULL;
}
