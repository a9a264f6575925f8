/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-access.h"

#include <string.h>
#include <unistd.h>

#include "net/queen-socket-users.h"
#include "queen-error.h"
#include "queen-sessions.h"
#include "queen-tokens.h"
#include "text/queen-hash.h"

struct _QueenAccess
{
  GObject parent_instance;

  GHashTable *hosts;   /* a set, in lower case */
  GHashTable *origins; /* likewise */
  char *token_file;
  QueenTokens *tokens; /* NULL when none are needed */
  QueenSessions *sessions;
  char *queen_token_file;
  QueenPasses *passes; /* NULL without that */
  char *address;       /* where she serves, as she tells other queens */
  const QueenClock *clock;
  gboolean are_reads_protected;
  QueenAdmin admin;
  QueenSocketUsers *users; /* NULL when it does not matter who they are */
};

enum
{
  RELOADED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (QueenAccess, queen_access, G_TYPE_OBJECT)

/* Names */

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

/* RFC 6761 § 6.3 */
static gboolean
is_localhost (const char *name)
{
  return g_str_equal (name, "localhost") || g_str_has_suffix (name, ".localhost");
}

/* An IPv4 address that is written as an IPv6 one is what it is: `::ffff:127.0.0.1`. */
static gboolean
is_loopback_address (GInetAddress *address)
{
  static const guint8 mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 };

  return g_inet_address_get_is_loopback (address) ||
         (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
          memcmp (g_inet_address_to_bytes (address), mapped, sizeof mapped) == 0);
}

static gboolean
is_loopback_name (const char *name)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (name);

  return address ? is_loopback_address (address) : is_localhost (name);
}

/* Any port will do: what a browser cannot be made to believe is the name. An address is no name
 * that could be made to point to somewhere else, so nobody is deceived who asks for one. */
static gboolean
is_own_host (QueenAccess *self, QueenText host)
{
  QueenText name = strip_port (host);
  g_autofree char *lower = NULL;
  g_autoptr (GInetAddress) address = NULL;

  if (queen_text_is (name, "localhost") || queen_text_is (name, "127.0.0.1"))
    return TRUE;
  lower = g_ascii_strdown (name.at, (gssize) name.length);
  address = g_inet_address_new_from_string (lower);
  return address || is_localhost (lower) || g_hash_table_contains (self->hosts, lower);
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

gboolean
queen_access_check_host (QueenAccess *self, const QueenRequestHead *head, GError **error)
{
  return check_host (self, head->host, error) &&
         (!head->target_host.at || check_host (self, head->target_host, error));
}

/* Web pages */

/* An origin is a scheme, a host and perhaps a port; `null` is none. */
static gboolean
get_origin_host (const char *origin, QueenText *host)
{
  static const char *const schemes[] = { "http://", "https://" };

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      gsize length = strlen (schemes[i]);

      if (g_ascii_strncasecmp (origin, schemes[i], length) != 0)
        continue;
      *host = (QueenText){ origin + length, strlen (origin + length) };
      return queen_text_is_host (*host);
    }
  return FALSE;
}

/* The Host has been checked. Where TLS ends before her, her pages have an origin of https, too. */
static gboolean
is_own_page (const QueenVisitor *visitor, QueenText host)
{
  gboolean is_https = g_ascii_strncasecmp (visitor->origin, "https:", strlen ("https:")) == 0;

  return visitor->host && queen_text_is (host, visitor->host) &&
         (is_https || !visitor->is_encrypted);
}

static gboolean
is_loopback_page (QueenText host)
{
  QueenText bare = strip_port (host);
  g_autofree char *name = g_ascii_strdown (bare.at, (gssize) bare.length);

  return is_loopback_name (name);
}

/* Any page can be without an origin, by a frame that it puts into a sandbox. */
static gboolean
is_nowhere (const char *origin)
{
  return g_str_equal (origin, "null");
}

