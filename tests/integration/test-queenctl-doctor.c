/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is wrong with queens is found, and said in words; and an event's way is measured. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "http-client.h"
#include "preload.h"
#include "queenctl-runner.h"
#include "queens.h"
#include "redis-server.h"
#include "wire.h"

#define KEEPER "0123456789abcdef0123456789abcdef"
#define READER "fedcba9876543210fedcba9876543210"

typedef struct
{
  RedisServer *servers[2]; /* the second one is another cluster's */
  QueenProcess *queens[2];
  char *urls[2];
  char *folder;
} Fixture;

static QueenProcess *
start_queen (RedisServer *server, const char *option, const char *other)
{
  g_autofree char *url = redis_server_dup_url (server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);

  return queen_process_start (engine, "--engine-timeout=500ms", option, other, NULL);
}

static char *
write_file (Fixture *f, const char *name, const char *text)
{
  char *path = g_build_filename (f->folder, name, NULL);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  return path;
}

static void
start_queens (Fixture *f, const char *option, const char *other)
{
  for (int i = 0; i < 2; i++)
    {
      f->queens[i] = start_queen (f->servers[i] ? f->servers[i] : f->servers[0], option, other);
      f->urls[i] = g_strdup_printf ("http://127.0.0.1:%u", queen_process_get_port (f->queens[i]));
    }
  for (int i = 0; i < 2; i++)
    queen_test_wait_until (queen_process_has_said (f->queens[i], "together with the others"));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("doctor-XXXXXX", NULL);
  f->servers[0] = redis_server_start_new ();
}

static void
remove_file (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_remove (path);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 2; i++)
    {
      g_clear_pointer (&f->queens[i], queens_end);
      g_clear_pointer (&f->servers[i], redis_server_free);
      g_free (f->urls[i]);
    }
  remove_file (f, "tokens");
  remove_file (f, "keeper");
  remove_file (f, "reader");
  remove_file (f, "stranger");
  g_rmdir (f->folder);
  g_free (f->folder);
}

/* Asks about both by their addresses, with that before them.
 *
 * Returns: (transfer full): what is said, of which that is so many things that are wrong */
static char *
ask_doctor (Fixture *f, const char *options, int status)
{
  g_autofree char *line = g_strdup_printf ("%s doctor %s %s", options, f->urls[0], f->urls[1]);
  g_autofree char *err = NULL;
  char *out = NULL;

  g_assert_cmpint (ctl_run (line, &out, &err), ==, status);
  g_assert_nonnull (strstr (out, f->urls[0]));
  g_assert_nonnull (strstr (out, f->urls[1]));
  if (status != 0)
    g_assert_nonnull (strstr (err, "wrong."));
  return out;
}

/* Whether @queen knows nobody: the workers by which it was measured are gone. */
static gboolean
has_nothing_left (QueenProcess *queen)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), "/v1/workers");

  return strstr (answer->body, "\"total\":0}") != NULL;
}

/* Whether the first one names the second. */
static gboolean
are_both_named (Fixture *f, const char *options)
{
  g_autofree char *line = g_strdup_printf ("%s --url=%s queens", options, f->urls[0]);
  g_autofree char *said = ctl_ask (line);

  return strstr (said, f->urls[1]) != NULL;
}

/* Waits until the first one knows that so many are there. */
static void
wait_for_queens (Fixture *f, guint n)
{
  queens_stir (f->servers[0]);
  queen_test_wait_until (
      http_read_metric (queen_process_get_port (f->queens[0]), "queen_engine_queens") == n);
}

