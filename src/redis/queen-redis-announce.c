/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How queens know of each other: each says every few seconds that she is there, and what she has to
 * do; who says nothing for three times as long is gone. By that a queen sees, too, that the engine
 * is the one that it was, and is still there, when nothing else is to be said. */

#include <string.h>

#include "build-config.h"
#include "queen-redis-sequencer-private.h"
#include "text/queen-json-writer.h"
#include "text/queen-json.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define INTERVAL (QUEEN_REDIS_LIFE / 3 * G_TIME_SPAN_MILLISECOND)
#define FIRST_NAME 4 /* in what an announcement is answered by; then each has its age behind it */
#define MAX_ROLL (FIRST_NAME + 2 * QUEEN_SIBLINGS_MAX)
#define MAX_TEXT 256  /* bytes */
#define MAX_SAID 4096 /* bytes that one may say of herself */

static char *
describe_self (QueenRedisSequencer *self)
{
  GString *json = g_string_new ("{\"address\":");

  queen_json_append_string_or_null (json, self->address);
  g_string_append (json, ",\"version\":");
  queen_json_append_string (json, QUEEN_VERSION);
  g_string_append (json, ",\"started_at\":\"");
  queen_timestamp_append (json, self->started_at * QUEEN_NSEC_PER_USEC);
  g_string_append_c (json, '"');
  g_string_append_printf (json, ",\"subscribers\":%u,\"lag\":%" G_GUINT64_FORMAT "}",
                          self->settings.get_n_subscribers
                              ? self->settings.get_n_subscribers (self->settings.data)
                              : 0,
                          self->tail - MIN (self->tail, self->read_to.number));
  return g_string_free (json, FALSE);
}

/* What others say is shown to people. */
static char *
read_legible (const QueenJsonValue *root, const char *name)
{
  const QueenJsonValue *said = queen_json_get_member (root, name);

  return said && said->type == QUEEN_JSON_STRING ? queen_legible_dup (said->string, MAX_TEXT)
                                                 : NULL;
}

static gint64
read_count (const QueenJsonValue *root, const char *name)
{
  const QueenJsonValue *said = queen_json_get_member (root, name);

  return said && said->type == QUEEN_JSON_INTEGER ? MAX (said->integer, 0) : 0;
}

/* Returns: µs since 1970; 0 for what is no time, or was not said */
static gint64
read_time (const QueenJsonValue *root, const char *name)
{
  const QueenJsonValue *said = queen_json_get_member (root, name);
  gint64 time;

  return said && said->type == QUEEN_JSON_STRING && queen_timestamp_parse (said->string, &time)
             ? time / QUEEN_NSEC_PER_USEC
             : 0;
}

static QueenSibling *
read_sibling (QueenRedisSequencer *self, const char *name, const QueenRedisReply *reply)
{
  gsize length = 0;
  const char *text = queen_redis_reply_get_text (reply, &length);
  g_autoptr (QueenJson) json =
      text && length <= MAX_SAID ? queen_json_new (text, length, NULL, NULL) : NULL;
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  QueenSibling *sibling;

  if (!root || root->type != QUEEN_JSON_OBJECT)
    return NULL;
  sibling = g_new0 (QueenSibling, 1);
  sibling->name = g_strdup (name);
  sibling->address = read_legible (root, "address");
  sibling->version = read_legible (root, "version");
  sibling->started_at = read_time (root, "started_at");
  sibling->subscribers = read_count (root, "subscribers");
  sibling->lag = read_count (root, "lag");
  sibling->is_self = g_str_equal (name, self->name);
  return sibling;
}

/* Whom the answer is about. */
typedef struct
{
  QueenRedisSequencer *sequencer;
  GPtrArray *names;
} Roll;

static void
free_roll (Roll *roll)
{
  g_object_unref (roll->sequencer);
  g_ptr_array_unref (roll->names);
  g_free (roll);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Roll, free_roll)

