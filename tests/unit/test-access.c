/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who may do what: by page, token, session, and by the user at the other end. */

#include "http/queen-access.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "queen-error.h"

#define TOKEN(name) name "-0123456789abcdef"
#define BEARER(name) "Bearer " TOKEN (name)

static char *token_file;
static int own_ends[2]; /* a connection whose other end is the test's own */

static QueenAccess *
make_access (QueenAccessSettings settings)
{
  static const char *const hosts[] = { "queen.example", NULL };
  static const char *const origins[] = { "https://ops.example", NULL };
  g_autoptr (GError) error = NULL;
  QueenAccess *access;

  settings.hosts = hosts;
  settings.clock = &fake_clock;
  if (!settings.origins)
    settings.origins = origins;
  access = queen_access_new (&settings, &error);
  g_assert_no_error (error);
  return access;
}

static QueenVisitor
make_visitor (const char *origin, const char *authorization, const char *cookies)
{
  return (QueenVisitor){
    .fd = own_ends[0],
    .host = "queen.example:8500",
    .origin = origin,
    .authorization = authorization,
    .cookies = cookies,
  };
}

static void
write_tokens (const char *text)
{
  g_assert_true (g_file_set_contents (token_file, text, -1, NULL));
}

/* 200 when it is allowed; the test checks what is said else. */
static guint
ask (QueenAccess *access, QueenAccessNeed need, const QueenVisitor *visitor, const char *said)
{
  g_autoptr (GError) error = NULL;
  guint owner;

  if (queen_access_check_page (access, need, visitor, &error) &&
      queen_access_check_right (access, need, visitor, &owner, &error))
    return 200;
  g_test_message ("%s", error->message);
  if (said && !strstr (error->message, said))
    g_error ("“%s” is not in “%s”", said, error->message);
  return queen_error_http_status (error);
}

/* Pages */

