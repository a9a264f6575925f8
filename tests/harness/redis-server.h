/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RedisServer:
 *
 * A Redis of the test's own at a Unix socket in a folder of its own, which saves nothing unless it
 * is told to. It can be stopped, killed and started again at the same place, and never outlives the
 * test, however that ends.
 */
typedef struct _RedisServer RedisServer;

/* Whether this machine has one; a test without it is skipped. */
gboolean redis_server_is_there (void);

/* Returns: one that is not running yet */
RedisServer *redis_server_new (void);

/* Returns: one that runs */
RedisServer *redis_server_start_new (void);

/* A line of its configuration, as `maxmemory 2mb`; to be said before it starts. */
void redis_server_configure (RedisServer *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Has it listen on a port of loopback, too; to be said before it starts. */
void redis_server_listen (RedisServer *self);

/* The same, encrypted; the files are PEM. Whoever comes needs no certificate. */
void redis_server_listen_encrypted (RedisServer *self, const char *certificate, const char *key);

/* Has it watch over @master under the name `house`, and be no Redis but a Sentinel. It is there
 * when it has heard of a replica. */
void redis_server_watch_over (RedisServer *self, RedisServer *master);

/* Starts it, and waits until it takes commands. */
void redis_server_start (RedisServer *self);

/* The same, and waits only until its log has @text. */
void redis_server_start_until (RedisServer *self, const char *text);

GPid redis_server_get_pid (RedisServer *self);
void redis_server_signal (RedisServer *self, int signal_number);

/* Kills it, and waits until it is dead. */
void redis_server_kill (RedisServer *self);
void redis_server_free (RedisServer *self);

const char *redis_server_get_socket (RedisServer *self);

/* 0 if it listens on none */
guint16 redis_server_get_port (RedisServer *self);

/* Returns: (transfer full): an `--engine` for it, at its Unix socket, of the cluster `test` */
char *redis_server_dup_url (RedisServer *self);

/**
 * redis_server_ask:
 *
 * Has it do one command, and waits for it.
 *
 * Returns: (transfer full): what it answers, as redis-cli prints it, without the last line feed
 */
char *redis_server_ask (RedisServer *self, const char *word, ...) G_GNUC_NULL_TERMINATED;

/* The same, and asserts that the answer is @answer. */
#define redis_server_do(server, answer, ...)                                                       \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *said_ = redis_server_ask (server, __VA_ARGS__, NULL);                         \
    g_assert_cmpstr (said_, ==, answer);                                                           \
  }                                                                                                \
  G_STMT_END

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RedisServer, redis_server_free)

G_END_DECLS
