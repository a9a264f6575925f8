/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-verdict.h"

const char *
queen_verdict_get_name (QueenVerdict verdict)
{
  static const char *const names[QUEEN_N_VERDICTS] = {
    [QUEEN_VERDICT_FIT] = "fit",
    [QUEEN_VERDICT_FULL] = "full",
    [QUEEN_VERDICT_EJECTED] = "ejected",
    [QUEEN_VERDICT_HELD] = "held",
    [QUEEN_VERDICT_HIVE_HELD] = "hive_held",
    [QUEEN_VERDICT_UNHEALTHY] = "unhealthy",
    [QUEEN_VERDICT_STARTING] = "starting",
    [QUEEN_VERDICT_STOPPING] = "stopping",
    [QUEEN_VERDICT_OFFLINE] = "offline",
    [QUEEN_VERDICT_TRIED] = "tried",
    [QUEEN_VERDICT_OTHER_MODEL] = "other_model",
  };

  g_return_val_if_fail ((guint) verdict < QUEEN_N_VERDICTS, NULL);

  return names[verdict];
}
