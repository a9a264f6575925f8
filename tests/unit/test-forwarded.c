/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-forwarded.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/un.h>

#include "queen-error.h"

#define XFF QUEEN_PROXY_HEADER_X_FORWARDED_FOR
#define FWD QUEEN_PROXY_HEADER_FORWARDED
#define X "X-Forwarded-For: "
#define F "Forwarded: "

static void
set_address (struct sockaddr_storage *native, const char *text)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, 4321);

  *native = (struct sockaddr_storage){ 0 };
  if (g_str_equal (text, "unix:"))
    native->ss_family = AF_UNIX;
  else
    g_assert_true (g_socket_address_to_native (address, native, sizeof *native, NULL));
}

static char *
dup_address (const struct sockaddr_storage *native)
{
  char text[INET6_ADDRSTRLEN] = "";

  if (native->ss_family == AF_UNIX)
    return g_strdup ("unix:");
  inet_ntop (native->ss_family,
             native->ss_family == AF_INET
                 ? (const void *) &((const struct sockaddr_in *) native)->sin_addr
                 : (const void *) &((const struct sockaddr_in6 *) native)->sin6_addr,
             text, sizeof text);
  return g_strdup (text);
}

/* Whose request it is that 127.0.0.1 hands on, with 127.0.0.1, ::1 and 10.0.0.0/8 trusted. */
static char *
find_client (QueenProxyHeader header, const char *lines, gboolean *is_named)
{
  static const char *const trusted[] = { "127.0.0.1", "::1", "10.0.0.0/8", NULL };
  g_autoptr (QueenProxies) proxies = queen_proxies_new (trusted, header, NULL);
  g_autofree char *head = g_strconcat ("GET / HTTP/1.1\r\nHost: q\r\n", lines, "\r\n\r\n", NULL);
  struct sockaddr_storage client;

  set_address (&client, "127.0.0.1");
  *is_named = queen_proxies_find_client (proxies, (QueenText){ head, strlen (head) }, &client);
  return dup_address (&client);
}

/* clang-format off: a row for each head */
static const struct
{
  QueenProxyHeader header;
  const char *lines;
  const char *client;
} rows[] = {
  { XFF, X "192.0.2.1", "192.0.2.1" },
  { XFF, X "192.0.2.1:4711", "192.0.2.1" },
  { XFF, X "2001:db8::1", "2001:db8::1" },
  { XFF, X "[2001:db8::1]", "2001:db8::1" },
  { XFF, X "[2001:db8::1]:443", "2001:db8::1" },
  { XFF, X "  192.0.2.1\t", "192.0.2.1" },
  { XFF, X "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
  { XFF, "x-forwarded-for:192.0.2.1", "192.0.2.1" },

  /* from the right, over those who are trusted */
  { XFF, X "198.51.100.9, 192.0.2.1", "192.0.2.1" },
  { XFF, X "198.51.100.9, 192.0.2.1, 10.1.2.3", "192.0.2.1" },
  { XFF, X "198.51.100.9,192.0.2.1,10.1.2.3,::1,127.0.0.1", "192.0.2.1" },
  { XFF, X "198.51.100.9, 192.0.2.1, ::ffff:10.1.2.3", "192.0.2.1" },
  { XFF, X "10.1.2.3, 10.9.9.9", "10.1.2.3" },
  { XFF, X "127.0.0.1", "127.0.0.1" },
  { XFF, X "11.0.0.1, 192.0.2.1", "192.0.2.1" },

  /* several lines are one, in order */
  { XFF, X "198.51.100.9\r\n" X "192.0.2.1", "192.0.2.1" },
  { XFF, X "192.0.2.1\r\nX: y\r\n" X "10.1.2.3", "192.0.2.1" },

  /* who names nobody has the last word, and it is not taken for that of whoever stands before */
  { XFF, X "unknown", "127.0.0.1" },
  { XFF, X "192.0.2.1, unknown", "127.0.0.1" },
  { XFF, X "192.0.2.1, unknown, 10.1.2.3", "10.1.2.3" },
  { XFF, X "192.0.2.1, _x, 10.1.2.3", "10.1.2.3" },
  { XFF, X "192.0.2.1, ", "127.0.0.1" },
  { XFF, X ", ", "127.0.0.1" },
  { XFF, X, "127.0.0.1" },
  { XFF, X "192.0.2.1, 256.0.0.1", "127.0.0.1" },
  { XFF, X "192.0.2.1, 192.0.2", "127.0.0.1" },
  { XFF, X "192.0.2.1, 0x7f000001", "127.0.0.1" },
  { XFF, X "192.0.2.1:", "127.0.0.1" },
  { XFF, X "192.0.2.1:123456", "127.0.0.1" },
  { XFF, X "192.0.2.1:x", "127.0.0.1" },
  { XFF, X "192.0.2.1 192.0.2.2", "127.0.0.1" },
  { XFF, X "[192.0.2.1]", "127.0.0.1" },
  { XFF, X "[2001:db8::1", "127.0.0.1" },
  { XFF, X "[2001:db8::1]443", "127.0.0.1" },
  { XFF, X "[]", "127.0.0.1" },
  { XFF, X "fe80::1%eth0", "127.0.0.1" },
  { XFF, X "\"192.0.2.1\"", "127.0.0.1" },
  { XFF, X "for=192.0.2.1", "127.0.0.1" },
  { XFF, X "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", "127.0.0.1" },

  { FWD, F "for=192.0.2.1", "192.0.2.1" },
  { FWD, F "For=\"192.0.2.1:4711\"", "192.0.2.1" },
  { FWD, F "for=\"[2001:db8::1]\"", "2001:db8::1" },
  { FWD, F "for=\"[2001:db8::1]:_port\"", "2001:db8::1" },
  { FWD, F "proto=https;for=192.0.2.1;by=10.0.0.1", "192.0.2.1" },
  { FWD, F "for=198.51.100.9, for=192.0.2.1;proto=http, for=10.1.2.3", "192.0.2.1" },
  { FWD, F "for=192.0.2.1;host=\"a,b;for=198.51.100.9\"", "192.0.2.1" },
  { FWD, F "host=\"a\\\",for=198.51.100.9;x=\\\"\";for=192.0.2.1", "192.0.2.1" },
  { FWD, F "for=192.0.2.1;host=\"a\\\",for=198.51.100.9;x=\\\"\"", "192.0.2.1" },
  { FWD, F "for=192.0.2.1, by=10.0.0.1", "127.0.0.1" },
  { FWD, F "for=unknown", "127.0.0.1" },
  { FWD, F "for=\"_gazonk\"", "127.0.0.1" },
  { FWD, F "for=192.0.2.1;for=198.51.100.9", "127.0.0.1" },
  { FWD, F "for=192.0.2.1;x=\"", "127.0.0.1" },
  { FWD, F "192.0.2.1", "127.0.0.1" },
  { FWD, F "for=", "127.0.0.1" },
  { FWD, F, "127.0.0.1" },

  /* a stranger's quote hides nothing of what his proxy has written */
  { FWD, F "for=\"198.51.100.9, for=192.0.2.1", "192.0.2.1" },
  { FWD, F "for=\"198.51.100.9\r\n" F "for=192.0.2.1", "192.0.2.1" },
  { FWD, F "for=\"198.51.100.9\\, for=\"[2001:db8::1]\"", "2001:db8::1" },
};
/* clang-format on */

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gboolean is_named;
      g_autofree char *client = find_client (rows[i].header, rows[i].lines, &is_named);

      g_test_message ("%s", rows[i].lines);
      g_assert_cmpstr (client, ==, rows[i].client);
      g_assert_true (is_named);
    }
}

