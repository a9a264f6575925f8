/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-prospects.h"

#include <string.h>
#include <unistd.h>

#include "loop/queen-clock.h"
#include "machine/queen-process-files.h"
#include "machine/queen-process-tree.h"
#include "machine/queen-socket-diag.h"
#include "machine/queen-walk.h"
#include "queen-watched.h"
#include "text/queen-hash.h"
#include "text/queen-span.h"

#define PROCESS_MSEC                                                                               \
  250 /* between two looks at who listens; a program that starts is waited for                     \
       */
#define SCAN_MSEC 5000
#define LONGEST_SCAN_MSEC 60000 /* likewise, however many listen: for a program SCAN_MSEC */
#define MAX_STRANGE 3 /* looks that one is worth who is not known, where all are looked at */
#define SILENT (15 * QUEEN_SECOND) /* after as many, who says nothing is left alone for so long */
#define SHARE 200 /* of a processor's time goes into looking: one in so many parts */
#define FOREIGN (30 * QUEEN_SECOND) /* for so long one that is not the process's is left alone */

/* Who listens at an address and a port. */
typedef struct
{
  QueenSocketListener listener;
  QueenProspects *prospects;
  gboolean is_there;
  guint place;           /* among those that were listed: who is nearer is first */
  guint n_turns;         /* that it has had */
  guint n_strange;       /* after which it had answered, and was neither known nor loading */
  guint n_silent;        /* after which nothing had come */
  gint64 rests_until;    /* µs, monotonic */
  gboolean is_told;      /* it is known */
  QueenWatched *watched; /* NULL unless it is looked at */
} Prospect;

struct _QueenProspects
{
  QueenFetcher *fetcher; /* not owned */
  QueenScope scope;
  pid_t pid;
  QueenProspectsFunc func;
  gpointer data;
  QueenSocketDiag *diag;
  GHashTable *found;   /* by where they listen */
  GHashTable *foreign; /* of sockets that are not the process's, by inode */
  QueenWalk *walk;     /* through processes, for the sockets of one */
  gint64 forgotten_at; /* µs, monotonic: when these were forgotten */
  guint timer;
};

/* Ranges of ports at which servers are when nobody says otherwise, or one beside another. */
static const struct
{
  guint16 first;
  guint16 last;
} usual_ports[] = {
  { 1234, 1234 }, { 1337, 1337 }, { 3000, 3000 },   { 5000, 5001 },
  { 7860, 7869 }, { 7997, 8099 }, { 8188, 8199 },   { 8888, 8888 },
  { 9000, 9099 }, { 9301, 9399 }, { 11434, 11443 }, { 30000, 30099 },
};

gboolean
queen_prospects_is_usual (guint16 port)
{
  for (gsize i = 0; i < G_N_ELEMENTS (usual_ports); i++)
    if (port >= usual_ports[i].first && port <= usual_ports[i].last)
      return TRUE;
  return FALSE;
}

/* Where somebody listens for all addresses, the machine's own is the nearest; and by IPv4 and IPv6
 * it is one. */
static const char *
get_host (const QueenSocketListener *listener)
{
  gboolean is_any =
      strcmp (listener->address, "0.0.0.0") == 0 || strcmp (listener->address, "::") == 0;

  return is_any ? "127.0.0.1" : listener->address;
}

static guint
hash_listener (gconstpointer key)
{
  const QueenSocketListener *listener = key;

  return queen_string_hash (get_host (listener)) ^ listener->port;
}

static gboolean
is_same_place (gconstpointer a, gconstpointer b)
{
  const QueenSocketListener *one = a, *other = b;

  return one->port == other->port && strcmp (get_host (one), get_host (other)) == 0;
}

static void
prospect_free (gpointer data)
{
  Prospect *prospect = data;

  g_clear_pointer (&prospect->watched, queen_watched_free);
  g_free (prospect);
}

/* One that loads says so, and is known later, however long that takes. Nothing is known of one that
 * says nothing: others may have taken its time. */
