/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_distance_get:
 * @a: a name, as somebody has typed it
 * @b: a name that there is
 *
 * Returns: how many letters have to be changed, put in, left out or swapped with the next to make
 * one of the other (the distance of Levenshtein and Damerau). Only the first 32 bytes count: two
 * names that differ behind them are far apart anyway
 */
guint queen_distance_get (const char *a, const char *b);

G_END_DECLS
