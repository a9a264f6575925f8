/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "redis/queen-redis-target-private.h"

#include <string.h>

#include "queen-error.h"
#include "queen-file.h"
#include "temporary-file.h"
#include "tls-identity.h"

static void
test_urls (void)
{
  static const struct
  {
    const char *url;
    const char *place;
    const char *user;
    const char *sentinel;
    gint64 database;
    gboolean is_encrypted;
    gboolean is_here;
  } rows[] = {
    { "redis://127.0.0.1?cluster=a", "127.0.0.1:6379", NULL, NULL, 0, FALSE, TRUE },
    { "redis://127.0.0.1:1/?cluster=a", "127.0.0.1:1", NULL, NULL, 0, FALSE, TRUE },
    { "redis://[::1]:2/3?cluster=a", "[::1]:2", NULL, NULL, 3, FALSE, TRUE },
    { "redis://localhost/3?cluster=a", "localhost:6379", NULL, NULL, 3, FALSE, TRUE },
    { "rediss://me@r.example/3?cluster=a", "r.example:6379", "me", NULL, 3, TRUE, FALSE },
    { "redis://h?cluster=a&sentinel=m", "h:26379", NULL, "m", 0, FALSE, FALSE },
    { "redis://h:5?sentinel=m&cluster=a", "h:5", NULL, "m", 0, FALSE, FALSE },
    { "redis+unix:///r.sock?cluster=a&db=4&user=me", "unix:/r.sock", "me", NULL, 4, FALSE, TRUE },
    { "redis://%75@h?cluster=a", "h:6379", "u", NULL, 0, FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (QueenRedisUrl) url = queen_redis_url_parse (rows[i].url, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (url->place->text, ==, rows[i].place);
      g_assert_cmpstr (url->user, ==, rows[i].user);
      g_assert_cmpstr (url->sentinel, ==, rows[i].sentinel);
      g_assert_cmpstr (url->cluster, ==, "a");
      g_assert_cmpint (url->database, ==, rows[i].database);
      g_assert_cmpint (url->place->is_encrypted, ==, rows[i].is_encrypted);
      g_assert_cmpint (url->is_here, ==, rows[i].is_here);
    }
}

static void
test_bad_urls (void)
{
  static const char *const rows[][2] = {
    { "", "is not an engine such as redis://" },
    { "127.0.0.1:6379", "is not an engine such as" },
    { "http://h?cluster=a", "is not an engine such as" },
    { "redis://h?cluster=a#b", "is not an engine such as" },
    { "redis://h:99999?cluster=a", "is not an engine such as" },
    { "redis:///0?cluster=a", "it has no host" },
    { "redis://h:0?cluster=a", "0 is not a port" },
    { "redis://h/x?cluster=a", "“x” is not the number of a database" },
    { "redis://h/-1?cluster=a", "“-1” is not the number of a database" },
    { "redis://h/1/2?cluster=a", "“1/2” is not the number of a database" },
    { "redis://h/99999999999?cluster=a", "is not the number of a database" },
    { "redis://h", "it says no cluster" },
    { "redis://h?cluster=", "a cluster is called by 1 to 64 of a to z" },
    { "redis://h?cluster=A", "a cluster is called by" },
    { "redis://h?cluster=a_b", "a cluster is called by" },
    { "redis://h?cluster=a%7D", "a cluster is called by" },
    { "redis://h?cluster=a&cluster=b", "cluster stands there twice" },
    { "redis://h?clustr=a", "the nearest is “cluster”" },
    { "redis://h?cluster=a&db=1", "there is no parameter “db” here" },
    { "redis://h?cluster=a&sentinel=", "sentinel has to have 1 to 256 bytes" },
    { "redis+unix:a.sock?cluster=a", "a Unix socket has a whole path" },
    { "redis+unix://h/a.sock?cluster=a", "a Unix socket has a whole path" },
    { "redis://me:pw@h?cluster=a", "password is not for the command line" },
    { "redis://:pw@h", "password is not for the command line" },
  };
  g_autofree char *much = g_strnfill (65, 'a');
  g_autofree char *long_cluster = g_strconcat ("redis://h?cluster=", much, NULL);
  g_autofree char *long_path = g_strconcat ("redis+unix:///", much, "/", much, "?cluster=a", NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_false (queen_redis_target_check_url (rows[i][0], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_nonnull (strstr (error->message, rows[i][1]));
      g_clear_error (&error);
    }
  g_assert_null (queen_redis_url_parse (long_cluster, NULL));
  g_assert_null (queen_redis_url_parse (long_path, NULL));
}

/* Whatever else is wrong with it. */
static void
test_password_is_not_repeated (void)
{
  static const char *const urls[] = { "redis://a:hunter2@h?cluster=a", "redis://:hunter2@h:x",
                                      "redis:/a:hunter2@h", "http://a:hunter2@h",
                                      "redis://a:hunter2@h:99999?cluster=a" };

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (queen_redis_target_check_url (urls[i], &error));
      g_assert_null (strstr (error->message, "hunter2"));
    }
}

static void
assert_no_target (const QueenRedisTargetSettings *settings, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenRedisTarget) target = queen_redis_target_new (settings, &error);

  g_assert_null (target);
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
  g_assert_nonnull (strstr (error->message, message));
}

static void
test_several (void)
{
  static const char *const good[] = { "redis://127.0.0.1:1/2?cluster=a",
                                      "redis+unix:///r.sock?cluster=a&db=2", NULL };
  static const char *const bad[] = { "redis://[::1]/2?cluster=b", "redis://[::1]/3?cluster=a",
                                     "redis://me@[::1]/2?cluster=a",
                                     "redis://[::1]/2?cluster=a&sentinel=m" };
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenRedisTarget) target =
      queen_redis_target_new (&(QueenRedisTargetSettings){ .urls = good }, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (queen_redis_target_get_n_places (target), ==, 2);
  g_assert_cmpstr (queen_redis_target_get_place (target, 1)->text, ==, "unix:/r.sock");
  g_assert_cmpstr (queen_redis_target_get_cluster (target), ==, "a");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_no_target (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ good[0], bad[i],
                                                                                  NULL } },
                      "several engines are several places of one");
}

