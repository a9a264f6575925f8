/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-access.h"

#include <string.h>
#include <sys/random.h>

#include "queen-error.h"
#include "queen-tokens.h"

#define COOKIE "queen-session"
#define SESSION_LENGTH 3600 /* s */

struct _QueenAccess
{
  GObject parent_instance;

  GHashTable *hosts;   /* a set, in lower case */
  GHashTable *origins; /* likewise */
  char *token_file;
  QueenTokens *tokens; /* NULL when none are needed */
  gboolean are_reads_protected;
  guint8 session_key[32];
};

G_DEFINE_FINAL_TYPE (QueenAccess, queen_access, G_TYPE_OBJECT)

/* Without the port, the brackets of an IPv6 address, and the dot at the end. */
static QueenText
strip_port (QueenText host)
{
  const char *colon;

  if (host.length > 0 && host.at[0] == '[')
    {
      const char *bracket = memchr (host.at, ']', host.length);

      return bracket ? (QueenText){ host.at + 1, (gsize) (bracket - host.at) - 1 } : host;
    }
  colon = memchr (host.at, ':', host.length);
  if (colon)
    host.length = (gsize) (colon - host.at);
  if (host.length > 0 && host.at[host.length - 1] == '.')
    host.length--;
  return host;
}

static gboolean
is_loopback_name (const char *name)
{
  g_autoptr (GInetAddress) address = NULL;

  if (g_str_equal (name, "localhost") || g_str_has_suffix (name, ".localhost"))
    return TRUE; /* RFC 6761 § 6.3 */
  address = g_inet_address_new_from_string (name);
  return address && g_inet_address_get_is_loopback (address);
}

/* Any port will do: what a browser cannot be made to believe is the name. */
static gboolean
is_own_host (QueenAccess *self, QueenText host)
{
  QueenText name = strip_port (host);
  g_autofree char *lower = NULL;

  if (queen_text_is (name, "localhost") || queen_text_is (name, "127.0.0.1"))
    return TRUE;
  lower = g_ascii_strdown (name.at, (gssize) name.length);
  return is_loopback_name (lower) || g_hash_table_contains (self->hosts, lower);
}

static gboolean
check_host (QueenAccess *self, QueenText host, GError **error)
{
  if (is_own_host (self, host))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_MISDIRECTED,
               "“%.*s” is no name of this queen; see --allowed-host", (int) host.length, host.at);
  return FALSE;
}

/* An origin is a scheme, a host and perhaps a port; `null` is none. */
static gboolean
get_origin_host (QueenText origin, QueenText *host)
{
  static const char *const schemes[] = { "http://", "https://" };

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      gsize length = strlen (schemes[i]);

      if (origin.length > length && g_ascii_strncasecmp (origin.at, schemes[i], length) == 0)
        {
          *host = (QueenText){ origin.at + length, origin.length - length };
          for (gsize j = 0; j < host->length; j++)
            if (!g_ascii_isalnum (host->at[j]) && !strchr ("-._~:[]", host->at[j]))
              return FALSE; /* what looks like a host may be a user's name before one */
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
queen_access_allows_origin (QueenAccess *self, QueenText origin, QueenText own_host)
{
  g_autofree char *whole = g_ascii_strdown (origin.at, (gssize) origin.length);
  g_autofree char *name = NULL;
  QueenText host, bare;

  if (g_hash_table_contains (self->origins, whole))
    return TRUE;
  if (!get_origin_host (origin, &host))
    return FALSE;
  if (host.length == own_host.length &&
      g_ascii_strncasecmp (host.at, own_host.at, host.length) == 0)
    return TRUE; /* her own page, under a name that has been checked */
  bare = strip_port (host);
  name = g_ascii_strdown (bare.at, (gssize) bare.length);
  return is_loopback_name (name);
}

static gboolean
check_page (QueenAccess *self, const QueenRequestHead *head, GError **error)
{
  if (head->origin.at)
    {
      if (queen_access_allows_origin (self, head->origin, head->host))
        return TRUE;
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                   "web pages of “%.*s” may not speak to the queen; see --cors-origin",
                   (int) head->origin.length, head->origin.at);
      return FALSE;
    }
  /* Following a link from another site is no harm, as that site sees nothing of what comes. */
  if (!head->fetch_site.at || !queen_text_is (head->fetch_site, "cross-site") ||
      (head->fetch_mode.at && queen_text_is (head->fetch_mode, "navigate") &&
       queen_text_is (head->method, "GET")))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                       "pages of other sites may not speak to the queen");
  return FALSE;
}

gboolean
queen_access_check_head (QueenAccess *self, const QueenRequestHead *head, GError **error)
{
  return check_host (self, head->host, error) &&
         (!head->target_host.at || check_host (self, head->target_host, error)) &&
         check_page (self, head, error);
}

