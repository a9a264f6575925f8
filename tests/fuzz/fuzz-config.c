/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as a key file. What is accepted is within the limits, and means the same when it is
 * said on the command line. */

#include <string.h>

#include "config/queen-config.h"
#include "config/queen-settings.h"
#include "fuzz.h"
#include "queen-error.h"

#define GROUP "queen"

static QueenConfig *
parse (GPtrArray *arguments, GError **error)
{
  /* GOption takes what it understands out of the array. */
  g_autofree char **words = g_new0 (char *, arguments->len + 1);
  char **argv = words;
  int argc = (int) arguments->len;

  memcpy (words, arguments->pdata, arguments->len * sizeof *words);
  return queen_config_new (&argc, &argv, error);
}

static GPtrArray *
make_arguments (void)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (arguments, g_strdup ("queen-rbee"));
  return arguments;
}

static void
check_number (const QueenSetting *setting, const QueenConfig *config)
{
  gboolean is_span = setting->type == QUEEN_SETTING_SPAN;
  gint64 number = is_span ? G_STRUCT_MEMBER (gint64, config, setting->offset)
                          : G_STRUCT_MEMBER (int, config, setting->offset);

  if (setting->type == QUEEN_SETTING_NUMBER_OR_OFF && number == -1)
    return;
  if (number == 0 && !setting->initial &&
      !G_STRUCT_MEMBER (gboolean, config, setting->given_offset))
    return; /* found out at start */
  g_assert_cmpint (number, >=, setting->least);
  g_assert_cmpint (number, <=, setting->most);
}

static void
check_choice (const QueenSetting *setting, const QueenConfig *config)
{
  const QueenSettingChoice *choice = setting->choices;

  while (choice->name && choice->value != G_STRUCT_MEMBER (int, config, setting->offset))
    choice++;
  g_assert_nonnull (choice->name);
}

static void
check_limits (const QueenConfig *config)
{
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    switch (queen_settings[i].type)
      {
      case QUEEN_SETTING_NUMBER:
      case QUEEN_SETTING_NUMBER_OR_OFF:
      case QUEEN_SETTING_SPAN:
        check_number (&queen_settings[i], config);
        break;
      case QUEEN_SETTING_CHOICE:
        check_choice (&queen_settings[i], config);
        break;
      default:
        break;
      }
  g_assert_true (!config->are_reads_protected || config->token_file);
  g_assert_true (!config->is_given.proxy_header || config->trusted_proxies);
  g_assert_false (config->is_version_wanted);
}

static void
assert_list (char **a, char **b)
{
  const char *const none[] = { NULL };

  g_assert_true (
      g_strv_equal (a ? (const char *const *) a : none, b ? (const char *const *) b : none));
}

/* Every type is named, so that the compiler asks for the next one. */
static void
assert_equal_field (const QueenSetting *setting, const QueenConfig *a, const QueenConfig *b)
{
  if (setting->is_list)
    {
      assert_list (G_STRUCT_MEMBER (char **, a, setting->offset),
                   G_STRUCT_MEMBER (char **, b, setting->offset));
      return;
    }
  switch (setting->type)
    {
    case QUEEN_SETTING_NUMBER:
    case QUEEN_SETTING_NUMBER_OR_OFF:
    case QUEEN_SETTING_MODE:
    case QUEEN_SETTING_FLAG:
    case QUEEN_SETTING_CHOICE:
      g_assert_cmpint (G_STRUCT_MEMBER (int, a, setting->offset), ==,
                       G_STRUCT_MEMBER (int, b, setting->offset));
      break;
    case QUEEN_SETTING_SPAN:
      g_assert_cmpint (G_STRUCT_MEMBER (gint64, a, setting->offset), ==,
                       G_STRUCT_MEMBER (gint64, b, setting->offset));
      break;
    case QUEEN_SETTING_OWNER:
    case QUEEN_SETTING_URL:
    case QUEEN_SETTING_FILE:
    case QUEEN_SETTING_DIRECTORY:
      g_assert_cmpstr (G_STRUCT_MEMBER (char *, a, setting->offset), ==,
                       G_STRUCT_MEMBER (char *, b, setting->offset));
      break;
    case QUEEN_SETTING_ADDRESS:
    case QUEEN_SETTING_PROXY:
    case QUEEN_SETTING_NETWORK:
    case QUEEN_SETTING_ENGINE:
    case QUEEN_SETTING_ORIGIN:
    case QUEEN_SETTING_HOST:
      g_assert_not_reached (); /* such are lists */
    }
}

