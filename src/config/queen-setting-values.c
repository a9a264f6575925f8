/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-setting-values.h"

#include <glib/gi18n.h>
#include <string.h>

#include "http/queen-origin.h"
#include "jobs/queen-reach.h"
#include "jobs/queen-target.h"
#include "net/queen-socket-file.h"
#include "queen-error.h"
#include "redis/queen-redis-target.h"
#include "text/queen-legible.h"
#include "text/queen-span.h"

/* Sets the field to what the text says. */
typedef gboolean (*ApplyFunc) (const QueenSetting *setting,
                               const char *text,
                               gpointer field,
                               GError **error);

static gboolean
apply_number (const QueenSetting *setting, const char *text, gpointer field, GError **error)
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
apply_number_or_off (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  if (!g_str_equal (text, "off"))
    return apply_number (setting, text, field, error);
  *(int *) field = -1;
  return TRUE;
}

static gboolean
apply_span (const QueenSetting *setting, const char *text, gpointer field, GError **error)
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
apply_address (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  const char *path = queen_socket_file_get_path (text);
  g_autoptr (GInetAddress) address = path ? NULL : g_inet_address_new_from_string (text);

  if (path && !queen_socket_file_check_path (path, error))
    return FALSE;
  if (!path && !address)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not a numeric address such as 127.0.0.1 or ::1, nor a Unix socket "
                      "such as unix:/run/queen-rbee/http.sock"),
                   text);
      return FALSE;
    }
  append_to_list (field, text);
  return TRUE;
}

/* Without her own user's right she could not see whether she still answers. */
static gboolean
apply_mode (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  guint64 mode;

  if (!g_ascii_string_to_unsigned (text, 8, 0600, 0777, &mode, NULL) || (mode & 0600) != 0600)
    {
      g_set_error (
          error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
          _ ("“%s” is not a mode such as 0660, with which the queen’s own user may connect"), text);
      return FALSE;
    }
  *(int *) field = (int) mode;
  return TRUE;
}

static gboolean
apply_proxy (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  const char *const proxies[] = { text, NULL };
  g_autoptr (QueenProxies) parsed =
      queen_proxies_new (proxies, QUEEN_PROXY_HEADER_X_FORWARDED_FOR, error);

  if (parsed)
    append_to_list (field, text);
  return parsed != NULL;
}

static gboolean
apply_network (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  const char *const networks[] = { text, NULL };
  g_autoptr (QueenReach) parsed = queen_reach_new (networks, error);

  if (parsed)
    append_to_list (field, text);
  return parsed != NULL;
}

static gboolean
apply_engine (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  if (!queen_redis_target_check_url (text, error))
    return FALSE;
  append_to_list (field, text);
  return TRUE;
}

static gboolean
apply_url (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  g_autoptr (QueenTarget) target = queen_target_new_from_url (text, error);

  if (!target)
    {
      g_clear_error (error);
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("“%s” is not a URL such as https://queen.example.org:8500"), text);
      return FALSE;
    }
  g_free (*(char **) field);
  *(char **) field = g_strdup (text);
  return TRUE;
}

static gboolean
apply_origin (const QueenSetting *setting, const char *text, gpointer field, GError **error)
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
apply_host (const QueenSetting *setting, const char *text, gpointer field, GError **error)
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
apply_path (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  g_free (*(char **) field);
  *(char **) field = g_strdup (text);
  return TRUE;
}

static gboolean
apply_owner (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  uid_t user;
  gid_t group;

  return queen_socket_file_parse_owner (text, &user, &group, error) &&
         apply_path (setting, text, field, error);
}

static gboolean
apply_flag (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  *(gboolean *) field = g_str_equal (text, "true");
  if (*(gboolean *) field || g_str_equal (text, "false"))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("“%s” is neither true nor false"), text);
  return FALSE;
}

static gboolean
apply_choice (const QueenSetting *setting, const char *text, gpointer field, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (const QueenSettingChoice *choice = setting->choices; choice->name; choice++)
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

static const ApplyFunc apply_funcs[] = {
  [QUEEN_SETTING_NUMBER] = apply_number,   [QUEEN_SETTING_NUMBER_OR_OFF] = apply_number_or_off,
  [QUEEN_SETTING_SPAN] = apply_span,       [QUEEN_SETTING_ADDRESS] = apply_address,
  [QUEEN_SETTING_MODE] = apply_mode,       [QUEEN_SETTING_OWNER] = apply_owner,
  [QUEEN_SETTING_NETWORK] = apply_network, [QUEEN_SETTING_PROXY] = apply_proxy,
  [QUEEN_SETTING_URL] = apply_url,         [QUEEN_SETTING_ENGINE] = apply_engine,
  [QUEEN_SETTING_ORIGIN] = apply_origin,   [QUEEN_SETTING_HOST] = apply_host,
  [QUEEN_SETTING_FILE] = apply_path,       [QUEEN_SETTING_DIRECTORY] = apply_path,
  [QUEEN_SETTING_FLAG] = apply_flag,       [QUEEN_SETTING_CHOICE] = apply_choice,
};

gboolean
queen_setting_apply (const QueenSetting *setting,
                     QueenConfig *config,
                     const char *const *values,
                     GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (config, setting->offset);

  if (!*values)
    return TRUE;
  if (setting->is_list)
    g_clear_pointer ((char ***) field, g_strfreev);
  for (; *values; values++)
    if (!apply_funcs[setting->type](setting, *values, field, error))
      {
        queen_legible_explain_value (error, *values);
        return FALSE;
      }
  G_STRUCT_MEMBER (gboolean, config, setting->given_offset) = TRUE;
  return TRUE;
}

void
queen_setting_apply_initial (const QueenSetting *setting, QueenConfig *config)
{
  g_auto (GStrv) values = NULL;
  gboolean is_valid;

  if (!setting->initial)
    return;
  values = g_strsplit (setting->initial, ";", setting->is_list ? -1 : 1);
  is_valid = queen_setting_apply (setting, config, (const char *const *) values, NULL);
  g_assert (is_valid);
  G_STRUCT_MEMBER (gboolean, config, setting->given_offset) = FALSE;
}

/* LoadCredential=NAME:… */
static char *
find_credential (const char *name)
{
  const char *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *path = credentials ? g_build_filename (credentials, name, NULL) : NULL;

  return path && g_file_test (path, G_FILE_TEST_EXISTS) ? g_steal_pointer (&path) : NULL;
}

/* StateDirectory= and the like may be several, with colons between. */
static char *
find_directory (const char *variable)
{
  const char *given = g_getenv (variable);

  return given && *given != '\0' ? g_strndup (given, strcspn (given, ":")) : NULL;
}

void
queen_setting_apply_environment (const QueenSetting *setting, QueenConfig *config)
{
  char **field = G_STRUCT_MEMBER_P (config, setting->offset);

  if (setting->credential && !*field)
    *field = find_credential (setting->credential);
  else if (setting->variable && !*field)
    *field = find_directory (setting->variable);
}

void
queen_setting_clear (const QueenSetting *setting, QueenConfig *config)
{
  gpointer field = G_STRUCT_MEMBER_P (config, setting->offset);

  if (setting->is_list)
    g_clear_pointer ((char ***) field, g_strfreev);
  else if (setting->type == QUEEN_SETTING_FILE || setting->type == QUEEN_SETTING_DIRECTORY ||
           setting->type == QUEEN_SETTING_OWNER || setting->type == QUEEN_SETTING_URL)
    g_clear_pointer ((char **) field, g_free);
}