static void
test_well (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL, *line = NULL;
  g_autoptr (JsonNode) said = NULL;
  JsonObject *object;

  start_queens (f, NULL, NULL);
  out = ask_doctor (f, "", 0);
  g_assert_nonnull (strstr (out, "\nAll is well.\n"));

  wait_for_queens (f, 2);
  line = g_strdup_printf ("--url=%s doctor --json", f->urls[0]);
  said = ctl_ask_json (line);
  object = json_node_get_object (said);
  g_assert_true (json_object_get_boolean_member (object, "well"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "queens")), ==, 2);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "ways")), ==, 4);
  for (guint i = 0; i < 4; i++)
    {
      JsonObject *way =
          json_array_get_object_element (json_object_get_array_member (object, "ways"), i);
      double median = json_object_get_double_member (way, "median_ms");

      g_assert_cmpint (json_object_get_int_member (way, "events"), ==, 5);
      g_assert_cmpfloat (median, >, 0);
      g_assert_cmpfloat (median, <=, json_object_get_double_member (way, "longest_ms"));
    }
  for (int i = 0; i < 2; i++)
    queen_test_wait_until (has_nothing_left (f->queens[i]));
}

/* One who hangs is named, and the other is looked at all the same. */
static void
test_stopped (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL, *names = NULL;

  start_queens (f, NULL, NULL);
  queen_process_signal (f->queens[0], SIGSTOP);
  out = ask_doctor (f, "", 1);
  queen_process_signal (f->queens[0], SIGCONT);
  names = g_strdup_printf ("No answer at %s in time. If a queen is there, she hangs.", f->urls[0]);
  g_assert_nonnull (strstr (out, names));
  g_assert_nonnull (strstr (out, "TO WHO LISTENS TO"));
  g_assert_true (has_nothing_left (f->queens[1]));
}

static void
test_engine_away (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL;

  start_queens (f, NULL, NULL);
  redis_server_kill (f->servers[0]);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "alone");
  out = ask_doctor (f, "", 1);
  g_assert_nonnull (strstr (out, "She is alone, without the other queens ("));
  g_assert_nonnull (strstr (out, "→ "));
  for (int i = 0; i < 2; i++)
    g_assert_true (has_nothing_left (f->queens[i]));
}

/* Redis hangs, and nobody has noticed yet: the way is found to be interrupted. When it goes on,
 * nothing of that is left. */
static void
test_nothing_arrives (Fixture *f, gconstpointer data)
{
  g_autofree char *line = NULL, *out = NULL, *err = NULL;

  start_queens (f, "--engine-timeout=30s", NULL);
  redis_server_signal (f->servers[0], SIGSTOP);
  line = g_strdup_printf ("doctor %s", f->urls[0]);
  g_assert_cmpint (ctl_run (line, &out, &err), ==, 1);
  redis_server_signal (f->servers[0], SIGCONT);
  g_assert_nonnull (strstr (out, "Who listens to her has not heard in 3 s what http://"));
  g_assert_nonnull (strstr (err, "1 thing is wrong."));
  for (int i = 0; i < 2; i++)
    queens_beat (f->queens[i], i == 0 ? "a" : "b", "ready");
  for (int i = 0; i < 2; i++)
    queen_test_wait_until (queens_is_known_as (f->queens[i], "a", "Ready") &&
                           queens_is_known_as (f->queens[i], "b", "Ready"));
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (HttpAnswer) answer =
          http_get (queen_process_get_port (f->queens[i]), "/v1/workers");

      g_assert_null (strstr (answer->body, "queenctl-doctor"));
    }
}

static void
start_queens_with_tokens (Fixture *f)
{
  g_autofree char *path = write_file (f, "tokens",
                                      "keeper:" KEEPER ":admin,beat,read\n"
                                      "reader:" READER ":read\n");
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);

  start_queens (f, option, "--protect-reads");
}

static void
test_wrong_token (Fixture *f, gconstpointer data)
{
  g_autofree char *keeper = write_file (f, "keeper", KEEPER);
  g_autofree char *reader = write_file (f, "reader", READER);
  g_autofree char *stranger = write_file (f, "stranger", "00000000000000000000000000000000");
  const char *files[] = { keeper, reader, stranger };
  static const char *const words[] = { "\nAll is well.\n", "takes the scopes beat and admin",
                                       "does not know the token" };

  start_queens_with_tokens (f);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *options = g_strconcat ("--token-file=", files[i], NULL);
      g_autofree char *out = ask_doctor (f, options, i == 2 ? 1 : 0);

      g_assert_nonnull (strstr (out, words[i]));
      g_assert_cmpint (strstr (out, "TO WHO LISTENS TO") != NULL, ==, i == 0);
    }
}

