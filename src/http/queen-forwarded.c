/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-forwarded.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <string.h>

#include "net/queen-networks.h"
#include "queen-error.h"
#include "queen-headers.h"

#define MAX_HOPS 32 /* proxies, one behind the other */

struct _QueenProxies
{
  QueenNetworks *networks;
  gboolean is_unix_trusted;
  QueenProxyHeader header;
};

/* Who is trusted */

QueenProxies *
queen_proxies_new (const char *const *trusted, QueenProxyHeader header, GError **error)
{
  g_autoptr (QueenProxies) self = g_new0 (QueenProxies, 1);

  self->networks = queen_networks_new ();
  self->header = header;
  for (; trusted && *trusted; trusted++)
    if (g_str_equal (*trusted, "unix:"))
      self->is_unix_trusted = TRUE;
    else if (!queen_networks_add (self->networks, *trusted))
      {
        g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                     _ ("“%s” is neither an address or network such as 10.0.0.1 or 10.0.0.0/8, "
                        "nor unix:"),
                     *trusted);
        return NULL;
      }
  return g_steal_pointer (&self);
}

/* An IPv4 address is the same when it is written as an IPv6 one. Returns: (transfer full) */
static GInetAddress *
make_address (const struct sockaddr_storage *native)
{
  const struct sockaddr_in *ipv4 = (const struct sockaddr_in *) native;
  const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *) native)->sin6_addr;

  if (native->ss_family == AF_INET)
    return g_inet_address_new_from_bytes ((const guint8 *) &ipv4->sin_addr, G_SOCKET_FAMILY_IPV4);
  if (IN6_IS_ADDR_V4MAPPED (ipv6))
    return g_inet_address_new_from_bytes (ipv6->s6_addr + 12, G_SOCKET_FAMILY_IPV4);
  return g_inet_address_new_from_bytes (ipv6->s6_addr, G_SOCKET_FAMILY_IPV6);
}

gboolean
queen_proxies_is_trusted (const QueenProxies *self, const struct sockaddr_storage *native)
{
  g_autoptr (GInetAddress) address = NULL;

  if (!self)
    return FALSE;
  if (native->ss_family == AF_UNIX)
    return self->is_unix_trusted;
  if (queen_networks_is_empty (self->networks) ||
      (native->ss_family != AF_INET && native->ss_family != AF_INET6))
    return FALSE;
  address = make_address (native);
  return queen_networks_have (self->networks, address);
}

/* Whom they name */

/* RFC 7239 § 6: a port may be a pseudonym, too. */
static gboolean
is_port (QueenText text)
{
  gboolean is_pseudonym = text.length > 1 && text.at[0] == '_';

  for (gsize i = is_pseudonym ? 1 : 0; i < text.length; i++)
    if (!g_ascii_isdigit (text.at[i]) &&
        !(is_pseudonym && (g_ascii_isalpha (text.at[i]) || strchr (".-_", text.at[i]))))
      return FALSE;
  return is_pseudonym || (text.length > 0 && text.length <= 5);
}

static gboolean
parse_bare_address (QueenText text, struct sockaddr_storage *address)
{
  char bare[INET6_ADDRSTRLEN] = "";

  *address = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
  if (text.length >= sizeof bare)
    return FALSE;
  memcpy (bare, text.at, text.length);
  if (inet_pton (AF_INET, bare, &((struct sockaddr_in *) address)->sin_addr) == 1)
    address->ss_family = AF_INET;
  else if (inet_pton (AF_INET6, bare, &((struct sockaddr_in6 *) address)->sin6_addr) == 1)
    address->ss_family = AF_INET6;
  return address->ss_family != AF_UNSPEC;
}

/* `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80` */
static gboolean
parse_address (QueenText text, struct sockaddr_storage *address)
{
  QueenText bare, rest, further;

  if (text.length > 0 && text.at[0] == '[')
    {
      if (!queen_text_cut (text, ']', &bare, &rest) ||
          (rest.length > 0 &&
           (rest.at[0] != ':' || !is_port ((QueenText){ rest.at + 1, rest.length - 1 }))))
        return FALSE;
      bare = (QueenText){ bare.at + 1, bare.length - 1 };
      return parse_bare_address (bare, address) && address->ss_family == AF_INET6;
    }
  /* Behind one colon is a port; an IPv6 address has two at the least. */
  if (queen_text_cut (text, ':', &bare, &rest) && !queen_text_cut (rest, ':', &further, &further))
    return is_port (rest) && parse_bare_address (bare, address);
  return parse_bare_address (text, address);
}

