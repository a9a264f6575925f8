/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-redis-target.h"

G_BEGIN_DECLS

/** Bytes that a user's name or a Sentinel's name for a master may have. */
#define QUEEN_REDIS_MAX_NAME 256

/**
 * QueenRedisPlace:
 * @text: as people read it, such as `192.0.2.7:6379` or `unix:/run/redis.sock`
 * @connectable: the same for GIO
 * @is_encrypted: whether TLS is spoken there
 *
 * Where a Redis or a Sentinel may be.
 */
typedef struct
{
  char *text;
  GSocketConnectable *connectable;
  gboolean is_encrypted;
} QueenRedisPlace;

/** Returns: (transfer full): a place on the network; @host may be any text. */
QueenRedisPlace *queen_redis_place_new (const char *host, guint16 port, gboolean is_encrypted);

void queen_redis_place_free (QueenRedisPlace *place);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisPlace, queen_redis_place_free)

/**
 * QueenRedisUrl:
 * @user: %NULL for the default user
 * @sentinel: what Sentinel calls the master; %NULL if the place is the Redis itself
 * @is_here: it can only be on this machine
 *
 * What one `--engine` says.
 */
typedef struct
{
  QueenRedisPlace *place;
  char *user;
  char *cluster;
  char *sentinel;
  gint64 database;
  gboolean is_here;
} QueenRedisUrl;

/** Returns: (transfer full): what @url says, or %NULL with %QUEEN_ERROR_SETTING. */
QueenRedisUrl *queen_redis_url_parse (const char *url, GError **error);

void queen_redis_url_free (QueenRedisUrl *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisUrl, queen_redis_url_free)

/** Returns: (transfer none): how many places there are. */
guint queen_redis_target_get_n_places (const QueenRedisTarget *self);

const QueenRedisPlace *queen_redis_target_get_place (const QueenRedisTarget *self, guint n);

/** Returns: (nullable): %NULL for the default user */
const char *queen_redis_target_get_user (const QueenRedisTarget *self);

/** Returns: (nullable): %NULL if there is none */
const char *queen_redis_target_get_password (const QueenRedisTarget *self);

/** Returns: (nullable): what Sentinel calls the master */
const char *queen_redis_target_get_sentinel (const QueenRedisTarget *self);

gint64 queen_redis_target_get_database (const QueenRedisTarget *self);

/** Returns: (nullable): whose certificates are trusted; %NULL for whom the system trusts */
GTlsDatabase *queen_redis_target_get_trusted (const QueenRedisTarget *self);

/** Returns: (nullable): the queen's own certificate with its key */
GTlsCertificate *queen_redis_target_get_certificate (const QueenRedisTarget *self);

/** Returns: whether plain text may leave this machine. */
gboolean queen_redis_target_is_insecure (const QueenRedisTarget *self);

G_END_DECLS
