/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The load generator: one thread that plays publishers and subscribers against a server on this
 * machine, and prints what it measured as one JSON object. A worker's event is known by the R of
 * its status, Ready, which nothing else on a stream holds; memchr finds it faster than the bytes
 * arrive, and no two reads can tear it. Where they are timed, events are told apart by their
 * worker, of whom there are a few that beat in turns. */

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench-server.h"
#include "bench-unpack.h"

#define MARK 'R'
#define TIMED "timed-"
#define N_TIMED 64 /* so that the first is long through when its turn comes again */
#define TIMED_DIGITS 2
#define TIMED_EVENT "id\":\"" TIMED /* and not in the queen's list of ids */
#define MAX_READY 512
#define MAX_SAMPLES 8000000
#define WARM_UP 0.5                    /* s */
#define PATIENCE (30 * G_USEC_PER_SEC) /* with everything that is waited for */
#define SPARE_DESCRIPTORS 100
#define MAX_REQUEST 65536
#define MAX_BATCH 128                 /* 64 KiB, or a little less */
#define SUBSCRIBERS_PER_ADDRESS 20000 /* the kernel's own range of ports has some 28 000 */

static int port;
static const char *socket_path;
static int pid;
static int n_subscribers = 100;
static int n_publishers = 8;
static double seconds = 5;
static double interval_msec = 5;
static const char *post_path = "/v1/worker-heartbeat";
static const char *stream_path = "/v1/heartbeats/stream";
static const char *probe_path;
static gboolean is_persistent;
static int batch;
static gboolean is_packed;
static const char *content_type = "application/json";

static const GOptionEntry options[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "The server's port at 127.0.0.1", "PORT" },
  { "socket", 0, 0, G_OPTION_ARG_FILENAME, &socket_path, "A Unix socket, in place of the port",
    "FILE" },
  { "pid", 0, 0, G_OPTION_ARG_INT, &pid, "The server's process, for its CPU and memory", "PID" },
  { "subscribers", 0, 0, G_OPTION_ARG_INT, &n_subscribers, "How many listen", "N" },
  { "publishers", 0, 0, G_OPTION_ARG_INT, &n_publishers, "How many post at once", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "How long to measure", "S" },
  { "interval-ms", 0, 0, G_OPTION_ARG_DOUBLE, &interval_msec, "Between two posts", "MS" },
  { "post-path", 0, 0, G_OPTION_ARG_STRING, &post_path, "Where to post", "PATH" },
  { "stream-path", 0, 0, G_OPTION_ARG_STRING, &stream_path, "Where to listen", "PATH" },
  { "probe-path", 0, 0, G_OPTION_ARG_STRING, &probe_path, "What to get for a turn or a list",
    "PATH" },
  { "persistent", 0, 0, G_OPTION_ARG_NONE, &is_persistent, "Post on connections that are kept",
    NULL },
  { "batch", 0, 0, G_OPTION_ARG_INT, &batch, "Post so many heartbeats at once", "N" },
  { "gzip", 0, 0, G_OPTION_ARG_NONE, &is_packed,
    "Listen with gzip; what one has got stands for all, as to unpack it takes its time", NULL },
  { "content-type", 0, 0, G_OPTION_ARG_STRING, &content_type, "Of what is posted", "TYPE" },
  { NULL },
};

typedef enum
{
  SUBSCRIBER,
  PUBLISHER, /* posts heartbeats */
  PROBER,    /* gets something small */
} Role;

typedef struct
{
  Role role;
  int fd;
  gboolean is_sent;
  gboolean has_status;  /* 2xx, that is; anything else ends the run */
  gboolean is_answered; /* a subscriber: with the first bytes of the body */
  Unpacker *unpacker;   /* of the one that stands for all */
  gint64 started;       /* ns */
} Client;