static void
end_turn (Prospect *prospect)
{
  prospect->n_turns++;
  if (queen_watched_get_reach (prospect->watched) != QUEEN_REACH_ANSWERING)
    prospect->n_silent++;
  else if (!queen_watched_get_reading (prospect->watched)->is_loading)
    prospect->n_strange++;
  if (prospect->n_silent >= MAX_STRANGE)
    prospect->rests_until = g_get_monotonic_time () + SILENT;
  g_clear_pointer (&prospect->watched, queen_watched_free);
}

static void
on_prospect_looked (gpointer source, gpointer data)
{
  Prospect *prospect = data;
  QueenProspects *self = prospect->prospects;
  const QueenAdapter *adapter = queen_watched_get_adapter (prospect->watched);
  g_autofree char *url = NULL;

  /* A program's own server is known, whether it says so or not. */
  if (!adapter && self->scope == QUEEN_SCOPE_PROCESS && queen_watched_is_locked (prospect->watched))
    adapter = &queen_adapter_unknown;
  if (!adapter || (self->scope != QUEEN_SCOPE_PROCESS && !adapter->name))
    {
      if (self->scope != QUEEN_SCOPE_PROCESS)
        end_turn (prospect);
      return;
    }
  url = g_strdup (queen_watched_get_url (prospect->watched));
  g_clear_pointer (&prospect->watched, queen_watched_free);
  prospect->is_told = TRUE;
  self->func (url, adapter, prospect->listener.port, self->data);
}

static void
begin_turn (Prospect *prospect)
{
  const char *host = get_host (&prospect->listener);
  g_autofree char *url = g_strdup_printf (strchr (host, ':') ? "http://[%s]:%u" : "http://%s:%u",
                                          host, prospect->listener.port);

  prospect->watched =
      queen_watched_new (prospect->prospects->fetcher, url, NULL, on_prospect_looked, prospect);
}

/* @place: see Prospect */
static Prospect *
add_prospect (QueenProspects *self, const QueenSocketListener *listener, guint place)
{
  const Prospect *former = g_hash_table_lookup (self->found, listener);
  Prospect *prospect = g_new0 (Prospect, 1);

  prospect->listener = *listener;
  prospect->prospects = self;
  prospect->is_there = TRUE;
  prospect->place = place;
  /* Or whoever listens anew again and again would always be the next. */
  prospect->n_turns = former ? former->n_turns : 0;
  g_hash_table_replace (self->found, &prospect->listener, prospect);
  return prospect;
}

/* Turns: a server's id has its port, so of those at one port one is looked at, once, and then
 * another one. Whoever says nothing does not hide the others. */

static gboolean
is_busy (const Prospect *prospect)
{
  return prospect->watched || prospect->is_told;
}

static gboolean
is_left_alone (const Prospect *prospect)
{
  return prospect->n_strange >= MAX_STRANGE || prospect->rests_until > g_get_monotonic_time ();
}

static gboolean
is_before (const Prospect *prospect, const Prospect *other)
{
  if (is_busy (prospect) || is_busy (other))
    return is_busy (prospect);
  if (is_left_alone (prospect) != is_left_alone (other))
    return is_left_alone (other);
  return prospect->n_turns != other->n_turns ? prospect->n_turns < other->n_turns
                                             : prospect->place < other->place;
}

static void
begin_turns (QueenProspects *self)
{
  g_autoptr (GHashTable) firsts = g_hash_table_new (NULL, NULL); /* by port */
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->found);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Prospect *prospect = value;
      gpointer port = GINT_TO_POINTER (prospect->listener.port);
      const Prospect *first = g_hash_table_lookup (firsts, port);

      if (!first || is_before (prospect, first))
        g_hash_table_insert (firsts, port, prospect);
    }
  g_hash_table_iter_init (&iter, firsts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!is_busy (value) && !is_left_alone (value))
      begin_turn (value);
}

/* The sockets of a process and its own */

/* What a walk is to find, and then has found. */
typedef struct
{
  pid_t pid;
  GArray *listeners; /* those that are new; nobody changes them */
  gboolean are_all;
  GHashTable *own; /* inodes */
  GArray *others;  /* (nullable): that listen, and may be among the above or not */
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_array_unref (search->listeners);
  g_clear_pointer (&search->own, g_hash_table_unref);
  g_clear_pointer (&search->others, g_array_unref);
  g_free (search);
}

