/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-vitals.h"

#include <math.h>

const QueenVitals queen_vitals_unsaid = {
  .slots = -1,
  .running = -1,
  .waiting = -1,
  .kv_usage = NAN,
  .tokens_per_second = NAN,
  .progress = -1,
  .exit_status = -1,
  .next_beat_within = -1,
  .cpu = NAN,
  .memory_used = -1,
  .memory_total = -1,
};
