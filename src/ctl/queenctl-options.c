/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-options.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "model/queen-component-fields.h"
#include "queenctl-error.h"
#include "queenctl-suggestion.h"

typedef struct
{
  const char *name;
  gsize offset; /* of the field in QueenctlOptions; a detail's is its number */
  gboolean is_flag;
  gboolean is_global; /* belongs to all commands */
  char short_name;
  const char *description;
  const char *argument;
  gboolean is_detail; /* is a member of a component */
} Option;

#define FIELD(name) G_STRUCT_OFFSET (QueenctlOptions, name)

static const Option own_options[] = {
  { "json", FIELD (is_json), TRUE, TRUE, 'j', N_ ("Print JSON"), NULL },
  { "no-color", FIELD (is_color_refused), TRUE, TRUE, 0, N_ ("Print without colours"), NULL },
  { "bus", FIELD (bus), FALSE, TRUE, 0,
    N_ ("Look for the queen on this bus: auto, session or system (auto)"), N_ ("BUS") },
  { "url", FIELD (url), FALSE, TRUE, 0,
    N_ ("Ask the queen at this address over HTTP, such as https://queen.example.org:8500"),
    N_ ("URL") },
  { "token-file", FIELD (token_file), FALSE, TRUE, 0,
    N_ ("Show the queen the token in this file, over HTTP"), N_ ("FILE") },
  { "ca-file", FIELD (ca_file), FALSE, TRUE, 0,
    N_ ("Trust the certificates in this file alone, over HTTPS"), N_ ("FILE") },
  { "version", FIELD (is_version_wanted), TRUE, TRUE, 0, N_ ("Print the version and exit"), NULL },
  { "output", FIELD (output), FALSE, FALSE, 'o',
    N_ ("Print all columns (wide), ids alone (name), models alone (model), or JSON (json)"),
    N_ ("FORM") },
  { "ids", FIELD (is_ids_only), TRUE, FALSE, 0, N_ ("Print the ids alone, one on each line"),
    NULL },
  { "no-legend", FIELD (is_legend_refused), TRUE, FALSE, 0, N_ ("Print no headings"), NULL },
  { "full", FIELD (is_full), TRUE, FALSE, 0, N_ ("Cut nothing to fit the terminal"), NULL },
  { "state", FIELD (state), FALSE, FALSE, 0,
    N_ ("Only those that are so: a status, available, online or offline; several with commas"),
    N_ ("STATE") },
  { "sort", FIELD (sort), FALSE, FALSE, 0,
    N_ ("Sort by id, state, model, hive, device, first-seen, last-seen or heartbeats; with a minus "
        "before it, the other way round"),
    N_ ("KEY") },
  { "all", FIELD (is_all), TRUE, FALSE, 0, N_ ("Show every heartbeat, not changes alone"), NULL },
  { "offline", FIELD (is_offline), TRUE, FALSE, 0, N_ ("Everybody who is offline"), NULL },
  { "for", FIELD (wanted_state), FALSE, FALSE, 0,
    N_ ("What to wait for: a status, available, online or offline (available)"), N_ ("STATE") },
  { "timeout", FIELD (timeout), FALSE, FALSE, 0, N_ ("How long to wait (30s)"), N_ ("SPAN") },
  { "notify", FIELD (is_notifying), TRUE, FALSE, 0, N_ ("Notify on the desktop, too"), NULL },
  { "kind", FIELD (kind), FALSE, FALSE, 0, N_ ("Which one, when both have this id: worker or hive"),
    N_ ("KIND") },
};

/* Returns: (array): all of them, and one without a name */
static const Option *
list_options (void)
{
  static Option *options;

  if (g_once_init_enter (&options))
    {
      GArray *all = g_array_new (TRUE, TRUE, sizeof (Option));
      Option detail = { .is_detail = TRUE };

      g_array_append_vals (all, own_options, G_N_ELEMENTS (own_options));
      for (const QueenField *field = queen_component_fields; field->name; field++)
        {
          if (!field->option)
            continue;
          detail.name = field->option;
          detail.description = field->help;
          detail.argument = field->argument;
          g_array_append_val (all, detail);
          detail.offset++;
        }
      g_once_init_leave (&options, (Option *) g_array_free (all, FALSE));
    }
  return options;
}

static gsize
count_options (void)
{
  gsize n_options = 0;

  while (list_options ()[n_options].name)
    n_options++;
  return n_options;
}

static gpointer
get_field (const QueenctlOptions *self, const Option *option)
{
  return option->is_detail ? &self->details[option->offset]
                           : G_STRUCT_MEMBER_P (self, option->offset);
}

static char **
get_text (const QueenctlOptions *self, const Option *option)
{
  return get_field (self, option);
}

