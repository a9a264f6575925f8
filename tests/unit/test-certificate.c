/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "fake-clock.h"
#include "net/queen-certificate.h"
#include "net/queen-tls.h"
#include "queen-error.h"
#include "tls-identity.h"

#define DAY (24 * 60 * 60) /* s */

/* Loading must fail at once, and say why in one line that names both files. */
static void
assert_refused (const char *certificate, const char *key, const char *reason)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_null (queen_certificate_load (certificate, key, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, certificate));
  g_assert_nonnull (strstr (error->message, key));
  g_assert_nonnull (strstr (error->message, reason));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
}

static void
test_pairs (void)
{
  static const TlsIdentitySetup good[] = {
    { 0 },
    { .algorithm = GNUTLS_PK_RSA },
    { .algorithm = GNUTLS_PK_ECDSA, .bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP384R1) },
    { .algorithm = GNUTLS_PK_EDDSA_ED25519,
      .bits = GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_ED25519) },
    { .key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .end = -DAY }, /* warned of, and served */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (TlsIdentity) identity = tls_identity_new_with ("good", &good[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (QueenCertificate) certificate =
          queen_certificate_load (identity->certificate, identity->key, &error);

      g_assert_no_error (error);
      g_assert_nonnull (certificate);
    }
}

/* A1: each of these once hung for ever. */
static void
test_unusable (void)
{
  static const TlsIdentitySetup bad[] = {
    { .algorithm = GNUTLS_PK_RSA, .bits = 512 },
    { .algorithm = GNUTLS_PK_RSA, .key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT },
    { .key_usage = GNUTLS_KEY_KEY_AGREEMENT },
  };
  g_autoptr (TlsIdentity) rsa =
      tls_identity_new_with ("rsa", &(TlsIdentitySetup){ .algorithm = GNUTLS_PK_RSA });
  g_autoptr (TlsIdentity) ec = tls_identity_new ("ec");
  g_autoptr (TlsIdentity) other_ec = tls_identity_new ("ec");

  assert_refused (rsa->certificate, ec->key, "do not match");
  assert_refused (ec->certificate, rsa->key, "do not match");
  assert_refused (ec->certificate, other_ec->key, "do not match");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (TlsIdentity) identity = tls_identity_new_with ("bad", &bad[i]);

      assert_refused (identity->certificate, identity->key, "no handshake succeeds with them");
    }
}

static void
test_files (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("queen");
  g_autofree char *other = g_build_filename (identity->directory, "other", NULL);
  g_autofree char *large = g_strnfill (1024 * 1024 + 1, '\n');

  assert_refused (identity->certificate, "/nonexistent", "/nonexistent: ");
  assert_refused ("/nonexistent", identity->key, "/nonexistent: ");
  /* D10 */
  assert_refused ("/nonexistent ", identity->key, ": it ends with a blank");
  assert_refused (identity->certificate, "/none # k", ": a comment needs a line of its own");
  assert_refused (identity->certificate, "/none\u200b", ": it has the invisible U+200B");
  assert_refused (identity->certificate, identity->certificate, "it has no private key");
  assert_refused (identity->key, identity->key, "it has no certificate");
  assert_refused (identity->certificate, "/dev/null", "is not a regular file");

  g_assert_true (g_file_set_contents (other, large, -1, NULL));
  assert_refused (identity->certificate, other, "is over 1048576 bytes");
  assert_refused (other, identity->key, "is over 1048576 bytes");
  g_unlink (other);
  g_assert_cmpint (mkfifo (other, 0600), ==, 0);
  assert_refused (identity->certificate, other, "is not a regular file");
  assert_refused (other, identity->key, "is not a regular file");
  g_unlink (other);
}

/* Nobody is asked for the password. */
static void
test_password (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("queen");
  g_autofree char *text = NULL;
  gnutls_datum_t plain = { NULL, 0 };
  gnutls_datum_t sealed;
  gnutls_x509_privkey_t key;
  gsize length;

  g_assert_true (g_file_get_contents (identity->key, &text, &length, NULL));
  plain = (gnutls_datum_t){ (guint8 *) text, (guint) length };
  g_assert_cmpint (gnutls_x509_privkey_init (&key), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_import (key, &plain, GNUTLS_X509_FMT_PEM), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, "secret",
                                                      GNUTLS_PKCS_PBES2_AES_128, &sealed),
                   ==, 0);
  g_assert_true (g_file_set_contents (identity->key, (char *) sealed.data, sealed.size, NULL));
  assert_refused (identity->certificate, identity->key, "it is protected by a password");
  gnutls_x509_privkey_deinit (key);
  gnutls_free (sealed.data);
}

