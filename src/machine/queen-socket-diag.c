/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket-diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-process-files.h"
#include "queen-socket-table.h"

struct _QueenSocketDiag
{
  char *root;
  gboolean has_root; /* one that was given: then it is about another machine */
  int netlink;       /* -1 before the first question, and where it is not allowed */
  gboolean is_refused;
  guint32 sequence;
};

/* Either connections of some ports are counted, or listeners are listed. */
typedef struct
{
  guint8 state;
  const guint16 *ports;
  guint n_ports;
  QueenSocketCount *counts;
  uid_t uid;                           /* QUEEN_SOCKET_DIAG_ANY_USER for all */
  gboolean (*has_port) (guint16 port); /* NULL for all */
  GHashTable *inodes;                  /* those that are wanted; NULL for all */
  GArray *listeners;
  guint n_found;
  GHashTable *seen; /* inodes of what was found; NULL where nothing is told twice */
} Search;

static void
count_connection (const QueenSocketRow *row, QueenSocketCount *count)
{
  count->n_established++;
  count->n_unread += row->n_unread > 0;
  count->n_unsent += row->n_unsent > 0;
  count->n_active += row->n_unread > 0 || row->n_unsent > 0;
}

static void
append_listener (const QueenSocketRow *row, GArray *listeners)
{
  QueenSocketListener listener = { .port = row->port, .uid = row->uid, .inode = row->inode };

  if (inet_ntop (row->family, &row->address, listener.address, sizeof listener.address))
    g_array_append_val (listeners, listener);
}

/* A table that changes while it is read may have the same socket in it twice. */
static gboolean
is_new (const QueenSocketRow *row, Search *search)
{
  return !search->seen || row->inode == 0 ||
         g_hash_table_add (search->seen, g_memdup2 (&row->inode, sizeof row->inode));
}

static gboolean
is_wanted (const QueenSocketRow *row, const Search *search)
{
  for (guint i = 0; i < search->n_ports; i++)
    if (row->port == search->ports[i])
      return TRUE;
  if (search->inodes)
    return g_hash_table_contains (search->inodes, &row->inode);
  return search->n_ports == 0 && (!search->has_port || search->has_port (row->port)) &&
         (search->uid == QUEEN_SOCKET_DIAG_ANY_USER || row->uid == search->uid);
}

static void
take_row (const QueenSocketRow *row, Search *search)
{
  for (guint i = 0; search->counts && i < search->n_ports; i++)
    if (row->port == search->ports[i])
      count_connection (row, &search->counts[i]);
  if (search->listeners)
    append_listener (row, search->listeners);
  search->n_found++;
}

static gboolean
on_row (const QueenSocketRow *row, gpointer data)
{
  Search *search = data;

  if (row->state != search->state || !is_wanted (row, search) || !is_new (row, search))
    return TRUE;
  if (search->n_found == QUEEN_SOCKET_DIAG_MAX)
    {
      for (guint i = 0; search->counts && i < search->n_ports; i++)
        search->counts[i].is_cut = TRUE;
      return FALSE;
    }
  take_row (row, search);
  return TRUE;
}

static void
reset_search (Search *search)
{
  search->n_found = 0;
  for (guint i = 0; search->counts && i < search->n_ports; i++)
    search->counts[i] = (QueenSocketCount){ 0 };
  if (search->listeners)
    g_array_set_size (search->listeners, 0);
}

static void
close_netlink (QueenSocketDiag *self)
{
  if (self->netlink >= 0)
    close (self->netlink);
  self->netlink = -1;
}

static gboolean
open_netlink (QueenSocketDiag *self, GError **error)
{
  if (self->netlink < 0)
    self->netlink =
        socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (self->netlink < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "netlink: %s",
                 g_strerror (errno));
  return self->netlink >= 0;
}

/* A service may be forbidden it (RestrictAddressFamilies=), and a kernel may not have it: both stay
 * as they are. Whatever else went wrong may go better next time. */