/* RFC 9110 § 5.6.4: where @text has its first @separator that is not in quotes, or its end; -1 when
 * the quotes do not end. */
static gssize
find_unquoted (QueenText text, char separator)
{
  gboolean is_quoted = FALSE;
  gsize i;

  for (i = 0; i < text.length && (is_quoted || text.at[i] != separator); i++)
    if (text.at[i] == '"')
      is_quoted = !is_quoted;
    else if (is_quoted && text.at[i] == '\\')
      i++;
  return is_quoted ? -1 : (gssize) MIN (i, text.length);
}

/* RFC 7239 § 4: `for=NODE;by=…`, or the node in quotes. */
static gboolean
find_node (QueenText element, QueenText *node)
{
  QueenText name, value;
  gboolean is_found = FALSE;
  gssize end;

  while ((end = find_unquoted (element, ';')) > 0)
    {
      QueenText pair = { element.at, (gsize) end };

      if (queen_text_cut (pair, '=', &name, &value) &&
          queen_text_is (queen_text_trim (name), "for"))
        {
          if (is_found) /* it may be there once */
            return FALSE;
          is_found = TRUE;
          *node = queen_text_trim (value);
        }
      if ((gsize) end == element.length)
        break;
      element = (QueenText){ element.at + end + 1, element.length - (gsize) end - 1 };
    }
  if (end < 0 || !is_found)
    return FALSE;
  if (node->length >= 2 && node->at[0] == '"' && node->at[node->length - 1] == '"')
    *node = (QueenText){ node->at + 1, node->length - 2 };
  return TRUE;
}

static gboolean
is_escaped (QueenText text, gsize at)
{
  gsize n_backslashes = 0;

  while (at > n_backslashes && text.at[at - n_backslashes - 1] == '\\')
    n_backslashes++;
  return n_backslashes % 2 == 1;
}

/* Takes the last element off a list with commas. It is looked for from behind: what stands there
 * was written by a trusted proxy, whereas quotes that a stranger has opened before that would hide
 * it. */
static QueenText
take_last (QueenText *list)
{
  gboolean is_quoted = FALSE;
  QueenText last;
  gsize start;

  for (start = list->length; start > 0; start--)
    {
      char byte = list->at[start - 1];

      if (byte == ',' && !is_quoted)
        break;
      if (byte == '"' && !(is_quoted && is_escaped (*list, start - 1)))
        is_quoted = !is_quoted;
    }
  last = (QueenText){ list->at + start, list->length - start };
  *list = start > 0 ? (QueenText){ list->at, start - 1 } : (QueenText){ NULL };
  return queen_text_trim (last);
}

static gboolean
parse_hop (const QueenProxies *self, QueenText hop, struct sockaddr_storage *address)
{
  if (self->header == QUEEN_PROXY_HEADER_FORWARDED && !find_node (hop, &hop))
    return FALSE;
  return parse_address (hop, address);
}

gboolean
queen_proxies_find_client (const QueenProxies *self,
                           QueenText head,
                           struct sockaddr_storage *client)
{
  static const char *const names[] = {
    [QUEEN_PROXY_HEADER_X_FORWARDED_FOR] = "X-Forwarded-For",
    [QUEEN_PROXY_HEADER_FORWARDED] = "Forwarded",
  };
  g_auto (QueenHeaders) headers = { NULL };
  struct sockaddr_storage named;
  QueenText list;

  queen_headers_init (&headers, head);
  list.at = queen_headers_get (&headers, names[self->header]);
  if (!list.at)
    return FALSE;
  list.length = strlen (list.at);
  for (guint n = 0; list.at && n < MAX_HOPS && queen_proxies_is_trusted (self, client); n++)
    {
      if (!parse_hop (self, take_last (&list), &named))
        break;
      *client = named;
    }
  return TRUE;
}

void
queen_proxies_free (QueenProxies *self)
{
  queen_networks_free (self->networks);
  g_free (self);
}
