/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the command line says. What was not said is %NULL, or %FALSE. */
typedef struct
{
  gboolean is_help_wanted;
  gboolean is_version_wanted;
  gboolean is_color_refused;
  gboolean is_json;
  char *bus; /* auto, session or system; never %NULL */
  char *url; /* likewise of the environment, as are the next two */
  char *token_file;
  char *ca_file;

  char *output;
  gboolean is_ids_only;
  gboolean is_legend_refused;
  gboolean is_full;
  char *state;
  char *sort;
  gboolean is_all;
  gboolean is_offline;
  char *wanted_state;
  char *timeout;
  char *affinity;
  char *reserve;
  gboolean is_notifying;
  char *kind;
  char *ttl;
  gboolean is_waiting;
  char *worker; /* the following are of “beat” */
  char **queens;
  char *pid;
  char *scan;
  char *advertise;
  char *drain;
  char *key_file;
  char *max_tokens; /* the following are of “run” */
  char *temperature;
  char *top_p;
  char *top_k;
  gboolean is_detached;
  char **details; /* see queenctl_options_get() */

  char **arguments; /* the command and what belongs to it; never %NULL */
  guint n_behind;   /* of these, how many stood behind “--” */
  char **unknown;   /* options that no command has, with their dashes; never %NULL */
} QueenctlOptions;

/**
 * queenctl_options_clear:
 *
 * Frees what @self points to.
 */
void queenctl_options_clear (QueenctlOptions *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenctlOptions, queenctl_options_clear)

/**
 * queenctl_options_parse:
 * @self: zeroed, to be filled
 *
 * Takes the options of all commands, wherever they stand.
 *
 * Returns: whether that could be understood
 */
gboolean queenctl_options_parse (QueenctlOptions *self, int argc, char **argv, GError **error);

/**
 * queenctl_options_get:
 * @name: of an option that says what a component is, such as `model`
 *
 * Returns: (nullable): its text, if it was given
 */
const char *queenctl_options_get (const QueenctlOptions *self, const char *name);

/**
 * queenctl_options_check_text:
 * @option: such as `--model`
 * @text: (nullable): what stands behind it, if it was given
 *
 * Returns: whether that is not empty: then a variable of a script was not set, more often than not
 */
gboolean queenctl_options_check_text (const char *option, const char *text, GError **error);

/**
 * queenctl_options_check_known:
 * @names: (nullable): the options that belong to @command, %NULL-terminated
 *
 * Returns: whether there is no option that no command has; the nearest one of @command is named
 */
gboolean queenctl_options_check_known (const QueenctlOptions *self,
                                       const char *command,
                                       const char *const *names,
                                       GError **error);

/**
 * queenctl_options_check:
 * @names: (nullable): the options that belong to @command, %NULL-terminated
 *
 * Returns: whether no option is there that belongs to other commands only
 */
gboolean queenctl_options_check (const QueenctlOptions *self,
                                 const char *command,
                                 const char *const *names,
                                 GError **error);

/**
 * queenctl_options_print_help:
 * @usage: what follows the program's name and `[OPTION…]`
 * @summary: what it does
 * @description: (nullable): what goes below the options
 * @names: (nullable): the options to list beside the ones for all commands, %NULL-terminated
 */
void queenctl_options_print_help (const char *usage,
                                  const char *summary,
                                  const char *description,
                                  const char *const *names);

G_END_DECLS
