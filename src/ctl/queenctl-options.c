/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-options.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "queenctl-error.h"
#include "queenctl-suggestion.h"

typedef struct
{
  const char *name;
  gsize offset; /* of the field in QueenctlOptions */
  gboolean is_flag;
  gboolean is_global; /* belongs to all commands */
  char short_name;
  const char *description;
  const char *argument;
} Option;

#define FIELD(name) G_STRUCT_OFFSET (QueenctlOptions, name)

static const Option options[] = {
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
  { "model", FIELD (model), FALSE, FALSE, 0, N_ ("The model that the worker has loaded"),
    N_ ("MODEL") },
  { "device", FIELD (device), FALSE, FALSE, 0, N_ ("What the worker runs on, such as GPU-0"),
    N_ ("DEVICE") },
  { "hostname", FIELD (hostname), FALSE, FALSE, 0, N_ ("The machine that it runs on"),
    N_ ("HOST") },
  { "port", FIELD (port), FALSE, FALSE, 0, N_ ("The port that it serves"), N_ ("PORT") },
  { "hive", FIELD (hive), FALSE, FALSE, 0, N_ ("The hive that the worker belongs to"), N_ ("ID") },
  { "implementation", FIELD (implementation), FALSE, FALSE, 0,
    N_ ("The program that the worker is"), N_ ("NAME") },
  { "component-version", FIELD (component_version), FALSE, FALSE, 0,
    N_ ("The version of its program"), N_ ("VERSION") },
  { "health", FIELD (health), FALSE, FALSE, 0,
    N_ ("How the hive is: healthy, degraded or unhealthy"), N_ ("HEALTH") },
  { "reason", FIELD (reason), FALSE, FALSE, 0, N_ ("Why the hive is not healthy"), N_ ("TEXT") },
};

#define N_OPTIONS G_N_ELEMENTS (options)

static char **
get_text (const QueenctlOptions *self, const Option *option)
{
  return G_STRUCT_MEMBER_P (self, option->offset);
}

static gboolean
is_given (const QueenctlOptions *self, const Option *option)
{
  return option->is_flag ? G_STRUCT_MEMBER (gboolean, self, option->offset)
                         : *get_text (self, option) != NULL;
}

void
queenctl_options_clear (QueenctlOptions *self)
{
  for (gsize i = 0; i < N_OPTIONS; i++)
    if (!options[i].is_flag)
      g_clear_pointer (get_text (self, &options[i]), g_free);
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
  for (gsize i = 0; i < N_OPTIONS; i++)
    if (!options[i].is_flag && !make_utf8 (get_text (self, &options[i]), error))
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
  const char *names[N_OPTIONS + 2] = { NULL };
  g_autofree char *word = NULL;

  if (!g_error_matches (cause, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    return;
  for (gsize i = 0; i < N_OPTIONS; i++)
    names[i] = options[i].name;
  names[N_OPTIONS] = "help";
  for (char **argument = argv + 1; *argument && !word; argument++)
    if (g_str_has_prefix (*argument, "--") && (*argument)[2] != '\0' &&
        strstr (cause->message, *argument))
      word = g_strndup (*argument + 2, strcspn (*argument + 2, "="));
  if (word)
    queenctl_suggestion_add (error, word, names);
}

gboolean
queenctl_options_parse (QueenctlOptions *self, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) cause = NULL;
  GOptionEntry entries[N_OPTIONS + 3] = { 0 };

  for (gsize i = 0; i < N_OPTIONS; i++)
    entries[i] = make_entry (&options[i], G_STRUCT_MEMBER_P (self, options[i].offset));
  entries[N_OPTIONS] =
      (GOptionEntry){ .long_name = "help", .short_name = 'h', .arg_data = &self->is_help_wanted };
  entries[N_OPTIONS + 1] = (GOptionEntry){
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
  return option->is_global || (names && g_strv_contains (names, option->name));
}

gboolean
queenctl_options_check (const QueenctlOptions *self,
                        const char *command,
                        const char *const *names,
                        GError **error)
{
  for (gsize i = 0; i < N_OPTIONS; i++)
    if (is_given (self, &options[i]) && !is_taken (&options[i], names))
      {
        g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("“%s” takes no option --%s"),
                     command, options[i].name);
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
  GOptionEntry entries[N_OPTIONS + 1] = { 0 };
  QueenctlOptions unused;
  gsize n_entries = 0;

  for (gsize i = 0; i < N_OPTIONS; i++)
    if (is_taken (&options[i], names))
      entries[n_entries++] =
          make_entry (&options[i], G_STRUCT_MEMBER_P (&unused, options[i].offset));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  help = g_option_context_get_help (context, TRUE, NULL);
  fputs (help, stdout);
}
