/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* µs */
#define QUEEN_MSEC G_GINT64_CONSTANT (1000)
#define QUEEN_SECOND G_GINT64_CONSTANT (1000000)
#define QUEEN_HOUR (3600 * QUEEN_SECOND)
#define QUEEN_DAY (24 * QUEEN_HOUR)

/**
 * queen_span_parse:
 * @text: a number and a unit out of us, ms, s, min, h, d; without a unit it is seconds
 * @span: (out): µs
 *
 * Returns: whether @text is a span of time
 */
gboolean queen_span_parse (const char *text, gint64 *span);

G_END_DECLS
