/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In a list of options: all that say what a component is. */
#define QUEENCTL_OPTION_DETAILS "details"

/**
 * QueenctlOption:
 * @name: as on the command line, without its dashes
 * @offset: of the field in #QueenctlOptions; a detail's is its number
 * @is_flag: takes no value
 * @is_global: belongs to all commands
 * @short_name: one letter, or 0
 * @help: one line, translatable
 * @argument: what the value is called there, translatable; %NULL for a flag
 * @is_detail: is a member of a component
 * @is_many: may be given several times; its field is an array
 */
typedef struct
{
  const char *name;
  gsize offset;
  gboolean is_flag;
  gboolean is_global;
  char short_name;
  const char *help;
  const char *argument;
  gboolean is_detail;
  gboolean is_many;
} QueenctlOption;

/**
 * queenctl_option_list:
 *
 * Returns: (array): all options that there are, and at the end one without a name
 */
const QueenctlOption *queenctl_option_list (void);

/**
 * queenctl_option_is_among:
 * @names: (nullable): the options that belong to a command, %NULL-terminated
 *
 * Returns: whether @self is one of them, or belongs to all commands
 */
gboolean queenctl_option_is_among (const QueenctlOption *self, const char *const *names);

G_END_DECLS
