/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sessions.h"

#include <string.h>
#include <sys/random.h>

#include "text/queen-hash.h"

#define MAX_TRIED 8   /* cookies of one name: each has to be hashed */
#define LENGTH 3600   /* s */
#define MAX_VALUE 128 /* bytes of a cookie's value */

struct _QueenSessions
{
  const QueenClock *clock;
  guint8 key[32];
  char *name; /* of the cookie */
};

static gint64
get_now (const QueenSessions *self)
{
  return self->clock->get_monotonic () / G_USEC_PER_SEC;
}

static char *
sign (const QueenSessions *self, const char *text)
{
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, self->key, sizeof self->key, text, -1);
}

QueenSessions *
queen_sessions_new (const QueenClock *clock)
{
  QueenSessions *self = g_new0 (QueenSessions, 1);
  guint32 suffix;

  self->clock = clock;
  if (getrandom (self->key, sizeof self->key, 0) != sizeof self->key ||
      getrandom (&suffix, sizeof suffix, 0) != sizeof suffix)
    g_error ("the system gives no random bytes");
  self->name = g_strdup_printf ("queen-session-%08x", suffix);
  return self;
}

char *
queen_sessions_dup_cookie (const QueenSessions *self,
                           const QueenSession *session,
                           gboolean is_encrypted)
{
  g_autofree char *text = g_strdup_printf ("%u.%d.%" G_GINT64_FORMAT, session->token,
                                           session->is_foreign, get_now (self) + LENGTH);
  g_autofree char *signature = sign (self, text);

  /* Browsers take None only together with Secure. */
  return g_strdup_printf ("%s=%s.%s; Path=/; Max-Age=%d; HttpOnly; SameSite=%s%s", self->name, text,
                          signature, LENGTH,
                          session->is_foreign && is_encrypted ? "None" : "Strict",
                          is_encrypted ? "; Secure" : "");
}

/* @text was written by this queen. */
static gboolean
parse_session (const QueenSessions *self, const char *text, QueenSession *session)
{
  char *end;

  session->token = (guint) g_ascii_strtoull (text, &end, 10);
  session->is_foreign = end[1] == '1';
  return g_ascii_strtoll (end + 3, NULL, 10) > get_now (self);
}

static gboolean
read_value (const QueenSessions *self, const char *value, gsize length, QueenSession *session)
{
  g_autofree char *text = NULL;
  g_autofree char *signature = NULL;
  char *dot;

  if (length > MAX_VALUE)
    return FALSE;
  text = g_strndup (value, length);
  dot = strrchr (text, '.');
  if (!dot)
    return FALSE;
  *dot = '\0';
  signature = sign (self, text);
  return queen_hash_is_same_secret (signature, dot + 1) && parse_session (self, text, session);
}

gboolean
queen_sessions_find (const QueenSessions *self, const char *cookies, QueenSession *session)
{
  gsize name_length = strlen (self->name);
  guint n_tried = 0;

  for (const char *at = cookies ? cookies : ""; *at != '\0' && n_tried < MAX_TRIED;)
    {
      gsize length = strcspn (at, "; ,\t");
      gboolean is_ours = length > name_length && at[name_length] == '=' &&
                         memcmp (at, self->name, name_length) == 0;

      n_tried += is_ours;
      if (is_ours && read_value (self, at + name_length + 1, length - name_length - 1, session))
        return TRUE;
      at += length;
      at += strspn (at, "; ,\t");
    }
  return FALSE;
}

void
queen_sessions_free (QueenSessions *self)
{
  explicit_bzero (self->key, sizeof self->key);
  g_free (self->name);
  g_free (self);
}
