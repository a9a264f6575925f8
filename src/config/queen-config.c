/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-config.h"

#include <glib/gi18n.h>

#include "queen-command-line.h"
#include "queen-error.h"
#include "queen-key-file.h"
#include "queen-setting-values.h"
#include "queen-settings.h"

/* A setting that protects nothing must not look as if it did. */
static gboolean
check_settings (const QueenConfig *config, GError **error)
{
  const char *problem = NULL;

  if (config->are_reads_protected && !config->token_file)
    problem = _ ("--protect-reads protects nothing without --token-file");
  else if (config->is_given.proxy_header && !config->trusted_proxies)
    problem = _ ("--proxy-header says nothing without --trusted-proxy");
  else if (config->is_given.engine_password_file && !config->engines)
    problem = _ ("--engine-password-file is of no use without --engine");
  else if ((config->queen_token_file || config->advertise) && !config->engines)
    problem = _ ("--queen-token-file and --advertise are of no use without --engine");
  if (problem)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, problem);
  return problem == NULL;
}

/* The user's own settings, where there are any and no others are named. */
static char *
find_file (void)
{
  g_autofree char *path =
      g_build_filename (g_get_user_config_dir (), "queen-rbee", "queen-rbee.conf", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

QueenConfig *
queen_config_new (int *argc, char ***argv, GError **error)
{
  g_autoptr (QueenConfig) config = g_new0 (QueenConfig, 1);
  g_auto (QueenCommandLine) line = { 0 };

  if (!queen_command_line_parse (&line, argc, argv, error))
    return NULL;
  if (!line.file)
    line.file = find_file ();
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    queen_setting_apply_initial (&queen_settings[i], config);
  if ((line.file && !queen_key_file_apply (line.file, config, error)) ||
      !queen_command_line_apply (&line, config, error))
    return NULL;
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    queen_setting_apply_environment (&queen_settings[i], config);
  if (!check_settings (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

void
queen_config_free (QueenConfig *config)
{
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    queen_setting_clear (&queen_settings[i], config);
  g_free (config);
}
