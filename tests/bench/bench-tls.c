/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What encryption costs: one thread that plays TLS clients against a server on this machine, and
 * prints what it measured as one JSON object. */

#include <errno.h>
#include <glib.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench-server.h"

#define MAX_READY 256
#define MAX_SAMPLES 4000000
#define MAX_FLOOD 3000                 /* hellos that are held on to */
#define WARM_UP 0.5                    /* s */
#define PATIENCE (60 * G_USEC_PER_SEC) /* with everything that is waited for */

static int port;
static int pid;
static int n_subscribers = 100;
static int n_clients = 8;
static double seconds = 5;
static double flood; /* hellos per second */
static gboolean comes_back;
static const char *priorities = "NORMAL";

static const GOptionEntry options[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "The server's port at 127.0.0.1", "PORT" },
  { "pid", 0, 0, G_OPTION_ARG_INT, &pid, "The server's process, for its CPU and memory", "PID" },
  { "subscribers", 0, 0, G_OPTION_ARG_INT, &n_subscribers, "How many listen", "N" },
  { "clients", 0, 0, G_OPTION_ARG_INT, &n_clients, "How many shake hands at once", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "How long to measure", "S" },
  { "flood", 0, 0, G_OPTION_ARG_DOUBLE, &flood, "Hellos per second that never go on", "N" },
  { "come-back", 0, 0, G_OPTION_ARG_NONE, &comes_back, "Use tickets", NULL },
  { "priorities", 0, 0, G_OPTION_ARG_STRING, &priorities, "What clients can do", "WORDS" },
  { NULL },
};

typedef struct
{
  int fd;
  gboolean is_subscriber;
  gboolean is_open;
  gboolean is_answered;
  gnutls_session_t session;
  gnutls_datum_t ticket; /* what it comes back with */
} Client;

static int epoll_fd;
static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priority;
static gboolean is_going_on; /* who is through with a request starts the next */
static gboolean is_timing;
static guint64 n_done, n_came_back;
static int n_answered; /* subscribers */

static gint32 *samples; /* µs */
static guint64 n_samples;

static void
check (int code)
{
  if (code < 0)
    die ("GnuTLS: %s", gnutls_strerror (code));
}

static int
compare_samples (const void *a, const void *b)
{
  return *(const gint32 *) a - *(const gint32 *) b;
}

/* Clients */

static int
connect_server (guint32 source)
{
  struct sockaddr_in to = { AF_INET, htons ((guint16) port), { htonl (INADDR_LOOPBACK) }, { 0 } };
  struct sockaddr_in from = { AF_INET, 0, { htonl (INADDR_LOOPBACK + source) }, { 0 } };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;

  if (fd < 0)
    die ("no socket: %s", g_strerror (errno));
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (source > 0 && bind (fd, (struct sockaddr *) &from, sizeof from) < 0)
    die ("cannot bind: %s", g_strerror (errno));
  if (connect (fd, (struct sockaddr *) &to, sizeof to) < 0 && errno != EINPROGRESS)
    die ("cannot connect: %s", g_strerror (errno));
  return fd;
}

static void
make_session (Client *client)
{
  check (gnutls_init (&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL));
  check (gnutls_priority_set (client->session, priority));
  check (gnutls_credentials_set (client->session, GNUTLS_CRD_CERTIFICATE, credentials));
  gnutls_transport_set_int (client->session, client->fd);
  if (client->ticket.size > 0)
    check (gnutls_session_set_data (client->session, client->ticket.data, client->ticket.size));
}

static void
open_client (Client *client)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                               .data.ptr = client };

  client->is_open = client->is_answered = FALSE;
  client->fd = connect_server (0);
  make_session (client);
  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
    die ("epoll_ctl: %s", g_strerror (errno));
}

static void
keep_ticket (Client *client)
{
  g_clear_pointer (&client->ticket.data, gnutls_free);
  client->ticket.size = 0;
  if (comes_back && gnutls_session_get_data2 (client->session, &client->ticket) < 0)
    client->ticket.size = 0;
}

