/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The load generator: one thread that plays publishers and subscribers against a server on this
 * machine, and prints what it measured as one JSON object. An event is known by the tildes around
 * its worker's id, which are quick to count, and told apart by the fraction of its timestamp. */

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_READY 512
#define MAX_SAMPLES 8000000
#define WORKER "~bench~"
#define SECOND "2025-10-24T20:11:01."
#define FRACTION_DIGITS 9
#define DEADLINE (30 * G_USEC_PER_SEC) /* of everything that is waited for */

static int port;
static int pid;
static int n_subscribers = 100;
static int n_publishers = 8;
static double seconds = 5;
static double interval_msec = 5;
static const char *post_path = "/v1/worker-heartbeat";
static const char *stream_path = "/v1/heartbeats/stream";
static const char *probe_path = "/health";

static const GOptionEntry options[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "The server's port at 127.0.0.1", "PORT" },
  { "pid", 0, 0, G_OPTION_ARG_INT, &pid, "The server's process, for its CPU time", "PID" },
  { "subscribers", 0, 0, G_OPTION_ARG_INT, &n_subscribers, "How many listen", "N" },
  { "publishers", 0, 0, G_OPTION_ARG_INT, &n_publishers, "How many post at once", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "How long to measure", "S" },
  { "interval-ms", 0, 0, G_OPTION_ARG_DOUBLE, &interval_msec, "Between two posts", "MS" },
  { "post-path", 0, 0, G_OPTION_ARG_STRING, &post_path, "Where to post", "PATH" },
  { "stream-path", 0, 0, G_OPTION_ARG_STRING, &stream_path, "Where to listen", "PATH" },
  { "probe-path", 0, 0, G_OPTION_ARG_STRING, &probe_path, "What to get for the cost of a turn", "PATH" },
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
  gboolean is_answered;
  gint64 started; /* ns */
} Client;

static int epoll_fd;
static gboolean is_publishing; /* publishers go on when they are through */
static guint64 n_posts;
static guint64 n_tildes;
static guint n_answered;
static guint64 n_refused;
static guint64 n_dropped; /* as subscribers were told */
static gint64 *send_times; /* ns, by number */
static gint32 *samples;    /* µs × 10 */
static guint64 n_samples;

static void G_GNUC_NORETURN
die (const char *what)
{
  fprintf (stderr, "bench-load: %s: %s\n", what, g_strerror (errno));
  exit (EXIT_FAILURE);
}

static gint64
now_nsec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

static double
server_cpu (void)
{
  clockid_t clock;
  struct timespec used;

  if (clock_getcpuclockid (pid, &clock) != 0 || clock_gettime (clock, &used) < 0)
    die ("--pid");
  return (double) used.tv_sec + (double) used.tv_nsec / 1e9;
}

static long
server_rss_kb (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents (path, &status, NULL, NULL) || !(line = strstr (status, "VmRSS:")))
    die ("--pid");
  return strtol (line + strlen ("VmRSS:"), NULL, 10);
}

static void
record (gint64 nsec)
{
  if (n_samples < MAX_SAMPLES)
    samples[n_samples++] = (gint32) MIN (nsec / 100, G_MAXINT32);
}

static int
compare_samples (const void *a, const void *b)
{
  return *(const gint32 *) a - *(const gint32 *) b;
}

static void
print_percentiles (void)
{
  static const double percents[] = { 1, 10, 50, 90, 99, 100 };

  qsort (samples, n_samples, sizeof *samples, compare_samples);
  for (gsize i = 0; i < G_N_ELEMENTS (percents) && n_samples > 0; i++)
    printf (",\"p%g_us\":%.1f", percents[i],
            samples[(guint64) ((double) (n_samples - 1) * percents[i] / 100)] / 10.0);
}

/* Clients */

static int
make_request (const Client *client, char *request, gsize size)
{
  static guint number;
  char body[512];
  int length;

  if (client->role != PUBLISHER)
    return g_snprintf (request, size, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n",
                       client->role == SUBSCRIBER ? stream_path : probe_path,
                       client->role == SUBSCRIBER ? "Accept: text/event-stream\r\n"
                                                  : "Connection: close\r\n");
  if (send_times)
    send_times[number] = client->started;
  length = g_snprintf (body, sizeof body,
                       "{\"worker\":{\"id\":\"" WORKER "\",\"model_id\":\"meta-llama/Llama-2-7b\","
                       "\"device\":\"GPU-0\",\"port\":9301,\"status\":\"ready\","
                       "\"implementation\":\"llm-worker-rbee\",\"version\":\"0.1.0\"},"
                       "\"timestamp\":\"" SECOND "%0*uZ\"}",
                       FRACTION_DIGITS, number++);
  return g_snprintf (request, size,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                     "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
                     post_path, length, body);
}

