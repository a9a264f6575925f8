/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "queen-process.h"
#include "redis-server.h"
#include "redis/queen-redis.h"
#include "temporary-file.h"
#include "tls-identity.h"

/* A connection, and what is heard of it. */
typedef struct
{
  QueenRedis *redis;
  guint n_ready;
  guint n_failed;
  GError *error; /* of the last `lost` or `failed`; NULL for none */
  gboolean is_lost;
  GString *answers; /* a word for each, with blanks between */
  guint n_answers;
} Listener;

static void
on_ready (QueenRedis *redis, Listener *self)
{
  g_assert_true (queen_redis_is_ready (redis));
  self->n_ready++;
  self->is_lost = FALSE;
}

static void
on_lost (QueenRedis *redis, const GError *error, Listener *self)
{
  g_assert_false (queen_redis_is_ready (redis));
  g_assert_false (self->is_lost);
  self->is_lost = TRUE;
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
on_failed (QueenRedis *redis, const GError *error, Listener *self)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->n_failed++;
}

/* The shortest pause there is. */
static gint64
throw_zero (gint64 limit)
{
  return 0;
}

static Listener *
listener_new_for (const QueenRedisTargetSettings *where, gint64 timeout)
{
  Listener *self = g_new0 (Listener, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenRedisTarget) target = queen_redis_target_new (where, &error);

  g_assert_no_error (error);
  self->answers = g_string_new (NULL);
  self->redis = queen_redis_new (&(QueenRedisSettings){
      .target = target, .name = "queen-test", .timeout = timeout, .random = throw_zero });
  g_signal_connect (self->redis, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (self->redis, "lost", G_CALLBACK (on_lost), self);
  g_signal_connect (self->redis, "failed", G_CALLBACK (on_failed), self);
  queen_redis_start (self->redis);
  return self;
}

static Listener *
listener_new (RedisServer *server)
{
  g_autofree char *url = redis_server_dup_url (server);

  return listener_new_for (&(QueenRedisTargetSettings){ .urls =
                                                            (const char *const[]){ url, NULL } },
                           10 * G_USEC_PER_SEC);
}

static void
listener_free (Listener *self)
{
  g_object_unref (self->redis);
  g_clear_error (&self->error);
  g_string_free (self->answers, TRUE);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listener, listener_free)

#define wait_for(condition)                                                                        \
  while (!(condition))                                                                             \
  g_main_context_iteration (NULL, TRUE)

static void
on_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  Listener *self = data;

  g_assert_true ((reply != NULL) != (error != NULL));
  self->n_answers++;
  if (self->answers->len > 0)
    g_string_append_c (self->answers, ' ');
  if (error)
    {
      g_assert_true (error->domain == QUEEN_REDIS_ERROR);
      g_string_append (self->answers, queen_redis_error_get_reason (error->code));
    }
  else if (reply->type == QUEEN_REDIS_INTEGER)
    g_string_append_printf (self->answers, "%" G_GINT64_FORMAT, reply->integer);
  else if (queen_redis_reply_get_text (reply, NULL))
    g_string_append (self->answers, queen_redis_reply_get_text (reply, NULL));
  else
    g_string_append (self->answers, reply->type == QUEEN_REDIS_NIL ? "nil" : "array");
}

/* One command, of words with blanks between. */
static void
say (Listener *self, const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", -1);
  g_autoptr (GError) error = NULL;

  queen_redis_send (self->redis, g_strv_length (words), (const char *const *) words, 0, on_answer,
                    self, &error);
  g_assert_no_error (error);
}

/* Waits for the answer to one more command. */
static void
assert_answer (Listener *self, const char *command, const char *answer)
{
  guint before = self->n_answers;

  g_string_truncate (self->answers, 0);
  say (self, command);
  wait_for (self->n_answers > before);
  g_assert_cmpstr (self->answers->str, ==, answer);
}

static void
test_answers (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  g_assert_cmpint (g_str_has_prefix (queen_redis_get_address (listener->redis), "unix:/"), ==, 1);
  g_assert_null (queen_redis_get_trouble (listener->redis));
  say (listener, "SET a 1");
  say (listener, "INCR a");
  say (listener, "GET none");
  say (listener, "LPUSH a 1");
  say (listener, "EVALSHA 0123456789012345678901234567890123456789 0");
  say (listener, "LRANGE none 0 1");
  say (listener, "CLIENT GETNAME");
  say (listener, "NONSENSE");
  wait_for (listener->n_answers == 8);
  g_assert_cmpstr (listener->answers->str, ==,
                   "OK 2 nil wrong_type no_script array queen-test refused");
}