/* Where a queen says that others are, there may be somebody else: the token is not for them. */
static void
test_token_is_for_named (Fixture *f, gconstpointer data)
{
  g_autofree char *keeper = write_file (f, "keeper", KEEPER);
  g_autofree char *option = g_strconcat ("--token-file=", keeper, NULL);
  g_autofree char *line = NULL, *out = NULL, *err = NULL;

  start_queens_with_tokens (f);
  queens_stir (f->servers[0]);
  queen_test_wait_until (are_both_named (f, option));
  line = g_strdup_printf ("--url=%s %s doctor", f->urls[0], option);
  g_assert_cmpint (ctl_run (line, &out, &err), ==, 1);
  g_assert_nonnull (strstr (out, "A token is shown to those alone whom you name"));
  g_assert_nonnull (strstr (err, "1 thing is wrong."));
}

static void
test_two_epochs (Fixture *f, gconstpointer data)
{
  g_autofree char *out = NULL, *text = NULL;

  f->servers[1] = redis_server_start_new ();
  start_queens (f, NULL, NULL);
  out = ask_doctor (f, "", 1);
  text = g_strdup_printf ("She is not one with %s: her events are of epoch ", f->urls[0]);
  g_assert_nonnull (strstr (out, text));
  g_assert_nonnull (strstr (out, "the same --engine"));
}

/* As if a queen of that name had just said that of herself. */
static void
announce (Fixture *f, const char *name, const char *said)
{
  static const char *const add =
      "local time = redis.call('TIME') redis.call('SET', KEYS[2], ARGV[2]) "
      "return redis.call('ZADD', KEYS[1], time[1] * 1000, ARGV[1])";
  g_autofree char *key = g_strconcat ("q:{test}:queen:", name, NULL);

  redis_server_do (f->servers[0], "1", "EVAL", add, "2", "q:{test}:queens", key, name, said);
}

/* Somebody else than was meant: her address leads elsewhere from here. */
static void
test_another_one (Fixture *f, gconstpointer data)
{
  g_autofree char *address = NULL, *line = NULL, *out = NULL, *err = NULL;
  g_autofree char *name = g_strnfill (32, 'a');

  start_queens (f, NULL, NULL);
  wait_for_queens (f, 2);
  address = g_strdup_printf ("{\"address\":\"%s\",\"version\":\"0.1.0\"}", f->urls[1]);
  announce (f, name, address);
  wait_for_queens (f, 3);
  line = g_strdup_printf ("--url=%s doctor", f->urls[0]);
  g_assert_cmpint (ctl_run (line, &out, &err), ==, 1);
  g_assert_nonnull (strstr (out, "Another queen answers there than the one whom the others know"));
  g_assert_nonnull (strstr (err, "1 thing is wrong."));
}

/* Who says of herself that she is where nobody can ask her. */
static void
test_unaskable (Fixture *f, gconstpointer data)
{
  g_autofree char *line = NULL, *out = NULL, *err = NULL;
  g_autofree char *name = g_strnfill (32, 'b');

  start_queens (f, NULL, NULL);
  announce (f, name, "{\"address\":\"unix:/run/queen\"}");
  wait_for_queens (f, 3);
  line = g_strdup_printf ("--url=%s doctor", f->urls[0]);
  g_assert_cmpint (ctl_run (line, &out, &err), ==, 1);
  g_assert_nonnull (strstr (out, "\n  unix:/run/queen\n    Where she says that she serves"));
}

