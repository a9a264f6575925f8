/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-port-owners.h"

#include "queen-process-files.h"
#include "queen-socket-diag.h"
#include "queen-walk.h"
#include "text/queen-span.h"

#define NOBODY_AGE (10 * QUEEN_SECOND) /* for so long it is believed that nobody was found */

struct _QueenPortOwners
{
  char *root; /* (nullable) */
  QueenWalk *walk;
  GHashTable *owners; /* by port */
  GHashTable *wanted; /* ports, for the next walk */
};

typedef struct
{
  QueenSocketListener socket;
  gint64 found_at; /* µs, monotonic */
} Owner;

/* What a walk is to find, and then has found. */
typedef struct
{
  char *root;
  GArray *listeners; /* one for each port */
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_free (search->root);
  g_clear_pointer (&search->listeners, g_array_unref);
  g_free (search);
}

/* In another thread. A port at which nobody listens any more has nobody's socket. */
static gpointer
find_owners (gpointer question)
{
  Search *search = question;
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (search->root);

  for (guint i = 0; i < search->listeners->len; i++)
    {
      QueenSocketListener *wanted = &g_array_index (search->listeners, QueenSocketListener, i);
      g_autoptr (GArray) found = queen_socket_diag_list_at (diag, wanted->port, NULL);

      if (found && found->len > 0)
        *wanted = g_array_index (found, QueenSocketListener, 0);
    }
  queen_socket_diag_find_pids (diag, search->listeners);
  return g_steal_pointer (&search->listeners);
}

static const QueenWalkKind owners_walk = {
  .walk = find_owners,
  .free_question = search_free,
  .free_answer = (GDestroyNotify) g_array_unref,
  .share = 300,
  .longest = 60 * QUEEN_SECOND,
};

static void
on_owners_found (gpointer answer, gpointer data)
{
  QueenPortOwners *self = data;
  g_autoptr (GArray) listeners = answer;

  for (guint i = 0; i < listeners->len; i++)
    {
      Owner *owner = g_new (Owner, 1);

      owner->socket = g_array_index (listeners, QueenSocketListener, i);
      owner->found_at = g_get_monotonic_time ();
      g_hash_table_remove (self->wanted, GUINT_TO_POINTER (owner->socket.port));
      g_hash_table_replace (self->owners, GUINT_TO_POINTER (owner->socket.port), owner);
    }
}

QueenPortOwners *
queen_port_owners_new (const char *root)
{
  QueenPortOwners *self = g_new0 (QueenPortOwners, 1);

  self->root = g_strdup (root);
  self->walk = queen_walk_new (&owners_walk, on_owners_found, self);
  self->owners = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->wanted = g_hash_table_new (NULL, NULL);
  return self;
}

/* It may have ended, and its pid be another's by now, or have handed over its socket. */
static gboolean
has_socket (const QueenPortOwners *self, const QueenSocketListener *socket)
{
  return queen_process_files_is_socket (self->root ? self->root : "", socket->pid, socket->fd,
                                        socket->inode);
}

static void
begin_walk (QueenPortOwners *self)
{
  Search *search = g_new0 (Search, 1);
  GHashTableIter iter;
  gpointer port;

  search->root = g_strdup (self->root);
  search->listeners = g_array_new (FALSE, TRUE, sizeof (QueenSocketListener));
  g_hash_table_iter_init (&iter, self->wanted);
  while (g_hash_table_iter_next (&iter, &port, NULL))
    {
      const QueenSocketListener listener = { .port = (guint16) GPOINTER_TO_UINT (port) };

      g_array_append_val (search->listeners, listener);
    }
  g_hash_table_remove_all (self->wanted);
  queen_walk_begin (self->walk, search);
}

pid_t
queen_port_owners_find (QueenPortOwners *self, guint16 port)
{
  const Owner *owner = g_hash_table_lookup (self->owners, GUINT_TO_POINTER (port));

  if (owner && owner->socket.pid != 0 && has_socket (self, &owner->socket))
    return owner->socket.pid;
  if (owner && owner->socket.pid == 0 && g_get_monotonic_time () - owner->found_at < NOBODY_AGE)
    return 0;
  g_hash_table_add (self->wanted, GUINT_TO_POINTER (port));
  if (queen_walk_is_due (self->walk))
    begin_walk (self);
  return QUEEN_PORT_OWNERS_LATER;
}

void
queen_port_owners_free (QueenPortOwners *self)
{
  queen_walk_free (self->walk);
  g_hash_table_unref (self->owners);
  g_hash_table_unref (self->wanted);
  g_free (self->root);
  g_free (self);
}
