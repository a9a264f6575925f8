/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-options.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "queenctl-error.h"
#include "queenctl-option.h"
#include "queenctl-suggestion.h"

static gsize
count_options (void)
{
  gsize n_options = 0;

  while (queenctl_option_list ()[n_options].name)
    n_options++;
  return n_options;
}

static gpointer
get_field (const QueenctlOptions *self, const QueenctlOption *option)
{
  return option->is_detail ? &self->details[option->offset]
                           : G_STRUCT_MEMBER_P (self, option->offset);
}

static char **
get_text (const QueenctlOptions *self, const QueenctlOption *option)
{
  return get_field (self, option);
}

static char ***
get_texts (const QueenctlOptions *self, const QueenctlOption *option)
{
  return get_field (self, option);
}

static gboolean
is_given (const QueenctlOptions *self, const QueenctlOption *option)
{
  if (option->is_many)
    return *get_texts (self, option) != NULL;
  return option->is_flag ? *(gboolean *) get_field (self, option)
                         : *get_text (self, option) != NULL;
}

void
queenctl_options_clear (QueenctlOptions *self)
{
  for (const QueenctlOption *option = queenctl_option_list (); self->details && option->name;
       option++)
    if (option->is_many)
      g_clear_pointer (get_texts (self, option), g_strfreev);
    else if (!option->is_flag)
      g_clear_pointer (get_text (self, option), g_free);
  g_clear_pointer (&self->details, g_free);
  g_clear_pointer (&self->arguments, g_strfreev);
  g_clear_pointer (&self->unknown, g_strfreev);
}

/* Filenames are what GLib hands over as they are; it would refuse “ü” in the locale C. */
static GOptionArg
get_type (const QueenctlOption *option)
{
  if (option->is_flag)
    return G_OPTION_ARG_NONE;
  return option->is_many ? G_OPTION_ARG_FILENAME_ARRAY : G_OPTION_ARG_FILENAME;
}

static GOptionEntry
make_entry (const QueenctlOption *option, gpointer field)
{
  return (GOptionEntry){
    .long_name = option->name,
    .short_name = option->short_name,
    .arg = get_type (option),
    .arg_data = field,
    .description = option->help,
    .arg_description = option->argument,
  };
}

/* Turns @text into UTF-8, which is what the bus takes. */
static gboolean
make_utf8 (char **text, GError **error)
{
  g_autofree char *utf8 = NULL;

  if (!*text || g_utf8_validate (*text, -1, NULL))
    return TRUE;
  utf8 = g_locale_to_utf8 (*text, -1, NULL, NULL, NULL);
  if (!utf8)
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("The command line is not valid text"));
      return FALSE;
    }
  g_free (*text);
  *text = g_steal_pointer (&utf8);
  return TRUE;
}

gboolean
queenctl_options_check_text (const char *option, const char *text, GError **error)
{
  if (!text || *text != '\0')
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s: something is missing"), option);
  return FALSE;
}

static char *
dup_environment (const char *name)
{
  const char *value = g_getenv (name);

  return value && *value != '\0' ? g_strdup (value) : NULL;
}

/* There the address is that of a server, which may be told of to a queen on any bus. */
static gboolean
is_beating (const QueenctlOptions *self)
{
  return g_strcmp0 (self->arguments[0], "beat") == 0;
}

static void
settle_queens (QueenctlOptions *self)
{
  char *url = self->queens ? NULL : dup_environment ("QUEEN_RBEE_URL");

  if (!url)
    return;
  self->queens = g_new0 (char *, 2);
  self->queens[0] = url;
}

/* The command line counts before the environment, and what names a queen before what finds one. */
static gboolean
settle_queen (QueenctlOptions *self, GError **error)
{
  static const char *const buses[] = { "auto", "session", "system", NULL };

  if (self->bus && self->url && !is_beating (self))
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("--bus and --url are two ways to the queen: take one"));
      return FALSE;
    }
  if (!queenctl_options_check_text ("--token-file", self->token_file, error) ||
      !queenctl_options_check_text ("--ca-file", self->ca_file, error))
    return FALSE;
  if (!self->bus && is_beating (self))
    settle_queens (self);
  else if (!self->bus && !self->url)
    self->url = dup_environment ("QUEEN_RBEE_URL");
  if (!self->token_file)
    self->token_file = dup_environment ("QUEEN_RBEE_TOKEN_FILE");
  if (!self->ca_file)
    self->ca_file = dup_environment ("QUEEN_RBEE_CA_FILE");
  if (!self->bus)
    self->bus = g_strdup ("auto");
  if (g_strv_contains (buses, self->bus))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--bus: “%s” is none of auto, session, system"), self->bus);
  queenctl_suggestion_add (error, self->bus, buses);
  return FALSE;
}

static gboolean
settle_texts (QueenctlOptions *self, GError **error)
{
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (!option->is_flag && !option->is_many && !make_utf8 (get_text (self, option), error))
      return FALSE;
  for (char **queen = self->queens; queen && *queen; queen++)
    if (!make_utf8 (queen, error))
      return FALSE;
  if (!self->arguments)
    self->arguments = g_new0 (char *, 1);
  for (char **argument = self->arguments; *argument; argument++)
    if (!make_utf8 (argument, error))
      return FALSE;
  for (char **word = self->unknown; *word; word++)
    if (!make_utf8 (word, error))
      return FALSE;

  return settle_queen (self, error);
}

static gboolean
is_flag (const char *name)
{
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (g_str_equal (option->name, name))
      return option->is_flag;
  return g_str_equal (name, "help");
}

