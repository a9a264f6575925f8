/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "http/queen-forwarded.h"
#include "http/queen-origin.h"
#include "queen-error.h"
#include "queen-file.h"
#include "text/queen-legible.h"
#include "text/queen-span.h"

#define GROUP "queen"
#define MAX_FILE (1024 * 1024) /* bytes */

typedef struct _Setting Setting;

typedef struct
{
  const char *name;
  int value;
} Choice;

/* One row is one setting: an option of the command line and a key of the file. */
struct _Setting
{
  const char *name;
  char short_name;
  gboolean (*apply) (const Setting *setting, const char *text, gpointer field, GError **error);
  gsize offset; /* of the field in QueenConfig */
  gint64 least;
  gint64 most;
  gboolean is_list;
  const char *description;
  const char *argument;
  const Choice *choices; /* of words; the last one has no name */
};

static gboolean
apply_number (const Setting *setting, const char *text, gpointer field, GError **error)
{
  gint64 number;

  /* GLib would skip a vertical tab before the digits, and take a plus. */
  if (!g_ascii_isdigit (*text) ||
      !g_ascii_string_to_signed (text, 10, setting->least, setting->most, &number, NULL))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not a whole number from %d to %d"), text, (int) setting->least,
                   (int) setting->most);
      return FALSE;
    }
  *(int *) field = (int) number;
  return TRUE;
}

static gboolean
apply_ui_port (const Setting *setting, const char *text, gpointer field, GError **error)
{
  if (!g_str_equal (text, "off"))
    return apply_number (setting, text, field, error);
  *(int *) field = -1;
  return TRUE;
}

static gboolean
apply_span (const Setting *setting, const char *text, gpointer field, GError **error)
{
  gint64 span;

  if (!queen_span_parse (text, &span))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not a span of time such as 250ms, 2.5s or 1h"), text);
      return FALSE;
    }
  if (span < setting->least || span > setting->most)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not between %d ms and %d s"), text,
                   (int) (setting->least / QUEEN_MSEC), (int) (setting->most / QUEEN_SECOND));
      return FALSE;
    }
  *(gint64 *) field = span;
  return TRUE;
}

static void
append_to_list (char ***list, const char *text)
{
  gsize length = *list ? g_strv_length (*list) : 0;

  *list = g_renew (char *, *list, length + 2);
  (*list)[length] = g_strdup (text);
  (*list)[length + 1] = NULL;
}

static gboolean
apply_address (const Setting *setting, const char *text, gpointer field, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  if (!address)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not a numeric address such as 127.0.0.1 or ::1"), text);
      return FALSE;
    }
  append_to_list (field, text);
  return TRUE;
}

static gboolean
apply_proxy (const Setting *setting, const char *text, gpointer field, GError **error)
{
  const char *const proxies[] = { text, NULL };
  g_autoptr (QueenProxies) parsed =
      queen_proxies_new (proxies, QUEEN_PROXY_HEADER_X_FORWARDED_FOR, error);

  if (parsed)
    append_to_list (field, text);
  return parsed != NULL;
}

static gboolean
apply_origin (const Setting *setting, const char *text, gpointer field, GError **error)
{
  gboolean is_word = g_str_equal (text, "*") || g_str_equal (text, "null");
  g_autofree char *origin = is_word ? g_strdup (text) : queen_origin_normalize (text);

  if (!origin)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not an origin such as https://ui.example.org"), text);
      return FALSE;
    }
  append_to_list (field, origin);
  return TRUE;
}

static gboolean
apply_host (const Setting *setting, const char *text, gpointer field, GError **error)
{
  g_autofree char *host = queen_host_normalize (text);

  if (!host)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not a host name such as queen.example.org"), text);
      return FALSE;
    }
  append_to_list (field, host);
  return TRUE;
}

static gboolean
apply_path (const Setting *setting, const char *text, gpointer field, GError **error)
{
  g_free (*(char **) field);
  *(char **) field = g_strdup (text);
  return TRUE;
}