static void
on_siblings (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (Roll) roll = data;
  QueenRedisSequencer *self = roll->sequencer;

  if (self->state != QUEEN_ENGINE_TOGETHER || !reply)
    return;
  g_ptr_array_set_size (self->siblings, 0);
  for (guint i = 0; i < roll->names->len; i++)
    {
      const QueenRedisReply *said = queen_redis_reply_get_element (reply, i);
      QueenSibling *sibling = said ? read_sibling (self, roll->names->pdata[i], said) : NULL;

      if (sibling)
        g_ptr_array_add (self->siblings, sibling);
    }
  g_signal_emit_by_name (self, "changed");
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_names (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const QueenRedisReply *one, *said;

  for (gsize i = FIRST_NAME; i < MAX_ROLL && (one = queen_redis_reply_get_element (reply, i)) &&
                             (said = queen_redis_reply_get_element (reply, i + 1));
       i += 2)
    {
      const char *name = queen_redis_reply_get_text (one, NULL);
      gint64 age;

      if (!name || !queen_dispatch_check_queen (name) ||
          !queen_redis_reply_get_integer (said, &age))
        continue;
      g_ptr_array_add (names, g_strdup (name));
      queen_redis_sequencer_note_owner (self, name, age);
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* What she had told of her jobs is gone with the time that she stood still. */
static void
keep_jobs (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  const QueenRedisReply *is_kept = queen_redis_reply_get_element (reply, FIRST_NAME - 1);
  gint64 said;

  if (is_kept && queen_redis_reply_get_integer (is_kept, &said) && said == 0)
    queen_redis_sequencer_tell_jobs (self);
}

static void
ask_for_siblings (QueenRedisSequencer *self, GPtrArray *names)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  Roll *roll = g_new (Roll, 1);

  *roll = (Roll){ g_object_ref (self), names };
  g_ptr_array_add (argv, g_strdup ("MGET"));
  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add (argv,
                     queen_engine_dup_key (queen_redis_target_get_cluster (self->settings.target),
                                           names->pdata[i], QUEEN_ENGINE_KEY_QUEEN));
  if (names->len == 0 ||
      !queen_redis_send (self->writer, argv->len, (const char *const *) argv->pdata, 0, on_siblings,
                         roll, NULL))
    free_roll (roll);
}

/* She may be reading from one who hears of nothing any more, while another one takes what is
 * written: as when a load balancer, or a change of masters, has the two connections come apart.
 * What she writes herself would not come back; others' words would never come.
 *
 * Returns: whether there has been more to read for long, and none of it has come */
static gboolean
is_stuck (QueenRedisSequencer *self)
{
  gint64 now = self->settings.clock->get_monotonic ();

  if (self->tail <= self->read_to.number || self->is_held_up)
    self->stuck_since = 0;
  else if (self->stuck_since == 0 || self->stuck_at != self->read_to.number)
    {
      self->stuck_at = self->read_to.number;
      self->stuck_since = now;
    }
  return self->stuck_since > 0 && now - self->stuck_since >= 2 * self->settings.timeout;
}

static void
on_announced (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;
  const char *word = queen_redis_sequencer_heed (self, reply, error);
  const QueenRedisReply *tail = word ? queen_redis_reply_get_element (reply, 1) : NULL;
  gint64 number;

  if (!tail || self->state != QUEEN_ENGINE_TOGETHER)
    return;
  if (queen_redis_reply_get_integer (tail, &number) && number >= 0)
    self->tail = (guint64) number;
  if (self->tail < self->heard_then)
    {
      queen_redis_sequencer_leave (self, "other_epoch", "the engine knows less than it has told");
      queen_redis_sequencer_look_elsewhere (self);
      return;
    }
  if (is_stuck (self))
    {
      queen_redis_sequencer_leave (self, "not_coming_back",
                                   "what is in the engine does not come here");
      queen_redis_sequencer_look_elsewhere (self);
      return;
    }
  ask_for_siblings (self, list_names (self, reply));
  if (self->state != QUEEN_ENGINE_TOGETHER)
    return;
  queen_redis_sequencer_judge_owners (self);
  keep_jobs (self, reply);
}

static void
on_announce_due (gpointer data)
{
  QueenRedisSequencer *self = data;
  g_autofree char *text = NULL;
  char life[16];

  if (self->state != QUEEN_ENGINE_TOGETHER)
    return;
  g_snprintf (life, sizeof life, "%d", QUEEN_REDIS_LIFE);
  text = describe_self (self);
  self->heard_then = self->read_to.number;
  queen_alarm_set (self->announce_alarm, self->settings.clock->get_monotonic () + INTERVAL);
  queen_redis_sequencer_call (self, on_announced, "announce", text, life, NULL);
}

void
queen_redis_sequencer_announce (QueenRedisSequencer *self)
{
  self->stuck_since = 0;
  if (!self->announce_alarm)
    self->announce_alarm = queen_alarm_new (self->settings.clock, "say that she is there",
                                            G_PRIORITY_DEFAULT, on_announce_due, self);
  on_announce_due (self);
}

void
queen_redis_sequencer_look_around (QueenRedisSequencer *self)
{
  queen_alarm_set (self->announce_alarm, self->settings.clock->get_monotonic ());
}

void
queen_redis_sequencer_take_leave (QueenRedisSequencer *self)
{
  queen_redis_sequencer_write (self, "leave", NULL);
}