/* GLib takes --json=no for --json. */
static gboolean
check_flags (char **argv, GError **error)
{
  for (char **word = argv + MIN (g_strv_length (argv), 1); *word; word++)
    {
      g_autofree char *name = g_strndup (*word, strcspn (*word, "="));

      if (g_str_equal (*word, "--"))
        return TRUE;
      if (!g_str_has_prefix (name, "--") || !strchr (*word, '=') || !is_flag (name + 2))
        continue;
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s takes no value"), name);
      return FALSE;
    }
  return TRUE;
}

/* GLib wants a value apart from a short option, but -ojson and -o=json are what people type.
 *
 * Returns: (transfer full) (nullable): @word as it takes it; NULL when it does */
static char *
dup_apart (const char *word)
{
  const char *value = *word == '-' && word[1] != '\0' ? word + 2 : "";

  if (*value == '=')
    value++;
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (*value != '\0' && option->short_name == word[1] && !option->is_flag)
      return g_strdup_printf ("--%s=%s", option->name, value);
  return NULL;
}

/* Options of “beat” that may stand there without a value, and what that means. */
static const struct
{
  const char *word;
  const char *whole;
} bare_options[] = { { "--hive", "--hive=auto" }, { "--scan", "--scan=own" } };

/* @next: (nullable): the word behind @word */
static char *
dup_whole (const char *word, const char *next)
{
  if (next && *next != '-')
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (bare_options); i++)
    if (g_str_equal (word, bare_options[i].word))
      return g_strdup (bare_options[i].whole);
  return NULL;
}

/* @apart: what becomes of the words of @argv that change, to be freed when nobody needs them */
static void
set_apart (char **argv, GPtrArray *apart)
{
  gboolean is_of_beat = FALSE;

  for (char **word = argv; *word && !g_str_equal (*word, "--"); word++)
    {
      char *changed = is_of_beat ? dup_whole (word[0], word[1]) : NULL;

      is_of_beat |= g_str_equal (*word, "beat");
      if (!changed)
        changed = dup_apart (*word);

      if (!changed)
        continue;
      g_ptr_array_add (apart, changed);
      *word = changed;
    }
}

/* Returns: how many words stand behind the first “--” */
static guint
count_behind (char **argv)
{
  while (*argv && !g_str_equal (*argv, "--"))
    argv++;
  return *argv ? g_strv_length (argv + 1) : 0;
}

gboolean
queenctl_options_parse (QueenctlOptions *self, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GPtrArray) apart = g_ptr_array_new_with_free_func (g_free);
  g_autofree GOptionEntry *entries = g_new0 (GOptionEntry, count_options () + 3);
  GOptionEntry *entry = entries;

  set_apart (argv, apart);
  self->n_behind = count_behind (argv);
  self->details = g_new0 (char *, count_options ());
  if (!check_flags (argv, error))
    return FALSE;
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    *entry++ = make_entry (option, get_field (self, option));
  *entry++ =
      (GOptionEntry){ .long_name = "help", .short_name = 'h', .arg_data = &self->is_help_wanted };
  *entry = (GOptionEntry){
    .long_name = G_OPTION_REMAINING,
    .arg = G_OPTION_ARG_FILENAME_ARRAY,
    .arg_data = &self->arguments,
  };
  /* GLib does not know for which command --help is asked, or an option was meant. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &cause))
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, cause->message);
      return FALSE;
    }
  self->unknown = g_strdupv (argv + MIN (argc, 1));
  return settle_texts (self, error);
}

const char *
queenctl_options_get (const QueenctlOptions *self, const char *name)
{
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (option->is_detail && g_str_equal (option->name, name))
      return *get_text (self, option);
  g_return_val_if_reached (NULL);
}

static void
suggest_option (const char *name, const char *const *names, GError **error)
{
  g_autofree const char **known = g_new0 (const char *, count_options () + 2);
  gsize n = 0;

  known[n++] = "help";
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (queenctl_option_is_among (option, names))
      known[n++] = option->name;
  queenctl_suggestion_add_option (error, name, known);
}

gboolean
queenctl_options_check_known (const QueenctlOptions *self,
                              const char *command,
                              const char *const *names,
                              GError **error)
{
  const char *word = self->unknown[0];
  g_autofree char *option = word ? g_strndup (word, strcspn (word, "=")) : NULL;
  gboolean is_long = word && g_str_has_prefix (word, "--");

  if (!word)
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("“%s” takes no option %s"), command,
               option);
  if (is_long)
    suggest_option (option + 2, names, error);
  return FALSE;
}

gboolean
queenctl_options_check (const QueenctlOptions *self,
                        const char *command,
                        const char *const *names,
                        GError **error)
{
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (is_given (self, option) && !queenctl_option_is_among (option, names))
      {
        g_autofree char *word = g_strconcat ("--", option->name, NULL);

        g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("“%s” takes no option %s"),
                     command, word);
        return FALSE;
      }
  return TRUE;
}

void
queenctl_options_print_help (const char *usage,
                             const char *summary,
                             const char *description,
                             const char *const *names)
{
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autofree char *help = NULL;
  g_autofree GOptionEntry *entries = g_new0 (GOptionEntry, count_options () + 1);
  GOptionEntry *entry = entries;
  gpointer unused;

  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (queenctl_option_is_among (option, names))
      *entry++ = make_entry (option, &unused);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  help = g_option_context_get_help (context, TRUE, NULL);
  fputs (help, stdout);
}
