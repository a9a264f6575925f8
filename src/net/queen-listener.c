/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-listener.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "loop/queen-alarm.h"
#include "queen-caps.h"
#include "queen-closer.h"
#include "queen-error.h"
#include "queen-socket.h"
#include "queen-user-address.h"

#define BACKLOG 4096
#define MAX_ACCEPTED_AT_ONCE 256
#define MAX_FREE_PORT_TRIES 16
#define PAUSE (G_USEC_PER_SEC / 10) /* when not even the spare descriptor helps, or many close */
#define MAX_UNREAD 65536            /* bytes, of which the kernel takes twice as many */

struct _QueenListener
{
  GObject parent_instance;

  const QueenClock *clock;
  QueenTally *tally;
  const char *scheme;
  QueenRefusalFunc make_refusal;
  QueenAcceptFunc on_accept;
  gpointer data;

  GPtrArray *sockets;   /* of GSource, each with a listening descriptor */
  GPtrArray *addresses; /* of GSocketAddress */
  GPtrArray *urls;      /* NULL-terminated */
  int spare_fd;         /* given up for a moment when the descriptors run out */
  int first_own;        /* the descriptor from which on they are her own */
  QueenAlarm *pause_alarm;
};

G_DEFINE_FINAL_TYPE (QueenListener, queen_listener, G_TYPE_OBJECT)

typedef struct
{
  GSource source;
  QueenListener *listener;
  int fd;
  gpointer tag;
  gboolean is_unix;
  QueenSocketFile *file; /* NULL when there is none, or it is the service manager's */
  gboolean is_adopted;   /* the service manager has it, too, and keeps it open */
  gboolean has_waiting;  /* who may have come before the options were set */
  gboolean is_empty;     /* nobody waits, and nobody can come any more */
} ListeningSocket;

