/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* She is spoken to through a Unix socket, as proxies on her machine do. */

#include "descriptor.h"
#include "notify-socket.h"
#include "queen-process.h"
#include "sse-client.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define OTHER_USER 54321 /* somebody who need not exist */
#define N_FLOOD 2000     /* events: more than the kernel takes for one that does not read */
#define HOST "Host: localhost\r\n"
#define HEALTH "GET /health HTTP/1.1\r\n" HOST "\r\n"
#define SHUTDOWN(headers)                                                                          \
  "POST /v1/shutdown HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" headers "\r\n"
#define STALLED "queen_dropped_subscribers_total{reason=\"stalled\"}"
#define TCP "--bind=127.0.0.1" /* so that the harness finds her port */

typedef struct
{
  char *folder;
  char *path;
  char *bind; /* --bind=unix:… */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("queen-unix-XXXXXX", NULL);
  g_assert_no_errno (chmod (f->folder, 0755));
  f->path = g_build_filename (f->folder, "http.sock", NULL);
  f->bind = g_strconcat ("--bind=unix:", f->path, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_no_errno (g_rmdir (f->folder)); /* nothing is left in there */
  g_free (f->bind);
  g_free (f->path);
  g_free (f->folder);
}

static HttpAnswer *
exchange (Fixture *f, const char *request)
{
  int fd = http_connect_unix (f->path);

  http_send (fd, request, -1);
  return http_read_answer (fd);
}

static void
assert_answered (Fixture *f, const char *request, guint status)
{
  g_autoptr (HttpAnswer) answer = exchange (f, request);

  g_test_message ("%u: %s", answer->status, answer->body);
  g_assert_cmpuint (answer->status, ==, status);
  g_assert_false (answer->was_reset);
}

static char *
make_heartbeat (const char *id, const char *headers)
{
  g_autofree char *json = g_strdup_printf ("{\"worker_id\":\"%s\",\"status\":\"ready\"}", id);

  return g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST
                          "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
                          headers, strlen (json), json);
}

static void
beat (Fixture *f, const char *id)
{
  g_autofree char *request = make_heartbeat (id, "");

  assert_answered (f, request, 200);
}

static QueenProcess *
spawn (const char *const *arguments)
{
  return queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments });
}

static QueenProcess *
start_alone (Fixture *f)
{
  const char *arguments[] = { f->bind, "--bus=none", NULL };
  QueenProcess *queen = spawn (arguments);

  queen_test_wait_until (queen_process_has_said (queen, "ready on "));
  return queen;
}

/* Speaking to her */

static void
test_alone (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start_alone (f);
  g_autofree char *ready = g_strdup_printf ("ready on unix:%s\n", f->path);
  g_autoptr (SseClient) client = sse_client_open_unix (f->path, NULL, NULL);

  g_assert_true (queen_process_has_said (queen, ready)); /* at no port besides */
  sse_frame_free (sse_client_next (client));
  beat (f, "w");
  sse_client_expect (client, "worker", "w", "Ready");
  assert_answered (f, "GET /v1/workers/w HTTP/1.1\r\n" HOST "\r\n", 200);
  assert_answered (f, "GET /v1/workers/w HTTP/1.1\r\nHost: queen.example.org\r\n\r\n", 421);
}

static void
test_kept (Fixture *f, gconstpointer option)
{
  g_autoptr (QueenProcess) G_GNUC_UNUSED queen = queen_process_start (TCP, f->bind, option, NULL);
  g_autofree char *one = make_heartbeat ("w", "");
  g_autofree char *all = g_strconcat (one, one, one, HEALTH, one, NULL);
  int fd = http_connect_unix (f->path);
  guint n_answers = 0;
  g_autoptr (GString) said = g_string_new (NULL);
  char bytes[4096];
  gssize n_bytes;

  http_send (fd, all, -1);
  shutdown (fd, SHUT_WR);
  while ((n_bytes = recv (fd, bytes, sizeof bytes, 0)) > 0)
    g_string_append_len (said, bytes, n_bytes);
  for (const char *at = said->str; (at = strstr (at, "HTTP/1.1 200 OK\r\n")); at++)
    n_answers++;
  g_assert_cmpint (n_bytes, ==, 0);
  g_assert_cmpuint (n_answers, ==, 5);
  g_assert_nonnull (strstr (said->str, "Keep-Alive: timeout=75"));
  close (fd);
}