/* What a client has sent under another name is no proxy's word. */
static void
test_other_header (void)
{
  static const struct
  {
    QueenProxyHeader header;
    const char *lines;
  } others[] = {
    { XFF, F "for=192.0.2.1" },
    { FWD, X "192.0.2.1" },
    { XFF, "X-Real-IP: 192.0.2.1" },
    { XFF, "X-Forwarded-For-: 192.0.2.1" },
    { XFF, "Y: X-Forwarded-For: 192.0.2.1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      gboolean is_named;
      g_autofree char *client = find_client (others[i].header, others[i].lines, &is_named);

      g_assert_cmpstr (client, ==, "127.0.0.1");
      g_assert_false (is_named);
    }
}

/* However long the list is, it is not walked for ever. */
static void
test_long (void)
{
  g_autoptr (GString) lines = g_string_new (X "192.0.2.1");
  g_autofree char *client = NULL;
  gboolean is_named;

  for (int i = 0; i < 1000; i++)
    g_string_append (lines, ",10.0.0.1");
  client = find_client (XFF, lines->str, &is_named);
  g_assert_cmpstr (client, ==, "10.0.0.1");
}

static void
test_trusted (void)
{
  static const struct
  {
    const char *trusted;
    const char *client;
    gboolean is_trusted;
  } clients[] = {
    { "192.0.2.1", "192.0.2.1", TRUE },
    { "192.0.2.1", "::ffff:192.0.2.1", TRUE },
    { "192.0.2.1", "192.0.2.2", FALSE },
    { "192.0.2.0/24", "192.0.2.255", TRUE },
    { "192.0.2.0/24", "192.0.3.0", FALSE },
    { "2001:db8::/32", "2001:db8:ffff::1", TRUE },
    { "2001:db8::/32", "2001:db9::1", FALSE },
    { "0.0.0.0/0", "2001:db8::1", FALSE },
    { "::/0", "192.0.2.1", FALSE },
    { "unix:", "unix:", TRUE },
    { "unix:", "127.0.0.1", FALSE },
    { "127.0.0.1", "unix:", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      const char *const trusted[] = { clients[i].trusted, NULL };
      g_autoptr (QueenProxies) proxies = queen_proxies_new (trusted, XFF, NULL);
      struct sockaddr_storage native;

      set_address (&native, clients[i].client);
      g_test_message ("%s: %s", clients[i].trusted, clients[i].client);
      g_assert_cmpint (queen_proxies_is_trusted (proxies, &native), ==, clients[i].is_trusted);
      g_assert_false (queen_proxies_is_trusted (NULL, &native));
    }
}

static void
test_wrong (void)
{
  static const char *const wrong[] = {
    "",          "localhost",   "10.0.0.1/8",   "10.0.0.0/33", "*",
    "unix",      "10.0.0.",     "::1/129",      "10.0.0.1:80", "[::1]",
    "10.0.0.0/", "10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0.0/-1", "unix:/run/x"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *const trusted[] = { "127.0.0.1", wrong[i], NULL };
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_proxies_new (trusted, XFF, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_nonnull (strstr (error->message, wrong[i]));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/forwarded/client/last-one-that-a-trusted-proxy-names", test_rows);
  g_test_add_func ("/forwarded/client/by-one-header-alone", test_other_header);
  g_test_add_func ("/forwarded/client/no-endless-walk", test_long);
  g_test_add_func ("/forwarded/trusted/addresses-networks-and-unix-sockets", test_trusted);
  g_test_add_func ("/forwarded/trusted/anything-else-is-an-error", test_wrong);

  return g_test_run ();
}
