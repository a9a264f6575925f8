/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket-diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <stdio.h>
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

typedef struct
{
  guint8 state;
  guint16 port; /* 0 for all */
  uid_t uid;    /* QUEEN_SOCKET_DIAG_ANY_USER for all */
  QueenSocketCount *count;
  GArray *listeners;
} Search;

static gboolean
count_connection (const QueenSocketRow *row, QueenSocketCount *count)
{
  if (count->n_established == QUEEN_SOCKET_DIAG_MAX)
    {
      count->is_cut = TRUE;
      return FALSE;
    }
  count->n_established++;
  count->n_unread += row->n_unread > 0;
  count->n_unsent += row->n_unsent > 0;
  count->n_active += row->n_unread > 0 || row->n_unsent > 0;
  return TRUE;
}

static gboolean
append_listener (const QueenSocketRow *row, GArray *listeners)
{
  QueenSocketListener listener = { .port = row->port, .uid = row->uid, .inode = row->inode };

  if (inet_ntop (row->family, &row->address, listener.address, sizeof listener.address))
    g_array_append_val (listeners, listener);
  return listeners->len < QUEEN_SOCKET_DIAG_MAX;
}

static gboolean
on_row (const QueenSocketRow *row, gpointer data)
{
  Search *search = data;

  if (row->state != search->state || (search->port != 0 && row->port != search->port) ||
      (search->uid != QUEEN_SOCKET_DIAG_ANY_USER && row->uid != search->uid))
    return TRUE;
  return search->count ? count_connection (row, search->count)
                       : append_listener (row, search->listeners);
}

static void
reset_search (Search *search)
{
  if (search->count)
    *search->count = (QueenSocketCount){ 0 };
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
      queen_socket_dump_read (self->netlink, &self->sequence, search->state, search->port, on_row,
                              search, &error))
    return TRUE;
  self->is_refused = is_lasting (error);
  g_debug ("sockets are read in /proc/net/tcp: %s", error->message);
  close_netlink (self);
  return FALSE;
}

static gboolean
run_search (QueenSocketDiag *self, Search *search, GError **error)
{
  reset_search (search);
  if (ask_netlink (self, search))
    return TRUE;
  reset_search (search);
  return queen_socket_table_read (self->root, on_row, search, error);
}

gboolean
queen_socket_diag_count (QueenSocketDiag *self,
                         guint16 port,
                         QueenSocketCount *count,
                         GError **error)
{
  Search search = { TCP_ESTABLISHED, port, QUEEN_SOCKET_DIAG_ANY_USER, count, NULL };
  gboolean is_known = run_search (self, &search, error);

  if (count->is_cut)
    close_netlink (self); /* the rest of a long answer is not worth reading */
  return is_known;
}

static int
compare_listeners (gconstpointer a, gconstpointer b)
{
  const QueenSocketListener *first = a, *second = b;

  return first->port != second->port ? (int) first->port - (int) second->port
                                     : g_strcmp0 (first->address, second->address);
}

GArray *
queen_socket_diag_list_listeners (QueenSocketDiag *self, uid_t uid, GError **error)
{
  g_autoptr (GArray) listeners = g_array_new (FALSE, FALSE, sizeof (QueenSocketListener));
  Search search = { TCP_LISTEN, 0, uid, NULL, listeners };

  if (!run_search (self, &search, error))
    return NULL;
  if (listeners->len == QUEEN_SOCKET_DIAG_MAX)
    close_netlink (self);
  g_array_sort (listeners, compare_listeners);
  return g_steal_pointer (&listeners);
}

static void
on_open_socket (pid_t pid, int fd, const char *target, gpointer data)
{
  GHashTable *by_inode = data;
  QueenSocketListener *listener;
  guint64 inode;

  if (sscanf (target, "socket:[%" G_GUINT64_FORMAT "]", &inode) != 1)
    return;
  listener = g_hash_table_lookup (by_inode, &inode);
  if (listener && (listener->pid == 0 || pid < listener->pid))
    listener->pid = pid;
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