static gboolean
apply_flag (const Setting *setting, const char *text, gpointer field, GError **error)
{
  *(gboolean *) field = g_str_equal (text, "true");
  if (*(gboolean *) field || g_str_equal (text, "false"))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("“%s” is neither true nor false"), text);
  return FALSE;
}

static gboolean
apply_choice (const Setting *setting, const char *text, gpointer field, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (const Choice *choice = setting->choices; choice->name; choice++)
    {
      if (g_str_equal (text, choice->name))
        {
          *(int *) field = choice->value;
          return TRUE;
        }
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", choice->name);
    }
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("“%s” is none of %s"), text, names->str);
  return FALSE;
}

static const Choice log_levels[] = {
  { "error", G_LOG_LEVEL_CRITICAL },
  { "warning", G_LOG_LEVEL_WARNING },
  { "info", G_LOG_LEVEL_INFO },
  { "debug", G_LOG_LEVEL_DEBUG },
  { NULL },
};

static const Choice buses[] = {
  { "auto", G_BUS_TYPE_STARTER },
  { "session", G_BUS_TYPE_SESSION },
  { "system", G_BUS_TYPE_SYSTEM },
  { "none", G_BUS_TYPE_NONE },
  { NULL },
};

static const Choice admins[] = {
  { "loopback", QUEEN_ADMIN_LOOPBACK },
  { "token", QUEEN_ADMIN_TOKEN },
  { "off", QUEEN_ADMIN_OFF },
  { NULL },
};

static const Choice proxy_headers[] = {
  { "X-Forwarded-For", QUEEN_PROXY_HEADER_X_FORWARDED_FOR },
  { "Forwarded", QUEEN_PROXY_HEADER_FORWARDED },
  { NULL },
};

#define FIELD(name) G_STRUCT_OFFSET (QueenConfig, name)