static void
test_pages (void)
{
  static const char *const some[] = { "https://ops.example", "http://[2001:db8::1]:81", NULL };
  static const char *const more[] = { "https://ops.example", "null", "*", NULL };
  static const struct
  {
    const char *origin;
    QueenPage page;
    QueenPage page_with_more;
  } rows[] = {
    { NULL, QUEEN_PAGE_OWN, QUEEN_PAGE_OWN },
    { "http://queen.example:8500", QUEEN_PAGE_OWN, QUEEN_PAGE_OWN },
    { "https://QUEEN.example:8500", QUEEN_PAGE_OWN, QUEEN_PAGE_OWN },
    { "http://queen.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://queen.example:81", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "https://ops.example", QUEEN_PAGE_FRIEND, QUEEN_PAGE_FRIEND },
    { "https://OPS.example", QUEEN_PAGE_FRIEND, QUEEN_PAGE_FRIEND },
    { "http://ops.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "https://ops.example.evil", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://[2001:db8::1]:81", QUEEN_PAGE_FRIEND, QUEEN_PAGE_READER },
    { "http://localhost:3002", QUEEN_PAGE_GUEST, QUEEN_PAGE_GUEST },
    { "http://ui.localhost", QUEEN_PAGE_GUEST, QUEEN_PAGE_GUEST },
    { "http://127.3.2.1", QUEEN_PAGE_GUEST, QUEEN_PAGE_GUEST },
    { "https://[::1]:81", QUEEN_PAGE_GUEST, QUEEN_PAGE_GUEST },
    { "null", QUEEN_PAGE_STRANGER, QUEEN_PAGE_GUEST },
    { "*", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "file://", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "ftp://localhost", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://localhost.evil.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },

    /* A25: what looks like a host of this machine, and then goes on */
    { "http://[::1]evil", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://[::1].evil.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://[a:b:.localhost]", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://[::1]@evil.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://[::1", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://[::1]:80.evil.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://localhost:80evil", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://localhost:80:evil", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://localhost:x@evil.example", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://localhost/", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
    { "http://", QUEEN_PAGE_STRANGER, QUEEN_PAGE_READER },
  };
  g_autoptr (QueenAccess) access = make_access ((QueenAccessSettings){ .origins = some });
  g_autoptr (QueenAccess) open = make_access ((QueenAccessSettings){ .origins = more });

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const QueenVisitor visitor = make_visitor (rows[i].origin, NULL, NULL);

      g_test_message ("%s", rows[i].origin);
      g_assert_cmpint (queen_access_judge_page (access, &visitor), ==, rows[i].page);
      g_assert_cmpint (queen_access_judge_page (open, &visitor), ==, rows[i].page_with_more);
    }
}

/* Who can put something into plain HTTP cannot speak for a page that came through TLS. */
static void
test_own_page_by_tls (void)
{
  g_autoptr (QueenAccess) access = make_access ((QueenAccessSettings){ 0 });
  QueenVisitor plain = make_visitor ("http://queen.example:8500", NULL, NULL);
  QueenVisitor encrypted = make_visitor ("https://queen.example:8500", NULL, NULL);

  plain.is_encrypted = encrypted.is_encrypted = TRUE;
  g_assert_cmpint (queen_access_judge_page (access, &plain), ==, QUEEN_PAGE_STRANGER);
  g_assert_cmpint (queen_access_judge_page (access, &encrypted), ==, QUEEN_PAGE_OWN);
}

static void
test_page_needs (void)
{
  static const char *const all[] = { "*", "null", NULL };
  static const struct
  {
    const char *origin;
    guint statuses[QUEEN_ACCESS_ADMIN + 1]; /* by need */
  } rows[] = {
    { NULL, { 200, 200, 200, 200, 200, 200, 200, 200, 200 } },
    { "http://queen.example:8500", { 200, 200, 200, 200, 200, 200, 200, 200, 200 } },
    /* perhaps of another user */
    { "http://localhost:3002", { 200, 200, 200, 200, 200, 200, 403, 403, 403 } },
    { "null", { 200, 200, 200, 200, 200, 200, 403, 403, 403 } },
    { "https://elsewhere.example", { 200, 200, 403, 403, 403, 403, 403, 403, 403 } },
  };
  g_autoptr (QueenAccess) open = make_access ((QueenAccessSettings){ .origins = all });
  g_autoptr (QueenAccess) access = make_access ((QueenAccessSettings){ 0 });
  const QueenVisitor stranger = make_visitor ("https://elsewhere.example", NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (QueenAccessNeed need = 0; need <= QUEEN_ACCESS_ADMIN; need++)
      {
        const QueenVisitor visitor = make_visitor (rows[i].origin, NULL, NULL);

        g_test_message ("%s %u", rows[i].origin, need);
        g_assert_cmpuint (ask (open, need, &visitor, NULL), ==, rows[i].statuses[need]);
      }
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_PUBLIC, &stranger, NULL), ==, 200);
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &stranger, "--cors-origin"), ==, 403);
}

static void
test_fetch (void)
{
  static const struct
  {
    const char *site;
    const char *mode;
    guint read;
    guint beat;
  } rows[] = {
    { "cross-site", "no-cors", 403, 403 },
    { "cross-site", "navigate", 200, 403 }, /* a link is followed */
    { "cross-site", NULL, 403, 403 },
    { "same-site", "no-cors", 200, 200 },
    { "same-origin", "cors", 200, 200 },
    { "none", "navigate", 200, 200 },
  };
  g_autoptr (QueenAccess) access = make_access ((QueenAccessSettings){ 0 });

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      QueenVisitor visitor = make_visitor (NULL, NULL, NULL);

      visitor.fetch_site = rows[i].site;
      visitor.fetch_mode = rows[i].mode;
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_PUBLIC, &visitor, NULL), ==, 200);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, NULL), ==, rows[i].read);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_BEAT, &visitor, NULL), ==, rows[i].beat);
    }
}

/* Scopes */