/* Of everything that is counted; a measure takes the difference of two. */
typedef struct
{
  gint64 wall;       /* ns */
  double server_cpu; /* s */
  double own_cpu;    /* s */
  guint64 n_done;    /* posts or probes, answered whole */
  guint64 n_delivered;
  guint64 n_probed_bytes;
} Tally;

static int epoll_fd;
static gboolean is_going_on; /* who is through with a request starts the next */
static guint n_sent;         /* heartbeats; the number of the next */
static guint64 n_done;
static guint64 n_delivered;
static guint64 n_probed_bytes;
static guint64 n_dropped; /* as subscribers were told */
static int n_answered;    /* subscribers */
static int n_refused;     /* subscribers whose stream ended before its first bytes */
static int n_closed;      /* subscribers whose stream ended later */
static gint64 slowest;    /* ns, until a subscriber's first bytes */

static struct
{
  gint64 connected; /* ns, before connect () */
  gint64 sent;
} * stamps; /* by the worker's number */

static gint32 *samples[2]; /* µs × 10: since connect (), and since the request was sent */
static guint64 n_samples;

/* Clocks and sizes */

static Tally
take_tally (void)
{
  return (Tally){ now_nsec (), cpu_of_server (pid), cpu_of (CLOCK_PROCESS_CPUTIME_ID),
                  n_done,      n_delivered,         n_probed_bytes };
}

static Tally
tally_since (const Tally *before)
{
  Tally now = take_tally ();

  return (Tally){ now.wall - before->wall,
                  now.server_cpu - before->server_cpu,
                  now.own_cpu - before->own_cpu,
                  now.n_done - before->n_done,
                  now.n_delivered - before->n_delivered,
                  now.n_probed_bytes - before->n_probed_bytes };
}

static void
record (gint64 since_connect, gint64 since_sent)
{
  if (n_samples == MAX_SAMPLES)
    return;
  samples[0][n_samples] = (gint32) MIN (since_connect / 100, G_MAXINT32);
  samples[1][n_samples++] = (gint32) MIN (since_sent / 100, G_MAXINT32);
}

static int
compare_samples (const void *a, const void *b)
{
  return *(const gint32 *) a - *(const gint32 *) b;
}

static void
print_percentiles (gint32 *of, const char *prefix)
{
  static const double percents[] = { 50, 90, 99, 100 };
  static const char *const names[] = { "p50", "p90", "p99", "max" };

  if (n_samples == 0)
    die ("nothing was timed");
  qsort (of, n_samples, sizeof *of, compare_samples);
  for (gsize i = 0; i < G_N_ELEMENTS (percents); i++)
    printf (",\"%s%s_us\":%.1f", prefix, names[i],
            of[(guint64) ((double) (n_samples - 1) * percents[i] / 100)] / 10.0);
}

/* Clients */

static int
make_body (const char *id, char *body, gsize size)
{
  return g_snprintf (body, size,
                     "{\"worker\":{\"id\":\"%s\",\"model_id\":\"meta-llama/Llama-2-7b\","
                     "\"device\":\"GPU-0\",\"port\":9301,\"status\":\"Ready\","
                     "\"implementation\":\"llm-worker-rbee\",\"version\":\"0.1.0\"},"
                     "\"timestamp\":\"2025-10-24T20:11:01.123456789Z\"}",
                     id);
}

/* A JSON array of heartbeats, of a worker each. */
static int
make_batch (char *body, gsize size)
{
  int length = 0;

  for (int i = 0; i < batch; i++)
    {
      char id[16];

      g_snprintf (id, sizeof id, "worker-%d", i);
      body[length++] = i == 0 ? '[' : ',';
      length += make_body (id, body + length, size - (gsize) length);
    }
  body[length++] = ']';
  body[length] = '\0';
  return length;
}