static void
test_beyond (void)
{
  g_autofree char *password = write_temporary_file ("secret\n");
  static const char *const naked[] = { "redis://h?cluster=a", "rediss://h?cluster=a",
                                       "redis://192.0.2.1?cluster=a",
                                       "redis://127.0.0.1.example?cluster=a" };
  const char *const whole[] = { "rediss://me@h?cluster=a", NULL };
  g_autoptr (QueenRedisTarget) target = queen_redis_target_new (
      &(QueenRedisTargetSettings){ .urls = whole, .password_file = password }, NULL);

  g_assert_nonnull (target);
  for (gsize i = 0; i < G_N_ELEMENTS (naked); i++)
    {
      const char *const urls[] = { naked[i], NULL };
      g_autoptr (QueenRedisTarget) insecure =
          queen_redis_target_new (&(QueenRedisTargetSettings){ .urls = urls, .is_insecure = TRUE },
                                  NULL);

      g_assert_nonnull (insecure);
      assert_no_target (&(QueenRedisTargetSettings){ .urls = urls }, "is beyond this machine");
      assert_no_target (&(QueenRedisTargetSettings){ .urls = urls, .password_file = password },
                        "is beyond this machine");
    }
  assert_no_target (&(QueenRedisTargetSettings){ .urls = whole, .is_insecure = TRUE },
                    "“me” takes --engine-password-file");
  g_remove (password);
}

static void
test_password (void)
{
  static const char *const rows[][2] = { { "secret", "secret" },
                                         { "secret\n", "secret" },
                                         { "se cret \r\nmore\n", "se cret " } };
  static const char *const urls[] = { "redis://me@127.0.0.1?cluster=a", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *file = write_temporary_file (rows[i][0]);
      g_autoptr (QueenRedisTarget) target = queen_redis_target_new (
          &(QueenRedisTargetSettings){ .urls = urls, .password_file = file }, NULL);

      g_assert_cmpstr (queen_redis_target_get_password (target), ==, rows[i][1]);
      g_remove (file);
    }
}

