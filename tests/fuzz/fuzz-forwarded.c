/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as header lines that a client sends to a trusted proxy, which adds whom it got them
 * from, in the same line or another one. Whatever the client wrote, that is whose request it is;
 * and another trusted proxy behind the first changes nothing. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "http/queen-forwarded.h"
#include "http/queen-request-head.h"

#define NEAREST "10.0.0.1"
#define OTHER_PROXY "10.0.0.2"
#define CLIENT "192.0.2.1"
#define MAX_HOPS 16 /* fewer than after which the walk ends in any case */

typedef struct
{
  const char *name;
  const char *before; /* an address */
  const char *behind;
} Spelling;

static const Spelling spellings[] = {
  [QUEEN_PROXY_HEADER_X_FORWARDED_FOR] = { "X-Forwarded-For: ", "", "" },
  [QUEEN_PROXY_HEADER_FORWARDED] = { "Forwarded: ", "for=\"", ":80\";proto=http" },
};

/* Returns: (transfer full) (nullable): %NULL when the gate would refuse the head */
static char *
find_client (QueenProxyHeader header, const char *lines)
{
  static const char *const trusted[] = { "10.0.0.0/8", NULL };
  g_autoptr (QueenProxies) proxies = queen_proxies_new (trusted, header, NULL);
  g_autofree char *text = g_strconcat ("GET / HTTP/1.1\r\nHost: q\r\n", lines, "\r\n\r\n", NULL);
  gsize length = strlen (text);
  g_autofree char *exact = g_memdup2 (text, length);
  g_autoptr (GString) accepted = g_string_new (NULL);
  struct sockaddr_storage client = { .ss_family = AF_INET };
  char address[INET6_ADDRSTRLEN];
  gsize scanned = 0;
  QueenRequestHead head;

  if (queen_request_head_find_end (exact, length, &scanned, NULL) != (gssize) length ||
      !queen_request_head_parse (exact, length, &head, accepted, NULL))
    return NULL;
  inet_pton (AF_INET, NEAREST, &((struct sockaddr_in *) &client)->sin_addr);
  if (queen_proxies_find_client (proxies, (QueenText){ exact, length }, &client))
    g_assert_true (head.is_forwarded);
  inet_ntop (client.ss_family,
             client.ss_family == AF_INET6
                 ? (const void *) &((struct sockaddr_in6 *) &client)->sin6_addr
                 : (const void *) &((struct sockaddr_in *) &client)->sin_addr,
             address, sizeof address);
  return g_strdup (address);
}

/* What a proxy makes of @lines: @address is the last element of the header. */
static char *
add_hop (const Spelling *spelling, const char *lines, const char *address, gboolean in_line)
{
  return g_strconcat (lines, in_line ? ", " : "\r\n", in_line ? "" : spelling->name,
                      spelling->before, address, spelling->behind, NULL);
}

static guint
count_commas (const char *text)
{
  guint n = 0;

  for (; *text; text++)
    n += *text == ',' || *text == '\n';
  return n;
}

static void
check_hops (QueenProxyHeader header, const char *lines, gboolean in_line)
{
  const Spelling *spelling = &spellings[header];
  g_autofree char *before = find_client (header, lines);
  g_autofree char *handed_on = add_hop (spelling, lines, CLIENT, in_line);
  g_autofree char *twice = add_hop (spelling, handed_on, OTHER_PROXY, TRUE);
  g_autofree char *longer = add_hop (spelling, lines, OTHER_PROXY, in_line);
  g_autofree char *client = find_client (header, handed_on);
  g_autofree char *same = find_client (header, twice);
  g_autofree char *after = find_client (header, longer);

  if (!before || !client)
    return; /* the proxy got no head that could be handed on */
  g_assert_cmpstr (client, ==, CLIENT);
  g_assert_cmpstr (same, ==, CLIENT);
  /* Where the client names nobody, the last proxy is all that is known; but it may name that one.
   */
  if (count_commas (lines) < MAX_HOPS)
    g_assert_true (g_str_equal (after, before) ||
                   (g_str_equal (before, NEAREST) && g_str_equal (after, OTHER_PROXY)));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  for (QueenProxyHeader header = 0; header < G_N_ELEMENTS (spellings); header++)
    {
      g_autofree char *value = g_strndup ((const char *) data, MIN (size, 8000));
      g_autofree char *lines = g_strconcat (spellings[header].name, value, NULL);

      /* In the same line only if that is the header's last one. */
      check_hops (header, lines, strchr (value, '\n') == NULL);
      check_hops (header, lines, FALSE);
    }
  return 0;
}
