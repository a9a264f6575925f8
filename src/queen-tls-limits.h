/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** How long the key of a certificate may be, with RSA: bits. */
#define QUEEN_TLS_MAX_RSA 8192

/** How long its exponent may be: bits. Nearly all have 65537. */
#define QUEEN_TLS_MAX_EXPONENT 64

/** How many certificates somebody may show who is called. */
#define QUEEN_TLS_MAX_CHAIN 16

/** How long each of them may be: bytes. */
#define QUEEN_TLS_MAX_CERTIFICATE (16 * 1024)

/** How long all that is said at once may be, in shaking hands: bytes. */
#define QUEEN_TLS_MAX_MESSAGE (64 * 1024)

/**
 * queen_tls_limits_prepare:
 *
 * From now on whoever is called through GnuTLS by this process, by whatever library, is called
 * with limits to what its certificates may cost: GnuTLS has none, and a signature by a key of half
 * a million bits, which any server may show that is not trusted yet, takes it hours, in a thread
 * that nobody can stop. To be called while there are few threads, as it sets the environment; once
 * is enough.
 */
void queen_tls_limits_prepare (void);

G_END_DECLS