static void
test_scopes (void)
{
  static const struct
  {
    const char *authorization;
    guint statuses[QUEEN_ACCESS_ADMIN + 1]; /* by need */
    const char *said;
  } rows[] = {
    { NULL, { 200, 401, 401, 401, 401, 401, 401, 401, 401 }, "Bearer" },
    { BEARER ("nobody"), { 200, 401, 401, 401, 401, 401, 401, 401, 401 }, "not one of" },
    { "Basic " TOKEN ("all"), { 200, 401, 401, 401, 401, 401, 401, 401, 401 }, "not one of" },
    { BEARER ("usual"), { 200, 200, 200, 200, 200, 200, 403, 403, 403 }, "“usual” has not the" },
    { BEARER ("beat"),
      { 200, 403, 200, 200, 403, 403, 403, 403, 403 },
      "“beat” has not the scope" },
    { BEARER ("read"),
      { 200, 200, 403, 200, 403, 403, 403, 403, 403 },
      "“read” has not the scope" },
    { BEARER ("jobs"),
      { 200, 403, 403, 200, 200, 200, 403, 403, 403 },
      "“jobs” has not the scope" },
    { BEARER ("hold"),
      { 200, 403, 403, 200, 403, 403, 200, 403, 403 },
      "“hold” has not the scope" },
    { BEARER ("hives"), { 200, 403, 403, 200, 403, 403, 403, 200, 403 }, "“hives” has not the" },
    { BEARER ("admin"), { 200, 403, 403, 200, 403, 403, 403, 403, 200 }, "“admin” has not the" },
    { BEARER ("all"), { 200, 200, 200, 200, 200, 200, 200, 200, 200 }, NULL },
  };
  g_autoptr (QueenAccess) access = NULL;

  /* clang-format off */
  write_tokens ("usual:" TOKEN ("usual") "\n"
                "beat:" TOKEN ("beat") ":beat\n"
                "read:" TOKEN ("read") ":read\n"
                "jobs:" TOKEN ("jobs") ":jobs\n"
                "hold:" TOKEN ("hold") ":hold\n"
                "hives:" TOKEN ("hives") ":hives\n"
                "admin:" TOKEN ("admin") ":admin\n"
                "all:" TOKEN ("all") ":beat,read,jobs,hold,hives,admin\n");
  /* clang-format on */
  access = make_access ((QueenAccessSettings){
      .token_file = token_file, .are_reads_protected = TRUE, .admin = QUEEN_ADMIN_TOKEN });
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (QueenAccessNeed need = 0; need <= QUEEN_ACCESS_ADMIN; need++)
      {
        const QueenVisitor visitor = make_visitor (NULL, rows[i].authorization, NULL);

        g_assert_cmpuint (ask (access, need, &visitor, rows[i].said), ==, rows[i].statuses[need]);
      }
}

static void
test_probe (void)
{
  g_autoptr (QueenAccess) access = NULL;
  QueenVisitor probe = make_visitor (NULL, NULL, NULL);

  write_tokens ("a:" TOKEN ("a") "\n");
  access =
      make_access ((QueenAccessSettings){ .token_file = token_file, .are_reads_protected = TRUE });
  probe.is_probe = TRUE;
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &probe, NULL), ==, 200);
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_BEAT, &probe, NULL), ==, 401);
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_ADMIN, &probe, NULL), ==, 401);
}

/* Sessions */

static char *
open_session (QueenAccess *access, const char *origin, const char *authorization)
{
  const QueenVisitor visitor = make_visitor (origin, authorization, NULL);
  g_autofree char *cookie = NULL;
  g_autoptr (GError) error = NULL;
  guint owner;

  g_assert_true (queen_access_check_right (access, QUEEN_ACCESS_SESSION, &visitor, &owner, &error));
  cookie = queen_access_dup_session_cookie (access, &visitor, owner, &error);
  if (!cookie)
    {
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN);
      return NULL;
    }
  return g_strndup (cookie, strcspn (cookie, ";"));
}

