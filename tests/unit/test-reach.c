/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "jobs/queen-reach.h"

#include <glib/gstdio.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "jobs/queen-target.h"
#include "jobs/queen-worker-tokens.h"
#include "model/queen-component-url.h"
#include "queen-error.h"

static const char *const networks[] = { "10.1.0.0/16", "127.0.0.0/8", "fd00::/8", NULL };

static gboolean
may_call (const QueenReach *reach, const char *from, const char *address, char **why)
{
  g_autoptr (GInetAddress) wanted = g_inet_address_new_from_string (address);
  g_autoptr (GError) error = NULL;
  QueenSource source = { .kind = QUEEN_SOURCE_UNKNOWN };
  gboolean may;

  g_assert_true (!from || queen_source_parse (from, &source));
  may = queen_reach_check (reach, &source, wanted, &error);
  if (!may)
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN);
  if (why)
    *why = may ? NULL : g_strdup (error->message);
  return may;
}

static const struct
{
  const char *from; /* NULL for nobody knows where */
  const char *address;
  gboolean may_be_called;
} rows[] = {
  { "10.9.0.7", "10.9.0.7", TRUE },
  { "10.9.0.7", "::ffff:10.9.0.7", TRUE },
  { "2001:db8::7", "2001:db8::7", TRUE },
  { "10.9.0.7", "10.9.0.8", FALSE },
  { "here", "10.9.0.8", FALSE },
  { NULL, "10.9.0.8", FALSE },
  { "10.9.0.7", "10.1.0.8", TRUE },
  { NULL, "10.1.0.8", TRUE },
  { "here", "fd00::8", TRUE },
  { "10.9.0.7", "::ffff:10.1.0.8", TRUE },
  /* this machine, whatever the networks say */
  { "here", "127.0.0.1", TRUE },
  { "here", "127.8.8.8", TRUE },
  { "here", "::1", TRUE },
  { "here", "::ffff:127.0.0.1", TRUE },
  { "127.0.0.1", "127.0.0.1", FALSE }, /* handed on */
  { "10.9.0.7", "127.0.0.1", FALSE },
  { "10.9.0.7", "::ffff:127.0.0.1", FALSE },
  { "10.9.0.7", "::1", FALSE },
  { NULL, "127.0.0.1", FALSE },
  { "here", "169.254.169.254", TRUE },
  { "10.9.0.7", "169.254.169.254", FALSE },
  { "169.254.0.7", "169.254.0.7", FALSE },
  { "fe80::7", "fe80::7", FALSE },
  /* nobody's */
  { "here", "0.0.0.0", FALSE },
  { "here", "::", FALSE },
  { "0.0.0.0", "0.0.0.0", FALSE },
  { "here", "0.1.2.3", FALSE },
  { "here", "224.0.0.1", FALSE },
  { "here", "255.255.255.255", FALSE },
  { "here", "ff02::1", FALSE },
};

static void
test_rows (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (networks, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s from %s", rows[i].address, rows[i].from ? rows[i].from : "nowhere");
      g_assert_cmpint (may_call (reach, rows[i].from, rows[i].address, NULL), ==,
                       rows[i].may_be_called);
    }
}

/* A sender behind this machine's address translation has its address, too. */
static void
test_own (void)
{
  static const char *const all[] = { "0.0.0.0/0", "::/0", NULL };
  g_autoptr (QueenReach) reach = queen_reach_new (all, NULL);
  struct ifaddrs *addresses;

  g_assert_cmpint (getifaddrs (&addresses), ==, 0);
  for (struct ifaddrs *one = addresses; one; one = one->ifa_next)
    if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET)
      {
        g_autoptr (GInetAddress) address = g_inet_address_new_from_bytes (
            (const guint8 *) &((const struct sockaddr_in *) one->ifa_addr)->sin_addr,
            G_SOCKET_FAMILY_IPV4);
        g_autofree char *text = g_inet_address_to_string (address);

        g_assert_true (may_call (reach, "here", text, NULL));
        g_assert_false (may_call (reach, text, text, NULL));
        g_assert_false (may_call (reach, "10.9.0.7", text, NULL));
      }
  freeifaddrs (addresses);
}

static void
test_why (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  g_autofree char *stranger = NULL, *here = NULL;

  may_call (reach, "10.9.0.7", "10.9.0.8", &stranger);
  g_assert_cmpstr (stranger, ==,
                   "10.9.0.8 is not called: the heartbeat came from 10.9.0.7, and no "
                   "--worker-network has this address");
  may_call (reach, NULL, "::1", &here);
  g_assert_nonnull (strstr (here, "nobody knows where"));
}