/* Dates */

static void
test_dates (void)
{
  g_autoptr (TlsIdentity) identity =
      tls_identity_new_with ("queen", &(TlsIdentitySetup){ .begin = -10 * DAY, .end = 20 * DAY });
  g_autoptr (QueenCertificate) certificate =
      queen_certificate_load (identity->certificate, identity->key, NULL);
  const struct
  {
    gint64 days; /* from now */
    const char *warning;
  } rows[] = {
    { -11, "begins on " },
    { -9, NULL },
    { 0, NULL },
    { 12, NULL },
    { 14, "ends on " },
    { 19, "ends on " },
    { 21, "has ended on" },
    { 9000, "has ended on" },
  };
  gint64 today = g_get_real_time () / G_USEC_PER_SEC;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *warning =
          queen_certificate_dup_warning (certificate, today + rows[i].days * DAY);

      g_test_message ("day %" G_GINT64_FORMAT ": %s", rows[i].days, warning);
      if (rows[i].warning)
        g_assert_true (g_str_has_prefix (warning, rows[i].warning));
      else
        g_assert_null (warning);
    }
}

static guint n_warnings;
static gint64 wall; /* ns since 1970 */

static gint64
get_wall (void)
{
  return wall;
}

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (level != G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, data);
  n_warnings++;
  return G_LOG_WRITER_HANDLED;
}

static void
pass_hours (guint n)
{
  while (n-- > 0)
    {
      now += G_TIME_SPAN_HOUR;
      wall += G_TIME_SPAN_HOUR * 1000;
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
}

/* At start, at each reload, and then once a day from a week before the end. */
static void
test_warnings (void)
{
  static const QueenClock clock = { get_now, get_wall, get_now };
  g_autoptr (TlsIdentity) identity =
      tls_identity_new_with ("queen", &(TlsIdentitySetup){ .end = 10 * DAY });
  g_autoptr (TlsIdentity) ended =
      tls_identity_new_with ("ended", &(TlsIdentitySetup){ .end = -60 });
  g_autoptr (QueenTls) tls = NULL;

  g_log_set_writer_func (count_warnings, NULL, NULL);
  wall = g_get_real_time () * 1000;
  tls = queen_tls_new (identity->certificate, identity->key, &clock, NULL);
  g_assert_nonnull (tls);
  pass_hours (2 * 24);
  g_assert_cmpuint (n_warnings, ==, 0);
  pass_hours (24 + 2); /* a week before its end has come */
  g_assert_cmpuint (n_warnings, ==, 1);
  pass_hours (20);
  g_assert_cmpuint (n_warnings, ==, 1);
  pass_hours (10);
  g_assert_cmpuint (n_warnings, ==, 2);

  tls_identity_replace (identity, ended);
  g_assert_true (queen_tls_take (tls, queen_tls_read (tls, NULL)));
  g_assert_cmpuint (n_warnings, ==, 3);
  pass_hours (23);
  g_assert_cmpuint (n_warnings, ==, 3);
  pass_hours (2);
  g_assert_cmpuint (n_warnings, ==, 4);
  g_assert_false (g_unlink (identity->key));
  g_assert_null (queen_tls_read (tls, NULL));
  pass_hours (24);
  g_assert_cmpuint (n_warnings, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/certificate/load/any-key-that-signs", test_pairs);
  g_test_add_func ("/certificate/load/unusable-pairs-are-one-line-at-once", test_unusable);
  g_test_add_func ("/certificate/load/only-files-of-a-sane-size", test_files);
  g_test_add_func ("/certificate/load/nobody-is-asked-for-a-password", test_password);
  g_test_add_func ("/certificate/dates/outside-of-them-and-a-week-before-the-end", test_dates);
  g_test_add_func ("/certificate/dates/warned-of-once-a-day", test_warnings);

  return g_test_run ();
}
