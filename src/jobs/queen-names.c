/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-names.h"

#include <netdb.h>

#include "loop/queen-fair-queue.h"
#include "loop/queen-slice.h"
#include "loop/queen-threads.h"
#include "loop/queen-turn-taker.h"
#include "queen-host.h"
#include "text/queen-hash.h"

/* Those who share what may be looked up at once; or an IPv6 network that has thousands of these. */
typedef struct _Origin
{
  QueenTurnTaker turn; /* while something is pending */
  char *name;
  struct _Origin *group; /* such a network, or all together, who are in none */
  guint max;             /* that may run at once */
  guint n_questions;
  guint n_running; /* of them */
  GQueue pending;  /* of Question: no thread has them yet; of a group there are none */
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
  GList link;   /* among those of it that are pending */

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
  GHashTable *origins;   /* name -> Origin */
  GHashTable *questions; /* a set of Question */
  Origin all;
};

/* The tables */

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

static void
free_origin (gpointer data)
{
  Origin *origin = data;

  g_free (origin->name);
  g_free (origin);
}

static Origin *
ensure_origin (QueenNames *self, const char *name, Origin *group, guint max)
{
  Origin *origin = g_hash_table_lookup (self->origins, name);

  if (origin)
    return origin;
  origin = g_new0 (Origin, 1);
  origin->name = g_strdup (name);
  origin->group = group;
  origin->max = max;
  g_hash_table_insert (self->origins, origin->name, origin);
  return origin;
}

/* Returns: (transfer none) (nullable): whose share it takes from; of nobody's, if it takes none */
static Origin *
find_origin (QueenNames *self, const char *host, const QueenSource *source)
{
  g_autofree char *asker = queen_source_dup_asker (source);
  g_autofree char *wide = NULL;
  const char *askers[3];
  Origin *group = &self->all;

  if (!queen_host_needs_lookup (host))
    return NULL;
  queen_fair_queue_split (asker, &wide, askers);
  if (wide)
    group = ensure_origin (self, wide, group, QUEEN_NAMES_MAX_OF_WIDE);
  return ensure_origin (self, askers[wide ? 1 : 0], group, QUEEN_NAMES_MAX_OF_ONE);
}

/* @change: 1 or -1; after -1 it may be gone */
static void
count_questions (QueenNames *self, Origin *origin, int change)
{
  for (Origin *group; origin != &self->all; origin = group)
    {
      group = origin->group;
      origin->n_questions += (guint) change;
      if (origin->n_questions == 0)
        g_hash_table_remove (self->origins, origin->name);
    }
}

/* @change: 1 or -1 */
static void
count_running (Origin *origin, int change)
{
  for (; origin; origin = origin->group)
    origin->n_running += (guint) change;
}

/* Those that are pending */

static void
enter_pending (Question *question)
{
  Origin *origin = question->origin;

  g_queue_push_tail_link (&origin->pending, &question->link);
  for (; origin->group && !queen_turn_taker_is_waiting (&origin->turn); origin = origin->group)
    queen_turn_taker_enter (&origin->turn, &origin->group->turn);
}

static void
leave_pending (Question *question)
{
  Origin *origin = question->origin;

  g_queue_unlink (&origin->pending, &question->link);
  for (; origin->group && origin->pending.length == 0 &&
         !queen_turn_taker_has_members (&origin->turn);
       origin = origin->group)
    queen_turn_taker_leave (&origin->turn);
}

/* Whoever has names that take long is not to take all the threads, nor all of its network: of what
 * a group may have, the second half is for those who have none. */
static gboolean
may_begin_one (const QueenTurnTaker *turn, gpointer unused)
{
  const Origin *origin = (const Origin *) turn, *group = origin->group;

  return origin->n_running < (group->n_running < group->max / 2 ? origin->max : 1);
}

/* It walks along no more than have something running, who are as few as that is.
 *
 * Returns: (transfer none) (nullable): whose turn it is */
static Question *
find_next (QueenNames *self)
{
  const Origin *origin = (Origin *) queen_turn_taker_find (&self->all.turn, may_begin_one, NULL);

  return origin && origin->pending.head ? origin->pending.head->data : NULL;
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
    leave_pending (question);
  else
    count_running (origin, -1);
  g_hash_table_remove (self->questions, question);
  question->names = NULL;
  question->origin = NULL;
  if (origin)
    count_questions (self, origin, -1);
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
  QueenSlice slice;

  if (!self)
    return G_SOURCE_REMOVE;
  queen_slice_begin (&slice, &queen_clock_system);
  while ((wait = g_queue_peek_head (&question->waits)))
    {
      g_queue_unlink (&question->waits, &wait->link);
      wait->func (question->found, question->error, wait->data);
      g_free (wait);
      if (question->waits.head && queen_slice_is_over (&slice, QUEEN_SLICE_LARGE))
        return G_SOURCE_CONTINUE;
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
  queen_turn_taker_pass (&question->origin->turn);
  leave_pending (question);
  count_running (question->origin, 1);
  g_thread_pool_push (self->pool, question, NULL);
}

static void
begin_pending (QueenNames *self)
{
  Question *question;

  while (self->all.n_running < self->all.max && (question = find_next (self)))
    begin_question (self, question);
}

/* Asking */

static Question *
ensure_question (QueenNames *self, const char *host, const QueenSource *source)
{
  Origin *origin = find_origin (self, host, source);
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
  count_questions (self, origin, 1);
  enter_pending (question);
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
  self->all.max = QUEEN_NAMES_MAX;
  self->origins = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_origin);
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
  g_thread_pool_free (self->pool, FALSE, FALSE); /* what it was given frees itself */
  g_main_context_unref (self->context);
  g_free (self);
}
