/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Run while the queen is built, by build-aux/describe-settings and /house/settings: prints the
 * table of settings as JSON, with the texts that she does not carry about. */

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stdio.h>

#include "http/queen-access.h"
#include "http/queen-forwarded.h"
#include "queen-settings.h"
#include "text/queen-span.h"

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
  [QUEEN_SETTING_NUMBER] = "number",       [QUEEN_SETTING_NUMBER_OR_OFF] = "number or off",
  [QUEEN_SETTING_SPAN] = "span",           [QUEEN_SETTING_ADDRESS] = "address",
  [QUEEN_SETTING_PROXY] = "proxy",         [QUEEN_SETTING_ORIGIN] = "origin",
  [QUEEN_SETTING_HOST] = "host",           [QUEEN_SETTING_FILE] = "file",
  [QUEEN_SETTING_DIRECTORY] = "directory", [QUEEN_SETTING_FLAG] = "flag",
  [QUEEN_SETTING_CHOICE] = "choice",
};

static void
print_string (const char *text)
{
  if (!text)
    {
      fputs ("null", stdout);
      return;
    }
  putchar ('"');
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      printf ("\\%c", *text);
    else if (g_ascii_iscntrl (*text))
      printf ("\\u%04x", *text);
    else
      putchar (*text);
  putchar ('"');
}

static void
print_member (const char *name, const char *text)
{
  printf (",\n  \"%s\": ", name);
  print_string (text);
}

static void
print_choices (const QueenSettingChoice *choices)
{
  fputs (",\n  \"choices\": [", stdout);
  for (const QueenSettingChoice *choice = choices; choice && choice->name; choice++)
    {
      fputs (choice == choices ? "" : ", ", stdout);
      print_string (choice->name);
    }
  putchar (']');
}

static void
print_setting (const QueenSetting *setting)
{
  const char short_name[] = { setting->short_name, '\0' };

  fputs ("{ \"name\": ", stdout);
  print_string (setting->name);
  print_member ("short_name", setting->short_name ? short_name : NULL);
  print_member ("type", types[setting->type]);
  printf (",\n  \"least\": %" G_GINT64_FORMAT ", \"most\": %" G_GINT64_FORMAT, setting->least,
          setting->most);
  print_choices (setting->choices);
  printf (",\n  \"is_list\": %s", setting->is_list ? "true" : "false");
  print_member ("initial", setting->initial);
  print_member ("credential", setting->credential);
  print_member ("variable", setting->variable);
  print_member ("help", setting->help);
  print_member ("argument", setting->argument);
  print_member ("text", setting->told->text);
  print_member ("file", setting->told->file);
  print_member ("manual", setting->told->manual);
  print_member ("at_sighup", setting->told->at_sighup);
  print_member ("example", setting->told->example);
  fputs (" }", stdout);
}

int
main (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      fputs (i == 0 ? "[" : ",\n", stdout);
      print_setting (&rows[i]);
    }
  puts ("]");
  return ferror (stdout) || fflush (stdout) != 0;
}
