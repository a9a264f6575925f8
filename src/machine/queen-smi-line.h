/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-gpu.h"

G_BEGIN_DECLS

/** What `nvidia-smi` is asked for. The name comes last, as it may have commas in it. */
#define QUEEN_SMI_QUERY                                                                            \
  "index,uuid,pci.bus_id,temperature.gpu,utilization.gpu,memory.used,memory.total,power.draw,name"

/**
 * queen_smi_line_parse:
 * @line: what it wrote, without what ends the line; need not be UTF-8
 * @read_at: µs, monotonic
 * @index: (out): which GPU it is about
 *
 * Returns: (transfer full) (nullable): the GPU, with what is known of it; %NULL when the line is
 *   none, or not all of one
 */
QueenGpu *queen_smi_line_parse (const char *line, gint64 read_at, guint *index);

G_END_DECLS
