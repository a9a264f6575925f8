/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Jobs that are submitted over D-Bus: what is asked and the answer go by descriptors. */

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queen-process.h"
#include "stand-in-worker.h"

#define BODY                                                                                       \
  "{\"operation\":\"infer\",\"model\":\"tiny\",\"prompt\":\"secret\",\"max_tokens\":%u%s}"
#define MAX_UNREAD 30        /* answers of one user, who may have half */
#define PATIENCE (20 * 1000) /* ms */
#define N_STRANGERS 100
#define MOST 16 /* descriptors that a system bus passes with a message */
#define N_TOKENS 20000
#define N_REPORTS 24  /* fewer than one user may ask for at once */
#define N_LISTED 1000 /* workers in one of them: as many as may be */

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  guint16 port;
  BusClient *client;
  StandIn *worker;
} Fixture;

static void
set_up_with (Fixture *f, const char *option)
{
  f->bus = bus_daemon_new_for_session ();
  f->queen =
      queen_process_start ("--bus=session", "--heartbeat-interval=1h", "--drain=0s", option, NULL);
  f->port = queen_process_get_port (f->queen);
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  f->worker = stand_in_start ("--slots=2", "--wish=pace=step", NULL);
  stand_in_beat (f->worker, f->port, "w-1", "\"slots\":2");
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_with (f, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
  stand_in_stop (f->worker);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

/* What is asked */

static char *
dup_body (guint n_tokens, const char *more)
{
  return g_strdup_printf (BODY, n_tokens, more);
}

/* Returns: the end that is read; the other one is closed */
static int
open_pipe (const char *text)
{
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (fds[1], text, strlen (text)), ==, strlen (text));
  close (fds[1]);
  return fds[0];
}

static int
open_socket (const char *text)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (write (fds[1], text, strlen (text)), ==, strlen (text));
  close (fds[1]);
  return fds[0];
}

/* Its position is at the end. */
static int
open_memory (const char *text)
{
  int fd = memfd_create ("body", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  return fd;
}

/* The call */

/* @fds: (transfer full) (nullable): they are closed */
static GVariant *
call_with (GDBusConnection *connection,
           const char *method,
           GVariant *parameters,
           const int *fds,
           int n_fds,
           int *answer,
           GError **error)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (fds, n_fds);
  g_autoptr (GUnixFDList) answers = NULL;
  GVariant *result =
      g_dbus_connection_call_with_unix_fd_list_sync (connection, QUEEN_NAME, QUEEN_PATH, QUEEN_NAME,
                                                     method, parameters, NULL,
                                                     G_DBUS_CALL_FLAGS_NONE, PATIENCE, list,
                                                     &answers, NULL, error);

  if (result && answer)
    {
      g_assert_nonnull (answers);
      g_assert_cmpint (g_unix_fd_list_get_length (answers), ==, 1);
      *answer = g_unix_fd_list_get (answers, 0, NULL);
      g_assert_cmpint (*answer, >=, 0);
    }
  return result;
}

/* Without waiting for the answer.
 *
 * @fd: (transfer full): the body */
static void
send_call (BusClient *client, int fd, GDBusMessageFlags flags)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (QUEEN_NAME, QUEEN_PATH, QUEEN_NAME, "SubmitJob");
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);
  g_autoptr (GError) error = NULL;

  g_dbus_message_set_body (call, g_variant_new_parsed ("(@a{sv} {}, handle 0)"));
  g_dbus_message_set_unix_fd_list (call, list);
  g_dbus_message_set_flags (call, flags);
  g_dbus_connection_send_message (bus_client_get_connection (client), call,
                                  G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
}

/* @options: as g_variant_new_parsed() reads them
 * @answer: (out): where the answer is read
 *
 * Returns: (transfer full) (nullable): the job's path */
static char *
try_to_submit (Fixture *f, const char *options, int fd, int *answer, GError **error)
{
  g_autoptr (GVariant) result =
      call_with (bus_client_get_connection (f->client), "SubmitJob",
                 g_variant_new ("(@a{sv}h)", g_variant_new_parsed (options), 0), &fd, 1, answer,
                 error);
  const char *path;

  if (!result)
    return NULL;
  g_variant_get (result, "(&oh)", &path, NULL);
  return g_strdup (path);
}