QueenPage
queen_access_judge_page (QueenAccess *self, const QueenVisitor *visitor)
{
  g_autofree char *lower = NULL;
  gboolean is_origin;
  QueenText host;

  if (!visitor->origin)
    return QUEEN_PAGE_OWN;
  is_origin = get_origin_host (visitor->origin, &host);
  if (is_origin && is_own_page (visitor, host))
    return QUEEN_PAGE_OWN;
  lower = g_ascii_strdown (visitor->origin, -1);
  if (is_origin && g_hash_table_contains (self->origins, lower))
    return QUEEN_PAGE_FRIEND;
  if (is_origin ? is_loopback_page (host)
                : is_nowhere (lower) && g_hash_table_contains (self->origins, lower))
    return QUEEN_PAGE_GUEST;
  return g_hash_table_contains (self->origins, "*") ? QUEEN_PAGE_READER : QUEEN_PAGE_STRANGER;
}

/* What browsers send for a page without saying whose it is. Following a link from another site is
 * no harm, as that site sees nothing of what comes. */
static gboolean
check_fetch (QueenAccessNeed need, const QueenVisitor *visitor, GError **error)
{
  if (g_strcmp0 (visitor->fetch_site, "cross-site") != 0 ||
      (need == QUEEN_ACCESS_READ && g_strcmp0 (visitor->fetch_mode, "navigate") == 0))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                       "pages of other sites may not speak to the queen");
  return FALSE;
}

gboolean
queen_access_check_page (QueenAccess *self,
                         QueenAccessNeed need,
                         const QueenVisitor *visitor,
                         GError **error)
{
  QueenPage least = need == QUEEN_ACCESS_READ ? QUEEN_PAGE_READER : QUEEN_PAGE_GUEST;

  if (need == QUEEN_ACCESS_PUBLIC)
    return TRUE;
  if (!visitor->origin)
    return check_fetch (need, visitor, error);
  if (queen_access_judge_page (self, visitor) >= least)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
               "web pages of “%s” may not %s the queen; see --cors-origin", visitor->origin,
               need == QUEEN_ACCESS_READ ? "speak to" : "write to");
  return FALSE;
}

/* Tokens and sessions */

static const QueenScopes needed_scopes[] = {
  [QUEEN_ACCESS_READ] = QUEEN_SCOPE_READ,     [QUEEN_ACCESS_BEAT] = QUEEN_SCOPE_BEAT,
  [QUEEN_ACCESS_SEE_JOBS] = QUEEN_SCOPE_JOBS, [QUEEN_ACCESS_JOBS] = QUEEN_SCOPE_JOBS,
  [QUEEN_ACCESS_HOLD] = QUEEN_SCOPE_HOLD,     [QUEEN_ACCESS_HIVES] = QUEEN_SCOPE_HIVES,
  [QUEEN_ACCESS_ADMIN] = QUEEN_SCOPE_ADMIN,
};

/* Whom a request shows itself to be. */
typedef struct
{
  const QueenToken *token;
  QueenScopes scopes;
  gboolean only_reads; /* by a cookie that shows no more */
} Identity;

static gboolean
identify_by_token (QueenAccess *self, const char *authorization, Identity *who)
{
  static const char scheme[] = "Bearer ";

  if (!authorization || g_ascii_strncasecmp (authorization, scheme, strlen (scheme)) != 0)
    return FALSE;
  who->token = queen_tokens_lookup (self->tokens, authorization + strlen (scheme));
  who->scopes = who->token ? who->token->scopes : 0;
  who->only_reads = FALSE;
  return who->token != NULL;
}

/* Browsers send a cookie whoever makes them; only with an origin is it known who did. */
static QueenScopes
get_scopes_by_cookie (QueenAccessNeed need, gboolean is_own, gboolean has_origin)
{
  if (is_own && has_origin)
    return ~(guint) QUEEN_SCOPE_ADMIN;
  return QUEEN_SCOPE_READ | (is_own && need == QUEEN_ACCESS_SEE_JOBS ? QUEEN_SCOPE_JOBS : 0);
}

static gboolean
identify_by_cookie (QueenAccess *self,
                    QueenAccessNeed need,
                    const QueenVisitor *visitor,
                    Identity *who)
{
  QueenPage page = queen_access_judge_page (self, visitor);
  QueenSession session;
  gboolean is_own;

  if ((page != QUEEN_PAGE_OWN && page != QUEEN_PAGE_FRIEND) ||
      !queen_sessions_find (self->sessions, visitor->cookies, &session))
    return FALSE;
  who->token = queen_tokens_find (self->tokens, session.token);
  if (!who->token)
    return FALSE;
  is_own = page == QUEEN_PAGE_OWN && !session.is_foreign;
  who->scopes = who->token->scopes & get_scopes_by_cookie (need, is_own, visitor->origin != NULL);
  who->only_reads = !is_own || !visitor->origin;
  return TRUE;
}