static void
test_one_write (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);
  QueenRedisFigures before, after;

  wait_for (listener->n_ready > 0);
  before = queen_redis_get_figures (listener->redis);
  for (guint i = 0; i < 1000; i++)
    say (listener, "INCR n");
  wait_for (listener->n_answers == 1000);
  after = queen_redis_get_figures (listener->redis);
  g_assert_cmpuint (after.n_commands - before.n_commands, ==, 1000);
  g_assert_cmpuint (after.n_writes - before.n_writes, ==, 1);
  g_assert_cmpuint (after.n_waiting, ==, 0);
  g_assert_cmpuint (after.waiting_bytes, ==, 0);
  g_assert_true (g_str_has_suffix (listener->answers->str, " 999 1000"));
}

static void
test_killed (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  redis_server_signal (server, SIGSTOP); /* so that none is answered */
  say (listener, "PING");
  say (listener, "PING");
  redis_server_kill (server);
  wait_for (listener->is_lost);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST);
  g_assert_cmpstr (listener->answers->str, ==, "lost lost");
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_UNREACHABLE);
  redis_server_start (server);
  wait_for (listener->n_ready == 2);
  assert_answer (listener, "PING", "PONG");
}

static void
test_stopped (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autofree char *url = redis_server_dup_url (server);
  g_autoptr (Listener) listener =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL } },
                        300 * G_TIME_SPAN_MILLISECOND);

  wait_for (listener->n_ready > 0);
  redis_server_signal (server, SIGSTOP);
  say (listener, "PING");
  say (listener, "PING");
  wait_for (listener->is_lost);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TIMED_OUT);
  g_assert_cmpstr (listener->answers->str, ==, "timed_out timed_out");
  redis_server_signal (server, SIGCONT);
  wait_for (listener->n_ready == 2);
}

/* Who she is */

static void
test_password (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autofree char *url = redis_server_dup_url (server),
                  *password = write_temporary_file ("wrong\n");
  const QueenRedisTargetSettings where = { .urls = (const char *const[]){ url, NULL },
                                           .password_file = password };
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenRedisTarget) target = NULL;
  g_autoptr (Listener) none = NULL, listener = NULL;

  /* Redis asks for none, and is shown one. */
  listener = listener_new_for (&where, G_USEC_PER_SEC);
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AUTH);
  redis_server_do (server, "OK", "CONFIG", "SET", "requirepass", "secret");
  /* It is shown the wrong one, and none. */
  listener->n_failed = 0;
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AUTH);
  none = listener_new (server);
  wait_for (none->n_failed > 0);
  g_assert_error (none->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AUTH);
  /* It is written down, and read again. */
  g_assert_true (g_file_set_contents (password, "secret\n", -1, NULL));
  target = queen_redis_target_new (&where, &error);
  g_assert_no_error (error);
  g_clear_pointer (&listener, listener_free);
  listener = listener_new_for (&where, G_USEC_PER_SEC);
  wait_for (listener->n_ready > 0);
  g_unlink (password);
}

static void
test_user (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autofree char *password = write_temporary_file ("secret");
  g_autofree char *url = g_strdup_printf ("redis+unix://%s?cluster=test&user=queen&db=2",
                                          redis_server_get_socket (server));
  const QueenRedisTargetSettings where = { .urls = (const char *const[]){ url, NULL },
                                           .password_file = password };
  g_autoptr (Listener) listener = listener_new_for (&where, 10 * G_USEC_PER_SEC);

  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AUTH);
  redis_server_do (server, "OK", "ACL", "SETUSER", "queen", "on", ">secret", "~q:*", "+@all",
                   "-role");
  listener->n_failed = 0;
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_NOT_ALLOWED);
  g_assert_nonnull (strstr (listener->error->message, "role"));
  redis_server_do (server, "OK", "ACL", "SETUSER", "queen", "+role");
  wait_for (listener->n_ready > 0);
  assert_answer (listener, "SET q:a 1", "OK");
  assert_answer (listener, "SET other 1", "not_allowed");
  redis_server_do (server, "1", "-n", "2", "GET", "q:a");
  g_unlink (password);
}

/* What Redis may say no to */

static void
test_full (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  redis_server_do (server, "OK", "CONFIG", "SET", "maxmemory", "1");
  assert_answer (listener, "SET a 1", "out_of_memory");
  redis_server_do (server, "OK", "CONFIG", "SET", "maxmemory", "0");
  assert_answer (listener, "SET a 1", "OK");
  redis_server_do (server, "OK", "CONFIG", "SET", "min-replicas-to-write", "1");
  assert_answer (listener, "SET a 1", "too_few_replicas");
  g_assert_cmpuint (listener->n_ready, ==, 1); /* none of this is the connection's fault */
}