static char *
submit (Fixture *f, const char *options, int fd, int *answer)
{
  g_autoptr (GError) error = NULL;
  char *path = try_to_submit (f, options, fd, answer, &error);

  g_assert_no_error (error);
  return path;
}

static char *
submit_text (Fixture *f, const char *options, const char *text, int *answer)
{
  return submit (f, options, open_pipe (text), answer);
}

static void
fail (Fixture *f, const char *options, int fd, const char *name, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *remote = NULL;
  g_autofree char *path = try_to_submit (f, options, fd, NULL, &error);

  g_assert_null (path);
  remote = g_dbus_error_get_remote_error (error);
  g_dbus_error_strip_remote_error (error);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpstr (remote, ==, name);
}

/* The answer */

/* Reads until @end has been read; to the end of the stream without one. */
static char *
read_until (int fd, const char *end)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char part[4096];
  gssize n = 1;

  while (n > 0 && !(end && strstr (text->str, end)))
    {
      GPollFD poll = { fd, G_IO_IN, 0 };

      g_assert_cmpint (g_poll (&poll, 1, PATIENCE), ==, 1);
      n = read (fd, part, sizeof part);
      g_assert_cmpint (n, >=, 0);
      g_string_append_len (text, part, n);
    }
  g_assert_true (!end || strstr (text->str, end));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
check_whole (const char *text)
{
  g_assert_nonnull (strstr (text, "event: placed\n"));
  g_assert_nonnull (strstr (text, "data: {\"type\":\"token\""));
  g_assert_nonnull (strstr (text, "event: ended\n"));
  g_assert_true (g_str_has_suffix (text, "data: [DONE]\n\n"));
}

static void
test_course (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (2, "");
  int answer;
  g_autofree char *path = submit_text (f, "@a{sv} {}", body, &answer);
  g_autofree char *begin = NULL;
  g_autofree char *first = NULL;
  g_autofree char *rest = NULL;
  g_autofree char *all = NULL;

  g_assert_true (g_str_has_prefix (path, QUEEN_PATH "/jobs/job_"));
  begin = read_until (answer, "event: placed\n");
  stand_in_wait (f->worker, "running=1");
  bus_client_expect (f->client, path, ".Job", "State", "'running'");
  stand_in_order (f->worker, "{\"step\":1}");
  first = read_until (answer, "data: {\"type\":\"token\"");
  stand_in_order (f->worker, "{\"step\":1}");
  rest = read_until (answer, NULL);
  all = g_strconcat (begin, first, rest, NULL);
  check_whole (all);
  close (answer);
}

/* Whatever the body comes by. */
static void
test_bodies (Fixture *f, gconstpointer data)
{
  static int (*const open[]) (const char *text) = { open_pipe, open_socket, open_memory };

  stand_in_order (f->worker, "{\"step\":100}");
  for (guint i = 0; i < G_N_ELEMENTS (open); i++)
    {
      g_autofree char *body = dup_body (1, "");
      g_autofree char *text = NULL;
      int answer;

      g_free (submit (f, "@a{sv} {}", open[i](body), &answer));
      text = read_until (answer, NULL);
      check_whole (text);
      close (answer);
    }
}

/* Written bit by bit, while others call. */
static void
test_slow_body (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (1, ",\"on_disconnect\":\"keep\"");
  gsize half = strlen (body) / 2;
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (fds[1], body, half), ==, half);
  send_call (f->client, fds[0], G_DBUS_MESSAGE_FLAGS_NONE);
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsQueued", "0");
  g_assert_cmpint (write (fds[1], body + half, strlen (body) - half), ==, strlen (body) - half);
  close (fds[1]);
  stand_in_wait (f->worker, "running=1");
}

