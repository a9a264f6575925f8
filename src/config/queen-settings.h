/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenSettingType:
 * @QUEEN_SETTING_NUMBER: a whole number; the field is an int
 * @QUEEN_SETTING_NUMBER_OR_OFF: likewise, and -1 for `off`
 * @QUEEN_SETTING_SPAN: a number and a unit; the field is a gint64, µs
 * @QUEEN_SETTING_ADDRESS: a numeric address, or the path of a Unix socket behind `unix:`; the field
 *   of a list is a string vector, %NULL for none
 * @QUEEN_SETTING_MODE: who may do what with a file, in octal digits; the field is an int
 * @QUEEN_SETTING_OWNER: a user, a group or both; the field is a string
 * @QUEEN_SETTING_PROXY: an address, a network or `unix:`
 * @QUEEN_SETTING_NETWORK: an address or a network
 * @QUEEN_SETTING_ENGINE: the URL of an engine
 * @QUEEN_SETTING_URL: where a queen is: http or https, and a host; the field is a string
 * @QUEEN_SETTING_ORIGIN: a web origin, `*` or `null`, as it is compared
 * @QUEEN_SETTING_HOST: a host name, as it is compared
 * @QUEEN_SETTING_FILE: a path; the field is a string
 * @QUEEN_SETTING_DIRECTORY: likewise
 * @QUEEN_SETTING_FLAG: true or false; on the command line, to name it is to say yes
 * @QUEEN_SETTING_CHOICE: one of some words; the field is an enum
 *
 * What may stand as a value, and what becomes of it in #QueenConfig.
 */
typedef enum
{
  QUEEN_SETTING_NUMBER,
  QUEEN_SETTING_NUMBER_OR_OFF,
  QUEEN_SETTING_SPAN,
  QUEEN_SETTING_ADDRESS,
  QUEEN_SETTING_MODE,
  QUEEN_SETTING_OWNER,
  QUEEN_SETTING_PROXY,
  QUEEN_SETTING_NETWORK,
  QUEEN_SETTING_ENGINE,
  QUEEN_SETTING_URL,
  QUEEN_SETTING_ORIGIN,
  QUEEN_SETTING_HOST,
  QUEEN_SETTING_FILE,
  QUEEN_SETTING_DIRECTORY,
  QUEEN_SETTING_FLAG,
  QUEEN_SETTING_CHOICE,
} QueenSettingType;

/**
 * QueenSettingChoice:
 * @name: the word; %NULL behind the last one
 * @value: what it stands for
 */
typedef struct
{
  const char *name;
  int value;
} QueenSettingChoice;

/**
 * QueenSettingText:
 * @text: what the setting is, whole sentences, for the manual and the key file; %NULL when it is
 * told of together with the one before it
 * @file: what only the key file adds
 * @manual: what only the manual adds; a line that begins with a dot is mdoc(7) as it stands
 * @at_sighup: what `SIGHUP` does with it, such as `has it read again`; %NULL when it is read at
 * start only
 * @example: what the key file shows where there is no initial value
 *
 * What only people read, in English. A word in backticks is one to be typed. What holds when nobody
 * says anything, and that a list takes several, is added by who prints it.
 */
typedef struct
{
  const char *text;
  const char *file;
  const char *manual;
  const char *at_sighup;
  const char *example;
} QueenSettingText;

/**
 * QueenSetting:
 * @name: the option, and the key of the file
 * @short_name: 0 for none
 * @type: what may stand there
 * @least: of a number, or of a span in µs
 * @most: likewise
 * @choices: the words of a choice
 * @is_list: may be repeated; in the key file, has semicolons between
 * @initial: what holds when nobody says anything, as the key file says it; %NULL for nothing, or
 * for what is only found out at start
 * @credential: the file in `$CREDENTIALS_DIRECTORY` that holds when nobody says anything
 * @variable: the variable of the environment whose first path does
 * @help: one line, translatable, with what holds otherwise in parentheses
 * @argument: what the value is called there, translatable; %NULL for a flag
 * @told: only where the documentation is made; %NULL in the daemon
 * @offset: of the field in #QueenConfig
 * @given_offset: of the field that says that somebody said it
 *
 * One row of queen-settings-table.h.
 */
typedef struct
{
  const char *name;
  char short_name;
  QueenSettingType type;
  gint64 least;
  gint64 most;
  const QueenSettingChoice *choices;
  gboolean is_list;
  const char *initial;
  const char *credential;
  const char *variable;
  const char *help;
  const char *argument;
  const QueenSettingText *told;
  gsize offset;
  gsize given_offset;
} QueenSetting;

#define CHOICE(name_, value_)                                                                      \
  {                                                                                                \
    .name = name_, .value = (int) value_                                                           \
  }
#define CHOICES(...) ((const QueenSettingChoice[]){ __VA_ARGS__, { .name = NULL } })

/* Counts the rows. */
#define SETTING(type_, field_, ...) +1
enum
{
  QUEEN_N_SETTINGS = 0
#include "queen-settings-table.h"
};

extern const QueenSetting queen_settings[QUEEN_N_SETTINGS];

/**
 * queen_settings_find:
 * @name: as the key file has it
 *
 * Returns: (transfer none) (nullable): the setting of that name
 */
const QueenSetting *queen_settings_find (const char *name);

G_END_DECLS