/* A script is refused in the same words. */
static void
test_script_refused (void)
{
  const char *const words[] = { "EVAL", "return redis.call ('SET', 'a', '1')", "0" };
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  redis_server_do (server, "OK", "CONFIG", "SET", "maxmemory", "1");
  g_assert_true (queen_redis_send (listener->redis, 3, words, 0, on_answer, listener, NULL));
  wait_for (listener->n_answers == 1);
  g_assert_cmpstr (listener->answers->str, ==, "out_of_memory");
}

static void
test_no_room (void)
{
  g_autoptr (RedisServer) server = redis_server_new ();
  g_autoptr (Listener) first = NULL, second = NULL;

  redis_server_configure (server, "maxclients 1");
  redis_server_start (server);
  first = listener_new (server);
  wait_for (first->n_ready > 0);
  second = listener_new (server);
  wait_for (second->n_failed > 0);
  g_assert_error (second->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TOO_MANY_CLIENTS);
  g_clear_pointer (&first, listener_free);
  wait_for (second->n_ready > 0);
}

/* It takes a while to read what it has saved. */
static void
test_loading (void)
{
  g_autoptr (RedisServer) server = redis_server_new ();
  g_autoptr (Listener) listener = NULL;

  redis_server_configure (server, "enable-debug-command local");
  redis_server_configure (server, "key-load-delay 300");
  redis_server_configure (server, "loading-process-events-interval-bytes 1024");
  redis_server_start (server);
  redis_server_do (server, "OK", "DEBUG", "POPULATE", "3000", "key", "100");
  redis_server_do (server, "OK", "SAVE");
  redis_server_kill (server);
  redis_server_start_until (server, "Server initialized");
  listener = listener_new (server);
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOADING);
  wait_for (listener->n_ready > 0);
  assert_answer (listener, "DBSIZE", "3000");
}

/* Several places */

/* Returns: a replica of @master that has all it has */
static RedisServer *
start_replica (RedisServer *master)
{
  RedisServer *replica = redis_server_new ();

  redis_server_listen (replica);
  redis_server_configure (replica, "replicaof 127.0.0.1 %u", redis_server_get_port (master));
  redis_server_start (replica);
  redis_server_do (master, "1", "WAIT", "1", "0"); /* it is there when this is answered */
  return replica;
}

static RedisServer *
start_master (void)
{
  RedisServer *master = redis_server_new ();

  redis_server_listen (master);
  redis_server_start (master);
  redis_server_do (master, "OK", "SET", "a", "1");
  return master;
}

static void
test_failover (void)
{
  g_autoptr (RedisServer) master = start_master ();
  g_autoptr (RedisServer) replica = start_replica (master);
  g_autofree char *first = redis_server_dup_url (replica), *second = redis_server_dup_url (master);
  g_autoptr (Listener) listener =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ first, second,
                                                                                    NULL } },
                        G_USEC_PER_SEC);

  /* The replica is asked first, and is not taken. */
  wait_for (listener->n_ready > 0);
  g_assert_nonnull (
      strstr (queen_redis_get_address (listener->redis), redis_server_get_socket (master)));
  assert_answer (listener, "GET a", "1");
  redis_server_kill (master);
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_NO_MASTER);
  g_assert_nonnull (strstr (listener->error->message, "it is a replica"));
  redis_server_do (replica, "OK", "REPLICAOF", "NO", "ONE");
  wait_for (listener->n_ready == 2);
  assert_answer (listener, "GET a", "1");
}

/* It is a replica from one command to the next. */
static void
test_demoted (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  redis_server_do (server, "OK", "REPLICAOF", "127.0.0.1", "1");
  assert_answer (listener, "SET a 1", "read_only");
}

static void
test_sentinel (void)
{
  g_autoptr (RedisServer) master = start_master ();
  g_autoptr (RedisServer) replica = start_replica (master);
  g_autoptr (RedisServer) sentinel = redis_server_new ();
  g_autofree char *url = NULL, *stranger = NULL, *naked = NULL;
  g_autofree char *master_place = g_strdup_printf ("127.0.0.1:%u", redis_server_get_port (master));
  g_autofree char *replica_place =
      g_strdup_printf ("127.0.0.1:%u", redis_server_get_port (replica));
  g_autoptr (Listener) listener = NULL, other = NULL, unsaid = NULL;

  redis_server_watch_over (sentinel, master);
  redis_server_start (sentinel);
  url = g_strdup_printf ("redis://127.0.0.1:%u?cluster=test&sentinel=house",
                         redis_server_get_port (sentinel));
  stranger = g_strdup_printf ("redis://127.0.0.1:%u?cluster=test&sentinel=other",
                              redis_server_get_port (sentinel));
  naked = redis_server_dup_url (sentinel);
  listener =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL } },
                        G_USEC_PER_SEC);
  wait_for (listener->n_ready > 0);
  g_assert_cmpstr (queen_redis_get_address (listener->redis), ==, master_place);

  other = listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ stranger,
                                                                                        NULL } },
                            G_USEC_PER_SEC);
  wait_for (other->n_failed > 0);
  g_assert_error (other->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_NO_MASTER);
  g_assert_nonnull (strstr (other->error->message, "no master called “other”"));
  unsaid =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ naked, NULL } },
                        G_USEC_PER_SEC);
  wait_for (unsaid->n_failed > 0);
  g_assert_nonnull (strstr (unsaid->error->message, "it is a Sentinel"));

  redis_server_kill (master);
  wait_for (listener->n_ready == 2);
  g_assert_cmpstr (queen_redis_get_address (listener->redis), ==, replica_place);
  assert_answer (listener, "SET a 2", "OK");
}

