/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-names.h"

#include <netdb.h>
#include <string.h>

#include "loop/queen-threads.h"
#include "queen-host.h"
#include "text/queen-hash.h"

#define NETWORK_LENGTH 8 /* bytes of an address of IPv6; the others each sender may choose */

/* Those who share what may be looked up at once. */
typedef struct
{
  QueenSource network;
  guint n_questions;
  guint n_running; /* of them */
} Origin;

/* One name. A thread has a reference while it looks it up; the other one goes with the answer, or
 * with the last who waits for it. */
typedef struct
{
  gatomicrefcount n_refs;
  char *host;
  QueenNames *names; /* NULL when nobody wants to know any more */
  Origin *origin;    /* NULL for what takes no time */
  gboolean is_running;
  GQueue waits; /* of QueenNamesWait */
  GList link;   /* among those that are pending */

  /* the thread's own, until it has answered */
  GMainContext *context;
  GList *found;
  GError *error;
} Question;

struct _QueenNamesWait
{
  Question *question;
  QueenNamesFunc func;
  gpointer data;
  GList link;
};

struct _QueenNames
{
  GMainContext *context;
  GThreadPool *pool;
  GHashTable *origins;   /* a set of Origin */
  GHashTable *questions; /* a set of Question */
  GQueue pending;        /* of Question: no thread has them yet */
  guint n_running;
};

/* The tables */

static guint
hash_origin (gconstpointer key)
{
  return queen_bytes_hash (&((const Origin *) key)->network, sizeof (QueenSource));
}

static gboolean
is_same_origin (gconstpointer a, gconstpointer b)
{
  return memcmp (&((const Origin *) a)->network, &((const Origin *) b)->network,
                 sizeof (QueenSource)) == 0;
}

static guint
hash_question (gconstpointer key)
{
  const Question *question = key;

  return queen_string_hash (question->host) ^ g_direct_hash (question->origin);
}

static gboolean
is_same_question (gconstpointer a, gconstpointer b)
{
  const Question *first = a, *second = b;

  return first->origin == second->origin && g_str_equal (first->host, second->host);
}

/* Returns: (transfer none) (nullable): whose share it takes from; of nobody's, if it takes none */
static Origin *
ensure_origin (QueenNames *self, const char *host, const QueenSource *source)
{
  Origin wanted = { .network = *source };
  Origin *origin;

  if (!queen_host_needs_lookup (host))
    return NULL;
  if (source->kind == QUEEN_SOURCE_ADDRESS && !queen_source_is_ipv4 (source))
    memset (wanted.network.address + NETWORK_LENGTH, 0,
            QUEEN_SOURCE_ADDRESS_LENGTH - NETWORK_LENGTH);
  origin = g_hash_table_lookup (self->origins, &wanted);
  if (!origin)
    {
      origin = g_memdup2 (&wanted, sizeof wanted);
      g_hash_table_add (self->origins, origin);
    }
  return origin;
}

static void
unref_question (gpointer data)
{
  Question *question = data;

  if (!g_atomic_ref_count_dec (&question->n_refs))
    return;
  g_resolver_free_addresses (question->found);
  g_clear_error (&question->error);
  g_free (question->host);
  g_free (question);
}

/* Nobody waits for it any more; a thread may still have it. */
static void
drop_question (Question *question)
{
  QueenNames *self = question->names;
  Origin *origin = question->origin;

  if (!question->is_running)
    g_queue_unlink (&self->pending, &question->link);
  else if (origin)
    {
      self->n_running--;
      origin->n_running--;
    }
  g_hash_table_remove (self->questions, question);
  question->names = NULL;
  question->origin = NULL;
  if (origin && --origin->n_questions == 0)
    g_hash_table_remove (self->origins, origin);
  unref_question (question);
}

/* In a thread, and back */

static void begin_pending (QueenNames *self);

static gboolean
on_name_answered (gpointer data)
{
  Question *question = data;
  QueenNames *self = question->names;
  QueenNamesWait *wait;

  if (!self)
    return G_SOURCE_REMOVE;
  while ((wait = g_queue_peek_head (&question->waits)))
    {
      g_queue_unlink (&question->waits, &wait->link);
      wait->func (question->found, question->error, wait->data);
      g_free (wait);
    }
  drop_question (question);
  begin_pending (self);
  return G_SOURCE_REMOVE;
}

/* Once it has answered, the context has the question, and not the other way round. */
static void
answer_question (Question *question)
{
  g_autoptr (GMainContext) context = g_steal_pointer (&question->context);
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_name_answered, question, unref_question);
  g_source_attach (source, context);
}

static void
set_fault (GError **error, int fault)
{
  GResolverError code = fault == EAI_AGAIN    ? G_RESOLVER_ERROR_TEMPORARY_FAILURE
                        : fault == EAI_NONAME ? G_RESOLVER_ERROR_NOT_FOUND
                                              : G_RESOLVER_ERROR_INTERNAL;

  g_set_error_literal (error, G_RESOLVER_ERROR, (int) code, gai_strerror (fault));
}

/* GLib's resolver asks libc in one of the few threads in which GIO shakes hands, too, even if the
 * caller waits for it in a thread of its own: so slow names would delay connections.
 *
 * Returns: (transfer full) */
