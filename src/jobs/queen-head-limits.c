/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-head-limits.h"

#include <string.h>

#include "queen-error.h"
#include "queen-soup.h"
#include "queen-tls-calls.h"

#define MAX_CLASSES 4     /* of streams: of plain connections, and of those of TLS */
#define HEAD "queen-head" /* of a stream */

typedef gssize (*ReadFunc) (GPollableInputStream *stream, void *buffer, gsize size, GError **error);

/* A thread of GIO's that has shaken hands may let go of a connection last. */
struct _QueenHeadLimits
{
  gatomicrefcount n_refs;
  GMutex lock;       /* of what follows */
  GHashTable *heads; /* a set of Head */
};

/* Of the first line of a head, what is next. */
typedef enum
{
  WORD_VERSION,
  WORD_BLANKS,
  WORD_STATUS,
} Word;

/* What is next on a connection. */
typedef struct
{
  QueenHeadLimits *limits;
  gconstpointer session; /* together with the id: by what it is found */
  guint64 id;
  gboolean is_awaited; /* else it is no head */
  gboolean is_interim; /* 1xx: another one follows */
  gboolean has_begun;  /* its first line has been, which is not empty */
  Word word;
  gboolean is_empty;    /* the line, but for a CR */
  guint n_lines;        /* of all heads of the answer */
  guint n_bytes;        /* likewise */
  gboolean *is_touched; /* NULL until something is asked; shared with who asks */
} Head;

/* How the streams of a class are read but for this. Entries are only added. */
static struct
{
  gpointer interface;
  ReadFunc read;
} taught[MAX_CLASSES];
static int n_taught; /* atomic */
static GMutex teaching;

static ReadFunc
find_read (gpointer interface)
{
  for (int i = 0; i < g_atomic_int_get (&n_taught); i++)
    if (taught[i].interface == interface)
      return taught[i].read;
  return NULL;
}

/* A head */

static void
begin_line (Head *self)
{
  self->word = WORD_VERSION;
  self->is_empty = TRUE;
}

/* Empty lines before the first one are none that ends it. */
static void
end_line (Head *self)
{
  self->n_lines++;
  if (!self->is_empty)
    self->has_begun = TRUE;
  else if (self->has_begun)
    {
      self->is_awaited = self->is_interim;
      self->has_begun = self->is_interim = FALSE;
    }
  begin_line (self);
}

static void
take_byte (Head *self, char byte)
{
  self->n_bytes++;
  *self->is_touched = TRUE;
  if (byte == '\n')
    {
      end_line (self);
      return;
    }
  self->is_empty = self->is_empty && byte == '\r';
  if (self->has_begun)
    return;
  if (self->word == WORD_VERSION && byte == ' ')
    self->word = WORD_BLANKS;
  else if (self->word == WORD_BLANKS && byte != ' ')
    {
      self->word = WORD_STATUS;
      self->is_interim = byte == '1';
    }
}

static gboolean
is_over (const Head *self)
{
  return self->n_bytes > QUEEN_HEAD_LIMITS_MAX_BYTES || self->n_lines > QUEEN_HEAD_LIMITS_MAX_LINES;
}

/* What is behind the head is nobody's business here. */
static gboolean
take_bytes (Head *self, const char *bytes, gsize length)
{
  gboolean is_head = self->is_awaited;

  for (gsize i = 0; i < length && self->is_awaited && !is_over (self); i++)
    take_byte (self, bytes[i]);
  return !is_head || !is_over (self);
}

/* Streams */

static gssize
read_limited (GPollableInputStream *stream, void *buffer, gsize size, GError **error)
{
  ReadFunc read = find_read (G_POLLABLE_INPUT_STREAM_GET_INTERFACE (stream));
  gssize n = read (stream, buffer, size, error);
  Head *head = n > 0 ? g_object_get_data (G_OBJECT (stream), HEAD) : NULL;

  if (!head || take_bytes (head, buffer, (gsize) n))
    return n;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
               "the head of its answer is over %d KiB or %d lines",
               QUEEN_HEAD_LIMITS_MAX_BYTES / 1024, QUEEN_HEAD_LIMITS_MAX_LINES);
  return -1;
}

