/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

#define QUEEN_TLS_MAX_RECORD 16384 /* bytes of content: RFC 8446 § 5.1 */

/** Bytes that a record has beside its content, at the most. */
#define QUEEN_TLS_MAX_OVERHEAD 32

/** Records that may be made with one key: RFC 8446 § 5.5, rounded down. */
#define QUEEN_TLS_MAX_RECORDS (1 << 24)

/**
 * QueenTlsSeal:
 *
 * What is left of a TLS session that only writes: a key and a number. A session of GnuTLS takes
 * 10 KB for as long as it lives, of which a stream that has begun needs a hundred bytes.
 *
 * GnuTLS does all that is cryptography. Only how its result is put into a record is done here, as
 * the kernel does it for programs that hand their keys over to it.
 */
typedef struct _QueenTlsSeal QueenTlsSeal;

/**
 * queen_tls_seal_new:
 * @session: one whose handshake is over, and that has nothing left to send
 * @max_records: how often its key may be used
 *
 * Takes over where @session is with writing; nothing may be written with that from then on.
 *
 * Returns: (transfer full) (nullable): %NULL for a cipher that is not known here
 */
QueenTlsSeal *queen_tls_seal_new (gnutls_session_t session, guint64 max_records);

/**
 * queen_tls_seal_data:
 * @content: with one byte behind it, which changes and is as before when it returns
 * @length: bytes, %QUEEN_TLS_MAX_RECORD at the most
 * @record: (out): room for %QUEEN_TLS_MAX_OVERHEAD bytes more than that
 *
 * Makes the next record.
 *
 * Returns: bytes of @record; 0 when the key is good for nothing but the end
 */
gsize queen_tls_seal_data (QueenTlsSeal *self, guint8 *content, gsize length, guint8 *record);

/**
 * queen_tls_seal_end:
 * @record: (out): room for %QUEEN_TLS_MAX_OVERHEAD bytes and 2 more
 *
 * Makes the record that says that nothing comes any more (RFC 8446 § 6.1).
 *
 * Returns: bytes of @record; 0 when even that was said already
 */
gsize queen_tls_seal_end (QueenTlsSeal *self, guint8 *record);

void queen_tls_seal_free (QueenTlsSeal *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenTlsSeal, queen_tls_seal_free)

G_END_DECLS
