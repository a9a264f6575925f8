/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "config/queen-config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "config/queen-settings.h"
#include "queen-error.h"
#include "temporary-file.h"
#include "text/queen-span.h"

/* @words: the command line behind the program's name, with spaces between */
static QueenConfig *
parse (const char *words, GError **error)
{
  g_autofree char *line = g_strconcat ("queen-rbee ", words, NULL);
  g_auto (GStrv) argv = g_strsplit (g_strchomp (line), " ", -1);
  g_autofree char **shifted = g_memdup2 (argv, (g_strv_length (argv) + 1) * sizeof *argv);
  int argc = (int) g_strv_length (argv);

  return queen_config_new (&argc, &shifted, error);
}

static void
test_defaults (void)
{
  g_autoptr (QueenConfig) config = parse ("", NULL);

  g_assert_cmpint (config->port, ==, 8500);
  g_assert_cmpint (config->ui_port, ==, 3002);
  g_assert_false (config->is_given.ui_port);
  g_assert_cmpstr (config->bind[0], ==, "127.0.0.1");
  g_assert_cmpstr (config->bind[1], ==, "::1");
  g_assert_null (config->bind[2]);
  g_assert_false (config->is_given.bind);
  g_assert_cmpint (config->capacity, ==, 100);
  g_assert_cmpint (config->heartbeat_interval, ==, 2500000);
  g_assert_cmpint (config->timeout, ==, 90 * G_USEC_PER_SEC);
  g_assert_cmpint (config->forget_after, ==, G_GINT64_CONSTANT (3600000000));
  g_assert_cmpint (config->flush_interval, ==, 2000);
  g_assert_cmpint (config->max_components, ==, 65536);
  g_assert_cmpint (config->stall_timeout, ==, 20 * G_USEC_PER_SEC);
  g_assert_cmpint (config->max_subscribers, ==, 0); /* chosen by the descriptors */
  g_assert_cmpint (config->max_connections, ==, 0);
  g_assert_cmpint (config->max_per_peer, ==, 0);
  g_assert_cmpint (config->admin, ==, QUEEN_ADMIN_LOOPBACK);
  g_assert_null (config->trusted_proxies);
}

static void
test_command_line (void)
{
  g_autoptr (QueenConfig) config =
      parse ("-p 0 --ui-port=off --bind=127.0.0.1 --bind ::1 --capacity=7 --timeout=1min "
             "--cors-origin=https://a.example --cors-origin=null --cors-origin=* --log-level=debug "
             "--admin=token --trusted-proxy=10.0.0.0/8 --trusted-proxy=unix: "
             "--proxy-header=Forwarded --protect-reads --token-file=tokens "
             "--worker-network=10.0.0.0/8 --worker-network=fd00::1",
             NULL);

  g_assert_cmpint (config->port, ==, 0);
  g_assert_cmpint (config->ui_port, ==, -1);
  g_assert_true (config->is_given.ui_port);
  g_assert_cmpuint (g_strv_length (config->bind), ==, 2);
  g_assert_cmpuint (g_strv_length (config->worker_networks), ==, 2);
  g_assert_cmpstr (config->bind[1], ==, "::1");
  g_assert_cmpint (config->capacity, ==, 7);
  g_assert_cmpint (config->timeout, ==, 60 * G_USEC_PER_SEC);
  g_assert_cmpstr (config->cors_origins[0], ==, "https://a.example");
  g_assert_cmpstr (config->cors_origins[1], ==, "null");
  g_assert_cmpstr (config->cors_origins[2], ==, "*");
  g_assert_cmpint (config->admin, ==, QUEEN_ADMIN_TOKEN);
  g_assert_cmpstr (config->trusted_proxies[0], ==, "10.0.0.0/8");
  g_assert_cmpstr (config->trusted_proxies[1], ==, "unix:");
  g_assert_cmpint (config->log_level, ==, G_LOG_LEVEL_DEBUG);
}