/* TLS */

static void
test_tls (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("redis");
  g_autoptr (TlsIdentity) other = tls_identity_new ("stranger");
  g_autoptr (RedisServer) server = redis_server_new ();
  g_autofree char *url = NULL, *plain = NULL;
  g_autoptr (Listener) listener = NULL, deceived = NULL, unencrypted = NULL;
  g_autofree char *much = g_strnfill (1000000, 'a');
  const char *const set[] = { "SET", "a", much }, *const get[] = { "GET", "a" };

  redis_server_listen_encrypted (server, identity->certificate, identity->key);
  redis_server_start (server);
  url = g_strdup_printf ("rediss://localhost:%u?cluster=test", redis_server_get_port (server));
  plain = g_strdup_printf ("redis://localhost:%u?cluster=test", redis_server_get_port (server));
  listener =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL },
                                                     .ca_file = identity->certificate },
                        10 * G_USEC_PER_SEC);
  wait_for (listener->n_ready > 0);
  g_assert_true (queen_redis_send (listener->redis, 3, set, 0, on_answer, listener, NULL));
  g_assert_true (queen_redis_send (listener->redis, 2, get, 0, on_answer, listener, NULL));
  wait_for (listener->n_answers == 2);
  g_assert_cmpuint (listener->answers->len, ==, strlen ("OK ") + strlen (much));

  deceived =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL },
                                                     .ca_file = other->certificate },
                        10 * G_USEC_PER_SEC);
  wait_for (deceived->n_failed > 0);
  g_assert_error (deceived->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TLS);
  unencrypted =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ plain, NULL } },
                        10 * G_USEC_PER_SEC);
  wait_for (unencrypted->n_failed > 0);
  redis_server_kill (server);
  wait_for (listener->is_lost);
}

/* Redis's own default. */
static void
test_tls_certificate (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("redis");
  g_autoptr (RedisServer) server = redis_server_new ();
  g_autofree char *url = NULL, *certificate = NULL, *key = NULL, *both = NULL, *file = NULL;
  g_autoptr (Listener) listener = NULL, naked = NULL;

  redis_server_listen_encrypted (server, identity->certificate, identity->key);
  redis_server_configure (server, "tls-auth-clients yes");
  redis_server_start (server);
  url = g_strdup_printf ("rediss://localhost:%u?cluster=test", redis_server_get_port (server));
  g_assert_true (g_file_get_contents (identity->certificate, &certificate, NULL, NULL));
  g_assert_true (g_file_get_contents (identity->key, &key, NULL, NULL));
  both = g_strconcat (certificate, key, NULL);
  file = write_temporary_file (both);
  listener =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL },
                                                     .ca_file = identity->certificate,
                                                     .certificate_file = file },
                        10 * G_USEC_PER_SEC);
  wait_for (listener->n_ready > 0);
  naked = listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL },
                                                         .ca_file = identity->certificate },
                            10 * G_USEC_PER_SEC);
  wait_for (naked->n_failed > 0);
  g_unlink (file);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP redis-server is not installed\n");
      return 0;
    }
  g_test_add_func ("/redis-server/answers", test_answers);
  g_test_add_func ("/redis-server/one-write-for-a-turn", test_one_write);
  g_test_add_func ("/redis-server/killed-and-started-again", test_killed);
  g_test_add_func ("/redis-server/stopped-is-not-answered-in-time", test_stopped);
  g_test_add_func ("/redis-server/password", test_password);
  g_test_add_func ("/redis-server/user", test_user);
  g_test_add_func ("/redis-server/no/full-or-alone", test_full);
  g_test_add_func ("/redis-server/no/to-a-script", test_script_refused);
  g_test_add_func ("/redis-server/no/room", test_no_room);
  g_test_add_func ("/redis-server/no/data-yet", test_loading);
  g_test_add_func ("/redis-server/several/failover", test_failover);
  g_test_add_func ("/redis-server/several/demoted", test_demoted);
  g_test_add_func ("/redis-server/several/sentinel", test_sentinel);
  g_test_add_func ("/redis-server/tls", test_tls);
  g_test_add_func ("/redis-server/tls/certificate", test_tls_certificate);
  return g_test_run ();
}