static gboolean
identify (QueenAccess *self,
          QueenAccessNeed need,
          const QueenVisitor *visitor,
          Identity *who,
          GError **error)
{
  if (identify_by_token (self, visitor->authorization, who) ||
      (need != QUEEN_ACCESS_SESSION && identify_by_cookie (self, need, visitor, who)))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAUTHORIZED,
                       visitor->authorization ? "the token is not one of the queen's"
                                              : "this needs a token: Authorization: Bearer …");
  return FALSE;
}

static gboolean
check_scope (const Identity *who, QueenScopes scope, GError **error)
{
  if (who->scopes & scope)
    return TRUE;
  if (who->token->scopes & scope)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                         "a session writes for the queen's own pages alone, and nothing that takes "
                         "the scope “admin”: this needs the token itself");
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN, "the token “%s” has not the scope “%s”",
                 who->token->name, queen_scope_get_name (scope));
  return FALSE;
}

/* Who may do what */

/* Her own user could as well send her a signal. What was handed on is somebody else's, whoever
 * hands it on; and so is a page, even of this machine, unless it is hers or was named: it may be
 * another user's, looked at by hers. */
static gboolean
is_from_here (QueenAccess *self, const QueenVisitor *visitor)
{
  uid_t user;

  return !visitor->is_forwarded && queen_access_judge_page (self, visitor) >= QUEEN_PAGE_FRIEND &&
         queen_socket_users_lookup (self->users, visitor->fd, &user) &&
         (user == geteuid () || user == 0);
}

static gboolean
refuse_stranger (QueenAccess *self, QueenScopes scope, GError **error)
{
  const char *name = queen_scope_get_name (scope);

  if (self->admin == QUEEN_ADMIN_OFF && scope == QUEEN_SCOPE_ADMIN)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                         "nobody may do this over HTTP: the queen runs with --admin=off");
  else if (self->admin == QUEEN_ADMIN_LOOPBACK)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                 "only the queen's own user and root may do this, from this machine and not "
                 "through a proxy, or who has a token with the scope “%s”",
                 name);
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                 "this needs a token with the scope “%s”, and there are none: see --token-file",
                 name);
  return FALSE;
}

/* What is not for everybody, where there are no tokens. */
static gboolean
check_privilege (QueenAccess *self,
                 QueenAccessNeed need,
                 const QueenVisitor *visitor,
                 guint *owner,
                 GError **error)
{
  QueenScopes scope = needed_scopes[need];
  Identity who = { NULL };

  if (need == QUEEN_ACCESS_ADMIN && self->admin == QUEEN_ADMIN_OFF)
    return refuse_stranger (self, scope, error);
  if (self->tokens && !identify (self, need, visitor, &who, error))
    return FALSE;
  *owner = who.token ? who.token->number : 0;
  if (who.scopes & scope ||
      (self->admin == QUEEN_ADMIN_LOOPBACK && !who.only_reads && is_from_here (self, visitor)))
    return TRUE;
  return who.token ? check_scope (&who, scope, error) : refuse_stranger (self, scope, error);
}

gboolean
queen_access_check_right (QueenAccess *self,
                          QueenAccessNeed need,
                          const QueenVisitor *visitor,
                          guint *owner,
                          GError **error)
{
  gboolean is_reading = need == QUEEN_ACCESS_READ;
  Identity who;

  *owner = 0;
  if (need >= QUEEN_ACCESS_HOLD)
    return check_privilege (self, need, visitor, owner, error);
  if (need == QUEEN_ACCESS_PUBLIC || !self->tokens ||
      (is_reading && (visitor->is_probe || !self->are_reads_protected)))
    return TRUE;
  if (!identify (self, need, visitor, &who, error))
    return FALSE;
  *owner = who.token->number;
  return need == QUEEN_ACCESS_SESSION || check_scope (&who, needed_scopes[need], error);
}

const char *
queen_access_get_name (QueenAccess *self, guint owner)
{
  const QueenToken *token = self->tokens ? queen_tokens_find (self->tokens, owner) : NULL;

  return token ? token->name : NULL;
}