static void
test_file (void)
{
  g_autofree char *path =
      write_temporary_file ("[queen]\nport=1234\ncapacity=5\nbind=127.0.0.1;::1\n");
  g_autofree char *words = g_strdup_printf ("-c %s --capacity=6 --bind=127.0.0.2", path);
  g_autoptr (QueenConfig) config = parse (words, NULL);

  g_assert_cmpint (config->port, ==, 1234);
  g_assert_cmpint (config->capacity, ==, 6);
  g_assert_cmpuint (g_strv_length (config->bind), ==, 1);
  g_assert_cmpstr (config->bind[0], ==, "127.0.0.2");
  g_remove (path);
}

/* D10: as some editors write it. */
static void
test_byte_order_mark (void)
{
  g_autofree char *path = write_temporary_file ("\xef\xbb\xbf[queen]\r\nport=1234\r\n");
  g_autofree char *words = g_strdup_printf ("-c %s", path);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenConfig) config = parse (words, &error);

  g_assert_no_error (error);
  g_assert_cmpint (config->port, ==, 1234);
  g_remove (path);
}

static void
test_unix (void)
{
  g_autoptr (QueenConfig) usual = parse ("--bind=unix:/run/q/http.sock", NULL);
  g_autoptr (QueenConfig) config =
      parse ("--bind=127.0.0.1 --bind=unix:/run/q --socket-mode=666 --socket-owner=:0", NULL);

  g_assert_cmpstr (usual->bind[0], ==, "unix:/run/q/http.sock");
  g_assert_null (usual->bind[1]);
  g_assert_cmpint (usual->socket_mode, ==, 0660);
  g_assert_null (usual->socket_owner);
  g_assert_cmpstr (config->bind[1], ==, "unix:/run/q");
  g_assert_cmpint (config->socket_mode, ==, 0666);
  g_assert_cmpstr (config->socket_owner, ==, ":0");
}

static void
test_bad_unix (void)
{
  static const char *const rows[][2] = {
    { "--bind=unix:", "--bind: “” is not the whole path" },
    { "--bind=unix:http.sock", "is not the whole path" },
    { "--bind=/run/queen.sock", "nor a Unix socket such as unix:/run/" },
    { "--bind=unix:/q --socket-mode=0060", "--socket-mode: “0060” is not a mode" },
    { "--bind=unix:/q --socket-mode=1660", "is not a mode" },
    { "--bind=unix:/q --socket-mode=0o660", "is not a mode" },
    { "--bind=unix:/q --socket-mode=0680", "is not a mode" },
    { "--bind=unix:/q --socket-mode=rw", "is not a mode" },
    { "--bind=unix:/q --socket-owner=:no-such-group", "there is no group “no-such-group”" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (rows[i][0], &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_nonnull (strstr (error->message, rows[i][1]));
    }
}

static void
test_bad_files (void)
{
  static const char *const rows[][2] = {
    { "[queen]\nport=x\n", ": port: " },
    { "[queen]\nprot=1\n", ": prot: " },
    { "[other]\n", "[queen]" },
    { "port=1\n", "" },
    { "[queen]\nbind=\\x\n", ": bind: " },
    { "[queen]\ntoken-file=\\x\n", ": token-file: " },
    { "[queen]\nworker-network=10.0.0.0/33\n", ": worker-network: " },
    /* D10 */
    { "[queen]\nport=8600 # mine\n", "a comment needs a line of its own" },
    { "[queen]\ncapacity=5  \n", "it ends with a blank" },
    { "[queen]\nprotect-reads=true\t# all\n", "a comment needs a line of its own" },
    { "[queen]\nport=8500\u00a0\n", ": it has the invisible U+00A0" },
    { "[queen]\nport\u200b=8500\n", ": it has the invisible U+200B" },
    { "[queen]\nprotect-reads=\ufefftrue\n", ": it has the invisible U+FEFF" },
    { "[queen]\nbind=::1;127.0.0.1\u2009\u3164;\n", ": it has the invisible U+2009, U+3164" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = write_temporary_file (rows[i][0]);
      g_autofree char *words = g_strdup_printf ("--config=%s", path);
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (words, &error));
      g_test_message ("%s", error->message);
      g_assert_false (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_USAGE));
      g_assert_true (g_str_has_prefix (error->message, path));
      g_assert_nonnull (strstr (error->message, rows[i][1]));
      g_remove (path);
    }
}

/* D10: one thing is enough, the one to mend. */
static void
test_explained_once (void)
{
  static const char *const rows[][2] = {
    { "[queen]\ntimeout=90s\t\n", "such as 250ms, 2.5s or 1h: it ends with a blank" },
    { "[queen]\ntimeout=90s\u200b\t\n", "2.5s or 1h: it has the invisible U+200B" },
    { "[queen]\ntimeout=90s\u200b\t# s\n", "2.5s or 1h: a comment needs a line of its own" },
    { "[queen]\nbind=127.0.0.1 ;::1\n", "http.sock: it ends with a blank" },
    { "[queen]\nprot=1 # mine\n", "prot: there is no such setting" },
    { "[queen\u200b]\nport=1\n", "[queen]: it has the invisible U+200B" },
    { "[queen ]\nport=1\n", "[queen]: it ends with a blank" },
    { "[other]\nport=1\n", "there is no group [queen]" },
    { "# nothing\n", "there is no group [queen]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = write_temporary_file (rows[i][0]);
      g_autofree char *words = g_strdup_printf ("--config=%s", path);
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (words, &error));
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_suffix (error->message, rows[i][1]));
      g_remove (path);
    }
}