static void
end_client (Client *client)
{
  if (client->is_subscriber)
    die ("a subscriber was cut off");
  if (!client->is_answered)
    die ("a request was not answered");
  n_done++;
  n_came_back += gnutls_session_is_resumed (client->session) != 0;
  keep_ticket (client);
  gnutls_deinit (client->session);
  close (client->fd);
  client->fd = -1;
  if (is_going_on)
    open_client (client);
}

static void
send_request (Client *client)
{
  const char *request =
      client->is_subscriber
          ? "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n"
            "Accept: text/event-stream\r\n\r\n"
          : "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

  client->is_open = TRUE;
  check ((int) gnutls_record_send (client->session, request, strlen (request)));
}

/* From the moment that stands in the event; both are this machine's. */
static void
time_events (const char *text)
{
  static const char member[] = "\"timestamp\":\"";
  gint64 now = g_get_real_time ();

  while ((text = strstr (text, member)))
    {
      const char *word = text += strlen (member);
      g_autofree char *stamp = g_strndup (word, strcspn (word, "\""));
      g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (stamp, NULL);

      if (time && n_samples < MAX_SAMPLES)
        samples[n_samples++] = (gint32) (now - g_date_time_to_unix (time) * G_USEC_PER_SEC -
                                         g_date_time_get_microsecond (time));
    }
}

/* GnuTLS says "again" also when it has read a ticket, and more is waiting. */
static gssize
read_some (Client *client, char *bytes, gsize size)
{
  gssize length;
  int n_waiting;

  do
    length = gnutls_record_recv (client->session, bytes, size);
  while (length == GNUTLS_E_AGAIN && ioctl (client->fd, FIONREAD, &n_waiting) == 0 &&
         n_waiting > 0);
  return length;
}

static void
read_client (Client *client)
{
  static char bytes[65536 + 1];
  gssize length;

  while ((length = read_some (client, bytes, sizeof bytes - 1)) > 0)
    {
      bytes[length] = '\0';
      if (!client->is_answered && !g_str_has_prefix (bytes, "HTTP/1.1 200"))
        die ("an answer began with %.20s", bytes);
      n_answered += !client->is_answered && client->is_subscriber;
      client->is_answered = TRUE;
      if (is_timing && client->is_subscriber)
        time_events (bytes);
    }
  if (length == GNUTLS_E_AGAIN || length == GNUTLS_E_INTERRUPTED)
    return;
  end_client (client);
}

static void
serve (Client *client, guint events)
{
  int code;

  if (!client->is_open)
    {
      code = gnutls_handshake (client->session);
      if (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED)
        return;
      check (code);
      send_request (client);
    }
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
    read_client (client);
}

/* Those who say hello and no more come from an address of their own. */
static void
say_hello (const gnutls_datum_t *hello)
{
  static int held[MAX_FLOOD];
  static guint next;
  int fd = connect_server (8);

  if (send (fd, hello->data, hello->size, MSG_NOSIGNAL) < 0)
    die ("a hello was not taken: %s", g_strerror (errno));
  if (held[next] > 0)
    close (held[next]);
  held[next] = fd;
  next = (next + 1) % MAX_FLOOD;
}

static gssize
keep_hello (gnutls_transport_ptr_t data, const void *bytes, gsize size)
{
  gnutls_datum_t *hello = data;

  hello->data = g_memdup2 (bytes, size);
  hello->size = (guint) size;
  return (gssize) size;
}

static gssize
hear_nothing (gnutls_transport_ptr_t data, void *bytes, gsize size)
{
  errno = EAGAIN;
  return -1;
}

static gnutls_datum_t
make_hello (void)
{
  gnutls_datum_t hello = { NULL, 0 };
  Client client = { .fd = -1 };

  make_session (&client);
  gnutls_transport_set_ptr (client.session, &hello);
  gnutls_transport_set_push_function (client.session, keep_hello);
  gnutls_transport_set_pull_function (client.session, hear_nothing);
  gnutls_handshake (client.session);
  gnutls_deinit (client.session);
  return hello;
}

static void
turn (int timeout_msec)
{
  struct epoll_event events[MAX_READY];
  int n = epoll_wait (epoll_fd, events, MAX_READY, timeout_msec);

  for (int i = 0; i < n; i++)
    serve (events[i].data.ptr, events[i].events);
}