/* libsoup reads from the streams that GLib has given it, and from no other ones: so their class has
 * to know. Those of which nothing is to be known are read as before. */
static void
teach_class (GPollableInputStreamInterface *interface)
{
  g_mutex_lock (&teaching);
  if (!find_read (interface) && n_taught < MAX_CLASSES)
    {
      taught[n_taught].interface = interface;
      taught[n_taught].read = interface->read_nonblocking;
      g_atomic_int_inc (&n_taught);
      g_atomic_pointer_set (&interface->read_nonblocking, read_limited);
    }
  g_mutex_unlock (&teaching);
}

static void
teach_type (GType type)
{
  if (g_type_is_a (type, G_TYPE_POLLABLE_INPUT_STREAM))
    teach_class (g_type_interface_peek (g_type_class_ref (type), G_TYPE_POLLABLE_INPUT_STREAM));
}

/* Those that are known, as long as there is no other thread that reads from such streams: GLib
 * looks at its class without a lock. The others are taught when there is the first of them. */
static void
teach_known (void)
{
  teach_type (queen_soup_get_input_type ());
  teach_type (queen_tls_calls_get_input_type ());
}

static void
unref_limits (QueenHeadLimits *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  g_hash_table_unref (self->heads);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static guint
hash_head (gconstpointer key)
{
  const Head *head = key;

  return g_direct_hash (head->session) ^ (guint) head->id;
}

static gboolean
is_same_head (gconstpointer a, gconstpointer b)
{
  const Head *first = a, *second = b;

  return first->session == second->session && first->id == second->id;
}

/* With its stream, in any thread. */
static void
free_head (gpointer data)
{
  Head *head = data;
  QueenHeadLimits *self = head->limits;

  g_mutex_lock (&self->lock);
  if (g_hash_table_lookup (self->heads, head) == head)
    g_hash_table_remove (self->heads, head);
  g_mutex_unlock (&self->lock);
  unref_limits (self);
  g_clear_pointer (&head->is_touched, g_atomic_rc_box_release);
  g_free (head);
}

QueenHeadLimits *
queen_head_limits_new (void)
{
  static gsize is_taught;
  QueenHeadLimits *self = g_new0 (QueenHeadLimits, 1);

  if (g_once_init_enter (&is_taught))
    {
      teach_known ();
      g_once_init_leave (&is_taught, TRUE);
    }
  g_atomic_ref_count_init (&self->n_refs);
  g_mutex_init (&self->lock);
  self->heads = g_hash_table_new (hash_head, is_same_head);
  return self;
}

void
queen_head_limits_free (QueenHeadLimits *self)
{
  unref_limits (self);
}

void
queen_head_limits_watch (QueenHeadLimits *self,
                         gconstpointer session,
                         guint64 id,
                         GIOStream *connection)
{
  GInputStream *stream = g_io_stream_get_input_stream (connection);
  Head *head;

  if (!G_IS_POLLABLE_INPUT_STREAM (stream))
    return;
  teach_class (G_POLLABLE_INPUT_STREAM_GET_INTERFACE (stream));
  head = g_new0 (Head, 1);
  head->limits = self;
  g_atomic_ref_count_inc (&self->n_refs);
  head->session = session;
  head->id = id;
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->heads, head);
  g_mutex_unlock (&self->lock);
  g_object_set_data_full (G_OBJECT (stream), HEAD, head, free_head);
}

guint
queen_head_limits_get_n (QueenHeadLimits *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->heads);
  g_mutex_unlock (&self->lock);
  return n;
}

gboolean *
queen_head_limits_begin (QueenHeadLimits *self, gconstpointer session, guint64 id)
{
  const Head wanted = { .session = session, .id = id };
  Head *head;

  g_mutex_lock (&self->lock);
  head = g_hash_table_lookup (self->heads, &wanted);
  g_mutex_unlock (&self->lock);
  if (!head)
    return NULL;
  g_clear_pointer (&head->is_touched, g_atomic_rc_box_release);
  head->is_touched = g_atomic_rc_box_new0 (gboolean);
  head->is_awaited = TRUE;
  head->has_begun = head->is_interim = FALSE;
  head->n_lines = head->n_bytes = 0;
  begin_line (head);
  return g_atomic_rc_box_acquire (head->is_touched);
}
