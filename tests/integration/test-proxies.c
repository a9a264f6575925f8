/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Behind a proxy each client has a share of its own. The test is the proxy, and writes by hand what
 * one would write. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-client.h"
#include "queen-process.h"
#include "sse-client.h"

#define XFF(client) "X-Forwarded-For: " client "\r\n"

/* A request that waits for its body, and so holds a place. */
static int
begin (guint16 port, const char *from, const char *headers)
{
  g_autofree char *head =
      g_strconcat ("POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n", headers,
                   "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", NULL);
  int fd = http_connect_from (from, port, 0);

  g_assert_true (http_send (fd, head, -1));
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  return fd;
}

static void
assert_refused (int fd)
{
  g_autoptr (HttpAnswer) answer = http_read_answer (fd);
  g_autofree char *message = http_answer_dup_member (answer, "message");

  g_assert_cmpuint (answer->status, ==, 503);
  g_assert_cmpstr (message, ==, "too many connections from one address");
}

/* Whether @fd was asked for its body: it has a place. */
static gboolean
is_invited (int fd)
{
  char start[13] = "";

  g_assert_cmpint (recv (fd, start, 12, MSG_PEEK | MSG_WAITALL), ==, 12);
  return g_str_equal (start, "HTTP/1.1 100");
}

static void
test_requests (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--trusted-proxy=127.0.0.0/29", "--max-per-peer=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int first = begin (port, NULL, XFF ("192.0.2.1"));
  int second = begin (port, "127.0.0.2", XFF ("198.51.100.7, 192.0.2.1, 127.0.0.3"));
  int third = begin (port, NULL, XFF ("192.0.2.9") XFF ("192.0.2.1"));
  int others[4];

  g_assert_true (is_invited (first) && is_invited (second));
  assert_refused (third);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *headers = g_strdup_printf (XFF ("192.0.2.%zu"), i + 2);

      others[i] = begin (port, NULL, headers);
      g_assert_true (is_invited (others[i]));
    }

  /* What goes is given back to whom it was taken from. */
  close (first);
  queen_test_wait_until (http_read_metric (port, "queen_connections") == 6);
  first = begin (port, NULL, XFF ("192.0.2.1"));
  g_assert_true (is_invited (first));
  assert_refused (begin (port, NULL, XFF ("192.0.2.1")));

  close (first);
  close (second);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    close (others[i]);
}

/* A client may write what it likes: only of a trusted address it is believed. */
static void
test_untrusted (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--trusted-proxy=127.0.0.2", "--max-per-peer=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int first = begin (port, "127.0.0.1", XFF ("192.0.2.1"));
  int second = begin (port, "127.0.0.1", XFF ("192.0.2.2"));

  g_assert_true (is_invited (first) && is_invited (second));
  assert_refused (http_connect_from ("127.0.0.1", port, 0));
  close (first);
  close (second);
}

/* This machine is spared unless asked for; but not somebody of whom a proxy says that he is here.
 */
static void
test_loopback (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--trusted-proxy=127.0.0.1", "--max-connections=8", NULL);
  guint16 port = queen_process_get_port (queen);
  int first = begin (port, NULL, XFF ("127.0.0.1"));
  int second = begin (port, NULL, XFF ("::ffff:127.0.0.1"));

  g_assert_true (is_invited (first) && is_invited (second));
  assert_refused (begin (port, NULL, XFF ("127.0.0.1")));
  assert_refused (begin (port, NULL, XFF ("unknown")));
  g_assert_true (is_invited (begin (port, NULL, ""))); /* nobody is named: it is the proxy itself */
  close (first);
  close (second);
}

static void
test_forwarded (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--trusted-proxy=127.0.0.1", "--proxy-header=Forwarded",
                           "--max-per-peer=1", NULL);
  guint16 port = queen_process_get_port (queen);
  int first = begin (port, NULL, "Forwarded: for=\"[2001:db8::1]:80\";proto=https\r\n");
  int second = begin (port, NULL, "Forwarded: for=\"[2001:db8:0:1::1]\"\r\n");

  g_assert_true (is_invited (first) && is_invited (second));
  assert_refused (begin (port, NULL, "Forwarded: for=\"[2001:db8::2]\"\r\n" XFF ("192.0.2.1")));
  close (first);
  close (second);
}

/* B20: each has a share of the subscribers, too. */
static void
test_subscribers (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--trusted-proxy=127.0.0.1", "--max-per-peer=2", NULL);
  guint16 port = queen_process_get_port (queen);
  static const struct
  {
    const char *headers;
    gboolean is_busy;
  } rows[] = {
    { XFF ("192.0.2.1"), FALSE }, { XFF ("192.0.2.1"), FALSE }, { XFF ("192.0.2.1"), TRUE },
    { XFF ("192.0.2.2"), FALSE }, { XFF ("192.0.2.3"), FALSE }, { XFF ("192.0.2.4"), FALSE },
  };
  g_autoptr (GPtrArray) clients = sse_client_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      SseClient *client = sse_client_open (port, 0, NULL, rows[i].headers);
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_ptr_array_add (clients, client);
      g_assert_cmpint (g_strcmp0 (frame->event, "busy") == 0, ==, rows[i].is_busy);
    }
}

/* A16: and each has a share of the registry. */
static void
test_senders (void)
{
  static const struct
  {
    const char *client;
    char id;
    guint status;
  } rows[] = {
    { "192.0.2.1", '1', 200 }, { "192.0.2.1", '2', 200 }, { "192.0.2.1", '3', 503 },
    { "192.0.2.2", '3', 200 }, { "192.0.2.1", '1', 200 }, { "127.0.0.1", '4', 200 },
    { "127.0.0.1", '5', 200 }, { "127.0.0.1", '6', 503 },
  };
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--trusted-proxy=127.0.0.1", "--max-components=8", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *request =
          g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                           "Content-Type: application/json\r\nContent-Length: 34\r\n"
                           "X-Forwarded-For: %s\r\n\r\n{\"worker_id\":\"%c\",\"status\":\"ready\"}",
                           rows[i].client, rows[i].id);
      g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (queen), request, -1);

      g_test_message ("%s: %s", rows[i].client, answer->body);
      g_assert_cmpuint (answer->status, ==, rows[i].status);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/proxies/requests/a-share-for-each-client", test_requests);
  g_test_add_func ("/proxies/requests/only-a-trusted-address-is-believed", test_untrusted);
  g_test_add_func ("/proxies/requests/nobody-is-here-on-a-proxys-word", test_loopback);
  g_test_add_func ("/proxies/requests/forwarded-by-rfc-7239", test_forwarded);

  g_test_add_func ("/proxies/subscribers/a-share-for-each-client", test_subscribers);
  g_test_add_func ("/proxies/senders/a-share-of-the-registry-for-each-client", test_senders);

  return g_test_run ();
}
