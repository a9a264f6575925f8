/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * How many connections a server has, by netlink and by the tables of /proc: both tell the same. */

#include "machine/queen-socket-diag.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "machine-tree.h"
#include "machine/queen-socket-table.h"

#define N_CONNECTIONS 5

typedef struct
{
  QueenSocketDiag *diag;
  int listener;
  int claim;
  struct sockaddr_storage address;
  socklen_t length;
  guint16 port;
  int clients[N_CONNECTIONS];
  int accepted[N_CONNECTIONS];
} Fixture;

/* What to listen at, what to connect to, and whether netlink may be asked. */
typedef struct
{
  const char *name;
  const char *listen;
  const char *connect;
  const char *root;
} Way;

static const Way ways[] = {
  { "netlink/ipv4", "127.0.0.1", "127.0.0.1", NULL },
  { "netlink/ipv6", "::1", "::1", NULL },
  { "netlink/ipv4-at-a-socket-of-ipv6", "::", "127.0.0.1", NULL },
  { "table/ipv4", "127.0.0.1", "127.0.0.1", "" },
  { "table/ipv6", "::1", "::1", "" },
  { "table/ipv4-at-a-socket-of-ipv6", "::", "127.0.0.1", "" },
};

#define FIRST_TABLE 3

static void
to_native (const char *text, guint16 port, struct sockaddr_storage *native, socklen_t *length)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, port);

  *length = (socklen_t) g_socket_address_get_native_size (address);
  g_assert_true (g_socket_address_to_native (address, native, sizeof *native, NULL));
}

/* A socket that another one may share its port with if that asks for it: two that do not listen. */
static int
bind_at (const char *text, guint16 port, struct sockaddr_storage *address, socklen_t *length)
{
  int fd;

  to_native (text, port, address, length);
  fd = socket (address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof (int)));
  g_assert_no_errno (bind (fd, (struct sockaddr *) address, *length));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) address, length));
  return fd;
}

/* What is counted is a port, whatever the address; so nobody else may be given the same one of
 * another address meanwhile. */
static void
listen_at (Fixture *f, const char *text)
{
  f->claim = bind_at ("::", 0, &f->address, &f->length);
  f->port = g_ntohs (((struct sockaddr_in6 *) &f->address)->sin6_port);
  f->listener = bind_at (text, f->port, &f->address, &f->length);
  g_assert_no_errno (listen (f->listener, 16));
}

static void
close_listener (Fixture *f)
{
  close (f->listener);
  close (f->claim);
}

static void
connect_all (Fixture *f, const char *text)
{
  struct sockaddr_storage target;
  socklen_t length;

  to_native (text, f->port, &target, &length);
  for (int i = 0; i < N_CONNECTIONS; i++)
    {
      f->clients[i] = socket (target.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      g_assert_no_errno (connect (f->clients[i], (struct sockaddr *) &target, length));
      f->accepted[i] = accept4 (f->listener, NULL, NULL, SOCK_CLOEXEC);
      g_assert_cmpint (f->accepted[i], >=, 0);
    }
}

static QueenSocketCount
count (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  QueenSocketCount result;

  g_assert_true (queen_socket_diag_count (f->diag, f->port, &result, &error));
  g_assert_no_error (error);
  return result;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const Way *way = data;

  f->diag = queen_socket_diag_new (way->root);
  listen_at (f, way->listen);
  /* Somebody else may be connected from there already. */
  while (count (f).n_established > 0)
    {
      close_listener (f);
      listen_at (f, way->listen);
    }
  for (int i = 0; i < N_CONNECTIONS; i++)
    f->clients[i] = f->accepted[i] = -1;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < N_CONNECTIONS; i++)
    {
      if (f->clients[i] >= 0)
        close (f->clients[i]);
      if (f->accepted[i] >= 0)
        close (f->accepted[i]);
    }
  close_listener (f);
  queen_socket_diag_free (f->diag);
}

/* What one end has done is at the other one a moment later. */
static void
await_event (int fd, short events)
{
  struct pollfd item = { fd, events, 0 };

  g_assert_cmpint (poll (&item, 1, 60 * 1000), ==, 1);
}