static gboolean
is_given (const QueenctlOptions *self, const Option *option)
{
  return option->is_flag ? *(gboolean *) get_field (self, option)
                         : *get_text (self, option) != NULL;
}

void
queenctl_options_clear (QueenctlOptions *self)
{
  for (const Option *option = list_options (); self->details && option->name; option++)
    if (!option->is_flag)
      g_clear_pointer (get_text (self, option), g_free);
  g_clear_pointer (&self->details, g_free);
  g_clear_pointer (&self->arguments, g_strfreev);
}

/* Filenames are what GLib hands over as they are; it would refuse “ü” in the locale C. */
static GOptionEntry
make_entry (const Option *option, gpointer field)
{
  return (GOptionEntry){
    .long_name = option->name,
    .short_name = option->short_name,
    .arg = option->is_flag ? G_OPTION_ARG_NONE : G_OPTION_ARG_FILENAME,
    .arg_data = field,
    .description = option->description,
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

static char *
dup_environment (const char *name)
{
  const char *value = g_getenv (name);

  return value && *value != '\0' ? g_strdup (value) : NULL;
}

/* The command line counts before the environment, and what names a queen before what finds one. */
static gboolean
settle_queen (QueenctlOptions *self, GError **error)
{
  static const char *const buses[] = { "auto", "session", "system", NULL };

  if (self->bus && self->url)
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("--bus and --url are two ways to the queen: take one"));
      return FALSE;
    }
  if (!self->bus && !self->url)
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
  for (const Option *option = list_options (); option->name; option++)
    if (!option->is_flag && !make_utf8 (get_text (self, option), error))
      return FALSE;
  if (!self->arguments)
    self->arguments = g_new0 (char *, 1);
  for (char **argument = self->arguments; *argument; argument++)
    if (!make_utf8 (argument, error))
      return FALSE;

  return settle_queen (self, error);
}

/* GLib names the option that it does not know in its message alone. What it has understood is out
 * of
 * @argv by then. */
static void
suggest_option (char **argv, const GError *cause, GError **error)
{
  const Option *options = list_options ();
  g_autofree const char **names = g_new0 (const char *, count_options () + 2);
  g_autofree char *word = NULL;

  if (!g_error_matches (cause, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    return;
  names[0] = "help";
  for (gsize i = 0; options[i].name; i++)
    names[i + 1] = options[i].name;
  for (char **argument = argv + 1; *argument && !word; argument++)
    if (g_str_has_prefix (*argument, "--") && (*argument)[2] != '\0' &&
        strstr (cause->message, *argument))
      word = g_strndup (*argument + 2, strcspn (*argument + 2, "="));
  if (word)
    queenctl_suggestion_add_option (error, word, names);
}

gboolean
queenctl_options_parse (QueenctlOptions *self, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) cause = NULL;
  g_autofree GOptionEntry *entries = g_new0 (GOptionEntry, count_options () + 3);
  GOptionEntry *entry = entries;

  self->details = g_new0 (char *, count_options ());
  for (const Option *option = list_options (); option->name; option++)
    *entry++ = make_entry (option, get_field (self, option));
  *entry++ =
      (GOptionEntry){ .long_name = "help", .short_name = 'h', .arg_data = &self->is_help_wanted };
  *entry = (GOptionEntry){
    .long_name = G_OPTION_REMAINING,
    .arg = G_OPTION_ARG_FILENAME_ARRAY,
    .arg_data = &self->arguments,
  };
  /* GLib's own --help does not know which command it is asked for. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &cause))
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, cause->message);
      suggest_option (argv, cause, error);
      return FALSE;
    }
  return settle_texts (self, error);
}

static gboolean
is_taken (const Option *option, const char *const *names)
{
  return option->is_global ||
         (names && (g_strv_contains (names, option->name) ||
                    (option->is_detail && g_strv_contains (names, QUEENCTL_OPTIONS_DETAILS))));
}

const char *
queenctl_options_get (const QueenctlOptions *self, const char *name)
{
  for (const Option *option = list_options (); option->name; option++)
    if (option->is_detail && g_str_equal (option->name, name))
      return *get_text (self, option);
  g_return_val_if_reached (NULL);
}

gboolean
queenctl_options_check (const QueenctlOptions *self,
                        const char *command,
                        const char *const *names,
                        GError **error)
{
  for (const Option *option = list_options (); option->name; option++)
    if (is_given (self, option) && !is_taken (option, names))
      {
        g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("“%s” takes no option --%s"),
                     command, option->name);
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

  for (const Option *option = list_options (); option->name; option++)
    if (is_taken (option, names))
      *entry++ = make_entry (option, &unused);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  help = g_option_context_get_help (context, TRUE, NULL);
  fputs (help, stdout);
}
