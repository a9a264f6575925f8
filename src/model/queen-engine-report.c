/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-engine-report.h"

const char *
queen_engine_state_get_name (QueenEngineState state)
{
  static const char *const names[QUEEN_ENGINE_N_STATES] = {
    [QUEEN_ENGINE_ALONE] = "alone",
    [QUEEN_ENGINE_JOINING] = "joining",
    [QUEEN_ENGINE_TOGETHER] = "together",
  };

  return names[state];
}

void
queen_sibling_free (QueenSibling *self)
{
  g_free (self->name);
  g_free (self->address);
  g_free (self->version);
  g_free (self);
}