/* As a script may, that does not care about the answer. */
static void
test_unheard (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = queen_process_start (TCP, f->bind, NULL);
  guint16 port = queen_process_get_port (queen);

  for (int i = 0; i < 100; i++)
    {
      g_autofree char *request = make_heartbeat ("w", "");
      int fd = http_connect_unix (f->path);

      http_send (fd, request, i % 2 ? 20 : -1);
      if (i % 2)
        http_send (fd, request + 20, -1);
      close (fd);
    }
  queen_test_wait_until (http_read_metric (port, "queen_heartbeats_total{kind=\"worker\"}") == 100);
}

static void
test_curl (Fixture *f, gconstpointer data)
{
  g_autofree char *curl = g_find_program_in_path ("curl");
  g_autoptr (QueenProcess) queen = NULL;
  const char *command[] = { curl,
                            "-sS",
                            "--max-time",
                            "20",
                            "--unix-socket",
                            f->path,
                            "--json",
                            "{\"worker_id\":\"w\",\"status\":\"ready\"}",
                            "http://localhost/v1/worker-heartbeat",
                            NULL };
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (!curl)
    {
      g_test_skip ("no curl");
      return;
    }
  queen = start_alone (f);
  g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==,
                   "{\"status\":\"ok\",\"message\":\"Heartbeat received from worker w\"}\n");
  g_assert_cmpint (status, ==, 0);
}

/* It never leaves the machine, and its mode is its lock. */
static void
test_tls (Fixture *f, gconstpointer data)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("queen");
  g_autofree char *certificate = g_strconcat ("--tls-certificate=", identity->certificate, NULL);
  g_autofree char *key = g_strconcat ("--tls-key=", identity->key, NULL);
  g_autoptr (QueenProcess) queen = queen_process_start (TCP, f->bind, certificate, key, NULL);
  g_autoptr (SseClient) through_tls =
      sse_client_open_tls (queen_process_get_port (queen), identity, 0, NULL, NULL);
  g_autoptr (SseClient) plain = sse_client_open_unix (f->path, NULL, NULL);

  g_assert_true (queen_process_has_said (queen, "ready on https://127.0.0.1:"));
  g_assert_true (queen_process_has_said (queen, " unix:"));
  sse_frame_free (sse_client_next (through_tls));
  sse_frame_free (sse_client_next (plain));
  beat (f, "w");
  sse_client_expect (through_tls, "worker", "w", "Ready");
  sse_client_expect (plain, "worker", "w", "Ready");
}

/* Its file */

static void
test_file (Fixture *f, gconstpointer data)
{
  struct stat found;
  QueenProcess *queen = queen_process_start (TCP, f->bind, NULL);

  g_assert_no_errno (lstat (f->path, &found));
  g_assert_cmpint (found.st_mode, ==, S_IFSOCK | 0660);
  queen_process_stop (queen);
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));

  queen = queen_process_start (TCP, f->bind, "--socket-mode=0666", NULL);
  g_assert_no_errno (lstat (f->path, &found));
  g_assert_cmpint (found.st_mode, ==, S_IFSOCK | 0666);
  queen_process_stop (queen);
}

static void
test_killed (Fixture *f, gconstpointer data)
{
  QueenProcess *first = start_alone (f);
  g_autoptr (QueenProcess) second = NULL;

  queen_process_signal (first, SIGKILL);
  queen_process_wait_exit (first);
  queen_process_free (first);
  g_assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
  second = start_alone (f);
  assert_answered (f, HEALTH, 200);
}

/* A second queen goes without having done anything to the first; and so does one whose other
 * settings cannot work. */
