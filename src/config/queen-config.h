/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "http/queen-access.h"
#include "http/queen-direct.h"
#include "http/queen-forwarded.h"

G_BEGIN_DECLS

/**
 * QueenConfig:
 * @is_given: for each field, whether somebody asked for that very value
 * @is_version_wanted: print the version and do nothing else
 *
 * All settings, from the command line, then the key file, then what holds otherwise; each is a
 * field of the name and the type that its row of queen-settings-table.h says. Immutable.
 */
typedef struct
{
#define SETTING(type_, field_, ...) type_ field_;
#include "queen-settings-table.h"
  struct
  {
#define SETTING(type_, field_, ...) gboolean field_;
#include "queen-settings-table.h"
  } is_given;
  gboolean is_version_wanted;
} QueenConfig;

/**
 * queen_config_new:
 * @argc: (inout): as main() got it
 * @argv: (inout): likewise
 * @error: %QUEEN_ERROR_USAGE when the command line cannot be understood, %QUEEN_ERROR_SETTING or a
 *   file error when a setting is wrong
 *
 * `--help` prints and exits. Credentials and a state directory that systemd hands over stand in for
 * what was not set.
 *
 * Returns: (transfer full): the settings, or %NULL
 */
QueenConfig *queen_config_new (int *argc, char ***argv, GError **error);

void queen_config_free (QueenConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenConfig, queen_config_free)

G_END_DECLS
