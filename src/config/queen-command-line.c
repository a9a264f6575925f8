/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-command-line.h"

#include <glib/gi18n.h>

#include "queen-error.h"
#include "queen-setting-values.h"
#include "text/queen-legible.h"

/* Those that are no settings. */
#define N_OTHERS 2

static GOptionEntry
make_entry (QueenCommandLine *line, gsize i)
{
  const QueenSetting *setting = &queen_settings[i];
  gboolean is_flag = setting->type == QUEEN_SETTING_FLAG;

  return (GOptionEntry){
    .long_name = setting->name,
    .short_name = setting->short_name,
    .arg = is_flag ? G_OPTION_ARG_NONE : G_OPTION_ARG_STRING_ARRAY,
    .arg_data = is_flag ? (gpointer) &line->flags[i] : &line->values[i],
    .description = setting->help,
    .arg_description = setting->argument,
  };
}

static GOptionContext *
make_context (QueenCommandLine *line)
{
  GOptionContext *context = g_option_context_new (NULL);
  GOptionEntry entries[QUEEN_N_SETTINGS + N_OTHERS + 1] = { 0 };

  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    entries[i] = make_entry (line, i);
  entries[QUEEN_N_SETTINGS] = (GOptionEntry){
    .long_name = "config",
    .short_name = 'c',
    .arg = G_OPTION_ARG_FILENAME,
    .arg_data = &line->file,
    .description = N_ ("Read settings from this key file, group [queen]"),
    .arg_description = N_ ("FILE"),
  };
  entries[QUEEN_N_SETTINGS + 1] = (GOptionEntry){
    .long_name = "version",
    .arg_data = &line->is_version_wanted,
    .description = N_ ("Print the version and exit"),
  };

  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (
      context, N_ ("The queen of an inference cluster: takes the heartbeats of workers and hives,\n"
                   "and forwards each of them at once to everybody who listens."));
  g_option_context_set_description (
      context, N_ ("A SPAN is a number with us, ms, s, min, h or d; without a unit it is seconds.\n"
                   "The key file takes the same names, such as heartbeat-interval=2.5s."));
  return context;
}

gboolean
queen_command_line_parse (QueenCommandLine *line, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = make_context (line);
  g_autoptr (GError) local_error = NULL;
  g_autofree char *whole = g_strjoinv (" ", *argv);

  if (g_option_context_parse (context, argc, argv, &local_error) && *argc <= 1)
    return TRUE;
  if (local_error)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_USAGE, local_error->message);
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_USAGE, _ ("Unexpected argument “%s”"), (*argv)[1]);
  queen_legible_explain (error, whole);
  return FALSE;
}

gboolean
queen_command_line_apply (const QueenCommandLine *line, QueenConfig *config, GError **error)
{
  static const char *const yes[] = { "true", NULL };

  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    {
      const char *const *values = line->flags[i] ? yes : (const char *const *) line->values[i];

      if (!values || queen_setting_apply (&queen_settings[i], config, values, error))
        continue;
      g_prefix_error (error, "--%s: ", queen_settings[i].name);
      return FALSE;
    }
  config->is_version_wanted = line->is_version_wanted;
  return TRUE;
}

void
queen_command_line_clear (QueenCommandLine *line)
{
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    g_clear_pointer (&line->values[i], g_strfreev);
  g_clear_pointer (&line->file, g_free);
}