static GList *
ask_system (const char *host, GError **error)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
  g_autofree char *name = g_hostname_to_ascii (host);
  struct addrinfo *results = NULL;
  GList *found = NULL;
  int fault = name ? getaddrinfo (name, NULL, &hints, &results) : EAI_NONAME;

  if (fault != 0)
    {
      set_fault (error, fault);
      return NULL;
    }
  for (const struct addrinfo *one = results; one; one = one->ai_next)
    {
      g_autoptr (GSocketAddress) address =
          g_socket_address_new_from_native (one->ai_addr, one->ai_addrlen);

      if (G_IS_INET_SOCKET_ADDRESS (address))
        found = g_list_prepend (found, g_object_ref (g_inet_socket_address_get_address (
                                           G_INET_SOCKET_ADDRESS (address))));
    }
  freeaddrinfo (results);
  if (!found)
    set_fault (error, EAI_NONAME);
  return g_list_reverse (found);
}

/* Of what takes no time GLib knows best. */
static void
look_up (gpointer data, gpointer unused)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  Question *question = data;

  question->found =
      queen_host_needs_lookup (question->host)
          ? ask_system (question->host, &question->error)
          : g_resolver_lookup_by_name (resolver, question->host, NULL, &question->error);
  answer_question (question);
}

/* Whoever has names that take long is not to take all the threads. */
static gboolean
may_begin (const QueenNames *self, const Question *question)
{
  const Origin *origin = question->origin;

  return origin->n_running < QUEEN_NAMES_MAX_OF_ONE &&
         (self->n_running < QUEEN_NAMES_MAX / 2 || origin->n_running == 0);
}

static void
begin_question (QueenNames *self, Question *question)
{
  question->is_running = TRUE;
  question->context = g_main_context_ref (self->context);
  g_atomic_ref_count_inc (&question->n_refs);
  if (!question->origin)
    {
      look_up (question, NULL);
      return;
    }
  g_queue_unlink (&self->pending, &question->link);
  question->origin->n_running++;
  self->n_running++;
  g_thread_pool_push (self->pool, question, NULL);
}

static void
begin_pending (QueenNames *self)
{
  for (GList *link = self->pending.head, *behind; link; link = behind)
    {
      behind = link->next;
      if (self->n_running >= QUEEN_NAMES_MAX)
        return;
      if (may_begin (self, link->data))
        begin_question (self, link->data);
    }
}

/* Asking */

static Question *
ensure_question (QueenNames *self, const char *host, const QueenSource *source)
{
  Origin *origin = ensure_origin (self, host, source);
  Question wanted = { .host = (char *) host, .origin = origin };
  Question *question = g_hash_table_lookup (self->questions, &wanted);

  if (question)
    {
      if (question->is_running)
        queen_threads_revive (self->pool);
      return question;
    }
  question = g_new0 (Question, 1);
  g_atomic_ref_count_init (&question->n_refs);
  question->host = g_strdup (host);
  question->names = self;
  question->origin = origin;
  question->link.data = question;
  g_hash_table_add (self->questions, question);
  if (!origin)
    {
      begin_question (self, question);
      return question;
    }
  origin->n_questions++;
  g_queue_push_tail_link (&self->pending, &question->link);
  return question;
}

QueenNamesWait *
queen_names_look_up (QueenNames *self,
                     const char *host,
                     const QueenSource *source,
                     QueenNamesFunc func,
                     gpointer data)
{
  Question *question = ensure_question (self, host, source);
  QueenNamesWait *wait = g_new0 (QueenNamesWait, 1);

  wait->question = question;
  wait->func = func;
  wait->data = data;
  wait->link.data = wait;
  g_queue_push_tail_link (&question->waits, &wait->link);
  begin_pending (self);
  return wait;
}

gboolean
queen_names_wait_has_begun (const QueenNamesWait *wait)
{
  return wait->question->is_running;
}

/* What a thread looks up goes on, and takes its place: else those who come and go could have any
 * number of threads. */
void
queen_names_wait_cancel (QueenNamesWait *wait)
{
  Question *question = wait->question;

  g_queue_unlink (&question->waits, &wait->link);
  g_free (wait);
  if (question->waits.length == 0 && !question->is_running)
    drop_question (question);
}

/* All there are */

QueenNames *
queen_names_new (void)
{
  QueenNames *self = g_new0 (QueenNames, 1);

  self->context = g_main_context_ref_thread_default ();
  self->pool = g_thread_pool_new (look_up, NULL, QUEEN_NAMES_MAX, FALSE, NULL);
  self->origins = g_hash_table_new_full (hash_origin, is_same_origin, g_free, NULL);
  self->questions = g_hash_table_new (hash_question, is_same_question);
  return self;
}

/* Their links are parts of them. */
static void
drop_waits (Question *question)
{
  QueenNamesWait *wait;

  while ((wait = g_queue_peek_head (&question->waits)))
    {
      g_queue_unlink (&question->waits, &wait->link);
      g_free (wait);
    }
}

void
queen_names_free (QueenNames *self)
{
  g_autoptr (GList) questions = g_hash_table_get_keys (self->questions);

  for (GList *link = questions; link; link = link->next)
    {
      drop_waits (link->data);
      drop_question (link->data);
    }
  g_hash_table_unref (self->questions);
  g_hash_table_unref (self->origins);
  g_thread_pool_free (self->pool, TRUE, FALSE);
  g_main_context_unref (self->context);
  g_free (self);
}