static int
open_spare (void)
{
  return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
refuse_connection (QueenListener *self, int fd, gboolean is_unix)
{
  g_autoptr (GBytes) refusal = self->make_refusal ();
  QueenSocket socket = { .fd = fd, .is_unix = is_unix };

  queen_socket_refuse (&socket, refusal);
  self->tally->refusals[QUEEN_REFUSAL_DESCRIPTORS]++;
}

/* With every descriptor in use, a connection can neither be accepted nor refused, and the kernel
 * would tell of it for ever. The spare makes room to refuse it in words. */
static gboolean
refuse_one (QueenListener *self, const ListeningSocket *listening)
{
  int fd;

  if (self->spare_fd < 0)
    self->spare_fd = open_spare ();
  if (self->spare_fd < 0)
    return FALSE;

  close (self->spare_fd);
  fd = accept4 (listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0)
    refuse_connection (self, fd, listening->is_unix);
  self->spare_fd = open_spare ();
  return fd >= 0;
}

static void
set_watching (QueenListener *self, gboolean is_watching)
{
  for (guint i = 0; i < self->sockets->len; i++)
    {
      ListeningSocket *socket = self->sockets->pdata[i];

      g_source_modify_unix_fd (&socket->source, socket->tag, is_watching ? G_IO_IN : 0);
    }
}

static void
on_pause_over (gpointer data)
{
  set_watching (data, TRUE);
}

/* What is set here, each new connection inherits: no system call has to be spent on it. */
static void
set_options (int fd)
{
  static const struct
  {
    int level, name, value;
  } options[] = {
    { SOL_SOCKET, SO_REUSEADDR, 1 },
    { IPPROTO_TCP, TCP_NODELAY, 1 },
    /* A client that has vanished is found out after 15 + 3 × 5 s of silence, or 20 s of bytes that
     * nobody acknowledges. */
    { SOL_SOCKET, SO_KEEPALIVE, 1 },
    { IPPROTO_TCP, TCP_KEEPIDLE, 15 },
    { IPPROTO_TCP, TCP_KEEPINTVL, 5 },
    { IPPROTO_TCP, TCP_KEEPCNT, 3 },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, QUEEN_LISTENER_TIME_TO_TAKE },
    /* The kernel would take megabytes for a subscriber that does not read, and keep as much of what
     * a client sends that nobody wants; of which it takes twice as much as it is told. */
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384 },
    { SOL_SOCKET, SO_RCVBUF, 16384 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    setsockopt (fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

/* A connection through a Unix socket inherits nothing. The kernel counts what its client has not
 * read by the memory that it takes: there is room for a hundred events. */
static void
meet_user (int fd, struct sockaddr_storage *address)
{
  struct ucred user = { .uid = (uid_t) -1 };

  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &(int){ MAX_UNREAD }, sizeof (int));
  setsockopt (fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof (int)); /* see queen-socket.h */
  getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &user, &(socklen_t){ sizeof user });
  queen_user_address_init (address, user.uid);
}

/* Returns whether there may be more to accept. */
static gboolean
accept_one (QueenListener *self, ListeningSocket *socket)
{
  struct sockaddr_storage address = { 0 };
  socklen_t length = sizeof address;
  int fd =
      accept4 (socket->fd, (struct sockaddr *) &address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd >= self->first_own)
    {
      refuse_connection (self, fd, socket->is_unix);
      return TRUE;
    }
  if (fd >= 0)
    {
      if (socket->is_unix)
        meet_user (fd, &address);
      else if (socket->has_waiting)
        set_options (fd);
      self->on_accept (fd, &address, self->data);
      return TRUE;
    }
  switch (errno)
    {
    case EAGAIN:
      socket->has_waiting = FALSE;
      return FALSE;
    case EINVAL: /* shut down */
      socket->is_empty = TRUE;
      return FALSE;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      if (refuse_one (self, socket))
        return TRUE;
      if (errno == EAGAIN)
        return FALSE;
      set_watching (self, FALSE);
      queen_alarm_set (self->pause_alarm, self->clock->get_monotonic () + PAUSE);
      return FALSE;
    default:
      /* accept(2): the error of a connection that is gone already, not of the socket. */
      return TRUE;
    }
}

/* Accepts who waits, until @until at the latest: µs, monotonic. The kernel keeps the others. */
static void
accept_waiting (ListeningSocket *socket, gint64 until)
{
  for (guint i = 0; i < MAX_ACCEPTED_AT_ONCE && accept_one (socket->listener, socket); i++)
    if (socket->listener->clock->get_monotonic () >= until)
      break;
}

/* With the socket, the kernel would close who waits there, and the descriptors that they have sent,
 * which may take as long as their senders like: see queen-closer.h. So all are let in, of whom
 * there are no more than the backlog. */
static void
accept_all_users (ListeningSocket *socket)
{
  shutdown (socket->fd, SHUT_RDWR); /* nobody more comes */
  while (accept_one (socket->listener, socket))
    ;
}

/* Of whom comes through a Unix socket and sends descriptors, the connection may take as long to
 * close as he likes. When many do, the kernel keeps whoever waits, or nobody would get in, by TCP
 * neither. */
static gboolean
is_put_off (ListeningSocket *socket)
{
  QueenListener *self = socket->listener;

  if (!socket->is_unix || queen_closer_has_room_for_users ())
    return FALSE;
  g_source_modify_unix_fd (&socket->source, socket->tag, 0);
  queen_alarm_set (self->pause_alarm, self->clock->get_monotonic () + PAUSE);
  return TRUE;
}

static gboolean
dispatch_socket (GSource *source, GSourceFunc callback, gpointer data)
{
  ListeningSocket *socket = (ListeningSocket *) source;

  if (!is_put_off (socket))
    accept_waiting (socket, socket->listener->clock->get_monotonic () + QUEEN_SLICE);
  return G_SOURCE_CONTINUE;
}

/* From then on nobody comes who would not be let in. */
static void
remove_file (ListeningSocket *socket)
{
  g_clear_pointer (&socket->file, queen_socket_file_remove);
}

static void
finalize_socket (GSource *source)
{
  ListeningSocket *socket = (ListeningSocket *) source;

  remove_file (socket);
  if (socket->is_unix && !socket->is_empty)
    queen_closer_close (socket->fd);
  else
    close (socket->fd);
}

static void
free_socket (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static int
open_socket (const struct sockaddr *address, socklen_t length)
{
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int yes = 1;
  int saved_errno;

  if (fd < 0)
    return -1;
  set_options (fd);
  if (address->sa_family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (bind (fd, address, length) == 0 && listen (fd, BACKLOG) == 0)
    return fd;

  saved_errno = errno;
  close (fd);
  errno = saved_errno;
  return -1;
}

static int
open_address (const char *text, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, port);
  struct sockaddr_storage native;
  int fd, code;

  if (!address || !g_socket_address_to_native (address, &native, sizeof native, error))
    {
      if (error && !*error)
        g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                     _ ("“%s” is not a numeric address such as 127.0.0.1 or ::1"), text);
      return -1;
    }
  fd = open_socket ((struct sockaddr *) &native,
                    (socklen_t) g_socket_address_get_native_size (address));
  code = errno;
  if (fd < 0 && code == EADDRINUSE)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                 _ ("cannot listen on %s port %u: somebody does already, perhaps a queen (see "
                    "“queenctl status”)"),
                 text, port);
  else if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                 _ ("cannot listen on %s port %u: %s"), text, port, g_strerror (code));
  return fd;
}