static void
run_for (double duration)
{
  static gnutls_datum_t hello;
  gint64 begin = g_get_monotonic_time ();
  gint64 end = begin + (gint64) (duration * G_USEC_PER_SEC);
  guint64 n_hellos = 0;
  gint64 now;

  if (flood > 0 && !hello.data)
    hello = make_hello ();
  while ((now = g_get_monotonic_time ()) < end)
    {
      for (; (double) n_hellos < flood * (double) (now - begin) / 1e6; n_hellos++)
        say_hello (&hello);
      turn (flood > 0 ? 1 : 10);
    }
}

static Client *
open_clients (int n, gboolean is_subscriber)
{
  Client *clients = g_new0 (Client, n);

  for (int i = 0; i < n; i++)
    {
      clients[i].is_subscriber = is_subscriber;
      open_client (&clients[i]);
    }
  return clients;
}

static void
subscribe (int n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  for (int opened = 0; opened < n; opened += 50)
    {
      open_clients (MIN (50, n - opened), TRUE);
      while (n_answered < MIN (opened + 50, n))
        {
          if (g_get_monotonic_time () > deadline)
            die ("%d of %d subscribers were not answered in time", n - n_answered, n);
          turn (100);
        }
    }
}

/* What is measured */

static void
measure_memory (void)
{
  long before;

  subscribe (50);
  run_for (WARM_UP);
  before = server_memory_kb (pid, "VmRSS:");
  n_answered = 0;
  subscribe (n_subscribers);
  run_for (WARM_UP);
  printf ("{\"bytes_per_subscriber\":%.0f,\"rss_kb\":%ld}\n",
          (double) (server_memory_kb (pid, "VmRSS:") - before) * 1024 / n_subscribers,
          server_memory_kb (pid, "VmRSS:"));
}

static void
measure_handshakes (void)
{
  double cpu, wall;
  guint64 done, came_back;
  gint64 begin;

  is_going_on = TRUE;
  open_clients (n_clients, FALSE);
  run_for (WARM_UP);
  cpu = cpu_of_server (pid);
  begin = g_get_monotonic_time ();
  done = n_done;
  came_back = n_came_back;
  run_for (seconds);
  cpu = cpu_of_server (pid) - cpu;
  wall = (double) (g_get_monotonic_time () - begin) / 1e6;
  done = n_done - done;
  came_back = n_came_back - came_back;
  printf ("{\"per_s\":%.0f,\"per_cpu_s\":%.0f,\"cpu_us\":%.0f,\"cpu_share\":%.2f,"
          "\"came_back\":%.2f}\n",
          (double) done / wall, (double) done / cpu, cpu * 1e6 / (double) done, cpu / wall,
          (double) came_back / (double) done);
}

static void
measure_latency (void)
{
  double cpu;

  subscribe (n_subscribers);
  run_for (WARM_UP);
  cpu = cpu_of_server (pid);
  is_timing = TRUE;
  run_for (seconds);
  cpu = cpu_of_server (pid) - cpu;
  if (n_samples == 0)
    die ("nothing was timed");
  qsort (samples, n_samples, sizeof *samples, compare_samples);
  printf ("{\"events\":%" G_GUINT64_FORMAT ",\"p50_us\":%d,\"p99_us\":%d,\"max_us\":%d,"
          "\"cpu_share\":%.2f}\n",
          n_samples, samples[n_samples / 2], samples[n_samples * 99 / 100], samples[n_samples - 1],
          cpu / seconds);
}

static const struct
{
  const char *name;
  void (*measure) (void);
} measures[] = {
  { "memory", measure_memory },
  { "handshakes", measure_handshakes },
  { "latency", measure_latency },
};

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("memory|handshakes|latency");
  g_autoptr (GError) error = NULL;
  struct rlimit limit;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    die ("%s", error->message);
  if (argc != 2 || port <= 0 || port > 65535 || pid <= 0)
    die ("--port, --pid and one measure are needed");
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  samples = g_new (gint32, MAX_SAMPLES);
  check (gnutls_certificate_allocate_credentials (&credentials));
  check (gnutls_priority_init (&priority, priorities, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (measures); i++)
    if (g_str_equal (argv[1], measures[i].name))
      {
        measures[i].measure ();
        return EXIT_SUCCESS;
      }
  die ("nothing is called %s", argv[1]);
}