static void
test_data_only (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (2, "");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  int answer;

  stand_in_order (f->worker, "{\"step\":2}");
  g_free (submit_text (f, "{'data_only': <true>}", body, &answer));
  text = read_until (answer, NULL);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    g_assert_true (lines[i][0] == '\0' || g_str_has_prefix (lines[i], "data: "));
  g_assert_nonnull (strstr (text, "data: {\"type\":\"token\""));
  close (answer);
}

/* Who closes the answer leaves; so does who ends, or leaves the bus before it has come. */
static void
test_closed (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (9, "");
  g_autofree char *begin = NULL;
  int answer;

  g_free (submit_text (f, "@a{sv} {}", body, &answer));
  begin = read_until (answer, "event: placed\n");
  stand_in_wait (f->worker, "running=1");
  close (answer);
  stand_in_wait (f->worker, "gone=1&running=0");
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsRunning", "0");
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (2, ",\"on_disconnect\":\"keep\"");
  g_autofree char *begin = NULL;
  g_autofree char *path = NULL;
  g_autofree char *again = NULL;
  g_autofree char *text = NULL;
  const char *options = "{'idempotency_key': <'k-1'>}";
  int answer;

  path = submit_text (f, options, body, &answer);
  begin = read_until (answer, "event: placed\n");
  stand_in_wait (f->worker, "running=1");
  close (answer);
  stand_in_order (f->worker, "{\"step\":2}");
  again = submit_text (f, options, body, &answer);
  g_assert_cmpstr (again, ==, path);
  text = read_until (answer, NULL);
  check_whole (text);
  close (answer);
  g_assert_cmpint (stand_in_get_count (f->worker, "begun"), ==, 1);
}

/* It begins behind what has been read. */
static void
test_resumed (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (3, "");
  g_autofree char *all = NULL;
  g_autofree char *options = NULL;
  g_autofree char *rest = NULL;
  const char *token;
  g_autofree char *id = NULL;
  g_autofree char *line = NULL;
  int answer;

  stand_in_order (f->worker, "{\"step\":3}");
  g_free (submit_text (f, "{'idempotency_key': <'k-1'>}", body, &answer));
  all = read_until (answer, NULL);
  close (answer);
  token = strstr (strstr (all, "data: {\"type\":\"token\"") + 1, "id: ") + strlen ("id: ");
  id = g_strndup (token, strcspn (token, "\n"));
  line = g_strdup_printf ("id: %s\n", id);
  options = g_strdup_printf ("{'idempotency_key': <'k-1'>, 'last_event_id': <'%s'>}", id);
  g_free (submit_text (f, options, body, &answer));
  rest = read_until (answer, NULL);
  close (answer);
  g_assert_true (g_str_has_suffix (all, strstr (rest, "id: ")));
  g_assert_null (strstr (rest, line));
}

/* The answer goes past the bus. */
static void
test_vanished (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (9, "");
  g_autoptr (BusClient) other = bus_client_new (bus_daemon_get_address (f->bus));
  GDBusConnection *connection = bus_client_get_connection (other);
  Fixture theirs = *f;
  g_autofree char *begin = NULL;
  int answer;
  g_autoptr (GError) error = NULL;

  theirs.client = other;
  g_free (submit_text (&theirs, "@a{sv} {}", body, &answer));
  stand_in_wait (f->worker, "running=1");
  g_dbus_connection_close_sync (connection, NULL, &error);
  g_assert_no_error (error);
  begin = read_until (answer, "event: placed\n"); /* who has the answer is there still */
  close (answer);
  stand_in_wait (f->worker, "gone=1&running=0");
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (9, "");
  g_autofree char *path = NULL;
  g_autofree char *call = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GVariant) done = NULL;
  int answer;

  path = submit_text (f, "@a{sv} {}", body, &answer);
  stand_in_wait (f->worker, "running=1");
  call = g_strdup_printf ("(objectpath '%s',)", path);
  done = bus_client_ask (f->client, "CancelJob", call);
  text = read_until (answer, NULL);
  g_assert_nonnull (strstr (text, "data: [CANCELLED]\n"));
  stand_in_wait (f->worker, "gone=1&running=0");
  close (answer);
}