static void
assert_equal (const QueenConfig *a, const QueenConfig *b)
{
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    {
      const QueenSetting *setting = &queen_settings[i];

      assert_equal_field (setting, a, b);
      /* A flag that is not named is false, be it said or not. */
      if (setting->type != QUEEN_SETTING_FLAG)
        g_assert_cmpint (G_STRUCT_MEMBER (gboolean, a, setting->given_offset), ==,
                         G_STRUCT_MEMBER (gboolean, b, setting->given_offset));
    }
}

/* Says on the command line what the key file says. */
static void
add_key (GPtrArray *arguments, GKeyFile *file, const char *key)
{
  const QueenSetting *setting = queen_settings_find (key);
  g_autofree char *value = g_key_file_get_string (file, GROUP, key, NULL);
  g_auto (GStrv) values = NULL;

  if (setting->type == QUEEN_SETTING_FLAG)
    {
      if (g_str_equal (value, "true"))
        g_ptr_array_add (arguments, g_strdup_printf ("--%s", key));
    }
  else if (!setting->is_list)
    g_ptr_array_add (arguments, g_strdup_printf ("--%s=%s", key, value));
  else
    {
      values = g_key_file_get_string_list (file, GROUP, key, NULL, NULL);
      for (char **one = values; *one; one++)
        g_ptr_array_add (arguments, g_strdup_printf ("--%s=%s", key, *one));
    }
}

static void
check_command_line (const char *path, const QueenConfig *config)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) arguments = make_arguments ();
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenConfig) same = NULL;
  g_auto (GStrv) keys = NULL;
  g_autofree char *text = NULL;
  gsize length, mark;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  mark = g_str_has_prefix (text, "\xef\xbb\xbf") ? 3 : 0; /* which she reads over */
  g_assert_true (
      g_key_file_load_from_data (file, text + mark, length - mark, G_KEY_FILE_NONE, NULL));
  keys = g_key_file_get_keys (file, GROUP, NULL, NULL);
  for (char **key = keys; *key; key++)
    if (g_hash_table_add (seen, *key)) /* GKeyFile lists one twice that is there twice */
      add_key (arguments, file, *key);
  same = parse (arguments, &error);
  g_assert_no_error (error);
  assert_equal (config, same);
}

/* GLib 2.74 sets an error over another one, and warns of itself, when a value has a wrong escape
 * and ends with a backslash. */
static gboolean
has_backslash_at_end (const guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    {
      gsize end = i + 1;

      if (data[i] != '\\')
        continue;
      while (end < size && data[end] != '\n' && g_ascii_isspace (data[end]))
        end++;
      if (end == size || data[end] == '\n' || data[end] == '\0')
        return TRUE;
    }
  return FALSE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *path = fuzz_write_file (data, size);
  g_autoptr (GPtrArray) arguments = make_arguments ();
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenConfig) config = NULL;

  if (has_backslash_at_end (data, size))
    return 0;
  g_ptr_array_add (arguments, g_strconcat ("--config=", path, NULL));
  config = parse (arguments, &error);
  if (!config)
    {
      g_assert_true (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_SETTING) ||
                     error->domain == G_KEY_FILE_ERROR);
      /* Either a line is wrong, or what the lines say together. */
      g_assert_true (g_str_has_prefix (error->message, path) ||
                     g_str_has_prefix (error->message, "--"));
      return 0;
    }
  g_assert_no_error (error);
  check_limits (config);
  check_command_line (path, config);
  return 0;
}
