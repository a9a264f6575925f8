/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

/* A certificate for this machine's loopback names that vouches for itself, made when it is needed:
 * a test that brought one along would end with it. */
typedef struct
{
  char *directory;
  char *certificate;
  char *key;
} TlsIdentity;

/**
 * TlsIdentitySetup:
 * @algorithm: 0 for an elliptic curve
 * @bits: of the key; 0 for what is usual
 * @key_usage: what it may be used for, such as %GNUTLS_KEY_KEY_ENCIPHERMENT; 0 for anything
 * @begin: seconds from now to its first moment; 0 for a day ago
 * @end: seconds from now to its last moment; 0 for in a month
 */
typedef struct
{
  gnutls_pk_algorithm_t algorithm;
  guint bits;
  guint key_usage;
  gint64 begin;
  gint64 end;
} TlsIdentitySetup;

/* @name: what tells it from others, as the subject's common name */
TlsIdentity *tls_identity_new (const char *name);
TlsIdentity *tls_identity_new_with (const char *name, const TlsIdentitySetup *setup);

/* Puts @other's certificate and key in the place of @self's. */
void tls_identity_replace (TlsIdentity *self, const TlsIdentity *other);

/* Puts @other's key in the place of @self's. */
void tls_identity_mix (TlsIdentity *self, const TlsIdentity *other);
void tls_identity_free (TlsIdentity *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsIdentity, tls_identity_free)

G_END_DECLS
