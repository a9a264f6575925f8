/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-key-file.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"
#include "queen-file.h"
#include "queen-setting-values.h"
#include "queen-settings.h"
#include "text/queen-legible.h"

#define GROUP "queen"

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
  const QueenSetting *setting = queen_settings_find (key);
  g_auto (GStrv) values = NULL;

  if (!setting)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("there is no such setting"));
      queen_legible_explain (error, key);
      return FALSE;
    }
  values = get_values (file, key, setting->is_list, error);
  if (!values)
    {
      g_autofree char *raw = g_key_file_get_value (file, GROUP, key, NULL);

      queen_legible_explain_value (error, raw ? raw : "");
      return FALSE;
    }
  return queen_setting_apply (setting, config, (const char *const *) values, error);
}

/* Windows' editors put a byte order mark before the first group. */
static const char *
skip_byte_order_mark (const char *text, gsize *length)
{
  gsize mark = g_str_has_prefix (text, "\xef\xbb\xbf") ? 3 : 0;

  *length -= mark;
  return text + mark;
}

/* The first group may look like hers. */
static void
set_no_group (GKeyFile *file, const char *path, GError **error)
{
  g_autofree char *first = g_key_file_get_start_group (file);

  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("%s: there is no group [%s]"), path,
               GROUP);
  queen_legible_explain_value (error, first ? first : "");
}

gboolean
queen_key_file_apply (const char *path, QueenConfig *config, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) keys = NULL;
  gsize length = 0;
  g_autofree char *text = queen_file_read (path, QUEEN_FILE_USUAL_MAX, &length, error);
  const char *start;

  if (!text)
    {
      queen_legible_explain_value (error, path);
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
      set_no_group (file, path, error);
      return FALSE;
    }
  for (char **key = keys; *key; key++)
    if (!apply_key (config, file, *key, error))
      {
        g_prefix_error (error, "%s: %s: ", path, *key);
        return FALSE;
      }
  return TRUE;
}
