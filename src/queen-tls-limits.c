/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls-limits.h"

#include <gnutls/x509.h>

#define EXTENSION 0xff71 /* of those for private use: RFC 8447 § 7. It is never sent. */
#define PRIORITY "G_TLS_GNUTLS_PRIORITY"

/* What is left of a message */
typedef struct
{
  const guint8 *bytes;
  gsize n_bytes;
} Rest;

/* Returns: whether there is a number of @width bytes, and as many bytes as it says: @part */
static gboolean
take_part (Rest *rest, gsize width, Rest *part)
{
  gsize length = 0;

  if (rest->n_bytes < width)
    return FALSE;
  for (gsize i = 0; i < width; i++)
    length = length << 8 | rest->bytes[i];
  if (length > rest->n_bytes - width)
    return FALSE;
  *part = (Rest){ rest->bytes + width, length };
  rest->bytes += width + length;
  rest->n_bytes -= width + length;
  return TRUE;
}

static gsize
count_bits (const gnutls_datum_t *number)
{
  gsize n = number->size;
  const guint8 *bytes = number->data;

  for (; n > 0 && *bytes == 0; n--)
    bytes++;
  return n > 0 ? 8 * (n - 1) + g_bit_storage (*bytes) : 0;
}

static gboolean
is_light_rsa (gnutls_x509_crt_t certificate)
{
  gnutls_datum_t modulus, exponent;
  gboolean is_light;

  if (gnutls_x509_crt_get_pk_rsa_raw (certificate, &modulus, &exponent) < 0)
    return FALSE;
  is_light = count_bits (&modulus) <= QUEEN_TLS_MAX_RSA &&
             count_bits (&exponent) <= QUEEN_TLS_MAX_EXPONENT;
  gnutls_free (modulus.data);
  gnutls_free (exponent.data);
  return is_light;
}

/* Of what is no RSA, curves are of one length each; and of others nobody has need. */
static gboolean
is_light_key (gnutls_x509_crt_t certificate)
{
  switch (gnutls_x509_crt_get_pk_algorithm (certificate, NULL))
    {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      return is_light_rsa (certificate);
    case GNUTLS_PK_ECDSA:
    case GNUTLS_PK_EDDSA_ED25519:
    case GNUTLS_PK_EDDSA_ED448:
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
is_light_certificate (const Rest *bytes)
{
  gnutls_datum_t text = { (guint8 *) bytes->bytes, (guint) bytes->n_bytes };
  gnutls_x509_crt_t certificate;
  gboolean is_light;

  if (bytes->n_bytes > QUEEN_TLS_MAX_CERTIFICATE || gnutls_x509_crt_init (&certificate) < 0)
    return FALSE;
  is_light = gnutls_x509_crt_import (certificate, &text, GNUTLS_X509_FMT_DER) >= 0 &&
             is_light_key (certificate);
  gnutls_x509_crt_deinit (certificate);
  return is_light;
}

/* RFC 8446 § 4.4.2; before that there was neither a context nor anything said of each. */
static gboolean
is_light_chain (Rest message, gboolean is_new)
{
  Rest context, list, certificate = { NULL }, extensions;
  guint n = 0;

  if ((is_new && !take_part (&message, 1, &context)) || !take_part (&message, 3, &list))
    return FALSE;
  while (list.n_bytes > 0)
    if (++n > QUEEN_TLS_MAX_CHAIN || !take_part (&list, 3, &certificate) ||
        !is_light_certificate (&certificate) || (is_new && !take_part (&list, 2, &extensions)))
      return FALSE;
  return TRUE;
}

/* Before GnuTLS makes anything of it. */
static int
check_certificates (gnutls_session_t session,
                    unsigned kind,
                    unsigned when,
                    unsigned is_incoming,
                    const gnutls_datum_t *message)
{
  Rest rest = { message->data, message->size };
  gboolean is_new = gnutls_protocol_get_version (session) >= GNUTLS_TLS1_3;

  return !is_incoming || is_light_chain (rest, is_new) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* glib-networking shows its sessions to nobody. But GnuTLS asks for each, whoever has made it,
 * what else there is to be said in its first message: that is where we see it. It asks a server,
 * too, if a stranger has said that it knows the extension; those have limits of their own. */
static int
add_nothing (gnutls_session_t session, gnutls_buffer_t unused)
{
  if (gnutls_handshake_get_last_in (session) == GNUTLS_HANDSHAKE_CLIENT_HELLO)
    return 0;
  gnutls_handshake_set_max_packet_length (session, QUEEN_TLS_MAX_MESSAGE);
  gnutls_handshake_set_hook_function (session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE,
                                      check_certificates);
  return 0;
}

static int
take_nothing (gnutls_session_t session, const unsigned char *bytes, size_t n_bytes)
{
  return 0;
}

/* With finite fields the server chooses how large a number is, and of which kind: of 8 192 bits, it
 * takes half a second; and before TLS 1.3 there was no limit. */
static void
leave_fields_out (void)
{
  g_setenv (PRIORITY,
            "NORMAL:%COMPAT:-DHE-RSA:-DHE-DSS:-GROUP-FFDHE2048:-GROUP-FFDHE3072:-GROUP-FFDHE4096:"
            "-GROUP-FFDHE6144:-GROUP-FFDHE8192",
            FALSE);
}

void
queen_tls_limits_prepare (void)
{
  static gsize is_prepared;

  if (g_once_init_enter (&is_prepared))
    {
      int code = gnutls_ext_register ("queen", EXTENSION, GNUTLS_EXT_TLS, take_nothing, add_nothing,
                                      NULL, NULL, NULL);

      if (code < 0)
        g_warning ("certificates may be as large as they like: %s", gnutls_strerror (code));
      leave_fields_out ();
      g_once_init_leave (&is_prepared, 1);
    }
}