gboolean
queen_access_may_read_on (QueenAccess *self, guint owner)
{
  guint number = owner & ~QUEEN_ACCESS_READS_JOBS;
  guint scope = number == owner ? QUEEN_SCOPE_READ : QUEEN_SCOPE_JOBS;
  const QueenToken *token = self->tokens ? queen_tokens_find (self->tokens, number) : NULL;

  return number == 0 || (token && token->scopes & scope);
}

char *
queen_access_dup_session_cookie (QueenAccess *self,
                                 const QueenVisitor *visitor,
                                 guint owner,
                                 GError **error)
{
  QueenPage page = queen_access_judge_page (self, visitor);
  const QueenSession session = { owner, page != QUEEN_PAGE_OWN };

  if (page == QUEEN_PAGE_OWN || page == QUEEN_PAGE_FRIEND)
    return queen_sessions_dup_cookie (self->sessions, &session, visitor->is_encrypted);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
               "web pages of “%s” get no session; see --cors-origin", visitor->origin);
  return NULL;
}

gboolean
queen_access_has_tokens (QueenAccess *self)
{
  return self->tokens != NULL;
}

/* Other queens */

void
queen_access_set_address (QueenAccess *self, const char *address)
{
  g_free (self->address);
  self->address = g_strdup (address);
}

char *
queen_access_dup_pass (QueenAccess *self, const QueenPass *pass, GError **error)
{
  if (self->passes)
    return queen_passes_make (self->passes, pass, self->clock->get_wall () / 1000);
  queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE,
                      "that takes a --queen-token-file, the same at each queen");
  return NULL;
}

gboolean
queen_access_check_pass (
    QueenAccess *self, const char *text, const char *method, const char *path, GError **error)
{
  const QueenPass pass = { .method = method, .path = path, .address = self->address };

  if (!self->passes || !self->address)
    return queen_error_refuse (error, QUEEN_ERROR_FORBIDDEN,
                               "this queen knows no others: she has no --queen-token-file");
  return queen_passes_check (self->passes, text, &pass, self->clock->get_wall () / 1000, error);
}

gboolean
queen_access_has_passes (QueenAccess *self)
{
  return self->passes != NULL;
}

QueenPasses *
queen_access_read_passes (QueenAccess *self, GError **error)
{
  return queen_passes_new_from_file (self->queen_token_file, error);
}

void
queen_access_take_passes (QueenAccess *self, QueenPasses *passes)
{
  g_clear_pointer (&self->passes, queen_passes_free);
  self->passes = passes;
}

QueenTokens *
queen_access_read_tokens (QueenAccess *self, GError **error)
{
  return queen_tokens_new_from_file (self->token_file, self->tokens, error);
}

void
queen_access_take_tokens (QueenAccess *self, QueenTokens *tokens)
{
  g_clear_pointer (&self->tokens, queen_tokens_free);
  self->tokens = tokens;
  g_signal_emit (self, signals[RELOADED], 0);
}

/* The object */

static void
queen_access_finalize (GObject *object)
{
  QueenAccess *self = QUEEN_ACCESS (object);

  g_hash_table_unref (self->hosts);
  g_hash_table_unref (self->origins);
  g_free (self->token_file);
  g_free (self->queen_token_file);
  g_free (self->address);
  g_clear_pointer (&self->passes, queen_passes_free);
  g_clear_pointer (&self->tokens, queen_tokens_free);
  queen_sessions_free (self->sessions);
  g_clear_pointer (&self->users, queen_socket_users_free);

  G_OBJECT_CLASS (queen_access_parent_class)->finalize (object);
}

static void
queen_access_class_init (QueenAccessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_access_finalize;
  signals[RELOADED] = g_signal_new ("reloaded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
queen_access_init (QueenAccess *self)
{
  self->hosts = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->origins = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
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
  self->queen_token_file = g_strdup (settings->queen_token_file);
  self->clock = settings->clock;
  self->are_reads_protected = settings->are_reads_protected;
  self->admin = settings->admin;
  self->sessions = queen_sessions_new (settings->clock);
  if (self->admin == QUEEN_ADMIN_LOOPBACK)
    self->users = queen_socket_users_new ();
  if ((self->queen_token_file && !(self->passes = queen_access_read_passes (self, error))) ||
      (self->token_file && !(self->tokens = queen_access_read_tokens (self, error))))
    return NULL;
  return g_steal_pointer (&self);
}