static void
take_socket (pid_t pid, int fd, const char *target, gpointer data)
{
  guint64 inode = queen_process_files_parse_socket (target);

  if (inode != 0)
    g_hash_table_add (data, g_memdup2 (&inode, sizeof inode));
}

static void
take_sockets (pid_t pid, gpointer data)
{
  queen_process_files_each_of ("", pid, take_socket, data);
}

/* In another thread. Others may listen at so many addresses that those of the process are not among
 * what was listed. */
static gpointer
find_own (gpointer question)
{
  Search *search = question;
  g_autoptr (QueenProcessTree) tree = queen_process_tree_read (NULL);
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (NULL);

  search->own = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  queen_process_tree_foreach_in (tree, search->pid, take_sockets, search->own);
  if (!search->are_all)
    search->others = queen_socket_diag_list_among (diag, search->own, NULL);
  return search;
}

static const QueenWalkKind own_walk = {
  .walk = find_own,
  .free_answer = search_free,
  .share = SHARE,
  .longest = SCAN_MSEC * QUEEN_MSEC,
};

/* Returns: (nullable): who is known to listen there, and still does */
static Prospect *
find_prospect (QueenProspects *self, const QueenSocketListener *listener)
{
  Prospect *prospect = g_hash_table_lookup (self->found, listener);

  if (prospect && prospect->listener.inode == listener->inode)
    prospect->is_there = TRUE;
  return prospect && prospect->is_there ? prospect : NULL;
}

static void
add_own (QueenProspects *self, const QueenSocketListener *listener)
{
  if (!find_prospect (self, listener) && g_hash_table_size (self->found) < QUEEN_PROSPECTS_MAX)
    begin_turn (add_prospect (self, listener, 0));
}

static void
on_own_found (gpointer answer, gpointer data)
{
  QueenProspects *self = data;
  Search *search = answer;

  for (guint i = 0; i < search->listeners->len; i++)
    {
      const QueenSocketListener *listener =
          &g_array_index (search->listeners, QueenSocketListener, i);

      if (!g_hash_table_contains (search->own, &listener->inode))
        g_hash_table_add (self->foreign, GSIZE_TO_POINTER (listener->inode));
      else
        add_own (self, listener);
    }
  for (guint i = 0; search->others && i < search->others->len; i++)
    add_own (self, &g_array_index (search->others, QueenSocketListener, i));
  search_free (search);
}

/* @listeners: those that are new
 * @are_all: whether there are no others */
static void
add_of_process (QueenProspects *self, GArray *listeners, gboolean are_all)
{
  Search *search;

  /* They are new the next time, too. */
  if ((listeners->len == 0 && are_all) || !queen_walk_is_due (self->walk))
    return;
  search = g_new0 (Search, 1);
  search->pid = self->pid;
  search->listeners = g_array_ref (listeners);
  search->are_all = are_all;
  queen_walk_begin (self->walk, search);
}

static gboolean
is_absent (gpointer key, gpointer value, gpointer data)
{
  return !((Prospect *) value)->is_there;
}

static gboolean
is_absent_and_idle (gpointer key, gpointer value, gpointer data)
{
  return is_absent (key, value, data) && !is_busy (value);
}

static void
mark_absent (gpointer key, gpointer value, gpointer data)
{
  ((Prospect *) value)->is_there = FALSE;
}

/* Returns: (transfer full): those that are new, and of whom it is to be found out whose they are */
static GArray *
list_fresh (QueenProspects *self, GArray *listeners)
{
  GArray *fresh = g_array_new (FALSE, FALSE, sizeof (QueenSocketListener));

  for (guint i = 0; i < listeners->len; i++)
    {
      const QueenSocketListener *listener = &g_array_index (listeners, QueenSocketListener, i);

      if (!find_prospect (self, listener) &&
          !g_hash_table_contains (self->foreign, GSIZE_TO_POINTER (listener->inode)))
        g_array_append_val (fresh, *listener);
    }
  return fresh;
}