static void
test_bad_networks (void)
{
  static const char *const bad[] = { "",         "10.0.0.0/33", "10.0.0.1/8", "here",
                                     "10.0.0/8", "unix:",       "::/129" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const list[] = { bad[i], NULL };
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_reach_new (list, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
    }
}

/* Where a component is */

static const struct
{
  const char *url;
  const char *hostname;
  const char *from;
  guint16 port;
  const char *target; /* or what is wrong with it */
} targets[] = {
  { "http://10.0.0.7:8080", NULL, NULL, 1, "http 10.0.0.7 8080 " },
  { "http://node/", NULL, NULL, 1, "http node 80 " },
  { "https://node:8443/llm/v1/", NULL, NULL, 1, "https node 8443 /llm" },
  { "https://[fd00::7]", NULL, NULL, 1, "https fd00::7 443 " },
  { "http://node/v1", NULL, NULL, 1, "http node 80 " },
  { "http://user@node", NULL, NULL, 1, "its url is not called: it has a user's name" },
  { "http://user:secret@node", NULL, NULL, 1, "its url is not called: it has a user's name" },
  { "http://node/?a=b", NULL, NULL, 1, "its url is not called: it has a query or a fragment" },
  { "http://node/#a", NULL, NULL, 1, "its url is not called: it has a query or a fragment" },
  { "ftp://node", NULL, NULL, 1, "its url is not called: it is neither http nor https" },
  { "file:///etc/passwd", NULL, NULL, 1, "its url is not called: it is neither http nor https" },
  { "http://", NULL, NULL, 1, "its url is not called: it has no host" },
  { "node:80:80", NULL, NULL, 1, "its url is not called: it is neither http nor https" },
  { "//node", NULL, NULL, 1, "its url is not called: it is none" },
  { NULL, "node", "10.0.0.7", 9301, "http node 9301 " },
  { NULL, "node", "here", 9301, "http node 9301 " },
  { NULL, NULL, "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "127.0.0.1", "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "localhost", "fd00::7", 9301, "http fd00::7 9301 " },
  { NULL, "localhost", "here", 9301, "http localhost 9301 " },
  { NULL, "::1", "here", 9301, "http ::1 9301 " },
  { NULL, "0.0.0.0", "here", 9301, "http 127.0.0.1 9301 " },
  { NULL, "0.0.0.0", "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "::", "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "::ffff:127.0.0.1", "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "LocalHost.", "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "a.localhost", "10.0.0.7", 9301, "http 10.0.0.7 9301 " },
  { NULL, "127.0.0.1", NULL, 9301, "the worker has not said where it can be called" },
  { NULL, "node/x", "here", 9301, "the worker has not said where it can be called" },
  { NULL, "me@node", "here", 9301, "the worker has not said where it can be called" },
  { NULL, "node:80", "here", 9301, "the worker has not said where it can be called" },
  { NULL, "fe80::1%eth0", "here", 9301, "http fe80::1%eth0 9301 " },
  { "http://node%0d%0aX/", NULL, NULL, 1, "its url is not called: it has no host" },
  { "http://node%2fx/", NULL, NULL, 1, "its url is not called: it has no host" },
  { "http://[::1%25lo%0d%0aX]/", NULL, NULL, 1, "its url is not called: it has no host" },
  { NULL, NULL, "here", 9301, "http 127.0.0.1 9301 " },
  { NULL, NULL, NULL, 9301, "the worker has not said where it can be called" },
  { NULL, "node", "here", 0, "the worker has not said where it can be called" },
};

/* Who is only told where it is goes where a job would. */
static void
assert_same_url (const QueenComponent *worker, const QueenTarget *target)
{
  g_autofree char *url = queen_component_dup_url (worker);
  g_autoptr (GUri) uri = NULL;

  if (worker->vitals->url)
    return;
  g_assert_cmpint (url != NULL, ==, target != NULL);
  if (!target)
    return;
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  g_assert_nonnull (uri);
  g_assert_cmpstr (g_uri_get_host (uri), ==, target->host);
  g_assert_cmpint (g_uri_get_port (uri), ==, target->port);
}

static void
test_targets (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);
      g_autoptr (QueenTarget) target = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;

      worker->id = g_strdup ("w");
      worker->hostname = g_strdup (targets[i].hostname);
      worker->port = targets[i].port;
      if (targets[i].from)
        g_assert_true (queen_source_parse (targets[i].from, &worker->source));
      worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
      worker->vitals->url = g_strdup (targets[i].url);
      target = queen_target_new (worker, &error);
      text = target ? g_strdup_printf ("%s %s %u %s", target->scheme, target->host, target->port,
                                       target->path)
                    : g_strdup (error->message);
      g_test_message ("%" G_GSIZE_FORMAT, i);
      g_assert_true (g_str_has_prefix (text, targets[i].target));
      assert_same_url (worker, target);
    }
}