static void
send_request (Client *client)
{
  char request[1024];
  int length;

  if (client->is_sent)
    return;
  length = make_request (client, request, sizeof request);
  client->is_sent = send (client->fd, request, (gsize) length, MSG_NOSIGNAL) == length;
}

static void
open_client (Client *client)
{
  struct sockaddr_in address = { AF_INET, htons ((guint16) port), { htonl (INADDR_LOOPBACK) }, { 0 } };
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };
  int one = 1;

  client->started = now_nsec ();
  client->is_sent = client->is_answered = FALSE;
  client->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0)
    die ("socket");
  setsockopt (client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect (client->fd, (struct sockaddr *) &address, sizeof address) < 0 && errno != EINPROGRESS)
    die ("connect");
  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
    die ("epoll_ctl");
  send_request (client);
}

static void
close_client (Client *client)
{
  close (client->fd);
  client->fd = -1;
  if (client->role == SUBSCRIBER)
    {
      n_refused += !client->is_answered;
      return;
    }
  n_posts++;
  if (client->role == PUBLISHER && !send_times)
    record (now_nsec () - client->started);
  if (is_publishing)
    open_client (client);
}

static guint64
count_tildes (const char *bytes, gsize length)
{
  guint64 count = 0;

  for (gsize i = 0; i < length; i++)
    count += bytes[i] == '~';
  return count;
}

/* An event that two reads tear apart is no sample; there are enough others. */
static void
read_times (const char *at, const char *end)
{
  gint64 now = now_nsec ();

  while ((at = memmem (at, (gsize) (end - at), SECOND, strlen (SECOND))) &&
         end - (at += strlen (SECOND)) > FRACTION_DIGITS)
    record (now - send_times[strtoul (at, NULL, 10)]);
}

static void
count_dropped (const char *at, const char *end)
{
  static const char member[] = "{\"dropped\":";

  while ((at = memmem (at, (gsize) (end - at), member, strlen (member))))
    n_dropped += strtoul (at += strlen (member), NULL, 10);
}

static void
read_client (Client *client)
{
  static char bytes[256 * 1024];
  gssize length;

  while ((length = recv (client->fd, bytes, sizeof bytes - 1, 0)) > 0)
    {
      n_answered += !client->is_answered;
      client->is_answered = TRUE;
      if (client->role != SUBSCRIBER)
        continue;
      n_tildes += count_tildes (bytes, (gsize) length);
      count_dropped (bytes, bytes + length);
      if (send_times)
        read_times (bytes, bytes + length);
      if ((gsize) length < sizeof bytes - 1)
        return;
    }
  if (length == 0 || errno != EAGAIN)
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

      if (events[i].events & EPOLLOUT)
        send_request (client);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_client (client);
    }
}

static Client *
open_clients (Role role, int n)
{
  Client *clients = g_new0 (Client, n);

  for (int i = 0; i < n; i++)
    {
      clients[i].role = role;
      open_client (&clients[i]);
    }
  return clients;
}

static void
wait_for_answers (guint n)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;

  while (n_answered + n_refused < n)
    {
      if (g_get_monotonic_time () > deadline)
        die ("not everybody was answered");
      turn (100);
    }
}

static void
run_for (double duration)
{
  gint64 end = g_get_monotonic_time () + (gint64) (duration * G_USEC_PER_SEC);

  while (g_get_monotonic_time () < end)
    turn (10);
}

/* Runs until nothing has come for a while. */
static void
drain (void)
{
  guint64 before;

  is_publishing = FALSE;
  do
    {
      before = n_tildes + n_posts;
      run_for (0.3);
    }
  while (n_tildes + n_posts > before);
}

/* What is measured */

static void
measure_fanout (void)
{
  double cpu, wall;
  guint64 posts, tildes;
  gint64 start;

  open_clients (SUBSCRIBER, n_subscribers);
  wait_for_answers ((guint) n_subscribers);
  is_publishing = TRUE;
  open_clients (PUBLISHER, n_publishers);
  run_for (0.5);

  posts = n_posts;
  tildes = n_tildes;
  cpu = server_cpu ();
  start = now_nsec ();
  run_for (seconds);
  wall = (double) (now_nsec () - start) / 1e9;
  cpu = server_cpu () - cpu;
  posts = n_posts - posts;
  tildes = n_tildes - tildes;
  drain ();

  printf ("{\"posts_per_s\":%.0f,\"deliveries_per_s\":%.0f,\"cpu_us_per_delivery\":%.4f,"
          "\"cpu_share\":%.2f,\"dropped\":%" G_GUINT64_FORMAT ",\"lost_percent\":%.3f}\n",
          (double) posts / wall, (double) tildes / 2 / wall, cpu * 1e6 / ((double) tildes / 2),
          cpu / wall, n_dropped,
          100 * MAX (0, 1 - (double) n_tildes / 2 / ((double) n_posts * n_subscribers)));
}