static guint16
get_port (int fd)
{
  struct sockaddr_storage native;
  socklen_t length = sizeof native;

  if (getsockname (fd, (struct sockaddr *) &native, &length) < 0)
    return 0;
  /* The port stands at the same place in both families' addresses. */
  return g_ntohs (((struct sockaddr_in *) &native)->sin_port);
}

static gboolean
is_family_missing (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, g_io_error_from_errno (EAFNOSUPPORT)) ||
         g_error_matches (error, G_IO_ERROR, g_io_error_from_errno (EADDRNOTAVAIL));
}

/* Opens @port at every address, or none. With port 0 the first address chooses for all. */
static gboolean
open_all (
    const char *const *addresses, guint16 port, gboolean is_optional, GArray *fds, GError **error)
{
  g_autoptr (GError) missing = NULL;

  for (; *addresses; addresses++)
    {
      g_autoptr (GError) local_error = NULL;
      int fd = open_address (*addresses, port, &local_error);

      if (fd < 0 && is_optional && is_family_missing (local_error))
        {
          g_clear_error (&missing);
          missing = g_steal_pointer (&local_error);
          continue;
        }
      if (fd < 0)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      g_array_append_val (fds, fd);
      port = get_port (fd);
    }
  if (fds->len == 0)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  return TRUE;
}

static void
close_all (GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  g_array_set_size (fds, 0);
}

static GSocketAddress *
get_address (int fd)
{
  struct sockaddr_storage native = { 0 };
  socklen_t length = sizeof native;

  getsockname (fd, (struct sockaddr *) &native, &length);
  return g_socket_address_new_from_native (&native, length);
}

static char *
make_unix_url (GUnixSocketAddress *address)
{
  gboolean is_abstract =
      g_unix_socket_address_get_address_type (address) == G_UNIX_SOCKET_ADDRESS_ABSTRACT;

  return g_strconcat ("unix:", is_abstract ? "@" : "", g_unix_socket_address_get_path (address),
                      NULL);
}

static char *
make_url (const char *scheme, GSocketAddress *address)
{
  g_autofree char *text = NULL;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return make_unix_url (G_UNIX_SOCKET_ADDRESS (address));
  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  return g_strconcat (scheme, "://", text, NULL);
}

static ListeningSocket *
add_socket (QueenListener *self, int fd, gboolean is_adopted)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_socket, .finalize = finalize_socket };
  GSource *source = g_source_new (&funcs, sizeof (ListeningSocket));
  ListeningSocket *socket = (ListeningSocket *) source;
  GSocketAddress *address = get_address (fd);

  socket->listener = self;
  socket->fd = fd;
  socket->is_unix = G_IS_UNIX_SOCKET_ADDRESS (address);
  socket->is_adopted = socket->has_waiting = is_adopted;
  if (socket->is_unix)
    queen_socket_refuse_descriptors (fd);
  socket->tag = g_source_add_unix_fd (source, fd, G_IO_IN);
  g_source_set_static_name (source, "listening socket");
  /* It never recurses; but GLib wakes the loop up twice for each dispatch of a source that may not.
   */
  g_source_set_can_recurse (source, TRUE);
  g_ptr_array_add (self->sockets, source);
  g_ptr_array_add (self->addresses, address);
  g_ptr_array_insert (self->urls, (int) self->urls->len - 1, make_url (self->scheme, address));
  return socket;
}

