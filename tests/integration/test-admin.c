/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A3: who may end her and make her forget over HTTP. The test is the queen's own user; as root it
 * is somebody else for a moment, too. */

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-client.h"
#include "queen-process.h"

#define OTHER_USER 54321 /* somebody who need not exist */

#define HOST "Host: localhost\r\n"
#define SHUTDOWN(headers)                                                                          \
  "POST /v1/shutdown HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" headers "\r\n"
#define FORGET(headers) "DELETE /v1/workers/w HTTP/1.1\r\n" HOST headers "\r\n"

/* TRUE when @request was answered with @status. */
static gboolean
is_answered (guint16 port, const char *request, guint status, const char *said)
{
  g_autoptr (HttpAnswer) answer = http_exchange (port, request, -1);
  g_autofree char *message = http_answer_dup_member (answer, "message");

  g_test_message ("%u: %s", answer->status, message);
  return answer->status == status && (!said || strstr (message, said));
}

static void
assert_ends (QueenProcess *queen, const char *request)
{
  g_assert_true (is_answered (queen_process_get_port (queen), request, 200, NULL));
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

static gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;
  g_test_skip ("only root can be another user");
  return TRUE;
}

/* As nginx' default hands on what comes from anywhere: nothing in the request tells of it. */
static void
test_other_user (void)
{
  g_autoptr (QueenProcess) queen = NULL;
  guint16 port;

  if (skip_unless_root ())
    return;
  queen = queen_process_start (NULL, NULL);
  port = queen_process_get_port (queen);
  http_beat (port, "worker", "w", "ready");

  g_assert_no_errno (seteuid (OTHER_USER));
  g_assert_true (is_answered (port, SHUTDOWN (""), 403, "own user and root"));
  g_assert_true (is_answered (port, FORGET (""), 403, "own user and root"));
  g_assert_true (is_answered (port, "GET /v1/workers/w HTTP/1.1\r\n" HOST "\r\n", 200, NULL));
  g_assert_no_errno (seteuid (0));

  g_assert_true (is_answered (port, FORGET (""), 200, NULL));
  assert_ends (queen, SHUTDOWN (""));
}

#define RIGHTS "GET /v1/session HTTP/1.1\r\n" HOST "\r\n"

/* E10: a page offers what would not be refused. */
static void
test_told (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  g_autoptr (QueenProcess) off = queen_process_start ("--admin=off", NULL);
  g_autoptr (HttpAnswer) own = http_exchange (queen_process_get_port (queen), RIGHTS, -1);
  g_autoptr (HttpAnswer) nobody = http_exchange (queen_process_get_port (off), RIGHTS, -1);

  g_assert_cmpuint (own->status, ==, 200);
  g_assert_cmpstr (own->body, ==,
                   "{\"may\":[\"read\",\"beat\",\"jobs\",\"hold\",\"hives\",\"admin\"]}\n");
  g_assert_cmpstr (nobody->body, ==, "{\"may\":[\"read\",\"beat\",\"jobs\"]}\n");
}

/* How many connections to @port were closed by those who made them, and that has been told: the
 * kernel then forgets whose they were. */
static guint
count_forgotten (guint16 port)
{
  g_autofree char *target = g_strdup_printf (" 0100007F:%04X 05 ", port);
  g_autofree char *table = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/net/tcp", &table, NULL, NULL));
  for (const char *at = strstr (table, target); at; at = strstr (at + 1, target))
    n++;
  return n;
}

/* Who does not wait for the answer cannot be found out, and so is nobody: the kernel would say that
 * it is root. */
static void
test_gone (void)
{
  g_autoptr (QueenProcess) queen = NULL;
  guint16 port;
  guint64 n_refused;

  if (skip_unless_root ())
    return;
  queen = queen_process_start (NULL, NULL);
  port = queen_process_get_port (queen);
  n_refused = http_read_metric (port, "queen_refusals_total{reason=\"forbidden\"}");
  queen_process_signal (queen, SIGSTOP); /* so that they are all gone when she looks */
  g_assert_no_errno (seteuid (OTHER_USER));
  for (int i = 0; i < 100; i++)
    {
      const struct linger at_once = { i % 2, 0 };
      int fd = http_connect (port);

      g_assert_true (http_send (fd, SHUTDOWN (""), -1));
      g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
      close (fd);
    }
  g_assert_no_errno (seteuid (0));
  queen_test_wait_until (count_forgotten (port) == 50);
  queen_process_signal (queen, SIGCONT);
  queen_test_wait_until (http_read_metric (port, "queen_connections") == 1);
  g_assert_cmpuint (http_read_metric (port, "queen_refusals_total{reason=\"forbidden\"}"), >=,
                    n_refused + 50);
  assert_ends (queen, SHUTDOWN (""));
}

static int
connect_ipv6 (guint16 port, const char *address)
{
  struct sockaddr_in6 native = { .sin6_family = AF_INET6, .sin6_port = htons (port) };
  int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (inet_pton (AF_INET6, address, &native.sin6_addr), ==, 1);
  g_assert_no_errno (connect (fd, (struct sockaddr *) &native, sizeof native));
  return fd;
}