static int
make_heartbeat (const Client *client, char *request, gsize size)
{
  char id[16] = "worker-1";
  char body[MAX_REQUEST - 512];
  int length;

  if (stamps)
    g_snprintf (id, sizeof id, TIMED "%0*u", TIMED_DIGITS, n_sent % N_TIMED);
  length = batch > 0 ? make_batch (body, sizeof body) : make_body (id, body, sizeof body);
  if (stamps)
    {
      stamps[n_sent % N_TIMED].connected = client->started;
      stamps[n_sent % N_TIMED].sent = now_nsec ();
    }
  return g_snprintf (request, size,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n"
                     "%sContent-Length: %d\r\n\r\n%s",
                     post_path, content_type, is_persistent ? "" : "Connection: close\r\n", length,
                     body);
}

static int
make_request (const Client *client, char *request, gsize size)
{
  switch (client->role)
    {
    case PUBLISHER:
      return make_heartbeat (client, request, size);
    case SUBSCRIBER:
      return g_snprintf (
          request, size,
          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%s\r\n", stream_path,
          is_packed ? "Accept-Encoding: gzip\r\n" : "");
    default:
      return g_snprintf (request, size,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                         probe_path);
    }
}

/* On loopback the handshake is over when connect () returns, unless the backlog is full; so this
 * is worth a try at once, and saves a turn. */
static void
send_request (Client *client)
{
  char request[MAX_REQUEST];
  int length;

  if (client->is_sent)
    return;
  length = make_request (client, request, sizeof request);
  if (send (client->fd, request, (gsize) length, MSG_NOSIGNAL) == length)
    {
      client->is_sent = TRUE;
      n_sent += client->role == PUBLISHER;
    }
  else if (errno != EAGAIN)
    die ("a request was not taken: %s", g_strerror (errno));
}

static void
connect_tcp (const Client *client, guint32 source)
{
  struct sockaddr_in to = { AF_INET, htons ((guint16) port), { htonl (INADDR_LOOPBACK) }, { 0 } };
  struct sockaddr_in from = { AF_INET, 0, { htonl (INADDR_LOOPBACK + source) }, { 0 } };
  const int one = 1;

  if (source > 0 &&
      (setsockopt (client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) ||
       bind (client->fd, (struct sockaddr *) &from, sizeof from) < 0))
    die ("cannot bind: %s", g_strerror (errno));
  if (connect (client->fd, (struct sockaddr *) &to, sizeof to) < 0 && errno != EINPROGRESS)
    die ("cannot connect: %s", g_strerror (errno));
}

static void
connect_unix (const Client *client)
{
  struct sockaddr_un to = { .sun_family = AF_UNIX };

  g_strlcpy (to.sun_path, socket_path, sizeof to.sun_path);
  if (connect (client->fd, (struct sockaddr *) &to, sizeof to) < 0)
    die ("cannot connect: %s", g_strerror (errno));
}

static void
open_client (Client *client, guint32 source)
{
  /* Of a Unix socket, which is connected at once, the kernel would tell of room with each read. */
  struct epoll_event event = { .events =
                                   EPOLLIN | EPOLLRDHUP | EPOLLET | (socket_path ? 0u : EPOLLOUT),
                               .data.ptr = client };

  *client = (Client){
    .role = client->role,
    .started = now_nsec (),
    .unpacker = client->unpacker,
  };
  client->fd =
      socket (socket_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0)
    die ("no socket: %s", g_strerror (errno));
  if (socket_path)
    connect_unix (client);
  else
    connect_tcp (client, source);
  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
    die ("epoll_ctl: %s", g_strerror (errno));
  send_request (client);
}

static void
close_client (Client *client)
{
  gboolean is_served = client->has_status && client->is_answered;

  close (client->fd);
  client->fd = -1;
  if (client->role == SUBSCRIBER)
    {
      *(is_served ? &n_closed : &n_refused) += 1;
      return;
    }
  if (!is_served)
    die ("a request was not answered: the connection ended");
  n_done++;
  if (!stamps)
    record (now_nsec () - client->started, 0);
  if (is_going_on)
    open_client (client, 0);
}