static void
measure_latency (void)
{
  gint64 interval = (gint64) (interval_msec * 1000);
  int n = (int) (seconds * 1000 / interval_msec);
  Client *publishers = g_new0 (Client, n);
  gint64 next;

  send_times = g_new0 (gint64, n + 1);
  open_clients (SUBSCRIBER, n_subscribers);
  wait_for_answers ((guint) n_subscribers);
  next = g_get_monotonic_time ();
  for (int i = 0; i < n; i++)
    {
      publishers[i].role = PUBLISHER;
      open_client (&publishers[i]);
      next += interval;
      while (g_get_monotonic_time () < next)
        turn (next - g_get_monotonic_time () > 1500 ? 1 : 0);
    }
  drain ();
  printf ("{\"deliveries\":%" G_GUINT64_FORMAT, n_samples);
  print_percentiles ();
  printf ("}\n");
}

static void
measure_memory (void)
{
  Client *warm_up = open_clients (SUBSCRIBER, 50);
  long rss;

  wait_for_answers (50);
  for (int i = 0; i < 50; i++)
    close (warm_up[i].fd);
  run_for (0.5);
  rss = server_rss_kb ();
  open_clients (SUBSCRIBER, n_subscribers);
  wait_for_answers ((guint) n_subscribers + 50);
  run_for (0.5);
  printf ("{\"bytes_per_subscriber\":%.0f,\"rss_kb\":%ld}\n",
          (double) (server_rss_kb () - rss) * 1024 / n_subscribers, server_rss_kb ());
}

static void
measure_connect (void)
{
  gint64 start = now_nsec ();

  open_clients (SUBSCRIBER, n_subscribers);
  wait_for_answers ((guint) n_subscribers);
  printf ("{\"seconds\":%.3f,\"refused\":%" G_GUINT64_FORMAT "}\n",
          (double) (now_nsec () - start) / 1e9, n_refused);
}

static void
measure_requests (Role role, double *per_second, double *cpu_usec)
{
  Client *clients;
  gint64 start;
  guint64 posts;
  double cpu;

  is_publishing = TRUE;
  clients = open_clients (role, n_publishers);
  run_for (0.5);
  posts = n_posts;
  n_samples = 0;
  cpu = server_cpu ();
  start = now_nsec ();
  run_for (seconds);
  *per_second = (double) (n_posts - posts) * 1e9 / (double) (now_nsec () - start);
  *cpu_usec = (server_cpu () - cpu) * 1e6 / (double) (n_posts - posts);
  drain ();
  g_free (clients);
}

static void
measure_heartbeats (void)
{
  double per_second, cpu_usec;

  measure_requests (PUBLISHER, &per_second, &cpu_usec);
  printf ("{\"posts_per_s\":%.0f,\"posts_per_cpu_s\":%.0f", per_second, 1e6 / cpu_usec);
  print_percentiles ();
  printf ("}\n");
}

static void
measure_turn (void)
{
  double per_second, alone, crowded;

  measure_requests (PROBER, &per_second, &alone);
  n_answered = 0;
  open_clients (SUBSCRIBER, n_subscribers);
  wait_for_answers ((guint) n_subscribers);
  run_for (0.5);
  measure_requests (PROBER, &per_second, &crowded);
  printf ("{\"cpu_us_alone\":%.2f,\"cpu_us_crowded\":%.2f,\"difference_us\":%.2f}\n", alone, crowded,
          crowded - alone);
}

static const struct
{
  const char *name;
  void (*measure) (void);
} measures[] = {
  { "fanout", measure_fanout },   { "latency", measure_latency },
  { "memory", measure_memory },   { "connect", measure_connect },
  { "heartbeats", measure_heartbeats }, { "turn", measure_turn },
};

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context
      = g_option_context_new ("fanout|latency|memory|connect|heartbeats|turn");
  g_autoptr (GError) error = NULL;
  struct rlimit limit;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 2 || port == 0 || pid == 0)
    {
      fprintf (stderr, "bench-load: %s\n", error ? error->message : "--port, --pid and a measure are needed");
      return 2;
    }
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  samples = g_new (gint32, MAX_SAMPLES);

  for (gsize i = 0; i < G_N_ELEMENTS (measures); i++)
    if (g_str_equal (argv[1], measures[i].name))
      {
        measures[i].measure ();
        return 0;
      }
  fprintf (stderr, "bench-load: nothing is called %s\n", argv[1]);
  return 2;
}