static void
test_second (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) G_GNUC_UNUSED queen = start_alone (f);
  const char *arguments[] = { f->bind, "--bus=none", NULL };
  g_autoptr (QueenProcess) second = spawn (arguments);
  g_autofree char *other = g_strconcat (f->bind, "2", NULL);
  const char *wrong[] = { other, "--bind=127.0.0.1", "--bus=none", "--token-file=/nonexistent",
                          NULL };
  g_autoptr (QueenProcess) third = NULL;

  g_assert_cmpint (queen_process_wait_exit (second), ==, 78);
  g_assert_true (queen_process_has_said (second, "somebody does already, perhaps a queen"));
  assert_answered (f, HEALTH, 200);
  third = spawn (wrong);
  g_assert_cmpint (queen_process_wait_exit (third), ==, 78);
  g_assert_false (g_file_test (other + strlen ("--bind=unix:"), G_FILE_TEST_EXISTS));
}

static void
test_no_socket (Fixture *f, gconstpointer data)
{
  const char *arguments[] = { f->bind, "--bus=none", NULL };
  g_autoptr (QueenProcess) queen = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (f->path, "somebody's", -1, NULL));
  queen = spawn (arguments);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 78);
  g_assert_true (queen_process_has_said (queen, "there is a file that is no socket"));
  g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "somebody's");
  g_assert_no_errno (g_unlink (f->path));
}

static void
test_no_directory (Fixture *f, gconstpointer data)
{
  g_autofree char *bind = g_strdup_printf ("--bind=unix:%s/missing/http.sock", f->folder);
  const char *arguments[] = { bind, "--bus=none", NULL };
  g_autoptr (QueenProcess) queen = spawn (arguments);

  g_assert_cmpint (queen_process_wait_exit (queen), ==, 78);
  g_assert_true (queen_process_has_said (queen, "missing/http.sock: No such file or directory"));
}

/* Systemd's */

/* @is_abstract: it has a name in place of a file */
static int
open_handed (Fixture *f, gboolean is_abstract)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gsize length = strlen (f->path) + (is_abstract ? 1 : 0);

  memcpy (address.sun_path + (is_abstract ? 1 : 0), f->path, strlen (f->path));
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address,
                           (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)));
  g_assert_no_errno (listen (fd, 4096));
  return fd;
}

static QueenProcess *
start_handed (int fd)
{
  const char *arguments[] = { "--bus=none", NULL };
  QueenProcess *queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .sockets = &fd, .n_sockets = 1 });

  queen_test_wait_until (queen_process_has_said (queen, "ready on "));
  return queen;
}

/* It outlives her, and who comes meanwhile waits. */
static void
test_handed (Fixture *f, gconstpointer data)
{
  int fd = open_handed (f, FALSE);
  QueenProcess *first = start_handed (fd);
  g_autoptr (QueenProcess) second = NULL;
  g_autoptr (HttpAnswer) answer = NULL;
  int waiting;

  assert_answered (f, HEALTH, 200);
  queen_process_stop (first);
  g_assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
  waiting = http_connect_unix (f->path);
  http_send (waiting, HEALTH, -1);
  second = start_handed (fd);
  answer = http_read_answer (waiting);
  g_assert_cmpuint (answer->status, ==, 200);
  close (fd);
  g_assert_no_errno (g_unlink (f->path));
}

static void
test_abstract (Fixture *f, gconstpointer data)
{
  int fd = open_handed (f, TRUE);
  g_autoptr (QueenProcess) queen = start_handed (fd);
  g_autofree char *ready = g_strdup_printf ("ready on unix:@%s\n", f->path);

  g_assert_true (queen_process_has_said (queen, ready));
  close (fd);
}

/* She answers herself there, although it takes a token. */
static void
test_watchdog (Fixture *f, gconstpointer data)
{
  g_autoptr (NotifySocket) manager = notify_socket_new ();
  g_autofree char *tokens = g_build_filename (f->folder, "tokens", NULL);
  g_autofree char *token_file = g_strconcat ("--token-file=", tokens, NULL);
  const char *environment[] = { notify_socket_get_variable (manager), "WATCHDOG_USEC=600000",
                                NULL };
  const char *arguments[] = { f->bind, "--bus=none", token_file, "--protect-reads", NULL };
  g_autoptr (QueenProcess) queen = NULL;

  g_assert_true (g_file_set_contents (tokens, "w:0123456789abcdef\n", -1, NULL));
  queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });
  for (int i = 0; i < 5; i++)
    g_free (notify_socket_wait_for (manager, "WATCHDOG=1"));
  assert_answered (f, "GET /v1/workers HTTP/1.1\r\n" HOST "\r\n", 401);
  g_assert_no_errno (g_unlink (tokens));
}