/* Tokens */

static QueenWorkerTokens *
load_tokens (const char *text, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("queen-worker-tokens-XXXXXX", &path, NULL);
  QueenWorkerTokens *tokens;

  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  tokens = queen_worker_tokens_new_from_file (path, error);
  g_unlink (path);
  return tokens;
}

/* Another queen is called without TLS on this machine alone, unless somebody wants it so. */
static void
test_queens (void)
{
  static const struct
  {
    const char *scheme;
    const char *address;
    gboolean is_called;
    gboolean is_called_plain;
  } queens[] = {
    { "http", "127.0.0.1", TRUE, TRUE },          { "http", "::1", TRUE, TRUE },
    { "http", "10.9.0.7", FALSE, TRUE },          { "https", "10.9.0.7", TRUE, TRUE },
    { "https", "0.0.0.0", FALSE, FALSE },         { "https", "224.0.0.1", FALSE, FALSE },
    { "https", "255.255.255.255", FALSE, FALSE }, { "https", "::", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (queens); i++)
    for (int may_be_plain = FALSE; may_be_plain <= TRUE; may_be_plain++)
      {
        g_autoptr (GInetAddress) address = g_inet_address_new_from_string (queens[i].address);
        g_autoptr (GError) error = NULL;
        gboolean is_called =
            queen_reach_check_queen (queens[i].scheme, may_be_plain, address, &error);

        g_assert_cmpint (is_called, ==,
                         may_be_plain ? queens[i].is_called_plain : queens[i].is_called);
        if (!is_called)
          g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN);
      }
}

static void
test_tokens (void)
{
  g_autoptr (QueenWorkerTokens) tokens = load_tokens (
      "# all of mine\n\nnode one\nnode:8443\ttwo\n  id=w   three\r\n[fd00::7]:80 four\n", NULL);
  QueenTarget node = { "http", (char *) "node", 80, NULL };
  QueenTarget other = { "https", (char *) "node", 8443, NULL };
  QueenTarget ipv6 = { "http", (char *) "fd00::7", 80, NULL };
  QueenTarget elsewhere = { "http", (char *) "elsewhere", 80, NULL };

  g_assert_cmpuint (queen_worker_tokens_get_n (tokens), ==, 4);
  g_assert_cmpstr (queen_worker_tokens_find (tokens, "w", &node), ==, "one");
  g_assert_cmpstr (queen_worker_tokens_find (tokens, "w", &other), ==, "two");
  g_assert_cmpstr (queen_worker_tokens_find (tokens, "w", &elsewhere), ==, "three");
  g_assert_cmpstr (queen_worker_tokens_find (tokens, "x", &ipv6), ==, "four");
  g_assert_null (queen_worker_tokens_find (tokens, "x", &elsewhere));
  g_assert_null (
      queen_worker_tokens_find (tokens, "node", &elsewhere)); /* is what anybody may say */
  g_assert_null (queen_worker_tokens_find (NULL, "w", &node));
}

/* Some editors put a mark before a text, and no host begins with it. */
static void
test_marked_tokens (void)
{
  g_autoptr (QueenWorkerTokens) tokens = load_tokens ("\xef\xbb\xbfnode one\n", NULL);
  QueenTarget node = { "http", (char *) "node", 80, NULL };

  g_assert_cmpstr (queen_worker_tokens_find (tokens, "w", &node), ==, "one");
}

static void
test_bad_tokens (void)
{
  static const char *const bad[] = {
    "node\n",         "node secret two\n", "node secr\x01et\n", "node secret\nnode secret\n",
    "n\xff secret\n", "id= secret\n"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (load_tokens (bad[i], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_nonnull (strstr (error->message, "line "));
      g_assert_null (strstr (error->message, "secr"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/reach/only-who-calls-and-where-it-is-allowed", test_rows);
  g_test_add_func ("/reach/own-addresses-are-this-machine", test_own);
  g_test_add_func ("/reach/says-why-not", test_why);
  g_test_add_func ("/reach/bad-networks", test_bad_networks);
  g_test_add_func ("/reach/queens-in-the-clear-on-this-machine-alone", test_queens);
  g_test_add_func ("/reach/target/where-it-says-that-it-is", test_targets);
  g_test_add_func ("/reach/tokens/host-and-port-before-host-before-id", test_tokens);
  g_test_add_func ("/reach/tokens/behind-an-editors-mark", test_marked_tokens);
  g_test_add_func ("/reach/tokens/bad-lines-are-named-and-not-shown", test_bad_tokens);

  return g_test_run ();
}
