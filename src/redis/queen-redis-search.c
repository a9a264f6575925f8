/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-search.h"

#include "loop/queen-alarm.h"
#include "queen-redis-dial.h"

#define MAX_HOST 255 /* bytes, RFC 1035 § 2.3.4 */

struct _QueenRedisSearch
{
  QueenRedisSearchSettings settings;
  guint n;                   /* the place that is asked */
  QueenRedisPlace *master;   /* where Sentinel sent her; NULL while that is not asked */
  GCancellable *cancellable; /* of the call that goes on */
  QueenRedisLink *link;      /* NULL until there is one, and when it was given up */
  QueenAlarm *alarm;         /* the place's deadline, or the next place's turn */
  gboolean is_between;       /* the latter */
  GError *error;             /* what has been in the way so far; NULL for nothing */
};

static const QueenRedisPlace *
get_place (const QueenRedisSearch *self)
{
  return self->master ? self->master
                      : queen_redis_target_get_place (self->settings.target, self->n);
}

static gboolean
is_sentinel (const QueenRedisSearch *self)
{
  return !self->master && queen_redis_target_get_sentinel (self->settings.target);
}

/* One who answers wrongly says more than one who does not answer. */
static int
rank_error (const GError *error)
{
  return error->code == QUEEN_REDIS_ERROR_UNREACHABLE ? 0
         : error->code == QUEEN_REDIS_ERROR_TIMED_OUT ? 1
         : error->code == QUEEN_REDIS_ERROR_NO_MASTER ? 2
                                                      : 3;
}

static void
note_error (QueenRedisSearch *self, const GError *error)
{
  if (self->error && rank_error (self->error) >= rank_error (error))
    return;
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  g_prefix_error (&self->error, "%s: ", get_place (self)->text);
}

/* Who waits is told of the end, and finds that there is no link any more. */
static void
drop_link (QueenRedisSearch *self, const GError *error)
{
  g_autoptr (QueenRedisLink) link = g_steal_pointer (&self->link);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  queen_alarm_set (self->alarm, -1);
  if (link)
    queen_redis_link_close (link, error);
}

static void
call_next_turn (QueenRedisSearch *self)
{
  self->is_between = TRUE;
  queen_alarm_set (self->alarm, self->settings.clock->get_monotonic ());
}

static void
give_place_up (QueenRedisSearch *self, const GError *error)
{
  note_error (self, error);
  drop_link (self, error);
  g_clear_pointer (&self->master, queen_redis_place_free);
  if (++self->n < queen_redis_target_get_n_places (self->settings.target))
    call_next_turn (self);
  else
    self->settings.on_failed (self->error, self->settings.data);
}

static void G_GNUC_PRINTF (3, 4)
    refuse_place (QueenRedisSearch *self, QueenRedisError code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (QUEEN_REDIS_ERROR, (int) code, format, args);
  va_end (args);
  give_place_up (self, error);
}

static void
on_link_broken (const GError *error, gpointer data)
{
  give_place_up (data, error);
}

/* Returns: whether it could be sent, which it can be to a link that has just begun */
static gboolean
say_to_place (QueenRedisSearch *self,
              QueenRedisCallback callback,
              guint argc,
              const char *const *argv)
{
  return queen_redis_link_send (self->link, argc, argv, self->settings.timeout, callback, self,
                                NULL);
}

/* Whom she speaks to. Those that answer while the link is being dropped say nothing more. */

static void
on_refusal (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  QueenRedisSearch *self = data;

  if (self->link && error)
    give_place_up (self, error);
}

static void
say_auth (QueenRedisSearch *self)
{
  const char *user = queen_redis_target_get_user (self->settings.target);
  const char *password = queen_redis_target_get_password (self->settings.target);

  if (user)
    say_to_place (self, on_refusal, 3, (const char *const[]){ "AUTH", user, password });
  else if (password)
    say_to_place (self, on_refusal, 2, (const char *const[]){ "AUTH", password });
}

static void
on_role_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  QueenRedisSearch *self = data;
  const QueenRedisReply *first = reply ? queen_redis_reply_get_element (reply, 0) : NULL;
  const char *role = first ? queen_redis_reply_get_text (first, NULL) : NULL;

  if (!self->link)
    return;
  if (error)
    give_place_up (self, error);
  else if (g_strcmp0 (role, "slave") == 0)
    refuse_place (self, QUEEN_REDIS_ERROR_NO_MASTER, "it is a replica");
  else if (g_strcmp0 (role, "sentinel") == 0)
    refuse_place (self, QUEEN_REDIS_ERROR_NO_MASTER,
                  "it is a Sentinel, and the engine does not say sentinel=MASTER");
  else if (g_strcmp0 (role, "master") != 0)
    refuse_place (self, QUEEN_REDIS_ERROR_PROTOCOL, "it does not say which role it has");
}

static void
on_pong (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  QueenRedisSearch *self = data;
  g_autofree char *address = NULL;

  if (!self->link)
    return;
  if (error)
    {
      give_place_up (self, error);
      return;
    }
  address = g_strdup (get_place (self)->text);
  queen_alarm_set (self->alarm, -1);
  self->settings.on_found (g_steal_pointer (&self->link), address, self->settings.data);
}