/* D10: what cannot be seen is named, of every setting and of what is none. */
static void
test_invisible (void)
{
  static const char *const lines[] = {
    "--port=8500",
    "--bind=::1",
    "--ui-port=off",
    "--timeout=90s",
    "--admin=off",
    "--bus=none",
    "--log-level=info",
    "--trusted-proxy=::1",
    "--insecure",
    "--proxy-header=Forwarded",
    "--allowed-host=h",
    "--cors-origin=https://h",
    "--engine=redis://h?cluster=a",
    "word",
    "--config=/nonexistent",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line = g_strconcat (lines[i], "\u00a0", NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (line, &error));
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_suffix (error->message, ": it has the invisible U+00A0"));
    }
}

/* D9: what her own 421 quotes can be copied into the setting. */
static void
test_compared_forms (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenConfig) config =
      parse ("--allowed-host=Q.example:8500 --cors-origin=https://X:443", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (config->allowed_hosts[0], ==, "q.example");
  g_assert_cmpstr (config->cors_origins[0], ==, "https://x");
}

static void
test_bad_settings (void)
{
  static const char *const words[] = {
    "--port=65536",
    "--port=-1",
    "--port=",
    "--port=8500x",
    "--port=+1",
    "--port=\v1",
    "--ui-port=on",
    "--bind=localhost",
    "--bind=127.0.0.1:80",
    "--capacity=0",
    "--heartbeat-interval=0",
    "--heartbeat-interval=2parsecs",
    "--timeout=-1s",
    "--timeout=31d",
    "--flush-interval=2s",
    "--max-components=0",
    "--cors-origin=**",
    "--cors-origin=http://[::1]evil",
    "--admin=",
    "--admin=root",
    "--trusted-proxy=",
    "--trusted-proxy=localhost",
    "--trusted-proxy=10.0.0.1/8",
    "--trusted-proxy=::1/129",
    "--trusted-proxy=unix:/run/x",
    "--proxy-header=X-Real-IP",
    "--proxy-header=Forwarded", /* by whom? */
    "--protect-reads",          /* A4 */
    "--cors-origin=http://a/",
    "--cors-origin=a.example",
    "--allowed-host=.example", /* D9 */
    "--allowed-host=http://a",
    "--engine=redis://127.0.0.1", /* and which cluster? */
    "--engine=redis://:secret@127.0.0.1?cluster=a",
    "--engine-password-file=x", /* of what? */
    "--engine-timeout=99ms",
    "--log-level=loud",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *option = g_strndup (words[i], strcspn (words[i], "="));

      g_test_message ("%s", words[i]);
      g_assert_null (parse (words[i], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_true (g_str_has_prefix (error->message, option));
    }
}

static gboolean
is_taken (const QueenSetting *setting, gint64 value)
{
  const char *unit = setting->type == QUEEN_SETTING_SPAN ? "ms" : "";
  g_autofree char *option =
      g_strdup_printf ("--%s=%" G_GINT64_FORMAT "%s", setting->name, value, unit);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenConfig) config = parse (option, &error);

  g_test_message ("%s: %s", option, config ? "taken" : error->message);
  return config != NULL;
}

static void
test_ranges (void)
{
  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    {
      const QueenSetting *setting = &queen_settings[i];

      gint64 unit = setting->type == QUEEN_SETTING_SPAN ? QUEEN_MSEC : 1;

      if (setting->most == 0)
        continue;
      g_assert_true (is_taken (setting, setting->least / unit));
      g_assert_true (is_taken (setting, setting->most / unit));
      g_assert_false (is_taken (setting, setting->least / unit - 1));
      g_assert_false (is_taken (setting, setting->most / unit + 1));
    }
}

static void
assert_same (const QueenSetting *setting, const QueenConfig *a, const QueenConfig *b)
{
  if (setting->is_list)
    g_assert_cmpstrv (G_STRUCT_MEMBER (char **, a, setting->offset),
                      G_STRUCT_MEMBER (char **, b, setting->offset));
  else if (setting->type == QUEEN_SETTING_SPAN)
    g_assert_cmpint (G_STRUCT_MEMBER (gint64, a, setting->offset), ==,
                     G_STRUCT_MEMBER (gint64, b, setting->offset));
  else
    g_assert_cmpint (G_STRUCT_MEMBER (int, a, setting->offset), ==,
                     G_STRUCT_MEMBER (int, b, setting->offset));
}

/* To say what holds anyway changes nothing but that it was said. */
static void
test_initial_values (void)
{
  g_autoptr (QueenConfig) anyway = parse ("", NULL);

  for (gsize i = 0; i < QUEEN_N_SETTINGS; i++)
    {
      const QueenSetting *setting = &queen_settings[i];
      /* Without a proxy, one of them would say nothing. */
      g_autofree char *text =
          g_strdup_printf ("[queen]\ntrusted-proxy=::1\n%s=%s\n", setting->name, setting->initial);
      g_autofree char *path = write_temporary_file (text);
      g_autofree char *words = g_strdup_printf ("--config=%s", path);
      g_autoptr (GError) error = NULL;
      g_autoptr (QueenConfig) said = setting->initial ? parse (words, &error) : NULL;

      g_remove (path);
      if (!setting->initial)
        continue;
      g_assert_no_error (error);
      g_assert_false (G_STRUCT_MEMBER (gboolean, anyway, setting->given_offset));
      g_assert_true (G_STRUCT_MEMBER (gboolean, said, setting->given_offset));
      assert_same (setting, anyway, said);
    }
}

/* A list without anything in it says nothing. */
static void
test_empty_list (void)
{
  g_autofree char *path = write_temporary_file ("[queen]\nbind=\n");
  g_autofree char *words = g_strdup_printf ("--config=%s", path);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenConfig) config = parse (words, &error);

  g_remove (path);
  g_assert_no_error (error);
  g_assert_false (config->is_given.bind);
  g_assert_cmpuint (g_strv_length (config->bind), ==, 2);
}