/* By whichever address of this machine. */
static void
test_addresses (void)
{
  static const char *const ways[] = { "::1", "::ffff:127.0.0.1" };
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      int fd = connect_ipv6 (port, ways[i]);
      g_autoptr (HttpAnswer) answer = NULL;

      http_send (fd, FORGET (""), -1);
      answer = http_read_answer (fd);
      g_assert_cmpuint (answer->status, ==, 404); /* she may: there is only nobody */
    }
}

static void
test_forwarded (void)
{
  static const char *const requests[] = {
    SHUTDOWN ("X-Forwarded-For: 127.0.0.1\r\n"),
    SHUTDOWN ("Forwarded: for=127.0.0.1\r\n"),
    SHUTDOWN ("via: 1.1 proxy\r\n"),
    SHUTDOWN ("X-Real-IP: 127.0.0.1\r\n"),
    SHUTDOWN ("X-Forwarded-Proto: https\r\n"),
    FORGET ("X-Forwarded-For:\r\n"),
  };
  const char *const proxies[] = { NULL, "--trusted-proxy=127.0.0.1" };

  for (gsize i = 0; i < G_N_ELEMENTS (proxies); i++)
    {
      g_autoptr (QueenProcess) queen = queen_process_start (proxies[i], NULL);

      for (gsize j = 0; j < G_N_ELEMENTS (requests); j++)
        g_assert_true (
            is_answered (queen_process_get_port (queen), requests[j], 403, "not through a proxy"));
    }
}

static void
test_pages (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);

  g_assert_true (is_answered (port, SHUTDOWN ("Origin: http://localhost\r\n"), 403, "web page"));
  g_assert_true (is_answered (port, SHUTDOWN ("Origin: https://evil.example\r\n"), 403, "evil"));
  g_assert_true (
      is_answered (port, FORGET ("Origin: http://localhost\r\n"), 404, NULL)); /* her own */
  g_assert_true (is_answered (port, FORGET ("Origin: http://localhost:9999\r\n"), 403, "own user"));
  g_assert_true (is_answered (port, FORGET ("Origin: https://evil.example\r\n"), 403, "evil"));
}

static char *
write_tokens (const char *text)
{
  char *path = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &path, NULL);

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

#define BEARER(token) "Authorization: Bearer " token "\r\n"

static void
test_token (void)
{
  g_autofree char *path =
      write_tokens ("a:0123456789abcdef\nb:fedcba9876543210:admin\nc:correct-horse-battery:read\n");
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);
  g_autoptr (QueenProcess) queen = queen_process_start ("--admin=token", option, NULL);
  guint16 port = queen_process_get_port (queen);

  g_assert_true (is_answered (port, SHUTDOWN (""), 401, "token"));
  g_assert_true (is_answered (port, SHUTDOWN (BEARER ("nobody-knows-this")), 401, NULL));
  g_assert_true (is_answered (port, SHUTDOWN (BEARER ("0123456789abcdef")), 403, "“admin”"));
  g_assert_true (is_answered (port, FORGET (BEARER ("correct-horse-battery")), 403, "“c”"));
  g_assert_true (is_answered (port, FORGET (BEARER ("fedcba9876543210")), 404, NULL));
  /* Whoever it is that hands it on. */
  assert_ends (queen, SHUTDOWN (BEARER ("fedcba9876543210") "Via: 1.1 proxy\r\n"));
  g_unlink (path);
}

static void
test_no_tokens (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--admin=token", NULL);
  guint16 port = queen_process_get_port (queen);

  g_assert_true (is_answered (port, SHUTDOWN (""), 403, "see --token-file"));
  g_assert_true (is_answered (port, FORGET (""), 403, "see --token-file"));
}

static void
test_off (void)
{
  g_autofree char *path = write_tokens ("b:fedcba9876543210:admin\n");
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);
  g_autoptr (QueenProcess) queen = queen_process_start ("--admin=off", option, NULL);
  guint16 port = queen_process_get_port (queen);

  g_assert_true (is_answered (port, SHUTDOWN (BEARER ("fedcba9876543210")), 403, "--admin=off"));
  g_assert_true (is_answered (port, FORGET (BEARER ("fedcba9876543210")), 403, "--admin=off"));
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/admin/loopback/not-for-other-users-of-this-machine", test_other_user);
  g_test_add_func ("/admin/loopback/not-for-who-has-gone", test_gone);
  g_test_add_func ("/admin/loopback/a-page-is-told-what-it-may", test_told);
  g_test_add_func ("/admin/loopback/for-her-own-user-by-any-address", test_addresses);
  g_test_add_func ("/admin/loopback/not-for-what-is-handed-on", test_forwarded);
  g_test_add_func ("/admin/loopback/no-page-ends-her", test_pages);
  g_test_add_func ("/admin/token/with-the-scope-admin", test_token);
  g_test_add_func ("/admin/token/without-tokens-nobody", test_no_tokens);
  g_test_add_func ("/admin/off/nobody", test_off);

  return g_test_run ();
}
