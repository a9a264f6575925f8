/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls-seal.h"

#include <gnutls/crypto.h>
#include <string.h>

#define HEADER_SIZE 5 /* bytes of a record's */
#define NONCE_SIZE 12
#define NUMBER_SIZE 8
#define SALT_SIZE 4 /* the part of a nonce that is kept secret in TLS 1.2 with GCM */
#define TAG_SIZE 16
#define MAX_KEY_SIZE 32

typedef enum
{
  CONTENT_ALERT = 21,
  CONTENT_DATA = 23,
} ContentType;

typedef enum
{
  SEAL_GCM_1_2,      /* RFC 5288: half of the nonce goes along */
  SEAL_CHACHA20_1_2, /* RFC 7905 */
  SEAL_1_3,          /* RFC 8446 § 5.2: the content's type is encrypted, too */
} SealKind;

struct _QueenTlsSeal
{
  guint64 number; /* of the next record */
  guint64 last;   /* the number of what can only be the end */
  gnutls_cipher_algorithm_t algorithm;
  SealKind kind;
  guint8 key_size;
  guint8 key[MAX_KEY_SIZE];
  guint8 iv[NONCE_SIZE];
};

/* A cipher takes 750 bytes, and more time to be made ready than it needs for a short record. So
 * there is one, for whoever writes: seals belong to the main loop's thread, and whoever has much to
 * write makes many records before it is somebody else's turn. */
static gnutls_aead_cipher_hd_t cipher;
static const QueenTlsSeal *cipher_owner; /* NULL when there is none */

static void
release_cipher (void)
{
  if (cipher_owner)
    gnutls_aead_cipher_deinit (cipher);
  cipher_owner = NULL;
}

static gboolean
own_cipher (const QueenTlsSeal *self)
{
  const gnutls_datum_t key = { (guint8 *) self->key, self->key_size };

  if (cipher_owner == self)
    return TRUE;
  release_cipher ();
  if (gnutls_aead_cipher_init (&cipher, self->algorithm, &key) < 0)
    return FALSE;
  cipher_owner = self;
  return TRUE;
}

static gboolean
find_kind (gnutls_session_t session, SealKind *kind)
{
  gnutls_cipher_algorithm_t algorithm = gnutls_cipher_get (session);
  gboolean is_chacha20 = algorithm == GNUTLS_CIPHER_CHACHA20_POLY1305;

  if (!is_chacha20 && algorithm != GNUTLS_CIPHER_AES_128_GCM &&
      algorithm != GNUTLS_CIPHER_AES_256_GCM)
    return FALSE;
  switch (gnutls_protocol_get_version (session))
    {
    case GNUTLS_TLS1_2:
      *kind = is_chacha20 ? SEAL_CHACHA20_1_2 : SEAL_GCM_1_2;
      return TRUE;
    case GNUTLS_TLS1_3:
      *kind = SEAL_1_3;
      return TRUE;
    default:
      return FALSE;
    }
}

static void
put_number (guint8 *at, guint64 number)
{
  number = GUINT64_TO_BE (number);
  memcpy (at, &number, NUMBER_SIZE);
}

QueenTlsSeal *
queen_tls_seal_new (gnutls_session_t session, guint64 max_records)
{
  g_autoptr (QueenTlsSeal) self = g_new0 (QueenTlsSeal, 1);
  gnutls_datum_t iv, key;
  guint8 number[NUMBER_SIZE];

  if (!find_kind (session, &self->kind) ||
      gnutls_record_get_state (session, FALSE, NULL, &iv, &key, number) < 0 ||
      key.size > MAX_KEY_SIZE || iv.size != (self->kind == SEAL_GCM_1_2 ? SALT_SIZE : NONCE_SIZE))
    return NULL;
  self->algorithm = gnutls_cipher_get (session);
  self->key_size = (guint8) key.size;
  memcpy (self->key, key.data, key.size);
  memcpy (self->iv, iv.data, iv.size);
  memcpy (&self->number, number, NUMBER_SIZE);
  self->number = GUINT64_FROM_BE (self->number);
  self->last = max_records - 1;
  return g_steal_pointer (&self);
}

/* A nonce is never used twice: the number is in it. */
static void
make_nonce (const QueenTlsSeal *self, guint8 nonce[NONCE_SIZE])
{
  guint8 number[NUMBER_SIZE];

  memcpy (nonce, self->iv, NONCE_SIZE);
  put_number (number, self->number);
  for (guint i = 0; i < NUMBER_SIZE; i++)
    nonce[NONCE_SIZE - NUMBER_SIZE + i] ^= number[i]; /* what is 0 there becomes the number */
}

static void
put_header (guint8 *at, ContentType type, gsize length)
{
  at[0] = (guint8) type;
  at[1] = at[2] = 3; /* TLS 1.2; the next version calls itself that, too */
  at[3] = (guint8) (length >> 8);
  at[4] = (guint8) length;
}

/* Returns: how much of @authenticated there is: what is not encrypted, but cannot be changed */
static gsize
put_authenticated (
    const QueenTlsSeal *self, ContentType type, gsize length, const guint8 *header, guint8 *at)
{
  if (self->kind == SEAL_1_3)
    {
      memcpy (at, header, HEADER_SIZE);
      return HEADER_SIZE;
    }
  put_number (at, self->number);
  put_header (at + NUMBER_SIZE, type, length);
  return NUMBER_SIZE + HEADER_SIZE;
}

/* @content: with one byte more, which changes and is as before when it returns */
static gsize
seal (QueenTlsSeal *self, ContentType type, guint8 *content, gsize length, guint8 *record)
{
  gsize explicit_size = self->kind == SEAL_GCM_1_2 ? NUMBER_SIZE : 0;
  gsize inner_length = length + (self->kind == SEAL_1_3 ? 1 : 0);
  gsize sealed_length = inner_length + TAG_SIZE;
  guint8 next = content[length];
  guint8 nonce[NONCE_SIZE], authenticated[NUMBER_SIZE + HEADER_SIZE];
  gsize authenticated_length;
  int code;

  if (!own_cipher (self))
    return 0;
  put_header (record, self->kind == SEAL_1_3 ? CONTENT_DATA : type, explicit_size + sealed_length);
  if (explicit_size > 0)
    put_number (record + HEADER_SIZE, self->number);
  content[length] = (guint8) type;
  make_nonce (self, nonce);
  authenticated_length = put_authenticated (self, type, length, record, authenticated);
  code = gnutls_aead_cipher_encrypt (cipher, nonce, sizeof nonce, authenticated,
                                     authenticated_length, TAG_SIZE, content, inner_length,
                                     record + HEADER_SIZE + explicit_size, &sealed_length);
  content[length] = next;
  self->number++;
  return code < 0 ? 0 : HEADER_SIZE + explicit_size + sealed_length;
}

gsize
queen_tls_seal_data (QueenTlsSeal *self, guint8 *content, gsize length, guint8 *record)
{
  g_return_val_if_fail (length <= QUEEN_TLS_MAX_RECORD, 0);

  return self->number < self->last ? seal (self, CONTENT_DATA, content, length, record) : 0;
}

gsize
queen_tls_seal_end (QueenTlsSeal *self, guint8 *record)
{
  guint8 alert[] = { GNUTLS_AL_WARNING, GNUTLS_A_CLOSE_NOTIFY, 0 };

  return self->number <= self->last ? seal (self, CONTENT_ALERT, alert, 2, record) : 0;
}

void
queen_tls_seal_free (QueenTlsSeal *self)
{
  if (cipher_owner == self)
    release_cipher ();
  gnutls_memset (self, 0, sizeof *self);
  g_free (self);
}
