/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-config.h"
#include "queen-settings.h"

G_BEGIN_DECLS

/**
 * queen_setting_apply:
 * @setting: a row of the table
 * @config: whose field is set
 * @values: what somebody said, in place of what an earlier source has said; of several values the
 *   last one counts, unless the setting is a list, and an empty list says nothing
 * @error: %QUEEN_ERROR_SETTING when a value cannot stand there
 *
 * Returns: %FALSE when one of @values is wrong
 */
gboolean queen_setting_apply (const QueenSetting *setting,
                              QueenConfig *config,
                              const char *const *values,
                              GError **error);

/**
 * queen_setting_apply_initial:
 * @setting: a row of the table
 * @config: whose field is set to what holds when nobody says anything
 */
void queen_setting_apply_initial (const QueenSetting *setting, QueenConfig *config);

/**
 * queen_setting_apply_environment:
 * @setting: a row of the table
 * @config: whose field is set, unless somebody said it, to what systemd hands over, if it does
 */
void queen_setting_apply_environment (const QueenSetting *setting, QueenConfig *config);

/**
 * queen_setting_clear:
 * @setting: a row of the table
 * @config: whose field gives back what it owns
 */
void queen_setting_clear (const QueenSetting *setting, QueenConfig *config);

G_END_DECLS