#define INVALID QUEEN_NAME ".Error.InvalidArgument"
#define UNAVAILABLE QUEEN_NAME ".Error.Unavailable"
#define NOTHING "{\"operation\":\"infer\",\"model\":\"tiny\"}"

static void
test_refused (Fixture *f, gconstpointer data)
{
  int fds[2];

  fail (f, "@a{sv} {}", open_pipe (NOTHING), INVALID, "prompt is missing");
  fail (f, "{'data_only': <1>}", open_pipe (NOTHING), INVALID, "data_only must be a boolean");
  fail (f, "{'idempotency_key': <1>}", open_pipe (NOTHING), INVALID,
        "idempotency_key must be a string");
  fail (f, "@a{sv} {}", open ("/dev/zero", O_RDONLY), INVALID,
        "the body must be a pipe, a Unix socket or a file in memory");
  fail (f, "@a{sv} {}", open ("/proc/self/status", O_RDONLY), INVALID,
        "the body must be a pipe, a Unix socket or a file in memory");
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  fail (f, "@a{sv} {}", fds[1], INVALID, "the body cannot be read");
  close (fds[0]);
  bus_client_fail (f->client, "SubmitJob", "(@a{sv} {}, handle 0)", "InvalidArgument",
                   "a call must have one descriptor, the body");
}

static void
check_large (Fixture *f, gsize size, gboolean is_too_large)
{
  int fd = memfd_create ("large", MFD_CLOEXEC);

  g_assert_cmpint (ftruncate (fd, (off_t) size), ==, 0);
  if (is_too_large)
    fail (f, "@a{sv} {}", fd, QUEEN_NAME ".Error.TooLarge", "the body is too large");
  else /* it is no JSON */
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (try_to_submit (f, "@a{sv} {}", fd, NULL, &error));
      g_assert_cmpstr (error->message, !=, "the body is too large");
    }
}

static void
test_large (Fixture *f, gconstpointer data)
{
  check_large (f, 8 * 1024 * 1024, FALSE);
  check_large (f, 8 * 1024 * 1024 + 1, TRUE);
}

/* Others */

static void
test_strangers (Fixture *f, gconstpointer data)
{
  GDBusConnection *connection = bus_client_get_connection (f->client);
  guint base = queen_process_count_descriptors (f->queen);
  int fds[MOST];
  int ends[2];
  GPollFD poll = { .events = G_IO_IN };

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  for (guint i = 0; i < N_STRANGERS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) answer = NULL;

      for (guint k = 0; k < MOST; k++)
        g_assert_cmpint (fds[k] = fcntl (ends[1], F_DUPFD_CLOEXEC, 0), >=, 0);
      answer = call_with (connection, i % 2 ? "SubmitJob" : "FindWorker",
                          i % 2 ? g_variant_new_parsed ("(@a{sv} {}, handle 0)")
                                : g_variant_new_parsed ("('tiny',)"),
                          fds, MOST, NULL, &error);
      g_assert_true ((error != NULL) == (i % 2 == 1));
    }
  close (ends[1]);
  poll.fd = ends[0];
  g_assert_cmpint (g_poll (&poll, 1, PATIENCE), ==, 1); /* all others are closed */
  g_assert_true (poll.revents & G_IO_HUP);
  close (ends[0]);
  g_assert_cmpuint (queen_process_count_descriptors (f->queen), <=, base);
}

/* Nobody is there any longer who would say the rest of it. */
static void
test_half_body (Fixture *f, gconstpointer data)
{
  BusClient *other = bus_client_new (bus_daemon_get_address (f->bus));
  g_autoptr (GVariant) found = NULL;
  GPollFD poll = { .events = 0 };
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  send_call (other, fds[0], G_DBUS_MESSAGE_FLAGS_NONE);
  found = bus_client_ask (other, "FindWorker", "('tiny',)"); /* after that */
  bus_client_free (other);
  poll.fd = fds[1];
  g_assert_cmpint (g_poll (&poll, 1, PATIENCE), ==, 1);
  g_assert_true (poll.revents & G_IO_ERR); /* she has closed it */
  close (fds[1]);
}