/* Who it is */

static void
test_admin (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (TCP, f->bind, "--socket-mode=0666", "--trusted-proxy=unix:", NULL);

  if (geteuid () == 0)
    {
      g_assert_no_errno (seteuid (OTHER_USER));
      assert_answered (f, SHUTDOWN (""), 403);
      assert_answered (f, HEALTH, 200);
      g_assert_no_errno (seteuid (0));
    }
  assert_answered (f, SHUTDOWN ("X-Forwarded-For: 127.0.0.1\r\n"), 403);
  assert_answered (f, SHUTDOWN ("Via: 1.1 proxy\r\n"), 403);
  assert_answered (f, SHUTDOWN (""), 200);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

static void
test_mode_keeps_out (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = NULL;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (geteuid () != 0)
    {
      g_test_skip ("only root can be another user");
      return;
    }
  queen = queen_process_start (TCP, f->bind, NULL);
  g_strlcpy (address.sun_path, f->path, sizeof address.sun_path);
  g_assert_no_errno (setegid (OTHER_USER));
  g_assert_no_errno (seteuid (OTHER_USER));
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, -1);
  g_assert_cmpint (errno, ==, EACCES);
  g_assert_no_errno (seteuid (0));
  g_assert_no_errno (setegid (0));
  close (fd);
}

/* A request that waits for its body, and so holds a place. Returns whether it has one */
static gboolean
has_place (Fixture *f, const char *headers, int *fd)
{
  g_autofree char *head = g_strconcat ("POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST, headers,
                                       "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", NULL);
  char start[13] = "";

  *fd = http_connect_unix (f->path);
  http_send (*fd, head, -1);
  g_assert_cmpint (recv (*fd, start, 12, MSG_WAITALL), ==, 12);
  return g_str_equal (start, "HTTP/1.1 100");
}

#define FROM(client) "X-Forwarded-For: " client "\r\n"

static void
test_proxy (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) G_GNUC_UNUSED queen =
      queen_process_start (TCP, f->bind, "--trusted-proxy=unix:", "--max-per-peer=2", NULL);
  int fds[6];

  g_assert_true (has_place (f, FROM ("192.0.2.1"), &fds[0]));
  g_assert_true (has_place (f, FROM ("198.51.100.1, 192.0.2.1"), &fds[1]));
  g_assert_false (has_place (f, FROM ("192.0.2.1"), &fds[2]));
  g_assert_true (has_place (f, FROM ("192.0.2.2"), &fds[3]));
  g_assert_true (has_place (f, FROM ("2001:db8::1"), &fds[4]));
  g_assert_true (has_place (f, "", &fds[5])); /* the proxy's own, such as a check of its health */
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