static void
take_first_bytes (Client *client, const char *bytes, gsize length)
{
  const char *body = bytes;
  const char *end = bytes + length;

  if (!client->has_status)
    {
      if (length < strlen ("HTTP/1.1 200") || memcmp (bytes, "HTTP/1.1 2", 10) != 0)
        die ("an answer began with %.*s", (int) MIN (length, strcspn (bytes, "\r\n")), bytes);
      client->has_status = TRUE;
      body = memmem (bytes, length, "\r\n\r\n", 4);
      body = body ? body + 4 : end;
    }
  if (client->role == SUBSCRIBER && body == end)
    return;
  if (client->role == SUBSCRIBER && memmem (body, (gsize) (end - body), "event: busy", 11))
    die ("a subscriber was turned away as the server is busy");
  client->is_answered = TRUE;
  if (client->role == SUBSCRIBER)
    {
      n_answered++;
      slowest = MAX (slowest, now_nsec () - client->started);
    }
}

/* Goes on on a connection that is kept. Returns FALSE for one that is not. */
static gboolean
begin_next (Client *client, const char *answer)
{
  const char *head_end = strstr (answer, "\r\n\r\n");
  const char *length = strcasestr (answer, "\r\nContent-Length: ");

  if (!is_persistent || client->role != PUBLISHER || strstr (answer, "\r\nConnection: close"))
    return FALSE;
  if (!head_end || !length || length > head_end ||
      strlen (head_end + 4) != strtoul (length + strlen ("\r\nContent-Length: "), NULL, 10))
    die ("an answer did not come whole");
  n_done++;
  if (!stamps)
    record (now_nsec () - client->started, 0);
  client->has_status = client->is_answered = client->is_sent = FALSE;
  client->started = now_nsec ();
  if (is_going_on)
    send_request (client);
  return TRUE;
}

static void
count_events (const char *at, const char *end)
{
  static const char member[] = "{\"dropped\":";

  for (const char *mark = at; (mark = memchr (mark, MARK, (gsize) (end - mark))); mark++)
    n_delivered++;
  while ((at = memmem (at, (gsize) (end - at), member, strlen (member))))
    n_dropped += strtoul (at += strlen (member), NULL, 10);
}

/* An event that two reads tear apart is no sample; there are enough others. */
static void
time_events (const char *at, const char *end)
{
  gint64 now = now_nsec ();

  while ((at = memmem (at, (gsize) (end - at), TIMED_EVENT, strlen (TIMED_EVENT))) &&
         end - (at += strlen (TIMED_EVENT)) > TIMED_DIGITS)
    {
      gulong number = strtoul (at, NULL, 10);

      record (now - stamps[number % N_TIMED].connected, now - stamps[number % N_TIMED].sent);
    }
}

/* What came, but for the head. */
static void
take_events (Client *client, const char *bytes, gsize length)
{
  const GString *text;
  guint64 before = n_delivered;

  if (!is_packed)
    {
      count_events (bytes, bytes + length);
      return;
    }
  if (!client->unpacker)
    return;
  text = unpacker_take (client->unpacker, bytes, length);
  count_events (text->str, text->str + text->len);
  n_delivered += (n_delivered - before) * (guint64) (n_subscribers - 1);
}

/* Returns: where the body begins, of a subscriber's first bytes or later ones */
static const char *
skip_head (const Client *client, const char *bytes, gsize length)
{
  const char *end = client->has_status ? NULL : memmem (bytes, length, "\r\n\r\n", 4);

  if (client->has_status || client->role != SUBSCRIBER)
    return bytes;
  if (is_packed && end && !g_strstr_len (bytes, end - bytes, "\r\nContent-Encoding: gzip"))
    die ("a stream is not compressed");
  return end ? end + 4 : bytes + length;
}