static void
test_connections (Fixture *f, gconstpointer data)
{
  const Way *way = data;

  connect_all (f, way->connect);
  g_assert_cmpuint (count (f).n_established, ==, N_CONNECTIONS);
  g_assert_cmpuint (count (f).n_active, ==, 0);
  close (f->clients[0]);
  f->clients[0] = -1;
  await_event (f->accepted[0], POLLRDHUP);
  g_assert_cmpuint (count (f).n_established, ==, N_CONNECTIONS - 1);
}

static void
fill (int fd)
{
  static const char bytes[65536];

  while (send (fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    continue;
  g_assert_cmpint (errno, ==, EAGAIN);
}

/* One has asked and was not read, one gets more than it reads, and one is both. */
static void
test_bytes (Fixture *f, gconstpointer data)
{
  const Way *way = data;
  QueenSocketCount result;

  connect_all (f, way->connect);
  g_assert_cmpint (send (f->clients[1], "GET", 3, 0), ==, 3);
  fill (f->accepted[2]);
  g_assert_cmpint (send (f->clients[3], "GET", 3, 0), ==, 3);
  await_event (f->accepted[1], POLLIN);
  await_event (f->accepted[3], POLLIN);
  fill (f->accepted[3]);
  result = count (f);
  g_assert_cmpuint (result.n_established, ==, N_CONNECTIONS);
  g_assert_cmpuint (result.n_unread, ==, 2);
  g_assert_cmpuint (result.n_unsent, ==, 2);
  g_assert_cmpuint (result.n_active, ==, 3);
  g_assert_false (result.is_cut);
}

/* The client's end is a connection of the client's port; others may connect from there, too. */
static void
test_other_end (Fixture *f, gconstpointer data)
{
  const Way *way = data;
  struct sockaddr_storage own;
  QueenSocketCount result;

  connect_all (f, way->connect);
  g_assert_no_errno (
      getsockname (f->clients[0], (struct sockaddr *) &own, &(socklen_t){ sizeof own }));
  g_assert_true (queen_socket_diag_count (f->diag,
                                          g_ntohs (((struct sockaddr_in *) &own)->sin_port),
                                          &result, NULL));
  g_assert_cmpuint (result.n_established, >=, 1);
  g_assert_cmpuint (count (f).n_established, ==, N_CONNECTIONS);
}

/* More than fit into one question, and each has its own. */
static void
test_ports (Fixture *f, gconstpointer data)
{
  const Way *way = data;
  struct sockaddr_storage own;
  guint16 ports[150];
  QueenSocketCount counts[G_N_ELEMENTS (ports)];
  guint n_others = 0;

  connect_all (f, way->connect);
  g_assert_cmpint (send (f->clients[1], "GET", 3, 0), ==, 3);
  await_event (f->accepted[1], POLLIN);
  g_assert_no_errno (
      getsockname (f->clients[0], (struct sockaddr *) &own, &(socklen_t){ sizeof own }));
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    ports[i] = (guint16) (i + 1);
  ports[0] = ports[63] = ports[100] = ports[149] = f->port;
  ports[10] = ports[148] = g_ntohs (((struct sockaddr_in *) &own)->sin_port);
  g_assert_true (
      queen_socket_diag_count_ports (f->diag, ports, G_N_ELEMENTS (ports), counts, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    if (ports[i] == f->port)
      {
        g_assert_cmpuint (counts[i].n_established, ==, N_CONNECTIONS);
        g_assert_cmpuint (counts[i].n_unread, ==, 1);
      }
    else if (ports[i] > G_N_ELEMENTS (ports))
      g_assert_cmpuint (counts[i].n_established, >=, 1); /* others connect from there, too */
    else
      n_others += counts[i].n_established > 0;
  g_assert_cmpuint (n_others, <, 10); /* of ports that somebody else may have */
}

static gboolean
check_row (const QueenSocketRow *row, gpointer data)
{
  const guint16 *port = data;

  g_assert_cmpuint (row->port, ==, *port);
  g_assert_cmpuint (row->state, ==, TCP_ESTABLISHED);
  return TRUE;
}

/* The other ends are connections, too, and there may be thousands that are nobody's here. */
static void
test_filter (void)
{
  static const Way way = { "", "127.0.0.1", "127.0.0.1", NULL };
  int netlink = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  g_autoptr (GError) error = NULL;
  guint32 sequence = 0;
  Fixture f;

  if (netlink < 0)
    {
      g_test_skip ("netlink is not to be had");
      return;
    }
  set_up (&f, &way);
  connect_all (&f, way.connect);
  g_assert_true (queen_socket_dump_read (netlink, &sequence, TCP_ESTABLISHED, &f.port, 1, check_row,
                                         &f.port, &error));
  g_assert_no_error (error);
  tear_down (&f, &way);
  close (netlink);
}

static const QueenSocketListener *
find_listener (GArray *listeners, guint16 port)
{
  for (guint i = 0; i < listeners->len; i++)
    if (g_array_index (listeners, QueenSocketListener, i).port == port)
      return &g_array_index (listeners, QueenSocketListener, i);
  return NULL;
}

static void
test_listener (Fixture *f, gconstpointer data)
{
  const Way *way = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) own = queen_socket_diag_list_listeners (f->diag, getuid (), NULL, &error);
  g_autoptr (GArray) others = queen_socket_diag_list_listeners (f->diag, 54321, NULL, NULL);
  g_autoptr (GArray) all =
      queen_socket_diag_list_listeners (f->diag, QUEEN_SOCKET_DIAG_ANY_USER, NULL, NULL);
  const QueenSocketListener *found;

  g_assert_no_error (error);
  found = find_listener (own, f->port);
  g_assert_nonnull (found);
  g_assert_cmpstr (found->address, ==, way->listen);
  g_assert_cmpuint (found->uid, ==, getuid ());
  g_assert_cmpuint (found->inode, >, 0);
  g_assert_cmpint (found->pid, ==, 0);
  g_assert_null (find_listener (others, f->port));
  g_assert_nonnull (find_listener (all, f->port));

  queen_socket_diag_find_pids (f->diag, own);
  g_assert_cmpint (find_listener (own, f->port)->pid, ==, getpid ());
}

/* As RestrictAddressFamilies= does it. Returns: whether netlink is forbidden from now on */
static gboolean
forbid_netlink (void)
{
  struct sock_filter steps[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0])),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = { G_N_ELEMENTS (steps), steps };

  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void
test_forbidden (void)
{
  static const Way way = { "", "127.0.0.1", "127.0.0.1", NULL };
  Fixture f;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 60 * G_USEC_PER_SEC, 0);
      g_test_trap_assert_passed ();
      return;
    }
  if (!forbid_netlink () || socket (AF_NETLINK, SOCK_DGRAM, 0) >= 0)
    return; /* it cannot be had here */
  set_up (&f, &way);
  test_connections (&f, &way);
  tear_down (&f, &way);
}

