/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-settings.h"

#include <glib/gi18n.h>

#include "queen-config.h"
#include "text/queen-span.h"

#define TOLD(...)
#define SETTING(type_, field_, ...)                                                                \
  { .offset = G_STRUCT_OFFSET (QueenConfig, field_),                                               \
    .given_offset = G_STRUCT_OFFSET (QueenConfig, is_given.field_),                                \
    __VA_ARGS__ },

const QueenSetting queen_settings[QUEEN_N_SETTINGS] = {
#include "queen-settings-table.h"
};

const QueenSetting *
queen_settings_find (const char *name)
{
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    if (g_str_equal (queen_settings[i].name, name))
      return &queen_settings[i];
  return NULL;
}