static void
read_client (Client *client, gboolean is_ending)
{
  static char bytes[256 * 1024 + 1];
  const gssize size = sizeof bytes - 1;
  gssize length;

  while ((length = recv (client->fd, bytes, (gsize) size, 0)) > 0)
    {
      const char *body = skip_head (client, bytes, (gsize) length);

      bytes[length] = '\0';
      n_probed_bytes += client->role == PROBER ? (guint64) length : 0;
      if (!client->is_answered)
        take_first_bytes (client, bytes, (gsize) length);
      if (begin_next (client, bytes))
        return;
      if (client->role == SUBSCRIBER)
        take_events (client, body, (gsize) (bytes + length - body));
      if (client->role == SUBSCRIBER && stamps)
        time_events (bytes, bytes + length);
      /* A short read has emptied the socket: what comes later is another edge, and at the end of
       * the stream nothing comes later. */
      if (length < size && !is_ending)
        return;
      if (length < size)
        break;
    }
  if (length >= 0 || errno != EAGAIN)
    close_client (client);
}

static void
turn (int timeout_msec)
{
  struct epoll_event events[MAX_READY];
  int n = epoll_wait (epoll_fd, events, MAX_READY, timeout_msec);

  for (int i = 0; i < n; i++)
    {
      Client *client = events[i].data.ptr;

      if (!client) /* the timer, which whoever waits for it reads */
        continue;
      if (events[i].events & EPOLLOUT)
        send_request (client);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        read_client (client, (events[i].events & EPOLLRDHUP) != 0);
    }
}

static Client *
open_clients (Role role, int n)
{
  Client *clients = g_new0 (Client, n);

  for (int i = 0; i < n; i++)
    {
      clients[i].role = role;
      if (is_packed && role == SUBSCRIBER && i == 0)
        clients[i].unpacker = unpacker_new ();
      open_client (&clients[i], role == SUBSCRIBER ? (guint32) (i / SUBSCRIBERS_PER_ADDRESS) : 0);
    }
  return clients;
}

static void
run_for (double duration)
{
  gint64 end = g_get_monotonic_time () + (gint64) (duration * G_USEC_PER_SEC);

  while (g_get_monotonic_time () < end)
    turn (10);
}

/* Until all have had their first bytes, or were refused. */
static Client *
subscribe (int n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  Client *clients;

  n_answered = n_refused = 0;
  slowest = 0;
  clients = open_clients (SUBSCRIBER, n);
  while (n_answered + n_refused < n)
    {
      if (g_get_monotonic_time () > deadline)
        die ("%d of %d subscribers were not answered in time", n - n_answered - n_refused, n);
      turn (100);
    }
  return clients;
}

static void
need_all_subscribers (void)
{
  if (n_refused + n_closed > 0)
    die ("%d subscribers were refused and %d cut off", n_refused, n_closed);
}

/* Until nothing has come for a while. */
static void
drain (void)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  guint64 before;

  is_going_on = FALSE;
  do
    {
      before = n_delivered + n_done;
      run_for (0.3);
      if (g_get_monotonic_time () > deadline)
        die ("events do not cease to come");
    }
  while (n_delivered + n_done > before);
}

/* n clients, each with one request after the other. */
static Tally
go_round (Role role, int n)
{
  Tally start, tally;

  is_going_on = TRUE;
  open_clients (role, n);
  run_for (WARM_UP);
  n_samples = 0;
  start = take_tally ();
  run_for (seconds);
  tally = tally_since (&start);
  drain ();
  if (tally.n_done == 0)
    die ("nothing was answered in %g s", seconds);
  return tally;
}

/* What is measured */