static void
add_all (QueenProspects *self, GArray *listeners)
{
  for (guint i = 0; i < listeners->len; i++)
    {
      const QueenSocketListener *listener = &g_array_index (listeners, QueenSocketListener, i);

      if (!find_prospect (self, listener))
        add_prospect (self, listener, i);
    }
}

static void
look_at_listeners (QueenProspects *self, GArray *listeners)
{
  gboolean is_of_process = self->scope == QUEEN_SCOPE_PROCESS;
  gboolean are_all = listeners->len < QUEEN_SOCKET_DIAG_MAX;
  g_autoptr (GArray) fresh = NULL;

  g_hash_table_foreach (self->found, mark_absent, NULL);
  for (guint i = 0; i < listeners->len; i++)
    {
      Prospect *prospect = find_prospect (self, &g_array_index (listeners, QueenSocketListener, i));

      if (prospect)
        prospect->place = i;
    }
  if (!is_of_process)
    add_all (self, listeners);
  if (are_all)
    g_hash_table_foreach_remove (self->found, is_absent, NULL);
  else if (!is_of_process)
    g_hash_table_foreach_remove (self->found, is_absent_and_idle, NULL);
  fresh = is_of_process ? list_fresh (self, listeners) : NULL;
  if (fresh)
    add_of_process (self, fresh, are_all);
  else
    begin_turns (self);
}

/* To find out whose a socket is takes milliseconds, and a model loads for minutes. A socket may be
 * handed over, so this is not for ever. */
static void
forget_foreign (QueenProspects *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->forgotten_at < FOREIGN)
    return;
  self->forgotten_at = now;
  g_hash_table_remove_all (self->foreign);
}

static gboolean on_time_to_scan (gpointer data);

/* Where there are many sockets, it is done less often. */
static void
look_around (QueenProspects *self)
{
  gboolean is_of_process = self->scope == QUEEN_SCOPE_PROCESS;
  uid_t uid = self->scope == QUEEN_SCOPE_OWN ? getuid () : QUEEN_SOCKET_DIAG_ANY_USER;
  gint64 before = queen_clock_system.get_cpu ();
  g_autoptr (GArray) listeners =
      queen_socket_diag_list_listeners (self->diag, uid,
                                        is_of_process ? NULL : queen_prospects_is_usual, NULL);
  gint64 cost = queen_clock_system.get_cpu () - before;
  guint msec = is_of_process ? PROCESS_MSEC : SCAN_MSEC;
  guint longest = is_of_process ? SCAN_MSEC : LONGEST_SCAN_MSEC;

  forget_foreign (self);
  if (listeners)
    look_at_listeners (self, listeners);
  msec = MAX (msec, (guint) MIN (cost * SHARE / QUEEN_MSEC, longest));
  self->timer = g_timeout_add (msec, on_time_to_scan, self);
}

static gboolean
on_time_to_scan (gpointer data)
{
  QueenProspects *self = data;

  self->timer = 0;
  look_around (self);
  return G_SOURCE_REMOVE;
}

QueenProspects *
queen_prospects_new (
    QueenFetcher *fetcher, QueenScope scope, pid_t pid, QueenProspectsFunc func, gpointer data)
{
  QueenProspects *self = g_new0 (QueenProspects, 1);

  self->fetcher = fetcher;
  self->scope = scope;
  self->pid = pid;
  self->func = func;
  self->data = data;
  self->diag = queen_socket_diag_new (NULL);
  self->walk = queen_walk_new (&own_walk, on_own_found, self);
  self->found = g_hash_table_new_full (hash_listener, is_same_place, NULL, prospect_free);
  self->foreign = g_hash_table_new (NULL, NULL);
  look_around (self);
  return self;
}

void
queen_prospects_free (QueenProspects *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_unref (self->found);
  g_hash_table_unref (self->foreign);
  queen_socket_diag_free (self->diag);
  queen_walk_free (self->walk);
  g_free (self);
}

static gboolean
is_at_port (gpointer key, gpointer value, gpointer data)
{
  return ((Prospect *) value)->listener.port == GPOINTER_TO_INT (data);
}

void
queen_prospects_forget (QueenProspects *self, guint16 port)
{
  g_hash_table_foreach_remove (self->found, is_at_port, GINT_TO_POINTER ((int) port));
}