/* The bus cannot say any more whose they were. */
static void
test_gone_at_once (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (1, "");
  g_autofree char *path = NULL;
  int answer;

  for (int i = 0; i < 20; i++)
    {
      BusClient *other = bus_client_new (bus_daemon_get_address (f->bus));
      g_autoptr (GError) error = NULL;

      send_call (other, open_pipe (body), G_DBUS_MESSAGE_FLAGS_NONE);
      g_dbus_connection_flush_sync (bus_client_get_connection (other), NULL, &error);
      g_assert_no_error (error);
      bus_client_free (other);
    }
  path = submit_text (f, "@a{sv} {}", body, &answer);
  close (answer);
}

/* Says nothing of whether an answer has come. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  if (!is_incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  g_object_unref (message);
  return NULL;
}

static gboolean
is_submitted (Fixture *f, const char *body)
{
  g_autoptr (GError) error = NULL;
  int answer;
  g_autofree char *path = try_to_submit (f, "@a{sv} {}", open_pipe (body), &answer, &error);

  if (path)
    close (answer);
  return path != NULL;
}

/* A system bus reads nothing more from who has sent 64 descriptors that nobody reads, and nobody
 * else would be answered. */
static void
test_unread_answers (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (1, "");
  g_autoptr (BusClient) other = bus_client_new (bus_daemon_get_address (f->bus));
  Fixture theirs = *f;

  theirs.client = other;
  g_dbus_connection_add_filter (bus_client_get_connection (other), on_message, NULL, NULL);
  for (int i = 0; i < MAX_UNREAD; i++)
    g_assert_true (is_submitted (&theirs, body));
  fail (&theirs, "@a{sv} {}", open_pipe (body), QUEEN_NAME ".Error.Unavailable",
        "too many answers have not been read; try again later");
  bus_client_free (g_steal_pointer (&other));
  queen_test_wait_until (is_submitted (f, body));
}

/* The worker goes on, and so do others; what has left the ring is told as lost. */
static void
test_slow_reader (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (N_TOKENS, "");
  g_autofree char *text = NULL;
  int answer;

  stand_in_order (f->worker, "{\"step\":%d}", N_TOKENS);
  g_free (submit_text (f, "@a{sv} {}", body, &answer));
  stand_in_wait (f->worker, "begun=1&running=0");
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsRunning", "0");
  text = read_until (answer, NULL);
  g_assert_nonnull (strstr (text, "event: lagged\n"));
  g_assert_nonnull (strstr (text, "event: snapshot\n"));
  check_whole (text);
  close (answer);
}

static void
set_up_for_few (Fixture *f, gconstpointer data)
{
  set_up_with (f, "--max-per-peer=2");
}

/* More answers than a user may have open. */
static void
test_many_answers (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (9, "");
  g_autofree char *text = NULL;
  int answers[3];

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_free (submit_text (f, "@a{sv} {}", body, &answers[i]));
  text = read_until (answers[2], NULL);
  g_assert_nonnull (strstr (text, "event: busy\n"));
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsQueued", "0"); /* it is cancelled */
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsRunning", "2");
  stand_in_wait (f->worker, "running=2");
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    close (answers[i]);
  stand_in_wait (f->worker, "gone=2&running=0");
}

/* Workers of whom it takes long to tell. */
static void
beat_long (Fixture *f)
{
  g_autofree char *model = g_strnfill (500, 'm');
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (HttpAnswer) answer = NULL;

  for (guint i = 0; i < N_LISTED; i++)
    g_string_append_printf (
        json, "%c{\"worker\":{\"id\":\"l-%u\",\"status\":\"ready\",\"model_id\":\"%s\"}}",
        i == 0 ? '[' : ',', i, model);
  g_string_append_c (json, ']');
  answer = http_post (f->port, "/v1/heartbeats", json->str);
  g_assert_cmpuint (answer->status, ==, 200);
}

static void
on_reported (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GUnixFDList) answers = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *job = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source),
                                                                   &answers, result, &error);

  g_assert_no_error (error);
  g_variant_unref (job);
  ++*(guint *) data;
}