static void
measure_fanout (void)
{
  Tally tally;
  double wall, lost;

  subscribe (n_subscribers);
  tally = go_round (PUBLISHER, n_publishers);
  need_all_subscribers ();
  wall = (double) tally.wall / 1e9;
  lost = (double) n_done * n_subscribers - (double) n_delivered;
  printf ("{\"posts_per_s\":%.0f,\"deliveries_per_s\":%.0f,\"cpu_us_per_delivery\":%.4f,"
          "\"cpu_share\":%.2f,\"load_cpu_share\":%.2f,\"lost\":%.0f,"
          "\"told_lost\":%" G_GUINT64_FORMAT "}\n",
          (double) tally.n_done / wall, (double) tally.n_delivered / wall,
          tally.server_cpu * 1e6 / (double) tally.n_delivered, tally.server_cpu / wall,
          tally.own_cpu / wall, lost, n_dropped);
}

static int
start_timer (double msec)
{
  struct timespec span = { (time_t) (msec / 1000), (long) (msec * 1e6) % 1000000000 };
  struct itimerspec setting = { .it_interval = span, .it_value = span };
  struct epoll_event event = { .events = EPOLLIN | EPOLLET };
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

  if (timerfd_settime (fd, 0, &setting, NULL) < 0 ||
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    die ("no timer: %s", g_strerror (errno));
  return fd;
}

static void
measure_latency (void)
{
  int n = (int) (seconds * 1000 / interval_msec);
  Client *publishers = g_new0 (Client, n);
  int timer, opened = 0;

  stamps = g_malloc0_n ((gsize) n, sizeof *stamps);
  subscribe (n_subscribers);
  timer = start_timer (interval_msec);
  while (opened < n)
    {
      guint64 n_due;

      if (read (timer, &n_due, sizeof n_due) == sizeof n_due)
        for (; n_due > 0 && opened < n; n_due--)
          {
            publishers[opened].role = PUBLISHER;
            open_client (&publishers[opened++], 0);
          }
      turn (100);
    }
  drain ();
  need_all_subscribers ();
  printf ("{\"deliveries\":%" G_GUINT64_FORMAT ",\"lost\":%" G_GINT64_FORMAT, n_delivered,
          (gint64) n * n_subscribers - (gint64) n_delivered);
  print_percentiles (samples[0], "");
  print_percentiles (samples[1], "sent_");
  printf ("}\n");
}

static void
measure_memory (void)
{
  const int n_warm_up = 50;
  Client *warm_up = subscribe (n_warm_up);
  long rss, peak;

  for (int i = 0; i < n_warm_up; i++)
    close (warm_up[i].fd);
  run_for (WARM_UP);
  rss = server_memory_kb (pid, "VmRSS:");
  peak = server_memory_kb (pid, "VmHWM:");
  subscribe (n_subscribers);
  run_for (WARM_UP);
  need_all_subscribers ();
  printf ("{\"bytes_per_subscriber\":%.0f,\"peak_bytes_per_subscriber\":%.0f,\"rss_kb\":%ld}\n",
          (double) (server_memory_kb (pid, "VmRSS:") - rss) * 1024 / n_subscribers,
          (double) (server_memory_kb (pid, "VmHWM:") - peak) * 1024 / n_subscribers,
          server_memory_kb (pid, "VmRSS:"));
}

static void
measure_connect (void)
{
  Tally start = take_tally ();
  Tally tally;

  subscribe (n_subscribers);
  tally = tally_since (&start);
  printf ("{\"seconds\":%.3f,\"slowest_s\":%.3f,\"server_cpu_s\":%.3f,\"load_cpu_s\":%.3f,"
          "\"refused\":%d}\n",
          (double) tally.wall / 1e9, (double) slowest / 1e9, tally.server_cpu, tally.own_cpu,
          n_refused);
  need_all_subscribers ();
}

static void
measure_heartbeats (void)
{
  Tally tally = go_round (PUBLISHER, n_publishers);
  double wall = (double) tally.wall / 1e9;

  printf ("{\"posts_per_s\":%.0f,\"posts_per_cpu_s\":%.0f,\"cpu_us_per_post\":%.2f,"
          "\"heartbeats_per_cpu_s\":%.0f,\"cpu_share\":%.2f,\"load_cpu_share\":%.2f",
          (double) tally.n_done / wall, (double) tally.n_done / tally.server_cpu,
          tally.server_cpu * 1e6 / (double) tally.n_done,
          (double) tally.n_done * MAX (batch, 1) / tally.server_cpu, tally.server_cpu / wall,
          tally.own_cpu / wall);
  print_percentiles (samples[0], "");
  printf ("}\n");
}

/* The registry is filled already. */
static void
measure_lists (void)
{
  Tally tally;

  probe_path = probe_path ? probe_path : "/v1/workers";
  tally = go_round (PROBER, n_publishers);
  printf ("{\"lists_per_s\":%.0f,\"lists_per_cpu_s\":%.0f,\"bytes_per_list\":%.0f,"
          "\"cpu_share\":%.2f,\"load_cpu_share\":%.2f",
          (double) tally.n_done * 1e9 / (double) tally.wall,
          (double) tally.n_done / tally.server_cpu,
          (double) tally.n_probed_bytes / (double) tally.n_done,
          tally.server_cpu * 1e9 / (double) tally.wall, tally.own_cpu * 1e9 / (double) tally.wall);
  print_percentiles (samples[0], "");
  printf ("}\n");
}

static double
cpu_usec_per_probe (void)
{
  Tally tally = go_round (PROBER, n_publishers);

  return tally.server_cpu * 1e6 / (double) tally.n_done;
}

/* The crowd stands between two measures without it, so that drift of the machine cancels out. */
static void
measure_turn (void)
{
  double before, crowded, after, alone;
  Client *crowd;

  probe_path = probe_path ? probe_path : "/health";
  before = cpu_usec_per_probe ();
  crowd = subscribe (n_subscribers);
  run_for (WARM_UP);
  crowded = cpu_usec_per_probe ();
  need_all_subscribers ();
  for (int i = 0; i < n_subscribers; i++)
    close (crowd[i].fd);
  run_for (2 * WARM_UP);
  after = cpu_usec_per_probe ();
  alone = (before + after) / 2;
  printf ("{\"alone_us\":%.2f,\"crowded_us\":%.2f,\"difference_us\":%.2f,\"drift_us\":%.2f}\n",
          alone, crowded, crowded - alone, after - before);
}

static const struct
{
  const char *name;
  void (*measure) (void);
} measures[] = {
  { "fanout", measure_fanout },
  { "latency", measure_latency },
  { "memory", measure_memory },
  { "connect", measure_connect },
  { "heartbeats", measure_heartbeats },
  { "lists", measure_lists },
  { "turn", measure_turn },
};

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if ((guint64) n_subscribers + SPARE_DESCRIPTORS > limit.rlim_max)
    die ("%d subscribers need more than the %lu descriptors allowed", n_subscribers,
         (gulong) limit.rlim_max);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("fanout|latency|memory|connect|heartbeats|lists|turn");
  g_autoptr (GError) error = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    die ("%s", error->message);
  if (argc != 2 || (!socket_path && (port <= 0 || port > 65535)) || pid <= 0)
    die ("--port or --socket, --pid and one measure are needed");
  if (batch < 0 || batch > MAX_BATCH)
    die ("--batch must be up to %d", MAX_BATCH);
  if (n_subscribers < 1 || n_publishers < 1 || !(seconds > 0 && seconds <= 600) ||
      !(interval_msec >= 0.01))
    die ("--subscribers, --publishers, --seconds (up to 600) and --interval-ms must be positive");
  raise_descriptor_limit ();
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = g_new (gint32, MAX_SAMPLES);

  for (gsize i = 0; i < G_N_ELEMENTS (measures); i++)
    if (g_str_equal (argv[1], measures[i].name))
      {
        measures[i].measure ();
        return EXIT_SUCCESS;
      }
  die ("nothing is called %s", argv[1]);
}
