/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenRedisTarget:
 *
 * Which Redis it is, where it may be, and how she is let in. With reference counts; what is in it
 * stays, but for the password and the certificates, which queen_redis_target_take() replaces.
 */
typedef struct _QueenRedisTarget QueenRedisTarget;

/**
 * QueenRedisTargetSettings:
 * @urls: (array zero-terminated=1): where it may be, in the order in which it is looked for; at
 *   least one
 * @password_file: (nullable): its first line is the password
 * @ca_file: (nullable): certificates (PEM) to trust in place of the system's
 * @certificate_file: (nullable): her own certificate and its key (PEM), for a Redis that asks
 * @is_insecure: go without TLS, or without a password, beyond this machine
 */
typedef struct
{
  const char *const *urls;
  const char *password_file;
  const char *ca_file;
  const char *certificate_file;
  gboolean is_insecure;
} QueenRedisTargetSettings;

/**
 * queen_redis_target_check_url:
 * @error: %QUEEN_ERROR_SETTING: it is no such URL, has a password or a bad cluster, or she was
 *   built without an engine
 *
 * Looks at one URL alone:
 * `redis://[user@]host[:port][/db]?cluster=NAME[&sentinel=MASTER]`, the same with `rediss:` for
 * TLS, or `redis+unix:///path?cluster=NAME[&db=N][&user=USER]`.
 *
 * Returns: whether it is good
 */
gboolean queen_redis_target_check_url (const char *url, GError **error);

/**
 * queen_redis_target_new:
 * @error: %QUEEN_ERROR_SETTING, or what the system says of a file, with its name
 *
 * All URLs have to agree on cluster, user, database and Sentinel's name.
 *
 * Returns: (transfer full): the target, or %NULL
 */
QueenRedisTarget *queen_redis_target_new (const QueenRedisTargetSettings *settings, GError **error);

/**
 * QueenRedisKeys:
 *
 * What stands in the files by which she is let in, and knows that it is Redis: the password and the
 * certificates.
 */
typedef struct _QueenRedisKeys QueenRedisKeys;

void queen_redis_keys_free (QueenRedisKeys *keys);

/**
 * queen_redis_target_read:
 * @error: what is wrong with one of the files
 *
 * Reads password and certificates again, in any thread, and changes nothing.
 *
 * Returns: (transfer full): what is to be given to queen_redis_target_take()
 */
QueenRedisKeys *queen_redis_target_read (const QueenRedisTarget *self, GError **error);

/**
 * queen_redis_target_take:
 * @keys: (transfer full): for connections that begin from now on
 */
void queen_redis_target_take (QueenRedisTarget *self, QueenRedisKeys *keys);

/**
 * queen_redis_target_get_cluster:
 *
 * Returns: the name of the cluster, out of `[a-z0-9-]{1,64}`; it is safe within a key
 */
const char *queen_redis_target_get_cluster (const QueenRedisTarget *self);

QueenRedisTarget *queen_redis_target_ref (QueenRedisTarget *self);
void queen_redis_target_unref (QueenRedisTarget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisTarget, queen_redis_target_unref)

G_END_DECLS
