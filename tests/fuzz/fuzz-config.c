/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as a key file. What is accepted is within the limits, and means the same when it is
 * said on the command line. */

#include <string.h>

#include "fuzz.h"
#include "queen-config.h"
#include "queen-error.h"

#define GROUP "queen"
#define SECOND ((gint64) G_USEC_PER_SEC)
#define DAY (86400 * SECOND)

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
check_limits (const QueenConfig *config)
{
  g_assert_true (config->port >= 0 && config->port <= 65535);
  g_assert_true (config->ui_port >= -1 && config->ui_port <= 65535);
  g_assert_true (config->capacity >= 1 && config->capacity <= 1000000);
  g_assert_true (config->max_components >= 1 && config->max_components <= 10000000);
  g_assert_true (config->heartbeat_interval >= SECOND / 100 &&
                 config->heartbeat_interval <= 3600 * SECOND);
  g_assert_true (config->timeout >= SECOND / 100 && config->timeout <= 30 * DAY);
  g_assert_true (config->forget_after >= SECOND / 100 && config->forget_after <= 365 * DAY);
  g_assert_true (config->stall_timeout >= SECOND / 100 && config->stall_timeout <= 3600 * SECOND);
  g_assert_true (config->max_subscribers >= 0 && config->max_subscribers <= 10000000);
  g_assert_true (config->max_connections >= 0 && config->max_connections <= 10000000);
  g_assert_true (config->max_per_peer >= 0 && config->max_per_peer <= 10000000);
  g_assert_true (config->flush_interval >= 0 && config->flush_interval <= SECOND);
  g_assert_true (config->admin >= QUEEN_ADMIN_LOOPBACK && config->admin <= QUEEN_ADMIN_OFF);
  g_assert_true (config->proxy_header >= -1 && config->proxy_header <= 1);
  g_assert_true (!config->are_reads_protected || config->token_file);
  g_assert_true (config->proxy_header == -1 || config->trusted_proxies);
  g_assert_false (config->is_version_wanted);
}

static void
assert_list (char **a, char **b)
{
  const char *const none[] = { NULL };

  g_assert_true (
      g_strv_equal (a ? (const char *const *) a : none, b ? (const char *const *) b : none));
}

static void
assert_equal (const QueenConfig *a, const QueenConfig *b)
{
  g_assert_cmpint (a->port, ==, b->port);
  g_assert_cmpint (a->ui_port, ==, b->ui_port);
  g_assert_cmpint (a->is_ui_port_given, ==, b->is_ui_port_given);
  assert_list (a->bind, b->bind);
  g_assert_cmpint (a->capacity, ==, b->capacity);
  g_assert_cmpint (a->heartbeat_interval, ==, b->heartbeat_interval);
  g_assert_cmpint (a->timeout, ==, b->timeout);
  g_assert_cmpint (a->forget_after, ==, b->forget_after);
  g_assert_cmpint (a->flush_interval, ==, b->flush_interval);
  g_assert_cmpint (a->stall_timeout, ==, b->stall_timeout);
  g_assert_cmpint (a->max_components, ==, b->max_components);
  g_assert_cmpint (a->max_subscribers, ==, b->max_subscribers);
  g_assert_cmpint (a->max_connections, ==, b->max_connections);
  g_assert_cmpint (a->max_per_peer, ==, b->max_per_peer);
  assert_list (a->cors_origins, b->cors_origins);
  assert_list (a->allowed_hosts, b->allowed_hosts);
  g_assert_cmpstr (a->token_file, ==, b->token_file);
  g_assert_cmpstr (a->state_directory, ==, b->state_directory);
  g_assert_cmpint (a->are_reads_protected, ==, b->are_reads_protected);
  g_assert_cmpint (a->admin, ==, b->admin);
  assert_list (a->trusted_proxies, b->trusted_proxies);
  g_assert_cmpint (a->proxy_header, ==, b->proxy_header);
  g_assert_cmpint (a->is_insecure, ==, b->is_insecure);
  g_assert_cmpint (a->bus, ==, b->bus);
  g_assert_cmpint (a->log_level, ==, b->log_level);
}

/* Says on the command line what the key file says. */
static void
add_key (GPtrArray *arguments, GKeyFile *file, const char *key)
{
  static const char *const lists[] = { "bind", "cors-origin", "allowed-host", "trusted-proxy",
                                       NULL };
  static const char *const flags[] = { "protect-reads", "insecure", NULL };
  g_autofree char *value = g_key_file_get_string (file, GROUP, key, NULL);
  g_auto (GStrv) values = NULL;

  if (g_strv_contains (flags, key))
    {
      if (g_str_equal (value, "true"))
        g_ptr_array_add (arguments, g_strdup_printf ("--%s", key));
    }
  else if (!g_strv_contains (lists, key))
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