static void
test_session (void)
{
  static const char *const origins[] = { "https://ops.example", "null", "*", NULL };
  static const struct
  {
    const char *opener;
    const char *origin;
    guint read;
    guint see_jobs;
    guint write;
  } rows[] = {
    { NULL, NULL, 200, 200, 403 }, /* no page would send it like this, or it may be any page */
    { NULL, "http://queen.example:8500", 200, 200, 200 },
    { "http://queen.example:8500", "http://queen.example:8500", 200, 200, 200 },
    { "http://queen.example:8500", "https://ops.example", 200, 403, 403 },
    { "http://queen.example:8500", "http://localhost:3000", 401, 401, 401 },
    { "http://queen.example:8500", "null", 401, 401, 401 },
    { "http://queen.example:8500", "https://elsewhere.example", 401, 403, 403 },
    { "https://ops.example", NULL, 200, 403, 403 },
    { "https://ops.example", "https://ops.example", 200, 403, 403 },
    { "https://ops.example", "http://queen.example:8500", 200, 403, 403 },
  };
  g_autoptr (QueenAccess) access = NULL;

  write_tokens ("all:" TOKEN ("all") ":beat,read,jobs,hold,hives,admin\n");
  access = make_access ((QueenAccessSettings){ .origins = origins,
                                               .token_file = token_file,
                                               .are_reads_protected = TRUE,
                                               .admin = QUEEN_ADMIN_TOKEN });
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *cookie = open_session (access, rows[i].opener, BEARER ("all"));
      const QueenVisitor visitor = make_visitor (rows[i].origin, NULL, cookie);

      g_test_message ("%s: %s", rows[i].opener, rows[i].origin);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, NULL), ==, rows[i].read);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_BEAT, &visitor, NULL), ==, rows[i].write);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_SEE_JOBS, &visitor, NULL), ==, rows[i].see_jobs);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_JOBS, &visitor, NULL), ==, rows[i].write);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_HOLD, &visitor, NULL), ==, rows[i].write);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_HIVES, &visitor, NULL), ==, rows[i].write);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_ADMIN, &visitor, NULL), >=, 401);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_SESSION, &visitor, NULL), >=, 401);
    }
}

static void
test_no_session (void)
{
  static const char *const origins[] = { "null", "*", NULL };
  g_autoptr (QueenAccess) access = NULL;

  write_tokens ("a:" TOKEN ("a") "\n");
  access = make_access ((QueenAccessSettings){ .origins = origins, .token_file = token_file });
  g_assert_null (open_session (access, "null", BEARER ("a")));
  g_assert_null (open_session (access, "https://elsewhere.example", BEARER ("a")));
  g_assert_null (open_session (access, "http://localhost:3000", BEARER ("a")));
}

/* Returns: whether the file is good; else all is as it was */
static gboolean
reload (QueenAccess *access)
{
  QueenTokens *tokens = queen_access_read_tokens (access, NULL);

  if (tokens)
    queen_access_take_tokens (access, tokens);
  return tokens != NULL;
}

static void
test_session_scopes (void)
{
  g_autoptr (QueenAccess) access = NULL;
  g_autofree char *cookie = NULL;
  QueenVisitor visitor = make_visitor ("http://queen.example:8500", NULL, NULL);

  write_tokens ("beat:" TOKEN ("beat") ":beat\n");
  access =
      make_access ((QueenAccessSettings){ .token_file = token_file, .are_reads_protected = TRUE });
  visitor.cookies = cookie = open_session (access, NULL, BEARER ("beat"));
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_BEAT, &visitor, NULL), ==, 200);
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, "“read”"), ==, 403);

  write_tokens ("beat:" TOKEN ("beat") ":read\n"); /* what it may do is looked up each time */
  g_assert_true (reload (access));
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_BEAT, &visitor, "“beat”"), ==, 403);
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, NULL), ==, 200);
}

