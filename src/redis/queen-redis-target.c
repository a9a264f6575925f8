/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-target-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"
#include "queen-file.h"
#include "queen-redis-codec.h"
#include "queen-secret-file.h"
#include "queen-tls-calls.h"
#include "queen-trust.h"

#define MAX_PASSWORD 4096 /* bytes */

struct _QueenRedisKeys
{
  char *password; /* NULL when there is none, as are those that follow */
  GTlsDatabase *trusted;
  GTlsCertificate *certificate;
};

struct _QueenRedisTarget
{
  gatomicrefcount n_refs;
  GPtrArray *urls; /* of QueenRedisUrl; they agree on all but the place */
  gboolean is_insecure;

  char *password_file; /* NULL when there is none, as are those that follow */
  char *ca_file;
  char *certificate_file;
  QueenRedisKeys *keys;
};

static void
free_password (char *password)
{
  explicit_bzero (password, strlen (password));
  g_free (password);
}

/* Its first line, as an editor ends it. */
static char *
read_password (const char *path, GError **error)
{
  g_auto (QueenSecretFile) file = { 0 };
  gsize length;

  if (!queen_secret_file_read (&file, path, error))
    return NULL;
  length = strcspn (file.text, "\r\n");
  if (length > 0 && length <= MAX_PASSWORD)
    return g_strndup (file.text, length);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("%s: its first line is no password of 1 to %d bytes"), path, MAX_PASSWORD);
  return NULL;
}

static GTlsCertificate *
read_certificate (const char *path, GError **error)
{
  g_auto (QueenSecretFile) file = { 0 }; /* its key is there, too */
  GTlsCertificate *certificate;

  if (!queen_secret_file_read (&file, path, error))
    return NULL;
  certificate = g_tls_certificate_new_from_pem (file.text, -1, error);
  if (!certificate)
    g_prefix_error (error, "%s: ", path);
  return certificate;
}

static GTlsDatabase *
read_trusted (const char *path, GError **error)
{
  gsize length;
  g_autofree char *text = queen_file_read (path, QUEEN_TRUST_MAX, &length, error);
  GTlsDatabase *trusted;

  if (!text)
    return NULL;
  trusted = queen_trust_new_from_pem (text, length, error);
  if (!trusted)
    g_prefix_error (error, "%s: ", path);
  return trusted;
}

static const QueenRedisUrl *
get_first (const QueenRedisTarget *self)
{
  return self->urls->pdata[0];
}

static gboolean
agrees (const QueenRedisUrl *a, const QueenRedisUrl *b)
{
  return g_str_equal (a->cluster, b->cluster) && g_strcmp0 (a->user, b->user) == 0 &&
         g_strcmp0 (a->sentinel, b->sentinel) == 0 && a->database == b->database;
}

/* Redis could not be told who comes. */
static gboolean
check_user (const QueenRedisTarget *self, GError **error)
{
  const char *user = get_first (self)->user;

  if (!user || self->keys->password)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("the engine’s user “%s” takes --engine-password-file"), user);
  return FALSE;
}

/* Who listens on the way would read and write as she does. */
static gboolean
check_safety (const QueenRedisTarget *self, const QueenRedisUrl *url, GError **error)
{
  if (self->is_insecure || url->is_here ||
      (url->place->is_encrypted && url->user && self->keys->password))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("%s is beyond this machine: an engine there takes TLS, a user and a password "
                  "(rediss://USER@…, --engine-password-file), or --insecure"),
               url->place->text);
  return FALSE;
}

static gboolean
take_urls (QueenRedisTarget *self, const char *const *urls, GError **error)
{
  for (; *urls; urls++)
    {
      QueenRedisUrl *url = queen_redis_url_parse (*urls, error);

      if (!url)
        return FALSE;
      g_ptr_array_add (self->urls, url);
      if (!agrees (get_first (self), url))
        {
          g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                               _ ("several engines are several places of one: cluster, user, "
                                  "database and sentinel have to be the same"));
          return FALSE;
        }
      if (!check_safety (self, url, error))
        return FALSE;
    }
  return check_user (self, error);
}