/* Sessions: a cookie is the second until which it holds, and what only she can make of that. So she
 * remembers none of them, however many there are. */

static char *
sign (QueenAccess *self, const char *expiry)
{
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, self->session_key, sizeof self->session_key,
                                    expiry, -1);
}

static gboolean
is_session (QueenAccess *self, const char *value, gsize length)
{
  g_autofree char *text = g_strndup (value, length);
  char *dot = strchr (text, '.');
  g_autofree char *signature = NULL;
  guint64 expiry;

  if (!dot)
    return FALSE;
  *dot = '\0';
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &expiry, NULL))
    return FALSE;
  signature = sign (self, text);
  return queen_tokens_is_equal (signature, dot + 1) &&
         expiry > (guint64) (g_get_monotonic_time () / G_USEC_PER_SEC);
}

static gboolean
has_session (QueenAccess *self, const char *cookies)
{
  g_auto (GStrv) pairs = g_strsplit (cookies ? cookies : "", ";", 64);

  for (char **pair = pairs; *pair; pair++)
    {
      const char *at = g_strstrip (*pair);

      if (g_str_has_prefix (at, COOKIE "=") &&
          is_session (self, at + strlen (COOKIE "="), strlen (at) - strlen (COOKIE "=")))
        return TRUE;
    }
  return FALSE;
}

char *
queen_access_dup_session_cookie (QueenAccess *self, gboolean is_secure)
{
  g_autofree char *expiry =
      g_strdup_printf ("%" G_GINT64_FORMAT,
                       g_get_monotonic_time () / G_USEC_PER_SEC + SESSION_LENGTH);
  g_autofree char *signature = sign (self, expiry);

  return g_strdup_printf (COOKIE "=%s.%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", expiry,
                          signature, SESSION_LENGTH, is_secure ? "; Secure" : "");
}

/* Tokens */

static gboolean
is_reading (const char *method)
{
  return g_str_equal (method, "GET") || g_str_equal (method, "HEAD");
}

gboolean
queen_access_check_token (QueenAccess *self,
                          const char *method,
                          const char *path,
                          const char *authorization,
                          const char *cookie,
                          GError **error)
{
  /* The page itself, and whether she is well, is nobody's secret. */
  gboolean is_public =
      is_reading (method) && (!self->are_reads_protected ||
                              !(g_str_has_prefix (path, "/v1/") || g_str_equal (path, "/metrics")));

  if (!self->tokens || is_public || g_str_equal (method, "OPTIONS"))
    return TRUE;
  if (authorization && g_ascii_strncasecmp (authorization, "Bearer ", strlen ("Bearer ")) == 0 &&
      queen_tokens_lookup (self->tokens, authorization + strlen ("Bearer ")))
    return TRUE;
  if (is_reading (method) && has_session (self, cookie))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAUTHORIZED,
               authorization ? "the token is not one of the queen's"
                             : "this needs a token: Authorization: Bearer …");
  return FALSE;
}

gboolean
queen_access_has_tokens (QueenAccess *self)
{
  return self->tokens != NULL;
}

gboolean
queen_access_reload (QueenAccess *self, GError **error)
{
  QueenTokens *tokens;

  if (!self->token_file)
    return TRUE;
  tokens = queen_tokens_new_from_file (self->token_file, error);
  if (!tokens)
    return FALSE;
  g_clear_pointer (&self->tokens, queen_tokens_free);
  self->tokens = tokens;
  return TRUE;
}

static void
queen_access_finalize (GObject *object)
{
  QueenAccess *self = QUEEN_ACCESS (object);

  g_hash_table_unref (self->hosts);
  g_hash_table_unref (self->origins);
  g_free (self->token_file);
  g_clear_pointer (&self->tokens, queen_tokens_free);

  G_OBJECT_CLASS (queen_access_parent_class)->finalize (object);
}

static void
queen_access_class_init (QueenAccessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_access_finalize;
}

static void
queen_access_init (QueenAccess *self)
{
  self->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (getrandom (self->session_key, sizeof self->session_key, 0) != sizeof self->session_key)
    g_error ("the system gives no random bytes");
}

static void
add_lower (GHashTable *set, const char *const *names)
{
  for (; names && *names; names++)
    g_hash_table_add (set, g_ascii_strdown (*names, -1));
}

QueenAccess *
queen_access_new (const QueenAccessSettings *settings, GError **error)
{
  g_autoptr (QueenAccess) self = g_object_new (QUEEN_TYPE_ACCESS, NULL);

  add_lower (self->hosts, settings->hosts);
  add_lower (self->origins, settings->origins);
  self->token_file = g_strdup (settings->token_file);
  self->are_reads_protected = settings->are_reads_protected;
  return queen_access_reload (self, error) ? g_steal_pointer (&self) : NULL;
}