/* All at once: the first that is refused ends it. Which role it has is the first question, so that
 * a Sentinel and a replica are called what they are. PING is refused while data are loaded. */
static void
greet_redis (QueenRedisSearch *self)
{
  gint64 database = queen_redis_target_get_database (self->settings.target);
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, database);

  say_auth (self);
  say_to_place (self, on_role_answer, 1, (const char *const[]){ "ROLE" });
  say_to_place (self, NULL, 3, (const char *const[]){ "CLIENT", "SETNAME", self->settings.name });
  if (database != 0)
    say_to_place (self, on_refusal, 2, (const char *const[]){ "SELECT", number });
  say_to_place (self, on_pong, 1, (const char *const[]){ "PING" });
}

/* Sentinel */

static gboolean
is_host (const char *text)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return length > 0 && length <= MAX_HOST;
}

static void
on_whereabouts (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  QueenRedisSearch *self = data;
  const QueenRedisReply *first = reply ? queen_redis_reply_get_element (reply, 0) : NULL;
  const QueenRedisReply *second = reply ? queen_redis_reply_get_element (reply, 1) : NULL;
  const char *host = first ? queen_redis_reply_get_text (first, NULL) : NULL;
  gboolean is_encrypted;
  gint64 port;

  if (!self->link)
    return;
  if (error)
    give_place_up (self, error);
  else if (reply->type == QUEEN_REDIS_NIL)
    refuse_place (self, QUEEN_REDIS_ERROR_NO_MASTER, "Sentinel knows no master called “%s”",
                  queen_redis_target_get_sentinel (self->settings.target));
  else if (!host || !is_host (host) || !second || !queen_redis_reply_get_integer (second, &port) ||
           port < 1 || port > G_MAXUINT16)
    refuse_place (self, QUEEN_REDIS_ERROR_PROTOCOL, "Sentinel does not say where the master is");
  else
    {
      is_encrypted = get_place (self)->is_encrypted;
      drop_link (self, NULL); /* nobody waits for anything */
      self->master = queen_redis_place_new (host, (guint16) port, is_encrypted);
      call_next_turn (self);
    }
}

static void
ask_whereabouts (QueenRedisSearch *self, QueenRedisCallback callback)
{
  const char *name = queen_redis_target_get_sentinel (self->settings.target);

  say_to_place (self, callback, 3,
                (const char *const[]){ "SENTINEL", "get-master-addr-by-name", name });
}

/* Most Sentinels ask for no password, and those are not shown one. */
static void
on_first_whereabouts (QueenRedis *redis,
                      const QueenRedisReply *reply,
                      const GError *error,
                      gpointer data)
{
  QueenRedisSearch *self = data;

  if (self->link && g_error_matches (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AUTH) &&
      queen_redis_target_get_password (self->settings.target))
    {
      say_auth (self);
      ask_whereabouts (self, on_whereabouts);
    }
  else
    on_whereabouts (redis, reply, error, data);
}

/* Calls */

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenRedisSearch *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = queen_redis_dial_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* perhaps there is no search any more */
  if (!stream)
    {
      give_place_up (self, error);
      return;
    }
  self->link = queen_redis_link_new (&(QueenRedisLinkSettings){
      .stream = stream,
      .name = self->settings.name,
      .clock = self->settings.clock,
      .redis = self->settings.redis,
      .on_broken = on_link_broken,
      .data = self,
  });
  if (is_sentinel (self))
    ask_whereabouts (self, on_first_whereabouts);
  else
    greet_redis (self);
}

static void
call_place (QueenRedisSearch *self)
{
  self->is_between = FALSE;
  self->cancellable = g_cancellable_new ();
  queen_alarm_set (self->alarm, self->settings.clock->get_monotonic () + self->settings.timeout);
  queen_redis_dial (get_place (self), self->settings.target, self->cancellable, on_dialled, self);
}

static void
on_search_alarm (gpointer data)
{
  QueenRedisSearch *self = data;

  if (self->is_between)
    call_place (self);
  else
    refuse_place (self, QUEEN_REDIS_ERROR_TIMED_OUT, "there was no answer in time");
}

QueenRedisSearch *
queen_redis_search_new (const QueenRedisSearchSettings *settings)
{
  QueenRedisSearch *self = g_new0 (QueenRedisSearch, 1);

  self->settings = *settings;
  queen_redis_target_ref (self->settings.target);
  self->alarm =
      queen_alarm_new (settings->clock, settings->name, G_PRIORITY_DEFAULT, on_search_alarm, self);
  call_place (self);
  return self;
}

void
queen_redis_search_free (QueenRedisSearch *self)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST,
                                                  "nobody looks for Redis any more");

  drop_link (self, error);
  queen_alarm_free (self->alarm);
  g_clear_pointer (&self->master, queen_redis_place_free);
  g_clear_error (&self->error);
  queen_redis_target_unref (self->settings.target);
  g_free (self);
}