/* A22 */
static void
test_revoked (void)
{
  static const char *const without[] = {
    "b:" TOKEN ("b") "\n",            /* gone */
    "a:" TOKEN ("b") "\n",            /* the same name with another token */
    "c:" TOKEN ("a") "\n",            /* the same token for another name */
    "a:" TOKEN ("a") ":beat,admin\n", /* no longer for reading */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (without); i++)
    {
      g_autoptr (QueenAccess) access = NULL;
      g_autofree char *cookie = NULL;
      QueenVisitor visitor = make_visitor (NULL, NULL, NULL);
      guint owner = 0;

      write_tokens ("a:" TOKEN ("a") "\n");
      access = make_access (
          (QueenAccessSettings){ .token_file = token_file, .are_reads_protected = TRUE });
      visitor.cookies = cookie = open_session (access, NULL, BEARER ("a"));
      g_assert_true (queen_access_check_right (access, QUEEN_ACCESS_READ, &visitor, &owner, NULL));
      g_assert_cmpuint (owner, !=, 0);
      g_assert_cmpstr (queen_access_get_name (access, owner), ==, "a");

      g_assert_true (queen_access_may_read_on (access, owner | QUEEN_ACCESS_READS_JOBS));
      write_tokens ("x:" TOKEN ("x") "\n\na:" TOKEN ("a") ":read\n"); /* still there */
      g_assert_true (reload (access));
      g_assert_true (queen_access_may_read_on (access, owner));
      g_assert_false (queen_access_may_read_on (access, owner | QUEEN_ACCESS_READS_JOBS));
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, NULL), ==, 200);

      write_tokens ("nonsense"); /* and nothing changes by a file that is wrong */
      g_assert_false (reload (access));
      g_assert_true (queen_access_may_read_on (access, owner));

      write_tokens (without[i]);
      g_assert_true (reload (access));
      g_assert_false (queen_access_may_read_on (access, owner));
      g_assert_true (queen_access_may_read_on (access, 0));
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, NULL), >=, 401);

      if (i == G_N_ELEMENTS (without) - 1)
        continue;
      write_tokens ("a:" TOKEN ("a") "\n"); /* what was over stays so */
      g_assert_true (reload (access));
      g_assert_false (queen_access_may_read_on (access, owner));
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_READ, &visitor, NULL), ==, 401);
    }
}

/* Who administers */

/* A3. Who asks is the test itself; or somebody for whom it hands the request on. */
static void
test_admin (void)
{
  static const struct
  {
    QueenAdmin admin;
    gboolean has_tokens;
    gboolean is_forwarded;
    const char *origin;
    const char *authorization;
    guint status;
    const char *said;
  } rows[] = {
    { QUEEN_ADMIN_LOOPBACK, FALSE, FALSE, NULL, NULL, 200, NULL },
    { QUEEN_ADMIN_LOOPBACK, FALSE, TRUE, NULL, NULL, 403, "own user and root" },
    { QUEEN_ADMIN_LOOPBACK, FALSE, FALSE, "http://queen.example:8500", NULL, 200, NULL },
    { QUEEN_ADMIN_LOOPBACK, FALSE, FALSE, "null", NULL, 403, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, FALSE, NULL, NULL, 401, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, FALSE, NULL, BEARER ("a"), 200, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, TRUE, NULL, BEARER ("a"), 403, "“admin”" },
    { QUEEN_ADMIN_LOOPBACK, TRUE, FALSE, NULL, BEARER ("admin"), 200, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, TRUE, NULL, BEARER ("admin"), 200, NULL },
    { QUEEN_ADMIN_TOKEN, FALSE, FALSE, NULL, NULL, 403, "see --token-file" },
    { QUEEN_ADMIN_TOKEN, TRUE, FALSE, NULL, NULL, 401, NULL },
    { QUEEN_ADMIN_TOKEN, TRUE, FALSE, NULL, BEARER ("a"), 403, "“admin”" },
    { QUEEN_ADMIN_TOKEN, TRUE, TRUE, NULL, BEARER ("admin"), 200, NULL },
    { QUEEN_ADMIN_OFF, FALSE, FALSE, NULL, NULL, 403, "--admin=off" },
    { QUEEN_ADMIN_OFF, TRUE, FALSE, NULL, BEARER ("admin"), 403, "--admin=off" },
  };
  static const char *const origins[] = { "null", NULL };

  write_tokens ("a:" TOKEN ("a") "\nadmin:" TOKEN ("admin") ":admin\n");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (QueenAccess) access =
          make_access ((QueenAccessSettings){ .origins = origins,
                                              .token_file = rows[i].has_tokens ? token_file : NULL,
                                              .admin = rows[i].admin });
      QueenVisitor visitor = make_visitor (rows[i].origin, rows[i].authorization, NULL);

      visitor.is_forwarded = rows[i].is_forwarded;
      g_test_message ("row %zu", i);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_ADMIN, &visitor, rows[i].said), ==,
                        rows[i].status);
    }
}