static void
queen_listener_dispose (GObject *object)
{
  QueenListener *self = QUEEN_LISTENER (object);

  g_ptr_array_set_size (self->sockets, 0);
  g_clear_pointer (&self->pause_alarm, queen_alarm_free);

  G_OBJECT_CLASS (queen_listener_parent_class)->dispose (object);
}

static void
queen_listener_finalize (GObject *object)
{
  QueenListener *self = QUEEN_LISTENER (object);

  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->addresses);
  g_ptr_array_unref (self->urls);
  if (self->spare_fd >= 0)
    close (self->spare_fd);

  G_OBJECT_CLASS (queen_listener_parent_class)->finalize (object);
}

static void
queen_listener_class_init (QueenListenerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = queen_listener_dispose;
  object_class->finalize = queen_listener_finalize;
}

static void
queen_listener_init (QueenListener *self)
{
  self->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) free_socket);
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  self->urls = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->urls, NULL);
  self->spare_fd = open_spare ();
}

QueenListener *
queen_listener_new (const char *scheme,
                    const QueenClock *clock,
                    QueenTally *tally,
                    QueenRefusalFunc make_refusal,
                    QueenAcceptFunc on_accept,
                    gpointer data)
{
  QueenListener *self = g_object_new (QUEEN_TYPE_LISTENER, NULL);

  self->clock = clock;
  self->tally = tally;
  self->scheme = scheme;
  self->make_refusal = make_refusal;
  self->on_accept = on_accept;
  self->data = data;
  self->first_own = queen_caps_find_own ();
  self->pause_alarm =
      queen_alarm_new (clock, "accept pause", G_PRIORITY_DEFAULT, on_pause_over, self);
  return self;
}

gboolean
queen_listener_listen (QueenListener *self,
                       const char *const *addresses,
                       guint16 port,
                       gboolean is_optional,
                       GError **error)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));

  /* A port that is free at one address may be taken at the next. */
  for (int tries = 1; !open_all (addresses, port, is_optional, fds, error); tries++)
    {
      close_all (fds);
      if (port != 0 || tries == MAX_FREE_PORT_TRIES)
        return FALSE;
      g_clear_error (error);
    }

  for (guint i = 0; i < fds->len; i++)
    add_socket (self, g_array_index (fds, int, i), FALSE);
  return TRUE;
}

gboolean
queen_listener_listen_unix (QueenListener *self,
                            const char *path,
                            const QueenSocketRights *rights,
                            GError **error)
{
  int fd;
  QueenSocketFile *file = queen_socket_file_listen (path, rights, BACKLOG, &fd, error);

  if (file)
    add_socket (self, fd, FALSE)->file = file;
  return file != NULL;
}

gboolean
queen_listener_adopt (QueenListener *self, int fd, GError **error)
{
  gboolean is_tcp = sd_is_socket_inet (fd, AF_UNSPEC, SOCK_STREAM, TRUE, 0) > 0;

  if ((!is_tcp && sd_is_socket_unix (fd, SOCK_STREAM, TRUE, NULL, 0) <= 0) ||
      !g_unix_set_fd_nonblocking (fd, TRUE, NULL))
    {
      g_set_error (
          error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
          _ ("descriptor %d, as systemd hands it over, is no listening TCP or Unix socket"), fd);
      return FALSE;
    }
  if (is_tcp)
    set_options (fd);
  add_socket (self, fd, TRUE);
  return TRUE;
}

GPtrArray *
queen_listener_get_addresses (QueenListener *self)
{
  return self->addresses;
}

const char *const *
queen_listener_get_urls (QueenListener *self)
{
  return (const char *const *) self->urls->pdata;
}

void
queen_listener_start (QueenListener *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    g_source_attach (self->sockets->pdata[i], g_main_context_get_thread_default ());
}

void
queen_listener_stop (QueenListener *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    {
      ListeningSocket *socket = self->sockets->pdata[i];

      if (socket->is_adopted)
        continue; /* who waits there, the next queen serves */
      remove_file (socket);
      if (socket->is_unix)
        accept_all_users (socket);
      else
        accept_waiting (socket, G_MAXINT64);
    }
  g_ptr_array_set_size (self->sockets, 0);
}
