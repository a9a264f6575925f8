/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The words that there are for something, as people type them, in any case; %NULL-terminated. */
extern const char *const queenctl_word_statuses[]; /* that a worker or hive says of itself */
extern const char *const queenctl_word_states[];   /* those, and others to choose by */
extern const char *const queenctl_word_healths[];

/**
 * queenctl_word_check:
 * @option: (nullable): where @word comes from, such as `--state`; %NULL for an argument
 *
 * Returns: whether @word is among @words; if not, %QUEENCTL_ERROR_USAGE says which there are, and
 *   which is near
 */
gboolean queenctl_word_check (const char *option,
                              const char *word,
                              const char *const *words,
                              GError **error);

G_END_DECLS
