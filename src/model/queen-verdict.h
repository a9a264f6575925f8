/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenVerdict:
 * @QUEEN_VERDICT_FIT: it can take one request more
 * @QUEEN_VERDICT_FULL: all its slots are taken, or it has none left by its own word
 * @QUEEN_VERDICT_EJECTED: it has refused or failed too often, and rests
 * @QUEEN_VERDICT_HELD: somebody holds it
 * @QUEEN_VERDICT_HIVE_HELD: somebody holds its hive
 * @QUEEN_VERDICT_UNHEALTHY: it says so
 * @QUEEN_VERDICT_STARTING: it is not ready yet
 * @QUEEN_VERDICT_STOPPING: it takes nothing new
 * @QUEEN_VERDICT_OFFLINE: it has gone
 * @QUEEN_VERDICT_TRIED: this very request has been there already
 * @QUEEN_VERDICT_OTHER_MODEL: it does not serve the model
 *
 * What is found of a worker when one is wanted for a request.
 */
typedef enum
{
  QUEEN_VERDICT_FIT,
  QUEEN_VERDICT_FULL,
  QUEEN_VERDICT_EJECTED,
  QUEEN_VERDICT_HELD,
  QUEEN_VERDICT_HIVE_HELD,
  QUEEN_VERDICT_UNHEALTHY,
  QUEEN_VERDICT_STARTING,
  QUEEN_VERDICT_STOPPING,
  QUEEN_VERDICT_OFFLINE,
  QUEEN_VERDICT_TRIED,
  QUEEN_VERDICT_OTHER_MODEL,
  QUEEN_N_VERDICTS
} QueenVerdict;

/** Returns: the verdict in one word, as JSON and D-Bus have it, such as `hive_held` */
const char *queen_verdict_get_name (QueenVerdict verdict);

G_END_DECLS
