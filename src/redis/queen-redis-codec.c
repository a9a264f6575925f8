/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-codec.h"

#include <hiredis.h>
#include <string.h>

#include "queen-redis-error.h"

/* Bytes of a line, be it an error or the length of what follows. Redis's own are short, and a line
 * is searched for its end each time that bytes come. */
#define MAX_LINE (64 * 1024)

/* hiredis 1.0 changed this one. */
#if HIREDIS_MAJOR >= 1
typedef size_t ElementCount;
#else
typedef int ElementCount;
#endif

struct _QueenRedisReader
{
  redisReader *reader;
  gsize max_bytes;
  gsize max_elements;

  /* What may still come of the reply that is being read; hiredis does not count. */
  gsize bytes_left;
  gsize elements_left;
  gboolean is_over_limit;
};

const gboolean queen_redis_codec_is_there = TRUE;

/* Replies, as hiredis has them made. NULL is an error to it. */

static gboolean
spend (QueenRedisReader *self, gsize bytes, gsize elements)
{
  if (bytes > self->bytes_left || elements > self->elements_left)
    {
      self->is_over_limit = TRUE;
      return FALSE;
    }
  self->bytes_left -= bytes;
  self->elements_left -= elements;
  return TRUE;
}

static QueenRedisReply *
add_reply (const redisReadTask *task, QueenRedisReplyType type, gsize bytes, gsize elements)
{
  QueenRedisReply *reply;

  if (!spend (task->privdata, bytes + sizeof *reply, elements))
    return NULL;
  reply = g_new0 (QueenRedisReply, 1);
  reply->type = type;
  if (task->parent)
    ((QueenRedisReply *) task->parent->obj)->elements[task->idx] = reply;
  return reply;
}

static void *
create_text (const redisReadTask *task, char *text, size_t length)
{
  QueenRedisReplyType type = task->type == REDIS_REPLY_ERROR    ? QUEEN_REDIS_FAILURE
                             : task->type == REDIS_REPLY_STATUS ? QUEEN_REDIS_STATUS
                                                                : QUEEN_REDIS_TEXT;
  QueenRedisReply *reply = task->type == REDIS_REPLY_STRING || type != QUEEN_REDIS_TEXT
                               ? add_reply (task, type, length, 0)
                               : NULL; /* of RESP3, which nobody asked for */

  if (!reply)
    return NULL;
  if (length > QUEEN_REDIS_MAX_TEXT)
    {
      /* To copy it, and to look at each of its bytes, would be a turn of the loop and more. */
      reply->type = QUEEN_REDIS_NIL;
      return reply;
    }
  reply->length = length;
  reply->text = g_malloc (length + 1);
  memcpy (reply->text, text, length);
  reply->text[length] = '\0';
  return reply;
}

static void *
create_array (const redisReadTask *task, ElementCount count)
{
  gsize length = (gsize) count;
  QueenRedisReader *self = task->privdata;
  QueenRedisReply *reply = NULL;

  if (length > self->elements_left)
    self->is_over_limit = TRUE; /* and what it takes is not worked out */
  else if (task->type == REDIS_REPLY_ARRAY)
    reply = add_reply (task, QUEEN_REDIS_ARRAY, length * sizeof (gpointer), length);
  if (!reply)
    return NULL;
  reply->length = length;
  reply->elements = g_new0 (QueenRedisReply *, length);
  return reply;
}

static void *
create_integer (const redisReadTask *task, long long integer)
{
  QueenRedisReply *reply = add_reply (task, QUEEN_REDIS_INTEGER, 0, 0);

  if (reply)
    reply->integer = integer;
  return reply;
}

static void *
create_nil (const redisReadTask *task)
{
  /* It is a text or an array that is not there. RESP3 has a nil of its own. */
  return task->type == REDIS_REPLY_NIL ? NULL : add_reply (task, QUEEN_REDIS_NIL, 0, 0);
}

#if HIREDIS_MAJOR >= 1
static void *
refuse_double (const redisReadTask *task, double number, char *text, size_t length)
{
  return NULL;
}

static void *
refuse_bool (const redisReadTask *task, int is_true)
{
  return NULL;
}
#endif

static void
free_reply (void *reply)
{
  if (reply)
    queen_redis_reply_free (reply);
}

static redisReplyObjectFunctions functions = {
  .createString = create_text,
  .createArray = create_array,
  .createInteger = create_integer,
  .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
  .createDouble = refuse_double,
  .createBool = refuse_bool,
#endif
  .freeObject = free_reply,
};

/* The reader */

static void
renew_limits (QueenRedisReader *self)
{
  self->bytes_left = self->max_bytes;
  self->elements_left = self->max_elements;
}

QueenRedisReader *
queen_redis_reader_new (gsize max_bytes, gsize max_elements)
{
  QueenRedisReader *self = g_new0 (QueenRedisReader, 1);

  self->reader = redisReaderCreateWithFunctions (&functions);
  if (!self->reader)
    g_error ("no memory for a reader"); /* as GLib does with its own */
  self->reader->privdata = self;
  self->max_bytes = max_bytes;
  self->max_elements = max_elements;
  renew_limits (self);
  return self;
}

void
queen_redis_reader_feed (QueenRedisReader *self, const char *bytes, gsize length)
{
  redisReaderFeed (self->reader, bytes, length);
}

/* hiredis waits for the end of a line or a text for as long as it takes. */
static gboolean
is_rest_over_limit (const QueenRedisReader *self)
{
  const redisReader *reader = self->reader;
  gsize rest = reader->len - reader->pos;

  return rest > self->max_bytes ||
         (rest > MAX_LINE && !memchr (reader->buf + reader->pos, '\n', MAX_LINE));
}

gboolean
queen_redis_reader_take (QueenRedisReader *self, QueenRedisReply **reply, GError **error)
{
  void *taken = NULL;
  int result = redisReaderGetReply (self->reader, &taken);

  *reply = taken;
  if (taken)
    renew_limits (self);
  else if (result == REDIS_OK && is_rest_over_limit (self))
    self->is_over_limit = TRUE;
  if (self->is_over_limit)
    g_set_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_PROTOCOL,
                 "a reply is larger than %" G_GSIZE_FORMAT " bytes or %" G_GSIZE_FORMAT " elements",
                 self->max_bytes, self->max_elements);
  else if (result != REDIS_OK)
    g_set_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_PROTOCOL, "that is not Redis: %s",
                 self->reader->err == REDIS_ERR_OOM ? "it has a type that was not asked for"
                                                    : self->reader->errstr);
  return result == REDIS_OK && !self->is_over_limit;
}

void
queen_redis_reader_free (QueenRedisReader *self)
{
  redisReaderFree (self->reader);
  g_free (self);
}

/* Commands */

void
queen_redis_command_append (GByteArray *bytes,
                            guint argc,
                            const char *const *argv,
                            const gsize *lengths)
{
  char *command = NULL;
  int length = (int) redisFormatCommandArgv (&command, (int) argc, (const char **) argv, lengths);

  if (length < 0)
    g_error ("no memory for a command");
  g_byte_array_append (bytes, (const guint8 *) command, (guint) length);
  redisFreeCommand (command);
}
