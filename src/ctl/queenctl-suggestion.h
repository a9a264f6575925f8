/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** queenctl_suggestion_set: adds to the message of @error that @word was perhaps meant. */
void queenctl_suggestion_set (GError **error, const char *word);

/**
 * queenctl_suggestion_add:
 * @error: (inout) (nullable): what is wrong with @word, as g_set_error() has set it
 * @word: what the command line says
 * @names: (array zero-terminated=1): what it could have said
 *
 * Adds “did you mean …?” to the message, if one of @names is so near that @word may be a slip of
 * the hand.
 */
void queenctl_suggestion_add (GError **error, const char *word, const char *const *names);

/** The same of an option; @word and @names are without their dashes, which are added. */
void queenctl_suggestion_add_option (GError **error, const char *word, const char *const *names);

G_END_DECLS