gboolean
queen_redis_target_check_url (const char *url, GError **error)
{
  g_autoptr (QueenRedisUrl) parsed = NULL;

  if (!queen_redis_codec_is_there)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                           _ ("this queen was built without an engine (-Dengine=disabled)"));
      return FALSE;
    }
  parsed = queen_redis_url_parse (url, error);
  return parsed != NULL;
}

QueenRedisTarget *
queen_redis_target_new (const QueenRedisTargetSettings *settings, GError **error)
{
  g_autoptr (QueenRedisTarget) self = g_new0 (QueenRedisTarget, 1);

  g_return_val_if_fail (settings->urls && *settings->urls, NULL);

  g_atomic_ref_count_init (&self->n_refs);
  self->urls = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_redis_url_free);
  self->is_insecure = settings->is_insecure;
  self->password_file = g_strdup (settings->password_file);
  self->ca_file = g_strdup (settings->ca_file);
  self->certificate_file = g_strdup (settings->certificate_file);
  if (!queen_redis_target_check_url (*settings->urls, error) ||
      !(self->keys = queen_redis_target_read (self, error)) ||
      !take_urls (self, settings->urls, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
queen_redis_keys_free (QueenRedisKeys *keys)
{
  g_clear_object (&keys->trusted);
  g_clear_object (&keys->certificate);
  g_clear_pointer (&keys->password, free_password);
  g_free (keys);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisKeys, queen_redis_keys_free)

QueenRedisKeys *
queen_redis_target_read (const QueenRedisTarget *self, GError **error)
{
  g_autoptr (QueenRedisKeys) keys = g_new0 (QueenRedisKeys, 1);

  queen_tls_calls_prepare ();
  if ((self->ca_file && !(keys->trusted = read_trusted (self->ca_file, error))) ||
      (self->certificate_file &&
       !(keys->certificate = read_certificate (self->certificate_file, error))) ||
      (self->password_file && !(keys->password = read_password (self->password_file, error))))
    return NULL;
  return g_steal_pointer (&keys);
}

void
queen_redis_target_take (QueenRedisTarget *self, QueenRedisKeys *keys)
{
  g_clear_pointer (&self->keys, queen_redis_keys_free);
  self->keys = keys;
}

const char *
queen_redis_target_get_cluster (const QueenRedisTarget *self)
{
  return get_first (self)->cluster;
}

guint
queen_redis_target_get_n_places (const QueenRedisTarget *self)
{
  return self->urls->len;
}

const QueenRedisPlace *
queen_redis_target_get_place (const QueenRedisTarget *self, guint n)
{
  return ((const QueenRedisUrl *) self->urls->pdata[n])->place;
}

const char *
queen_redis_target_get_user (const QueenRedisTarget *self)
{
  return get_first (self)->user;
}

const char *
queen_redis_target_get_password (const QueenRedisTarget *self)
{
  return self->keys->password;
}

const char *
queen_redis_target_get_sentinel (const QueenRedisTarget *self)
{
  return get_first (self)->sentinel;
}

gint64
queen_redis_target_get_database (const QueenRedisTarget *self)
{
  return get_first (self)->database;
}

GTlsDatabase *
queen_redis_target_get_trusted (const QueenRedisTarget *self)
{
  return self->keys->trusted;
}

GTlsCertificate *
queen_redis_target_get_certificate (const QueenRedisTarget *self)
{
  return self->keys->certificate;
}

gboolean
queen_redis_target_is_insecure (const QueenRedisTarget *self)
{
  return self->is_insecure;
}

QueenRedisTarget *
queen_redis_target_ref (QueenRedisTarget *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

void
queen_redis_target_unref (QueenRedisTarget *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  g_ptr_array_unref (self->urls);
  g_clear_pointer (&self->keys, queen_redis_keys_free);
  g_free (self->password_file);
  g_free (self->ca_file);
  g_free (self->certificate_file);
  g_free (self);
}