static void
test_bad_files (void)
{
  static const char *const urls[] = { "redis://127.0.0.1?cluster=a", NULL };
  g_autofree char *empty = write_temporary_file ("\nsecret\n");
  g_autoptr (GError) error = NULL;

  assert_no_target (&(QueenRedisTargetSettings){ .urls = urls, .password_file = empty },
                    "its first line is no password");
  for (guint i = 0; i < 3; i++)
    {
      const QueenRedisTargetSettings settings = {
        .urls = urls,
        .password_file = i == 0 ? "/no/such" : NULL,
        .ca_file = i == 1 ? "/no/such" : NULL,
        .certificate_file = i == 2 ? "/no/such" : NULL,
      };

      g_assert_null (queen_redis_target_new (&settings, &error));
      g_assert_true (g_str_has_prefix (error->message, "/no/such"));
      g_clear_error (&error);
    }
  g_remove (empty);
}

static void
test_reload (void)
{
  static const char *const urls[] = { "redis://127.0.0.1?cluster=a", NULL };
  g_autofree char *file = write_temporary_file ("one");
  g_autoptr (QueenRedisTarget) target =
      queen_redis_target_new (&(QueenRedisTargetSettings){ .urls = urls, .password_file = file },
                              NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "two", -1, NULL));
  queen_redis_target_take (target, queen_redis_target_read (target, NULL));
  g_assert_cmpstr (queen_redis_target_get_password (target), ==, "two");
  g_remove (file);
  g_assert_null (queen_redis_target_read (target, &error));
  g_assert_nonnull (error);
  g_assert_cmpstr (queen_redis_target_get_password (target), ==, "two");
}

static GTlsCertificateFlags
judge (QueenRedisTarget *target, const char *pem)
{
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_pem (pem, -1, NULL);

  return g_tls_database_verify_chain (queen_redis_target_get_trusted (target), certificate,
                                      G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER, NULL, NULL,
                                      G_TLS_DATABASE_VERIFY_NONE, NULL, NULL);
}

/* What was read before is trusted, however the disk is by now: here the file is not even there. */
static void
test_trusted_ahead (void)
{
  static const char *const urls[] = { "rediss://127.0.0.1?cluster=a", NULL };
  g_autoptr (TlsIdentity) former = tls_identity_new ("former"), next = tls_identity_new ("next");
  g_autoptr (QueenRedisTarget) target = queen_redis_target_new (
      &(QueenRedisTargetSettings){ .urls = urls, .ca_file = former->certificate }, NULL);
  g_autoptr (GHashTable) texts =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) queen_file_ahead_free);
  QueenFileAhead *ahead = g_new0 (QueenFileAhead, 1);
  QueenRedisKeys *keys;
  g_autofree char *pem = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (former->certificate, &pem, NULL, NULL));
  g_assert_true (g_file_get_contents (next->certificate, &ahead->text, &ahead->length, NULL));
  g_assert_cmpint (judge (target, pem), ==, 0);
  g_assert_cmpint (judge (target, ahead->text), ==, G_TLS_CERTIFICATE_UNKNOWN_CA);
  g_hash_table_insert (texts, former->certificate, ahead);
  g_remove (former->certificate);
  queen_file_set_ahead (texts);
  keys = queen_redis_target_read (target, &error);
  queen_file_set_ahead (NULL);
  g_assert_no_error (error);
  queen_redis_target_take (target, keys);
  g_assert_cmpint (judge (target, ahead->text), ==, 0);
  g_assert_cmpint (judge (target, pem), ==, G_TLS_CERTIFICATE_UNKNOWN_CA);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-target/urls", test_urls);
  g_test_add_func ("/redis-target/bad-urls-say-what-is-wrong", test_bad_urls);
  g_test_add_func ("/redis-target/no-error-repeats-a-password", test_password_is_not_repeated);
  g_test_add_func ("/redis-target/several-places-are-of-one", test_several);
  g_test_add_func ("/redis-target/beyond-this-machine-takes-more", test_beyond);
  g_test_add_func ("/redis-target/password-is-the-first-line", test_password);
  g_test_add_func ("/redis-target/bad-files-are-named", test_bad_files);
  g_test_add_func ("/redis-target/read-again", test_reload);
  g_test_add_func ("/redis-target/trusted-is-not-read-from-a-disk-again", test_trusted_ahead);
  return g_test_run ();
}
