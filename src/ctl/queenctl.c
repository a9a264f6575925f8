/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>

#include "build-config.h"
#include "process/queen-stdio.h"
#include "queen-soup.h"
#include "queen-tls-calls.h"
#include "queenctl-command.h"
#include "queenctl-error.h"
#include "queenctl-option.h"
#include "queenctl-output.h"
#include "queenctl-suggestion.h"
#include "queenctl-text.h"
#include "text/queen-legible.h"

#define COMMAND(name_, ...) { .name = #name_, .run = queenctl_command_run_##name_, __VA_ARGS__ },

static const QueenctlCommand commands[] = {
#include "queenctl-commands-table.h"
};

static const QueenctlCommand *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, name))
      return &commands[i];
  return NULL;
}

static char *
make_usage (const QueenctlCommand *command)
{
  /* The translation of nothing is the header of the catalogue. */
  if (*command->arguments == '\0')
    return g_strdup (command->name);
  return g_strdup_printf ("%s %s", command->name, _ (command->arguments));
}

static void
print_program_help (void)
{
  g_autoptr (GString) list = g_string_new (_ ("Commands:"));

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *usage = make_usage (&commands[i]);
      guint width = queenctl_text_count_columns (usage);

      g_string_append_printf (list, "\n  %s%*s%s", usage, (int) (width < 30 ? 32 - width : 2), "",
                              _ (commands[i].summary));
    }
  g_string_append_printf (list, "\n\n%s",
                          _ ("“queenctl COMMAND --help” says more of a command.\n"
                             "Without a command it is “status”.\n"
                             "The exit status is 0 when all went well, 1 when the queen refused,\n"
                             "2 when the command line is wrong, 3 when there is no queen."));
  queenctl_options_print_help (_ ("[COMMAND] [ARGUMENT…]"),
                               _ ("Asks the queen of an inference cluster, and tells her things."),
                               list->str, NULL);
}

static void
print_command_help (const QueenctlCommand *command)
{
  g_autofree char *usage = make_usage (command);

  queenctl_options_print_help (usage, _ (command->summary),
                               command->description ? _ (command->description) : NULL,
                               command->options);
}

static gboolean
has_empty (char **arguments, guint count)
{
  for (guint i = 0; i < count; i++)
    if (*arguments[i] == '\0')
      return TRUE;
  return FALSE;
}

/* @n_behind: how many stood behind “--” */
static gboolean
check_arguments (const QueenctlCommand *command, char **arguments, guint n_behind, GError **error)
{
  guint count = g_strv_length (arguments) - (command->takes_command ? n_behind : 0);

  /* What is empty is a variable of a script that was not set, more often than not. */
  if (count < command->least || has_empty (arguments, count))
    {
      g_autofree char *usage = make_usage (command);

      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("Something is missing: queenctl %s"), usage);
      return FALSE;
    }
  if (count > command->most)
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("Unexpected argument “%s”"),
                   arguments[command->most]);
      return FALSE;
    }
  return TRUE;
}

/* What others call it: kubectl, nmcli, and shells. */
static const struct
{
  const char *name;
  const char *here;
} synonyms[] = {
  { "delete", "forget" }, { "describe", "show" }, { "get", "list" },
  { "help", "--help" },   { "info", "show" },     { "ls", "list" },
  { "monitor", "watch" }, { "rm", "forget" },     { "version", "--version" },
};

static gboolean
refuse_command (const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("There is no command “%s”"), name);
  for (gsize i = 0; i < G_N_ELEMENTS (synonyms); i++)
    if (g_str_equal (name, synonyms[i].name))
      {
        queenctl_suggestion_set (error, synonyms[i].here);
        return FALSE;
      }
  queenctl_suggestion_add (error, name, names);
  return FALSE;
}

static gboolean
run_command (const QueenctlOptions *options, GError **error)
{
  const char *name = options->arguments[0];
  const QueenctlCommand *command = name ? find_command (name) : &commands[0];

  if (!command)
    return refuse_command (name, error);
  if (!queenctl_options_check_known (options, command->name, command->options, error))
    return FALSE;
  if (options->is_version_wanted)
    {
      printf ("queenctl %s\n", QUEEN_VERSION);
      return TRUE;
    }
  if (options->is_help_wanted)
    {
      if (name)
        print_command_help (command);
      else
        print_program_help ();
      return TRUE;
    }
  return queenctl_options_check (options, command->name, command->options, error) &&
         check_arguments (command, options->arguments + (name ? 1 : 0), options->n_behind, error) &&
         command->run (options, options->arguments + (name ? 1 : 0), error);
}

/* @line: the command line, which may have something in it that cannot be seen */
static int
complain_of (GError *error, const char *line)
{
  if (error->code != QUEENCTL_ERROR_NO_QUEEN)
    queen_legible_explain (&error, line);
  queenctl_output_complain (error);
  if (error->code == QUEENCTL_ERROR_USAGE)
    fprintf (stderr, "%s\n", _ ("Try “queenctl --help”."));
  return error->code;
}

int
main (int argc, char **argv)
{
  g_auto (QueenctlOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strjoinv (" ", argv);

  queen_stdio_check_at_exit ("queenctl");
  if (!queen_stdio_fill ())
    return EXIT_FAILURE;
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, QUEEN_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  queen_soup_prepare ();
  queen_tls_calls_prepare (); /* while there is no other thread */

  if (!queenctl_options_parse (&options, argc, argv, &error))
    return complain_of (error, line);
  queenctl_output_init (options.is_color_refused);
  if (!run_command (&options, &error))
    return complain_of (error, line);
  return EXIT_SUCCESS;
}