/* The bodies of all end in the same moment; but what the queen answers herself takes her so long
 * that each has a turn of the loop of its own. */
static void
test_reports (Fixture *f, gconstpointer data)
{
  static const char body[] = "{\"operation\":\"active_worker_list\"}";
  int ends[N_REPORTS];
  guint n_reported = 0;
  guint64 n_turns;

  beat_long (f);
  for (guint i = 0; i < N_REPORTS; i++)
    {
      g_autoptr (GUnixFDList) list = NULL;
      int fds[2];

      g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
      g_assert_cmpint (write (fds[1], body, strlen (body)), ==, strlen (body));
      list = g_unix_fd_list_new_from_array (fds, 1);
      ends[i] = fds[1];
      g_dbus_connection_call_with_unix_fd_list (bus_client_get_connection (f->client), QUEEN_NAME,
                                                QUEEN_PATH, QUEEN_NAME, "SubmitJob",
                                                g_variant_new_parsed ("(@a{sv} {}, handle 0)"),
                                                NULL, G_DBUS_CALL_FLAGS_NONE, PATIENCE, list, NULL,
                                                on_reported, &n_reported);
    }
  bus_client_expect (f->client, QUEEN_PATH, "", "JobsQueued", "0"); /* all have come */
  n_turns = http_read_metric (f->port, "queen_turn_seconds_count");
  for (guint i = 0; i < N_REPORTS; i++)
    close (ends[i]);
  while (n_reported < N_REPORTS)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (http_read_metric (f->port, "queen_turn_seconds_count") - n_turns, >=,
                    N_REPORTS);
}

/* Who wants no answer gets none, and then nobody has it. */
static void
test_unwanted (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (9, "");

  send_call (f->client, open_pipe (body), G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  queen_test_wait_until (
      http_read_metric (f->port, "queen_jobs_ended_total{status=\"cancelled\"}") == 1);
}

/* She ends while answers are open: they say so, and end. */
static void
test_stopped (Fixture *f, gconstpointer data)
{
  g_autofree char *body = dup_body (9, "");
  g_autofree char *begin = NULL;
  g_autofree char *rest = NULL;
  int answer;

  g_free (submit_text (f, "@a{sv} {}", body, &answer));
  begin = read_until (answer, "event: placed\n");
  queen_process_signal (f->queen, SIGTERM);
  rest = read_until (answer, NULL);
  g_assert_nonnull (strstr (rest, "event: ended\n"));
  g_assert_nonnull (strstr (rest, "\"lost\""));
  close (answer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/dbus-submissions/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("answer/comes-while-it-is-made", test_course);
  ADD ("answer/of-data-only", test_data_only);
  ADD ("answer/closed/cancels-the-job", test_closed);
  ADD ("answer/closed/and-kept/had-again-by-its-key", test_kept);
  ADD ("answer/resumed-behind-what-was-read", test_resumed);
  ADD ("answer/outlives-its-callers-connection", test_vanished);
  ADD ("body/by-pipe-socket-and-memory", test_bodies);
  ADD ("body/comes-bit-by-bit", test_slow_body);
  ADD ("body/of-8-MiB-and-one-byte-more", test_large);
  ADD ("cancelled/the-answer-says-so", test_cancelled);
  ADD ("of-herself/one-in-a-turn", test_reports);
  ADD ("refused/by-name", test_refused);
  ADD ("answer/unread/slows-nobody", test_slow_reader);
  ADD ("answer/when-she-ends/says-so", test_stopped);
  ADD ("answer/unwanted/cancels-the-job", test_unwanted);
  ADD ("body/half-of-it/ends-with-its-caller", test_half_body);
  ADD ("caller/gone-at-once", test_gone_at_once);
  ADD ("caller/reads-no-answers", test_unread_answers);
  ADD ("strangers/descriptors-of-theirs-are-closed", test_strangers);
  g_test_add ("/dbus-submissions/answer/too-many-of-one-user/are-busy", Fixture, NULL,
              set_up_for_few, test_many_answers, tear_down);
#undef ADD

  return g_test_run ();
}