/* Whose word is not taken is who it is. */
static void
test_users (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (TCP, f->bind, "--max-per-peer=2", "--socket-mode=0666", NULL);
  int fds[5];

  g_assert_true (has_place (f, FROM ("192.0.2.1"), &fds[0]));
  g_assert_true (has_place (f, FROM ("192.0.2.2"), &fds[1]));
  g_assert_false (has_place (f, FROM ("192.0.2.3"), &fds[2]));
  fds[3] = fds[4] = -1;
  if (geteuid () == 0)
    {
      g_assert_no_errno (seteuid (OTHER_USER));
      g_assert_true (has_place (f, "", &fds[3]));
      g_assert_no_errno (seteuid (0));
    }
  fds[4] = http_connect (queen_process_get_port (queen)); /* by TCP there are places, too */
  http_send (fds[4], HEALTH, -1);
  g_assert_true (http_wait_readable (fds[4], queen_test_get_deadline ()));
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

/* Returns: how it is asked for */
static char *
submit_job (Fixture *f)
{
  static const char body[] = "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"secret\"}";
  g_autofree char *request =
      g_strdup_printf ("POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       strlen (body), body);
  g_autoptr (HttpAnswer) answer = exchange (f, request);
  g_autofree char *id = http_answer_dup_member (answer, "job_id");

  g_assert_cmpuint (answer->status, ==, 200);
  return g_strdup_printf ("GET /v1/jobs/%s HTTP/1.1\r\n" HOST "\r\n", id);
}

/* On a machine whose users have no tokens. */
static void
test_jobs_of_users (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (HttpAnswer) known = NULL;
  g_autofree char *hers = NULL, *theirs = NULL;
  const char *worker = "{\"worker_id\":\"w\",\"status\":\"ready\",\"model_id\":\"m\","
                       "\"url\":\"http://127.0.0.1:9\",\"slots\":1}";

  if (geteuid () != 0)
    {
      g_test_skip ("only root can be another user");
      return;
    }
  queen = queen_process_start (TCP, f->bind, "--socket-mode=0666", NULL);
  known = http_post (queen_process_get_port (queen), "/v1/worker-heartbeat", worker);
  g_assert_cmpuint (known->status, ==, 200);
  hers = submit_job (f);
  g_assert_no_errno (seteuid (OTHER_USER));
  theirs = submit_job (f);
  assert_answered (f, theirs, 200);
  assert_answered (f, hers, 404);
  g_assert_no_errno (seteuid (0));
}

/* Subscribers */

/* Reads until event @final, telling the lost from those that came. */
static guint64
count_dropped (SseClient *client, guint64 final)
{
  guint64 last = final - N_FLOOD, dropped = 0;

  while (last < final)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      if (g_strcmp0 (frame->event, "lagged") == 0)
        {
          dropped += sse_frame_get_int (frame, "dropped");
          last += sse_frame_get_int (frame, "dropped");
          sse_frame_free (sse_client_next (client)); /* queen */
        }
      else
        g_assert_cmpuint (sse_frame_get_number (frame), ==, ++last);
    }
  return dropped;
}

static void
test_slow (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (TCP, f->bind, "--heartbeat-interval=1h", "--stall-timeout=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) slow = sse_client_open_unix (f->path, NULL, NULL);
  g_autoptr (SseClient) fast = sse_client_open_unix (f->path, NULL, NULL);
  guint64 first, final = 0, dropped;

  sse_frame_free (sse_client_next (slow)); /* queen */
  sse_frame_free (sse_client_next (fast));
  for (guint sent = 0; sent < N_FLOOD; sent += 25)
    {
      http_beat_many (port, sent, 25);
      for (guint i = 0; i < 25; i++)
        {
          g_autoptr (SseFrame) frame = sse_client_next (fast);

          g_assert_true (final == 0 || sse_frame_get_number (frame) == final + 1);
          final = sse_frame_get_number (frame);
        }
    }
  first = final - N_FLOOD + 1;
  dropped = count_dropped (slow, final);
  g_test_message ("%" G_GUINT64_FORMAT " of %d dropped from %" G_GUINT64_FORMAT, dropped, N_FLOOD,
                  first);
  g_assert_cmpuint (dropped, >, N_FLOOD / 2); /* the kernel did not swallow it all */
}

static void
test_stalled (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (TCP, f->bind, "--heartbeat-interval=50ms", "--stall-timeout=1s", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) G_GNUC_UNUSED still = sse_client_open_unix (f->path, NULL, NULL);
  g_autoptr (SseClient) reading = sse_client_open_unix (f->path, NULL, NULL);

  while (http_read_metric (port, STALLED) == 0)
    sse_frame_free (sse_client_next (reading));
  g_assert_cmpuint (http_read_metric (port, STALLED), ==, 1);
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, 1);
}

/* A20: it takes a little, now and then. */
static void
test_trickle (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (TCP, f->bind, "--heartbeat-interval=1h",
                           queen_test_is_wrapped () ? "--stall-timeout=30s" : "--stall-timeout=3s",
                           NULL);
  guint16 port = queen_process_get_port (queen);
  int fd = http_connect_unix (f->path);
  gint64 end;

  http_send (fd, "GET /v1/heartbeats/stream HTTP/1.1\r\n" HOST "\r\n", -1);
  http_beat_many (port, 0, 500);
  for (end = g_get_monotonic_time () + 7 * G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    {
      char bytes[256];

      g_assert_cmpint (recv (fd, bytes, sizeof bytes, 0), >, 0);
      http_beat_many (port, 0, 5);
      g_usleep (20000);
    }
  g_assert_cmpuint (http_read_metric (port, STALLED), ==, 0);
  queen_test_wait_until (http_read_metric (port, STALLED) == 1); /* it has ceased to read */
  close (fd);
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (TCP, f->bind, "--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  guint n_descriptors;
  SseClient *clients[20];

  http_beat (port, "worker", "w", "ready");
  n_descriptors = queen_process_count_descriptors (queen);
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = sse_client_open_unix (f->path, NULL, NULL);
      sse_frame_free (sse_client_next (clients[i]));
    }
  http_beat (port, "worker", "w", "busy"); /* which nobody reads */
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, G_N_ELEMENTS (clients));
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    sse_client_close (clients[i]);
  queen_test_wait_until (http_read_metric (port, "queen_subscribers") == 0);
  queen_test_wait_until (queen_process_count_descriptors (queen) <= n_descriptors);
}

static void
test_goodbye (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start_alone (f);
  g_autoptr (SseClient) client = sse_client_open_unix (f->path, NULL, NULL);
  g_autoptr (SseFrame) bye = NULL;

  sse_frame_free (sse_client_next (client));
  queen_process_signal (queen, SIGTERM);
  bye = sse_client_next (client);
  g_assert_cmpstr (bye->event, ==, "bye");
  g_assert_null (sse_client_next (client));
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

/* To get rid of one may take as long as who has sent it likes, and nobody would be served in that
 * time. The kernel can refuse them since Linux 6.16. */
static void
test_foreign_descriptor (Fixture *f, gconstpointer data)
{
  QueenProcess *queen = start_alone (f);
  g_autoptr (HttpAnswer) answer = NULL;
  int fd = http_connect_unix (f->path);
  int passes;

  if (getsockopt (fd, SOL_SOCKET, SO_PASSRIGHTS, &passes, &(socklen_t){ sizeof passes }) == 0)
    {
      g_assert_cmpint (descriptor_send (fd, fd, MSG_NOSIGNAL), ==, -1);
      g_assert_cmpint (errno, ==, EPERM);
    }
  http_send (fd, HEALTH, -1);
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 200);
  queen_process_stop (queen);
}

/* Words for who cannot even be accepted. */
static void
test_descriptors (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (HttpAnswer) answer = NULL;
  int fd;

  if (queen_test_is_wrapped ())
    {
      g_test_skip ("valgrind has descriptors of its own");
      return;
    }
  queen = start_alone (f);
  queen_process_limit_descriptors (queen, queen_process_count_descriptors (queen));
  fd = http_connect_unix (f->path);
  http_send (fd, HEALTH, -1);
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 503);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/unix/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("serves-and-nothing-else-does", test_alone);
  g_test_add ("/unix/kept/direct", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/unix/kept/by-the-library", Fixture, "--direct=off", set_up, test_kept, tear_down);
  ADD ("who-does-not-wait-for-the-answer-is-heard", test_unheard);
  ADD ("curl", test_curl);
  ADD ("never-encrypted", test_tls);
  ADD ("file/has-its-mode-and-goes-with-her", test_file);
  ADD ("file/left-by-one-that-was-killed", test_killed);
  ADD ("file/two-queens", test_second);
  ADD ("file/no-socket", test_no_socket);
  ADD ("file/no-directory", test_no_directory);
  ADD ("systemd/outlives-her", test_handed);
  ADD ("systemd/a-name-without-a-file", test_abstract);
  ADD ("systemd/watchdog", test_watchdog);
  ADD ("who/her-own-user-and-root-are-admins", test_admin);
  ADD ("who/the-mode-keeps-others-out", test_mode_keeps_out);
  ADD ("who/each-client-of-a-trusted-proxy", test_proxy);
  ADD ("who/each-user-otherwise", test_users);
  ADD ("who/each-user-has-jobs-of-its-own", test_jobs_of_users);
  ADD ("stream/slow-told-the-exact-loss", test_slow);
  ADD ("stream/stalled-let-go", test_stalled);
  ADD ("stream/one-that-reads-a-little-stays", test_trickle);
  ADD ("stream/gone-at-once", test_gone);
  ADD ("stream/goodbye", test_goodbye);
  ADD ("descriptor-of-others/is-refused", test_foreign_descriptor);
  ADD ("no-descriptor-left", test_descriptors);
#undef ADD
  return g_test_run ();
}