/* One of them was not upgraded: on the way to her the name of her version becomes another one. */
static void
test_versions (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = NULL;
  g_autofree char *version = NULL, *word = NULL, *other = NULL, *said = NULL, *out = NULL;
  g_autofree char *before = NULL;
  g_autoptr (Wire) wire = NULL;

  start_queens (f, NULL, NULL);
  answer = http_get (queen_process_get_port (f->queens[1]), "/v1/build-info");
  version = http_answer_dup_member (answer, "version");
  word = g_strdup_printf ("\"version\":\"%s\"", version);
  before = g_strnfill (strlen (version), '9');
  other = g_strdup_printf ("\"version\":\"%s\"", before);
  wire = wire_new (queen_process_get_port (f->queens[1]));
  wire_swap_word (wire, word, other);
  g_free (f->urls[1]);
  f->urls[1] = g_strdup_printf ("http://127.0.0.1:%u", wire_get_port (wire));

  out = ask_doctor (f, "", 1);
  said = g_strdup_printf ("Her version is %s; that of %s is %s.", before, f->urls[0], version);
  g_assert_nonnull (strstr (out, said));
  g_assert_nonnull (strstr (out, "→ Upgrade one queen after the other"));
  g_assert_nonnull (strstr (out, "TO WHO LISTENS TO")); /* they are together all the same */
}

/* Two queens whose clocks are not in step. */
static void
test_clock (void)
{
  g_autoptr (Preload) clock = preload_new ("preload-clock");
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  g_autoptr (QueenProcess) other =
      queen_process_start_with (preload_get_environment (clock), "--heartbeat-interval=1h", NULL);
  g_autofree char *out = NULL, *err = NULL, *line = NULL;

  preload_move_clock (clock, -3600);
  line = g_strdup_printf ("doctor http://127.0.0.1:%u http://127.0.0.1:%u",
                          queen_process_get_port (queen), queen_process_get_port (other));
  g_assert_cmpint (ctl_run (line, &out, &err), ==, 1);
  g_assert_nonnull (strstr (out, "Her clock is at least 359"));
  g_assert_nonnull (strstr (out, "behind that of http://127.0.0.1:"));
  g_assert_nonnull (strstr (out, "not both have an engine"));
}

/* To be told to end ends it, also while somebody is waited for, and with the status that says so.
 */
static void
test_interrupted (void)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *line = g_strdup_printf ("doctor http://127.0.0.1:%u", port);
  g_autoptr (GSubprocess) process = ctl_spawn (launcher, line);
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (listener, NULL, NULL, NULL);

  g_assert_nonnull (connection);
  g_subprocess_send_signal (process, SIGINT);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 130);
}

static void
test_nobody (void)
{
  g_autofree char *out = NULL, *err = NULL;

  g_assert_cmpint (ctl_run ("doctor http://127.0.0.1:1", &out, &err), ==, 3);
  g_assert_nonnull (strstr (out, "No answer at http://127.0.0.1:1"));
  ctl_refuse ("doctor ftp://queen", 2, "is not an address");
  ctl_refuse ("--bus=session doctor", 2, "over HTTP");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP there is no redis-server\n");
      return 0;
    }
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/queenctl-doctor/well", test_well);
  ADD ("/queenctl-doctor/one-hangs", test_stopped);
  ADD ("/queenctl-doctor/engine-away", test_engine_away);
  ADD ("/queenctl-doctor/nothing-arrives", test_nothing_arrives);
  ADD ("/queenctl-doctor/wrong-token", test_wrong_token);
  ADD ("/queenctl-doctor/token-is-for-those-who-are-named", test_token_is_for_named);
  ADD ("/queenctl-doctor/two-epochs", test_two_epochs);
  ADD ("/queenctl-doctor/another-one-answers", test_another_one);
  ADD ("/queenctl-doctor/nobody-can-ask-her", test_unaskable);
  ADD ("/queenctl-doctor/versions-that-differ", test_versions);
#undef ADD
  g_test_add_func ("/queenctl-doctor/clocks-not-in-step", test_clock);
  g_test_add_func ("/queenctl-doctor/interrupted", test_interrupted);
  g_test_add_func ("/queenctl-doctor/nobody", test_nobody);
  return g_test_run ();
}