static gboolean
is_lasting (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* Returns: whether netlink told all. */
static gboolean
ask_netlink (QueenSocketDiag *self, Search *search)
{
  g_autoptr (GError) error = NULL;

  if (self->has_root || self->is_refused)
    return FALSE;
  if (open_netlink (self, &error) &&
      queen_socket_dump_read (self->netlink, &self->sequence, search->state, search->ports,
                              search->n_ports, on_row, search, &error))
    {
      if (search->n_found == QUEEN_SOCKET_DIAG_MAX)
        close_netlink (self); /* the rest of so long an answer is not worth reading */
      return TRUE;
    }
  self->is_refused = is_lasting (error);
  g_debug ("sockets are read in /proc/net/tcp: %s", error->message);
  close_netlink (self);
  return FALSE;
}

static gboolean
read_table (QueenSocketDiag *self, Search *search, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gboolean is_read;

  reset_search (search);
  search->seen = seen;
  is_read = queen_socket_table_read (self->root, on_row, search, error);
  search->seen = NULL;
  return is_read;
}

/* Returns: whether netlink told all, which takes several questions where there are many ports. */
static gboolean
ask_netlink_of_ports (QueenSocketDiag *self, const Search *search)
{
  gboolean is_known = TRUE;

  for (guint i = 0; i < search->n_ports && is_known; i += QUEEN_SOCKET_DUMP_PORTS_MAX)
    {
      Search part = *search;

      part.ports += i;
      part.counts += i;
      part.n_ports = MIN (search->n_ports - i, QUEEN_SOCKET_DUMP_PORTS_MAX);
      reset_search (&part);
      is_known = ask_netlink (self, &part);
    }
  return is_known;
}

gboolean
queen_socket_diag_count_ports (QueenSocketDiag *self,
                               const guint16 *ports,
                               guint n_ports,
                               QueenSocketCount *counts,
                               GError **error)
{
  Search search = {
    .state = TCP_ESTABLISHED, .ports = ports, .n_ports = n_ports, .counts = counts
  };

  return ask_netlink_of_ports (self, &search) || read_table (self, &search, error);
}

gboolean
queen_socket_diag_count (QueenSocketDiag *self,
                         guint16 port,
                         QueenSocketCount *count,
                         GError **error)
{
  return queen_socket_diag_count_ports (self, &port, 1, count, error);
}

/* Returns: how near it is to whoever asks for the machine's own address */
static int
rank_address (const char *address)
{
  static const char *const near[] = { "127.0.0.1", "0.0.0.0", "::", "::1" };
  int rank = 0;

  while (rank < (int) G_N_ELEMENTS (near) && strcmp (near[rank], address) != 0)
    rank++;
  return rank;
}

static int
compare_listeners (gconstpointer a, gconstpointer b)
{
  const QueenSocketListener *first = a, *second = b;
  int by_rank = rank_address (first->address) - rank_address (second->address);

  if (first->port != second->port)
    return (int) first->port - (int) second->port;
  return by_rank != 0 ? by_rank : g_strcmp0 (first->address, second->address);
}

static GArray *
list_found (QueenSocketDiag *self, Search *search, GError **error)
{
  g_autoptr (GArray) listeners = g_array_new (FALSE, FALSE, sizeof (QueenSocketListener));

  search->state = TCP_LISTEN;
  search->listeners = listeners;
  if (!ask_netlink (self, search) && !read_table (self, search, error))
    return NULL;
  g_array_sort (listeners, compare_listeners);
  return g_steal_pointer (&listeners);
}

GArray *
queen_socket_diag_list_listeners (QueenSocketDiag *self,
                                  uid_t uid,
                                  gboolean (*has_port) (guint16 port),
                                  GError **error)
{
  Search search = { .uid = uid, .has_port = has_port };

  return list_found (self, &search, error);
}

GArray *
queen_socket_diag_list_at (QueenSocketDiag *self, guint16 port, GError **error)
{
  Search search = { .ports = &port, .n_ports = 1 };

  return list_found (self, &search, error);
}

GArray *
queen_socket_diag_list_among (QueenSocketDiag *self, GHashTable *inodes, GError **error)
{
  Search search = { .inodes = inodes };

  return list_found (self, &search, error);
}

static void
on_open_socket (pid_t pid, int fd, const char *target, gpointer data)
{
  GHashTable *by_inode = data;
  QueenSocketListener *listener;
  guint64 inode = queen_process_files_parse_socket (target);

  listener = g_hash_table_lookup (by_inode, &inode);
  if (!listener || (listener->pid != 0 && pid >= listener->pid))
    return;
  listener->pid = pid;
  listener->fd = fd;
}

void
queen_socket_diag_find_pids (QueenSocketDiag *self, GArray *listeners)
{
  g_autoptr (GHashTable) by_inode = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < listeners->len; i++)
    {
      QueenSocketListener *listener = &g_array_index (listeners, QueenSocketListener, i);

      listener->pid = 0;
      if (listener->inode != 0)
        g_hash_table_insert (by_inode, &listener->inode, listener);
    }
  if (g_hash_table_size (by_inode) > 0)
    queen_process_files_each (self->root, on_open_socket, by_inode);
}

QueenSocketDiag *
queen_socket_diag_new (const char *root)
{
  QueenSocketDiag *self = g_new0 (QueenSocketDiag, 1);

  self->root = g_strdup (root ? root : "");
  self->has_root = root != NULL;
  self->netlink = -1;
  return self;
}

void
queen_socket_diag_free (QueenSocketDiag *self)
{
  close_netlink (self);
  g_free (self->root);
  g_free (self);
}
