/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "tls-identity.h"

#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 60 * 60) /* s */

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

static gnutls_x509_privkey_t
make_key (const TlsIdentitySetup *setup)
{
  gnutls_pk_algorithm_t algorithm = setup->algorithm ? setup->algorithm : GNUTLS_PK_ECDSA;
  guint bits = setup->bits;
  gnutls_x509_privkey_t key;

  if (bits == 0)
    bits = algorithm == GNUTLS_PK_ECDSA ? GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1) : 2048;
  check (gnutls_x509_privkey_init (&key));
  check (gnutls_x509_privkey_generate (key, algorithm, bits, 0));
  return key;
}

static gnutls_x509_crt_t
make_certificate (const char *name, const TlsIdentitySetup *setup, gnutls_x509_privkey_t key)
{
  const guint8 loopback[] = { 127, 0, 0, 1 };
  const guint8 loopback_of_ipv6[16] = { [15] = 1 };
  const guint8 serial = 1;
  time_t now = time (NULL);
  gnutls_x509_crt_t certificate;

  check (gnutls_x509_crt_init (&certificate));
  check (gnutls_x509_crt_set_version (certificate, 3));
  check (gnutls_x509_crt_set_serial (certificate, &serial, sizeof serial));
  check (gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                        (guint) strlen (name)));
  check (gnutls_x509_crt_set_activation_time (certificate,
                                              now + (setup->begin ? setup->begin : -DAY)));
  check (gnutls_x509_crt_set_expiration_time (certificate,
                                              now + (setup->end ? setup->end : 30 * DAY)));
  check (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                               GNUTLS_FSAN_APPEND));
  check (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS, loopback,
                                               sizeof loopback, GNUTLS_FSAN_APPEND));
  check (gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_IPADDRESS, loopback_of_ipv6,
                                               sizeof loopback_of_ipv6, GNUTLS_FSAN_APPEND));
  check (gnutls_x509_crt_set_basic_constraints (certificate, 1, -1));
  if (setup->key_usage)
    check (gnutls_x509_crt_set_key_usage (certificate, setup->key_usage));
  check (gnutls_x509_crt_set_key (certificate, key));
  check (gnutls_x509_crt_sign2 (certificate, certificate, key,
                                setup->algorithm == GNUTLS_PK_EDDSA_ED25519 ? GNUTLS_DIG_SHA512
                                                                            : GNUTLS_DIG_SHA256,
                                0));
  return certificate;
}

static void
write_file (const char *path, const gnutls_datum_t *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *) text->data, text->size, &error);
  g_assert_no_error (error);
}

TlsIdentity *
tls_identity_new_with (const char *name, const TlsIdentitySetup *setup)
{
  TlsIdentity *self = g_new0 (TlsIdentity, 1);
  gnutls_x509_privkey_t key = make_key (setup);
  gnutls_x509_crt_t certificate = make_certificate (name, setup, key);
  g_autoptr (GError) error = NULL;
  gnutls_datum_t text;

  self->directory = g_dir_make_tmp ("queen-tls-XXXXXX", &error);
  g_assert_no_error (error);
  self->certificate = g_build_filename (self->directory, "tls-certificate", NULL);
  self->key = g_build_filename (self->directory, "tls-key", NULL);

  check (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &text));
  write_file (self->certificate, &text);
  gnutls_free (text.data);
  check (
      gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &text));
  write_file (self->key, &text);
  gnutls_free (text.data);
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
  return self;
}

TlsIdentity *
tls_identity_new (const char *name)
{
  return tls_identity_new_with (name, &(TlsIdentitySetup){ 0 });
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (from, &text, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, text, (gssize) length, &error);
  g_assert_no_error (error);
}

void
tls_identity_replace (TlsIdentity *self, const TlsIdentity *other)
{
  copy_file (other->certificate, self->certificate);
  copy_file (other->key, self->key);
}

void
tls_identity_mix (TlsIdentity *self, const TlsIdentity *other)
{
  copy_file (other->key, self->key);
}

void
tls_identity_free (TlsIdentity *self)
{
  g_unlink (self->certificate);
  g_unlink (self->key);
  g_rmdir (self->directory);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->directory);
  g_free (self);
}
