/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Run while the queen is built, by build-aux/describe-settings and /house/settings: prints the
 * table of settings as JSON, with the texts that she does not carry about. */

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "http/queen-access.h"
#include "http/queen-direct.h"
#include "http/queen-forwarded.h"
#include "queen-settings.h"
#include "text/queen-span.h"
#include "text/queen-table.h"

#define TOLD(...)                                                                                  \
  .told = &(const QueenSettingText)                                                                \
  {                                                                                                \
    __VA_ARGS__                                                                                    \
  }
#define SETTING(type_, field_, ...) { __VA_ARGS__ },

static const QueenSetting rows[] = {
#include "queen-settings-table.h"
};

static const char *const types[] = {
  [QUEEN_SETTING_NUMBER] = "number",   [QUEEN_SETTING_NUMBER_OR_OFF] = "number or off",
  [QUEEN_SETTING_SPAN] = "span",       [QUEEN_SETTING_ADDRESS] = "address",
  [QUEEN_SETTING_MODE] = "mode",       [QUEEN_SETTING_OWNER] = "owner",
  [QUEEN_SETTING_NETWORK] = "network", [QUEEN_SETTING_PROXY] = "proxy",
  [QUEEN_SETTING_URL] = "url",         [QUEEN_SETTING_ENGINE] = "engine",
  [QUEEN_SETTING_ORIGIN] = "origin",   [QUEEN_SETTING_HOST] = "host",
  [QUEEN_SETTING_FILE] = "file",       [QUEEN_SETTING_DIRECTORY] = "directory",
  [QUEEN_SETTING_FLAG] = "flag",       [QUEEN_SETTING_CHOICE] = "choice",
};

static void
add_choices (JsonBuilder *builder, const QueenSettingChoice *choices)
{
  json_builder_set_member_name (builder, "choices");
  json_builder_begin_array (builder);
  for (const QueenSettingChoice *choice = choices; choice && choice->name; choice++)
    json_builder_add_string_value (builder, choice->name);
  json_builder_end_array (builder);
}

static void
add_number (JsonBuilder *builder, const char *name, gint64 number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, number);
}

static void
add_setting (JsonBuilder *builder, const QueenSetting *setting)
{
  const char short_name[] = { setting->short_name, '\0' };

  json_builder_begin_object (builder);
  queen_table_add_text (builder, "name", setting->name);
  queen_table_add_text (builder, "short_name", setting->short_name ? short_name : NULL);
  queen_table_add_text (builder, "type", types[setting->type]);
  add_number (builder, "least", setting->least);
  add_number (builder, "most", setting->most);
  add_choices (builder, setting->choices);
  queen_table_add_flag (builder, "is_list", setting->is_list);
  queen_table_add_text (builder, "initial", setting->initial);
  queen_table_add_text (builder, "credential", setting->credential);
  queen_table_add_text (builder, "variable", setting->variable);
  queen_table_add_text (builder, "help", setting->help);
  queen_table_add_text (builder, "argument", setting->argument);
  queen_table_add_text (builder, "text", setting->told->text);
  queen_table_add_text (builder, "file", setting->told->file);
  queen_table_add_text (builder, "manual", setting->told->manual);
  queen_table_add_text (builder, "at_sighup", setting->told->at_sighup);
  queen_table_add_text (builder, "example", setting->told->example);
  json_builder_end_object (builder);
}

int
main (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    add_setting (builder, &rows[i]);
  json_builder_end_array (builder);

  return queen_table_print (builder);
}