static const Setting settings[] = {
  { "port", 'p', apply_number, FIELD (port), 0, 65535, FALSE,
    N_ ("Listen on this port (8500); 0 takes a free one"), N_ ("PORT") },
  { "bind", 0, apply_address, FIELD (bind), 0, 0, TRUE,
    N_ ("Listen at this address (127.0.0.1 and ::1); may be repeated"), N_ ("ADDRESS") },
  { "ui-port", 0, apply_ui_port, FIELD (ui_port), 0, 65535, FALSE,
    N_ ("Listen on this port, too, for the page (3002); off for none"), N_ ("PORT") },
  { "capacity", 0, apply_number, FIELD (capacity), 1, 1000000, FALSE,
    N_ ("How many events a slow listener may be behind before it loses the oldest (100)"),
    N_ ("EVENTS") },
  { "heartbeat-interval", 0, apply_span, FIELD (heartbeat_interval), 10 * QUEEN_MSEC, QUEEN_HOUR,
    FALSE, N_ ("Time between two heartbeats of the queen (2.5s)"), N_ ("SPAN") },
  { "timeout", 0, apply_span, FIELD (timeout), 10 * QUEEN_MSEC, 30 * QUEEN_DAY, FALSE,
    N_ ("Silence after which a worker or hive counts as offline (90s)"), N_ ("SPAN") },
  { "forget-after", 0, apply_span, FIELD (forget_after), 10 * QUEEN_MSEC, 365 * QUEEN_DAY, FALSE,
    N_ ("Time after which one that is offline is forgotten (1h)"), N_ ("SPAN") },
  { "flush-interval", 0, apply_span, FIELD (flush_interval), 0, QUEEN_SECOND, FALSE,
    N_ ("Time that two flushes of the stream keep apart under load (2ms)"), N_ ("SPAN") },
  { "stall-timeout", 0, apply_span, FIELD (stall_timeout), 10 * QUEEN_MSEC, QUEEN_HOUR, FALSE,
    N_ ("Time after which a listener is let go that takes nothing of what waits for it (20s)"),
    N_ ("SPAN") },
  { "max-components", 0, apply_number, FIELD (max_components), 1, 10000000, FALSE,
    N_ ("How many workers, and how many hives, may be known at once (65536)"), N_ ("COUNT") },
  { "max-subscribers", 0, apply_number, FIELD (max_subscribers), 1, 10000000, FALSE,
    N_ ("How many may listen at once (12000, or what the limit of open files has room for)"),
    N_ ("COUNT") },
  { "max-connections", 0, apply_number, FIELD (max_connections), 1, 10000000, FALSE,
    N_ ("How many requests may be under way at once (16384, or likewise)"), N_ ("COUNT") },
  { "max-per-peer", 0, apply_number, FIELD (max_per_peer), 1, 10000000, FALSE,
    N_ ("How many of each one address may have (a quarter; this machine all)"), N_ ("COUNT") },
  { "cors-origin", 0, apply_origin, FIELD (cors_origins), 0, 0, TRUE,
    N_ ("Let pages of this web origin in, besides those of this machine; null for those that have "
        "none, * to let all read; may be repeated"),
    N_ ("ORIGIN") },
  { "allowed-host", 0, apply_host, FIELD (allowed_hosts), 0, 0, TRUE,
    N_ ("Answer to this host name, too, besides those of this machine; may be repeated"),
    N_ ("HOST") },
  { "token-file", 0, apply_path, FIELD (token_file), 0, 0, FALSE,
    N_ ("Take heartbeats only with a token of this file, one NAME:TOKEN or NAME:TOKEN:SCOPES in a "
        "line"),
    N_ ("FILE") },
  { "protect-reads", 0, apply_flag, FIELD (are_reads_protected), 0, 0, FALSE,
    N_ ("Let nobody read without a token, either") },
  { "admin", 0, apply_choice, FIELD (admin), 0, 0, FALSE,
    N_ ("Who may forget workers and hives, and end the queen, over HTTP: loopback (her own user "
        "and "
        "root on this machine), token, or off (loopback)"),
    N_ ("WHO"), admins },
  { "trusted-proxy", 0, apply_proxy, FIELD (trusted_proxies), 0, 0, TRUE,
    N_ ("Believe this proxy whose requests it hands on: an address, a network or unix:; may be "
        "repeated"),
    N_ ("ADDRESS") },
  { "proxy-header", 0, apply_choice, FIELD (proxy_header), 0, 0, FALSE,
    N_ ("Where trusted proxies say it: X-Forwarded-For or Forwarded (X-Forwarded-For)"),
    N_ ("HEADER"), proxy_headers },
  { "tls-certificate", 0, apply_path, FIELD (tls_certificate), 0, 0, FALSE,
    N_ ("Encrypt every connection with this certificate (PEM)"), N_ ("FILE") },
  { "tls-key", 0, apply_path, FIELD (tls_key), 0, 0, FALSE,
    N_ ("The private key that belongs to the certificate (PEM)"), N_ ("FILE") },
  { "insecure", 0, apply_flag, FIELD (is_insecure), 0, 0, FALSE,
    N_ ("Listen for other machines without the tokens and TLS that this takes otherwise") },
  { "state-directory", 0, apply_path, FIELD (state_directory), 0, 0, FALSE,
    N_ ("Remember in this directory, from one run to the next, who is known"), N_ ("DIRECTORY") },
  { "bus", 0, apply_choice, FIELD (bus), 0, 0, FALSE,
    N_ ("Show the cluster on this bus: auto, session, system or none (auto)"), N_ ("BUS"), buses },
  { "log-level", 0, apply_choice, FIELD (log_level), 0, 0, FALSE,
    N_ ("Least important messages to log: error, warning, info or debug (info)"), N_ ("LEVEL"),
    log_levels },
};

#define N_SETTINGS G_N_ELEMENTS (settings)

static const QueenConfig defaults = {
  .port = 8500,
  .ui_port = 3002,
  .capacity = 100,
  .heartbeat_interval = 2500 * QUEEN_MSEC,
  .timeout = 90 * QUEEN_SECOND,
  .forget_after = QUEEN_HOUR,
  .flush_interval = 2 * QUEEN_MSEC,
  .stall_timeout = 20 * QUEEN_SECOND,
  .max_components = 65536,
  .admin = QUEEN_ADMIN_LOOPBACK,
  .proxy_header = -1,
  .bus = G_BUS_TYPE_STARTER,
  .log_level = G_LOG_LEVEL_INFO,
};