/* What /proc/net/tcp looks like when it is not all right. */
static void
test_bad_table (void)
{
  static const char bad[] =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000  0 1 1\n"
      "   1: 0100007F:1F90 0100007F:D432 01 00000007:00000000 00:00000000 00000000  1000  0 2 1\n"
      "   2: 0100007F:1F90 0100007F:D433 06 00000000:00000000 00:00000000 00000000  1000  0 0 1\n"
      "   3: 0100007F:1F9\n"
      "   4: 7F:1F90 0100007F:D433 01 00000000:00000000 00:00000000 00000000  1000  0 5 1\n"
      "\n"
      "   5: 0100007F:1F91 0100007F:D433 01 00000000:00000000 00:00000000 00000000  1000  0 6 1\n"
      "   6: 0100007F:1F90 0100007F:D434 01 00000000:00000009 00:00000000 00000000  10";
  char *tree = tree_new ();
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (tree);
  g_autoptr (GError) error = NULL;
  QueenSocketCount result;

  g_assert_false (queen_socket_diag_count (diag, 8080, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (queen_socket_diag_list_listeners (diag, 0, NULL, NULL));

  tree_write (tree, "proc/net/tcp", bad); /* and no tcp6 */
  g_assert_true (queen_socket_diag_count (diag, 8080, &result, NULL));
  g_assert_cmpuint (result.n_established, ==, 2);
  g_assert_cmpuint (result.n_unsent, ==, 1);
  tree_free (tree);
}

/* As the kernel tells it, a page at a time, when others come and go in between. */
static void
test_twice (void)
{
  static const char table[] =
      "header\n"
      "   0: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000  0 1 1\n"
      "   1: 0100007F:1F90 0100007F:D432 01 00000000:00000000 00:00000000 00000000  1000  0 2 1\n"
      "   2: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000  0 1 1\n"
      "   3: 0100007F:1F90 0100007F:D433 01 00000000:00000000 00:00000000 00000000  1000  0 0 1\n"
      "   4: 0100007F:1F90 0100007F:D434 01 00000000:00000000 00:00000000 00000000  1000  0 0 1\n";
  char *tree = tree_new ();
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (tree);
  QueenSocketCount result;

  tree_write (tree, "proc/net/tcp", table);
  g_assert_true (queen_socket_diag_count (diag, 8080, &result, NULL));
  g_assert_cmpuint (result.n_established, ==, 4); /* two have no number yet */
  tree_free (tree);
}

static void
test_many (void)
{
  char *tree = tree_new ();
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (tree);
  g_autoptr (GString) table = g_string_new ("header\n");
  QueenSocketCount result;

  for (int i = 0; i <= QUEEN_SOCKET_DIAG_MAX; i++)
    g_string_append_printf (table,
                            "%4d: 0100007F:1F90 0100007F:%04X 01 00000000:00000000 00:00000000 "
                            "00000000  1000  0 %d 1\n",
                            i, i, i + 1);
  tree_write (tree, "proc/net/tcp", table->str);
  g_assert_true (queen_socket_diag_count (diag, 8080, &result, NULL));
  g_assert_cmpuint (result.n_established, ==, QUEEN_SOCKET_DIAG_MAX);
  g_assert_true (result.is_cut);
  tree_free (tree);
}

static gboolean
is_wanted_port (guint16 port)
{
  return port == 8080;
}

/* Anybody may listen at as many addresses as he likes. */
static void
test_crowd (void)
{
  char *tree = tree_new ();
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (tree);
  g_autoptr (GString) table = g_string_new ("header\n");
  g_autoptr (GHashTable) inodes = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr (GArray) all = NULL, some = NULL, at = NULL, among = NULL;
  guint64 wanted = 4711 + QUEEN_SOCKET_DIAG_MAX;

  for (int i = 0; i <= QUEEN_SOCKET_DIAG_MAX; i++)
    g_string_append_printf (table,
                            "%4d: %08X:%04X 00000000:0000 0A 00000000:00000000 00:00000000 "
                            "00000000  1000  0 %d 1\n",
                            i, i, i == QUEEN_SOCKET_DIAG_MAX ? 8080 : 8081, 4711 + i);
  tree_write (tree, "proc/net/tcp", table->str);
  g_hash_table_add (inodes, &wanted);
  all = queen_socket_diag_list_listeners (diag, QUEEN_SOCKET_DIAG_ANY_USER, NULL, NULL);
  some = queen_socket_diag_list_listeners (diag, QUEEN_SOCKET_DIAG_ANY_USER, is_wanted_port, NULL);
  at = queen_socket_diag_list_at (diag, 8080, NULL);
  among = queen_socket_diag_list_among (diag, inodes, NULL);
  g_assert_cmpuint (all->len, ==, QUEEN_SOCKET_DIAG_MAX);
  g_assert_cmpuint (some->len, ==, 1);
  g_assert_cmpuint (g_array_index (some, QueenSocketListener, 0).inode, ==, wanted);
  g_assert_cmpuint (at->len, ==, 1);
  g_assert_cmpuint (g_array_index (at, QueenSocketListener, 0).inode, ==, wanted);
  g_assert_cmpuint (among->len, ==, 1);
  g_assert_cmpuint (g_array_index (among, QueenSocketListener, 0).inode, ==, wanted);
  tree_free (tree);
}

/* Whoever asks for the machine's own address reaches the first. */
static void
test_nearest (void)
{
  static const char table[] =
      "header\n"
      "   0: 0500000A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 1 1\n"
      "   1: 0200007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 2 1\n"
      "   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001  0 3 1\n"
      "   3: 0500000A:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 4 1\n"
      "   4: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001  0 5 1\n";
  char *tree = tree_new ();
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (tree);
  g_autoptr (GArray) all = NULL;

  tree_write (tree, "proc/net/tcp", table);
  all = queen_socket_diag_list_listeners (diag, QUEEN_SOCKET_DIAG_ANY_USER, NULL, NULL);
  g_assert_cmpuint (all->len, ==, 5);
  g_assert_cmpuint (g_array_index (all, QueenSocketListener, 0).inode, ==, 3);
  g_assert_cmpuint (g_array_index (all, QueenSocketListener, 3).inode, ==, 5);
  tree_free (tree);
}

/* Two processes hold it, and a third something else of that name. */
static void
test_pids (void)
{
  char *tree = tree_new ();
  g_autoptr (QueenSocketDiag) diag = queen_socket_diag_new (tree);
  g_autoptr (GArray) listeners = g_array_new (FALSE, TRUE, sizeof (QueenSocketListener));

  tree_link (tree, "proc/700/fd/3", "socket:[4711]");
  tree_link (tree, "proc/650/fd/4", "socket:[4711]");
  tree_link (tree, "proc/600/fd/5", "/tmp/socket:[4711]");
  tree_link (tree, "proc/600/fd/6", "socket:[47110]");
  tree_link (tree, "proc/self/fd/6", "socket:[4712]");
  tree_write (tree, "proc/500/stat", "");
  g_array_set_size (listeners, 2);
  g_array_index (listeners, QueenSocketListener, 0).inode = 4711;
  g_array_index (listeners, QueenSocketListener, 1).inode = 4712;
  g_array_index (listeners, QueenSocketListener, 1).pid = 9;
  queen_socket_diag_find_pids (diag, listeners);
  g_assert_cmpint (g_array_index (listeners, QueenSocketListener, 0).pid, ==, 650);
  g_assert_cmpint (g_array_index (listeners, QueenSocketListener, 1).pid, ==, 0);
  tree_free (tree);
}

static void
add (const Way *way, const char *promise, void (*test) (Fixture *, gconstpointer))
{
  g_autofree char *name = g_strdup_printf ("/socket-diag/%s/%s", way->name, promise);

  g_test_add (name, Fixture, way, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      add (&ways[i], "those-with-bytes-are-counted-apart", test_bytes);
      add (&ways[i], "who-listens-has-a-user-and-a-pid", test_listener);
      if (ways[i].root && i > FIRST_TABLE)
        continue; /* as the kernel takes its time to write such a table */
      add (&ways[i], "a-server-s-connections-are-counted", test_connections);
      add (&ways[i], "only-one-end-of-each", test_other_end);
      add (&ways[i], "many-servers-in-one-go", test_ports);
    }
  g_test_add_func ("/socket-diag/netlink/kernel-shows-what-is-asked-for-alone", test_filter);
  g_test_add_func ("/socket-diag/table/where-netlink-is-forbidden", test_forbidden);
  g_test_add_func ("/socket-diag/table/half-lines-are-left-out", test_bad_table);
  g_test_add_func ("/socket-diag/table/what-is-told-twice-counts-once", test_twice);
  g_test_add_func ("/socket-diag/table/too-many-are-said-to-be", test_many);
  g_test_add_func ("/socket-diag/table/who-is-asked-for-is-found-in-a-crowd", test_crowd);
  g_test_add_func ("/socket-diag/listeners/the-nearest-comes-first", test_nearest);
  g_test_add_func ("/socket-diag/pids/the-first-of-those-who-hold-it", test_pids);

  return g_test_run ();
}