/* Holds, and what hives do, are for the same people; but a token's scope is enough by itself. */
static void
test_privileges (void)
{
  static const struct
  {
    QueenAdmin admin;
    gboolean has_tokens;
    gboolean is_forwarded;
    const char *origin;
    const char *authorization;
    guint status;
    const char *said;
  } rows[] = {
    { QUEEN_ADMIN_LOOPBACK, FALSE, FALSE, NULL, NULL, 200, NULL },
    { QUEEN_ADMIN_LOOPBACK, FALSE, TRUE, NULL, NULL, 403, "own user and root" },
    { QUEEN_ADMIN_LOOPBACK, FALSE, FALSE, "null", NULL, 403, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, FALSE, NULL, NULL, 401, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, FALSE, NULL, BEARER ("a"), 200, NULL },
    { QUEEN_ADMIN_LOOPBACK, TRUE, TRUE, NULL, BEARER ("a"), 403, "“a” has not the scope" },
    { QUEEN_ADMIN_LOOPBACK, TRUE, TRUE, NULL, BEARER ("both"), 200, NULL },
    { QUEEN_ADMIN_TOKEN, FALSE, FALSE, NULL, NULL, 403, "see --token-file" },
    { QUEEN_ADMIN_TOKEN, TRUE, FALSE, NULL, BEARER ("a"), 403, "“a” has not the scope" },
    { QUEEN_ADMIN_TOKEN, TRUE, TRUE, NULL, BEARER ("both"), 200, NULL },
    { QUEEN_ADMIN_OFF, FALSE, FALSE, NULL, NULL, 403, "see --token-file" },
    { QUEEN_ADMIN_OFF, TRUE, FALSE, NULL, BEARER ("both"), 200, NULL },
  };
  static const char *const origins[] = { "null", NULL };

  write_tokens ("a:" TOKEN ("a") "\nboth:" TOKEN ("both") ":hold,hives\n");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (QueenAccess) access =
          make_access ((QueenAccessSettings){ .origins = origins,
                                              .token_file = rows[i].has_tokens ? token_file : NULL,
                                              .admin = rows[i].admin });
      QueenVisitor visitor = make_visitor (rows[i].origin, rows[i].authorization, NULL);

      visitor.is_forwarded = rows[i].is_forwarded;
      g_test_message ("row %zu", i);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_HOLD, &visitor, rows[i].said), ==,
                        rows[i].status);
      g_assert_cmpuint (ask (access, QUEEN_ACCESS_HIVES, &visitor, rows[i].said), ==,
                        rows[i].status);
    }
}

static void
test_unknown_user (void)
{
  g_autoptr (QueenAccess) access = make_access ((QueenAccessSettings){ 0 });
  QueenVisitor visitor = make_visitor (NULL, NULL, NULL);

  visitor.fd = -1;
  g_assert_cmpuint (ask (access, QUEEN_ACCESS_ADMIN, &visitor, NULL), ==, 403);
}

int
main (int argc, char **argv)
{
  int fd;
  int code;

  g_test_init (&argc, &argv, NULL);
  fd = g_file_open_tmp ("queen-tokens-XXXXXX", &token_file, NULL);
  g_assert_true (g_close (fd, NULL));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, own_ends));

  g_test_add_func ("/access/page/judged-by-its-whole-origin", test_pages);
  g_test_add_func ("/access/page/plain-is-not-encrypted", test_own_page_by_tls);
  g_test_add_func ("/access/page/what-is-public-is-for-all", test_page_needs);
  g_test_add_func ("/access/page/cross-site-without-origin-only-follows-links", test_fetch);
  g_test_add_func ("/access/scope/each-need-takes-its-own", test_scopes);
  g_test_add_func ("/access/probe/only-reads", test_probe);
  g_test_add_func ("/access/session/writes-for-her-own-page-alone", test_session);
  g_test_add_func ("/access/session/none-for-null-any-or-other-ports", test_no_session);
  g_test_add_func ("/access/session/has-its-tokens-scopes-without-admin", test_session_scopes);
  g_test_add_func ("/access/revoked/sessions-and-streams-are-over-for-good", test_revoked);
  g_test_add_func ("/access/admin/by-user-or-token", test_admin);
  g_test_add_func ("/access/hold-and-hives/for-administrators-or-by-scope", test_privileges);
  g_test_add_func ("/access/admin/unknown-is-no", test_unknown_user);

  code = g_test_run ();
  g_unlink (token_file);
  g_free (token_file);
  close (own_ends[0]);
  close (own_ends[1]);
  return code;
}