/* What the command line said, before it is understood. */
typedef struct
{
  char **values[N_SETTINGS];
  gboolean flags[N_SETTINGS];
  char *file;
  gboolean is_version_wanted;
} CommandLine;

static void
clear_command_line (CommandLine *line)
{
  for (gsize i = 0; i < N_SETTINGS; i++)
    g_strfreev (line->values[i]);
  g_free (line->file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandLine, clear_command_line)

/* On the command line, to name a flag is to say yes. */
static gboolean
is_flag (const Setting *setting)
{
  return setting->apply == apply_flag;
}

static GOptionContext *
make_context (CommandLine *line)
{
  GOptionContext *context = g_option_context_new (NULL);
  GOptionEntry entries[N_SETTINGS + 3] = { 0 };

  for (gsize i = 0; i < N_SETTINGS; i++)
    entries[i] = (GOptionEntry){
      .long_name = settings[i].name,
      .short_name = settings[i].short_name,
      .arg = is_flag (&settings[i]) ? G_OPTION_ARG_NONE : G_OPTION_ARG_STRING_ARRAY,
      .arg_data = is_flag (&settings[i]) ? (gpointer) &line->flags[i] : &line->values[i],
      .description = settings[i].description,
      .arg_description = settings[i].argument,
    };
  entries[N_SETTINGS] = (GOptionEntry){
    .long_name = "config",
    .short_name = 'c',
    .arg = G_OPTION_ARG_FILENAME,
    .arg_data = &line->file,
    .description = N_ ("Read settings from this key file, group [queen]"),
    .arg_description = N_ ("FILE"),
  };
  entries[N_SETTINGS + 1] = (GOptionEntry){
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

static gboolean
parse_command_line (CommandLine *line, int *argc, char ***argv, GError **error)
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

/* @values replace what an earlier source has said. */
static gboolean
apply_values (QueenConfig *config, const Setting *setting, char **values, GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (config, setting->offset);

  if (setting->is_list)
    g_clear_pointer ((char ***) field, g_strfreev);
  for (; *values; values++)
    if (!setting->apply (setting, *values, field, error))
      {
        queen_legible_explain (error, *values);
        return FALSE;
      }
  if (setting->offset == FIELD (ui_port))
    config->is_ui_port_given = TRUE;
  return TRUE;
}

static const Setting *
find_setting (const char *name)
{
  for (gsize i = 0; i < N_SETTINGS; i++)
    if (g_str_equal (settings[i].name, name))
      return &settings[i];
  return NULL;
}

/* GLib gives an error and a value for what has a wrong escape. */
static char **
get_values (GKeyFile *file, const char *key, gboolean is_list, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_auto (GStrv) values = NULL;

  if (is_list)
    values = g_key_file_get_string_list (file, GROUP, key, NULL, &local_error);
  else
    {
      values = g_new0 (char *, 2);
      values[0] = g_key_file_get_string (file, GROUP, key, &local_error);
    }
  if (!local_error)
    return g_steal_pointer (&values);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static gboolean
apply_key (QueenConfig *config, GKeyFile *file, const char *key, GError **error)
{
  const Setting *setting = find_setting (key);
  g_auto (GStrv) values = NULL;

  if (!setting)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("there is no such setting"));
      queen_legible_explain (error, key);
      return FALSE;
    }
  values = get_values (file, key, setting->is_list, error);
  return values && apply_values (config, setting, values, error);
}

static void
append_to_message (GError **error, const char *text)
{
  g_autofree char *message = NULL;

  if (!error || !*error)
    return;
  message = (*error)->message;
  (*error)->message = g_strdup_printf ("%s: %s", message, text);
}

/* Windows' editors put a byte order mark before the first group. */
static const char *
skip_byte_order_mark (const char *text, gsize *length)
{
  gsize mark = g_str_has_prefix (text, "\xef\xbb\xbf") ? 3 : 0;

  *length -= mark;
  return text + mark;
}

/* What stands behind a value is part of it, and that is hard to see. */
static void
explain_value (GKeyFile *file, const char *key, GError **error)
{
  g_autofree char *value = g_key_file_get_value (file, GROUP, key, NULL);
  g_autofree char *bare = g_strchomp (g_strdup (value ? value : ""));
  const char *hash = strchr (bare, '#');

  if (hash && hash > bare && g_ascii_isspace (hash[-1]))
    append_to_message (error, _ ("a comment needs a line of its own"));
  else if (value && !g_str_equal (value, bare))
    append_to_message (error, _ ("it ends with a blank"));
}

static gboolean
apply_file (QueenConfig *config, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) keys = NULL;
  gsize length = 0;
  g_autofree char *text = queen_file_read (path, MAX_FILE, &length, error);
  const char *start;

  if (!text)
    {
      queen_legible_explain (error, path);
      return FALSE;
    }
  start = skip_byte_order_mark (text, &length);
  if (!g_key_file_load_from_data (file, start, length, G_KEY_FILE_NONE, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  keys = g_key_file_get_keys (file, GROUP, NULL, NULL);
  if (!keys)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("%s: there is no group [%s]"), path,
                   GROUP);
      return FALSE;
    }
  for (char **key = keys; *key; key++)
    if (!apply_key (config, file, *key, error))
      {
        explain_value (file, *key, error);
        g_prefix_error (error, "%s: %s: ", path, *key);
        return FALSE;
      }
  return TRUE;
}

static gboolean
apply_command_line (QueenConfig *config, const CommandLine *line, GError **error)
{
  static const char *const yes[] = { "true", NULL };

  for (gsize i = 0; i < N_SETTINGS; i++)
    {
      char **values = line->flags[i] ? (char **) yes : line->values[i];

      if (!values || apply_values (config, &settings[i], values, error))
        continue;
      g_prefix_error (error, "--%s: ", settings[i].name);
      return FALSE;
    }
  config->is_version_wanted = line->is_version_wanted;
  return TRUE;
}

/* What systemd hands over, in place of what was not said. */

/* LoadCredential=NAME:… */
static void
apply_credential (char **path, const char *name)
{
  const char *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *credential = NULL;

  if (*path || !credentials)
    return;
  credential = g_build_filename (credentials, name, NULL);
  if (g_file_test (credential, G_FILE_TEST_EXISTS))
    *path = g_steal_pointer (&credential);
}

/* StateDirectory=; that may be several, with colons between. */
static void
apply_state_directory (char **path)
{
  const char *given = g_getenv ("STATE_DIRECTORY");

  if (!*path && given && *given != '\0')
    *path = g_strndup (given, strcspn (given, ":"));
}

/* A setting that protects nothing must not look as if it did. */
static gboolean
check_settings (const QueenConfig *config, GError **error)
{
  const char *problem = NULL;

  if (config->are_reads_protected && !config->token_file)
    problem = _ ("--protect-reads protects nothing without --token-file");
  else if (config->proxy_header >= 0 && !config->trusted_proxies)
    problem = _ ("--proxy-header says nothing without --trusted-proxy");
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
  g_autoptr (QueenConfig) config = g_memdup2 (&defaults, sizeof defaults);
  g_auto (CommandLine) line = { 0 };

  if (!parse_command_line (&line, argc, argv, error))
    return NULL;
  if (!line.file)
    line.file = find_file ();
  if ((line.file && !apply_file (config, line.file, error)) ||
      !apply_command_line (config, &line, error))
    return NULL;
  apply_credential (&config->token_file, "tokens");
  apply_credential (&config->tls_certificate, "tls-certificate");
  apply_credential (&config->tls_key, "tls-key");
  apply_state_directory (&config->state_directory);
  if (!check_settings (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

void
queen_config_free (QueenConfig *config)
{
  g_strfreev (config->bind);
  g_strfreev (config->cors_origins);
  g_strfreev (config->allowed_hosts);
  g_free (config->token_file);
  g_strfreev (config->trusted_proxies);
  g_free (config->state_directory);
  g_free (config->tls_certificate);
  g_free (config->tls_key);
  g_free (config);
}