/* What systemd hands over stands in for what nobody said. */
static void
test_environment (void)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-XXXXXX", NULL);
  g_autofree char *tokens = g_build_filename (directory, "tokens", NULL);
  g_autoptr (QueenConfig) handed_over = NULL;
  g_autoptr (QueenConfig) said = NULL;

  g_assert_true (g_file_set_contents (tokens, "", 0, NULL));
  g_setenv ("CREDENTIALS_DIRECTORY", directory, TRUE);
  g_setenv ("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", TRUE);
  handed_over = parse ("", NULL);
  said = parse ("--token-file=mine --state-directory=here", NULL);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  g_unsetenv ("STATE_DIRECTORY");
  g_remove (tokens);
  g_rmdir (directory);

  g_assert_cmpstr (handed_over->token_file, ==, tokens);
  g_assert_null (handed_over->tls_key); /* no such file */
  g_assert_cmpstr (handed_over->state_directory, ==, "/var/lib/one");
  g_assert_cmpstr (said->token_file, ==, "mine");
  g_assert_cmpstr (said->state_directory, ==, "here");
}

static void
test_usage (void)
{
  static const char *const words[] = { "--frobnicate", "stray", "-x", "--port" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (words[i], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_USAGE);
    }
}

static void
test_spans (void)
{
  static const struct
  {
    const char *text;
    gint64 span; /* µs; -1 for none */
  } rows[] = {
    { "1", 1000000 },
    { "0", 0 },
    { "2.5", 2500000 },
    { "2.5s", 2500000 },
    { "250ms", 250000 },
    { "250 ms", 250000 },
    { "7us", 7 },
    { "1min", 60000000 },
    { "1h", 3600000000 },
    { "1d", 86400000000 },
    { "0.5us", 1 },
    { "", -1 },
    { "s", -1 },
    { "-1", -1 },
    { "+1", -1 },
    { "1e3", -1 },
    { "0x10", -1 },
    { "1.2.3", -1 },
    { ".5", -1 },
    { "1 s ", -1 },
    { "1S", -1 },
    { "inf", -1 },
    { "9999999999999", -1 },
    { "999999999999d", -1 },
    { "1week", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 span = -1;

      g_test_message ("%s", rows[i].text);
      g_assert_cmpint (queen_span_parse (rows[i].text, &span), ==, rows[i].span >= 0);
      g_assert_cmpint (span, ==, rows[i].span);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/config/hosts-and-origins/as-they-are-compared", test_compared_forms);
  g_test_add_func ("/config/defaults/as-documented", test_defaults);
  g_test_add_func ("/config/command-line/understood", test_command_line);
  g_test_add_func ("/config/file/goes-behind-the-command-line", test_file);
  g_test_add_func ("/config/unix/a-file-in-place-of-an-address", test_unix);
  g_test_add_func ("/config/unix/what-cannot-be-one", test_bad_unix);
  g_test_add_func ("/config/file/byte-order-mark-and-carriage-returns", test_byte_order_mark);
  g_test_add_func ("/config/file/error-names-file-and-key", test_bad_files);
  g_test_add_func ("/config/file/what-is-odd-is-said-once", test_explained_once);
  g_test_add_func ("/config/setting/error-names-what-cannot-be-seen", test_invisible);
  g_test_add_func ("/config/setting/error-names-the-option", test_bad_settings);
  g_test_add_func ("/config/setting/its-whole-range-and-no-more", test_ranges);
  g_test_add_func ("/config/setting/what-holds-anyway-can-be-said", test_initial_values);
  g_test_add_func ("/config/setting/an-empty-list-says-nothing", test_empty_list);
  g_test_add_func ("/config/environment/stands-in-for-what-nobody-said", test_environment);
  g_test_add_func ("/config/usage/told-apart", test_usage);
  g_test_add_func ("/config/span/units-and-nothing-else", test_spans);

  return g_test_run ();
}
