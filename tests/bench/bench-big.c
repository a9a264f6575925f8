/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The load of a big cluster: all the workers that a queen may know beat in turns, and a thousand
 * listen to everything. Nobody could read two million events a second on one core; so all but a few
 * of those who listen have the kernel throw away what has come, which takes it off the wire as any
 * reader does. The few read every line, and say how long each heartbeat took. What is measured is
 * printed as one JSON object. */

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench-server.h"

#define BATCH 1024
#define WARM_UP 3 /* s: more than from one pulse to the next */
#define HEAD "HTTP/1.1 2"
#define WORKER_LINE "data: {\"type\":\"worker\",\"worker_id\":\"worker-"
#define QUEEN_LINE "data: {\"type\":\"queen\""
#define LOST_LINE "data: {\"dropped\":"
#define THROWN_AT_ONCE (16 * 1024 * 1024)
#define LISTENERS_PER_TURN                                                                         \
  50              /* so that a heartbeat that has come does not wait long to be seen               \
                   */
#define IDLE 0.05 /* of a core */
#define MAX_READY 64
#define MSEC 1000000 /* ns */

static int port;
static int pid;
static int n_workers = 65536;
static int n_listeners = 1000;
static int n_readers = 20;
static double every = 30;
static double seconds = 10;

static const GOptionEntry options[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "The server's port at 127.0.0.1", "PORT" },
  { "pid", 0, 0, G_OPTION_ARG_INT, &pid, "The server's process, for its CPU and memory", "PID" },
  { "workers", 0, 0, G_OPTION_ARG_INT, &n_workers, "How many beat", "N" },
  { "every", 0, 0, G_OPTION_ARG_DOUBLE, &every, "Between two heartbeats of one", "S" },
  { "subscribers", 0, 0, G_OPTION_ARG_INT, &n_listeners, "How many listen", "N" },
  { "readers", 0, 0, G_OPTION_ARG_INT, &n_readers, "How many of them read what they get", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "How long to measure", "S" },
  { NULL },
};

/* One who reads. */
typedef struct
{
  GByteArray *line; /* as far as it has come */
  gint64 had_pulse; /* ns: when the last one had come whole */
  gint64 had_event; /* ns: when the last heartbeat that it has had was sent */
  guint64 n_events; /* heartbeats of workers, with those that it was told of as lost */
} Reader;

typedef struct
{
  int fd;
  Reader *reader; /* NULL for one that throws everything away */
  gboolean is_sender;
} Client;

static int epoll_fd;
static Client *listeners;
static int next_listener; /* to throw away what it has */
static gint64 *sent_at;   /* ns, by the worker's number */
static guint64 n_sent;
static guint64 n_answered;
static guint64 n_lost;      /* to those who read */
static gint64 pulse_began;  /* ns: when the first of those who read had some of it */
static gint64 pulse_ended;  /* and when the last of them had all of it; 0 until then */
static gboolean is_through; /* and all have had, too, what had to wait for that */
static gsize pulse_size;
static gboolean is_measuring;
static GArray *beside;  /* gint64, ns: of heartbeats that met no pulse on its way */
static GArray *overall; /* and of all */

/* One request after the other */

static int
connect_to_server (void)
{
  struct sockaddr_in to = { AF_INET, htons ((guint16) port), { htonl (INADDR_LOOPBACK) }, { 0 } };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || connect (fd, (struct sockaddr *) &to, sizeof to) < 0)
    die ("cannot connect: %s", g_strerror (errno));
  return fd;
}

static void
send_text (int fd, const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gssize n = send (fd, text, length, MSG_NOSIGNAL);

      if (n < 0)
        die ("a request was not taken: %s", g_strerror (errno));
      text += n;
      length -= (gsize) n;
    }
}

/* Returns: (transfer full): the whole answer */
static char *
ask (const char *request)
{
  GString *answer = g_string_new (NULL);
  char bytes[16384];
  int fd = connect_to_server ();
  gssize n;

  send_text (fd, request);
  while ((n = recv (fd, bytes, sizeof bytes, 0)) > 0)
    g_string_append_len (answer, bytes, n);
  close (fd);
  if (!g_str_has_prefix (answer->str, HEAD))
    die ("an answer was %s", answer->str);
  return g_string_free (answer, FALSE);
}

static void
post (const char *path, const char *body)
{
  g_autofree char *request =
      g_strdup_printf ("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                       "Content-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT
                       "\r\n\r\n%s",
                       path, strlen (body), body);

  g_free (ask (request));
}

static void
fill_registry (void)
{
  for (int first = 0; first < n_workers; first += BATCH)
    {
      g_autoptr (GString) body = g_string_new ("[");

      for (int i = first; i < MIN (first + BATCH, n_workers); i++)
        g_string_append_printf (body, "%s{\"worker_id\":\"worker-%05d\",\"status\":\"ready\"}",
                                i > first ? "," : "", i);
      g_string_append_c (body, ']');
      post ("/v1/heartbeats", body->str);
    }
}

/* The bus is being told of everybody, once, which takes its thread seconds on the same core. */
static void
settle (void)
{
  double before, after = cpu_of_server (pid);

  do
    {
      before = after;
      g_usleep (G_USEC_PER_SEC / 2);
      after = cpu_of_server (pid);
    }
  while (after - before > IDLE / 2);
}

static double
get_metric (const char *metrics, const char *name)
{
  g_autofree char *line = g_strconcat ("\n", name, " ", NULL);
  const char *at = strstr (metrics, line);

  if (!at)
    die ("there is no metric %s", name);
  return g_ascii_strtod (at + strlen (line), NULL);
}

/* Those who read */

/* Returns: of all who read, when the one who is the furthest behind had its last pulse, or when the
 * last heartbeat was sent that it has had */
static gint64
find_least (gsize offset)
{
  gint64 least = G_MAXINT64;

  for (int i = 0; i < n_listeners; i++)
    if (listeners[i].reader)
      least = MIN (least, G_STRUCT_MEMBER (gint64, listeners[i].reader, offset));
  return least;
}

static void
begin_pulse (gint64 now)
{
  if (!is_through)
    return;
  pulse_began = now;
  pulse_ended = 0;
  is_through = FALSE;
}

static void
end_pulse (Reader *reader, gint64 now)
{
  reader->had_pulse = now;
  if (pulse_ended == 0 && find_least (G_STRUCT_OFFSET (Reader, had_pulse)) >= pulse_began)
    pulse_ended = now;
}

static void
take_worker (Reader *reader, const char *line, gint64 now)
{
  gint64 sent = sent_at[g_ascii_strtoull (line + strlen (WORKER_LINE), NULL, 10)];
  gint64 took = now - sent;

  reader->n_events++;
  reader->had_event = sent;
  if (!is_through && pulse_ended > 0)
    is_through = find_least (G_STRUCT_OFFSET (Reader, had_event)) >= pulse_ended;
  if (!is_measuring)
    return;
  g_array_append_val (overall, took);
  if (is_through && sent > pulse_ended)
    g_array_append_val (beside, took);
}

static void
take_line (Reader *reader, const char *line, gsize length, gint64 now)
{
  if (g_str_has_prefix (line, WORKER_LINE))
    take_worker (reader, line, now);
  else if (g_str_has_prefix (line, QUEEN_LINE))
    {
      pulse_size = MAX (pulse_size, length);
      end_pulse (reader, now);
    }
  else if (g_str_has_prefix (line, LOST_LINE))
    {
      reader->n_events += g_ascii_strtoull (line + strlen (LOST_LINE), NULL, 10);
      n_lost += g_ascii_strtoull (line + strlen (LOST_LINE), NULL, 10);
    }
}

/* Its line has just begun, and may be megabytes. */
static void
look_for_pulse (Reader *reader, gsize n_before, gint64 now)
{
  const GByteArray *line = reader->line;

  if (n_before < strlen (QUEEN_LINE) && line->len >= strlen (QUEEN_LINE) &&
      memcmp (line->data, QUEEN_LINE, strlen (QUEEN_LINE)) == 0)
    begin_pulse (now);
}

static void
take_bytes (Reader *reader, const char *bytes, gsize length)
{
  gint64 now = now_nsec ();
  const char *end = bytes + length;

  while (bytes < end)
    {
      const char *stop = memchr (bytes, '\n', (gsize) (end - bytes));
      gsize n = (gsize) ((stop ? stop : end) - bytes);
      gsize n_before = reader->line->len;

      g_byte_array_append (reader->line, (const guint8 *) bytes, (guint) n);
      look_for_pulse (reader, n_before, now);
      if (!stop)
        return;
      g_byte_array_append (reader->line, (const guint8 *) "", 1);
      take_line (reader, (const char *) reader->line->data, reader->line->len - 1, now);
      g_byte_array_set_size (reader->line, 0);
      bytes = stop + 1;
    }
}

static void
read_listener (Client *client)
{
  static char bytes[256 * 1024];
  gssize n;

  while ((n = recv (client->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    take_bytes (client->reader, bytes, (gsize) n);
  if (n == 0 || errno != EAGAIN)
    die ("a reader was cut off");
}

/* Those who throw away */

static void
throw_away (void)
{
  for (int i = 0; i < LISTENERS_PER_TURN; i++)
    {
      const Client *client = &listeners[next_listener];

      next_listener = (next_listener + 1) % n_listeners;
      if (client->reader)
        continue;
      if (recv (client->fd, NULL, THROWN_AT_ONCE, MSG_TRUNC | MSG_DONTWAIT) == 0)
        die ("a subscriber was cut off");
    }
}

static void
watch (Client *client)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
    die ("epoll_ctl: %s", g_strerror (errno));
}

/* All of its head, as what throws away cannot look for an error in it. */
static void
read_head (int fd)
{
  char head[4096];
  gssize n = recv (fd, head, sizeof head - 1, MSG_PEEK);
  const char *end;

  head[MAX (n, 0)] = '\0';
  end = strstr (head, "\r\n\r\n");
  if (!end || !g_str_has_prefix (head, HEAD))
    die ("a subscriber was answered with %s", head);
  recv (fd, head, (gsize) (end - head) + strlen ("\r\n\r\n"), 0);
}

static void
subscribe (void)
{
  listeners = g_new0 (Client, n_listeners);
  for (int i = 0; i < n_listeners; i++)
    {
      Client *client = &listeners[i];

      client->fd = connect_to_server ();
      send_text (client->fd, "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      read_head (client->fd);
      /* From the first to the last of them, as the stream goes along in this order. */
      if ((i + 1) * n_readers / n_listeners == i * n_readers / n_listeners)
        continue;
      client->reader = g_new0 (Reader, 1);
      client->reader->line = g_byte_array_new ();
      watch (client);
    }
}

/* Those who beat */

static void
beat (void)
{
  Client *client = g_new0 (Client, 1);
  int number = (int) (n_sent++ % (guint64) n_workers);
  char request[256];
  char body[64];

  g_snprintf (body, sizeof body, "{\"worker_id\":\"worker-%05d\",\"status\":\"ready\"}", number);
  g_snprintf (request, sizeof request,
              "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
              "Content-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
              strlen (body), body);
  sent_at[number] = now_nsec ();
  client->is_sender = TRUE;
  client->fd = connect_to_server ();
  send_text (client->fd, request);
  watch (client);
}

static void
read_answer (Client *client)
{
  char answer[1024];
  gssize n = recv (client->fd, answer, sizeof answer - 1, 0);

  answer[MAX (n, 0)] = '\0';
  if (!g_str_has_prefix (answer, HEAD))
    die ("a heartbeat was answered with %s", answer);
  n_answered++;
  close (client->fd);
  g_free (client);
}

/* What is measured */

static void
turn (void)
{
  struct epoll_event events[MAX_READY];
  int n = epoll_wait (epoll_fd, events, MAX_READY, 1);

  for (int i = 0; i < n; i++)
    {
      Client *client = events[i].data.ptr;

      if (client->is_sender)
        read_answer (client);
      else
        read_listener (client);
    }
  throw_away ();
}

static void
run_for (double duration)
{
  gint64 start = now_nsec ();
  gint64 end = start + (gint64) (duration * 1e9);
  double pace = every * 1e9 / n_workers; /* ns */
  guint64 n_before = n_sent;

  for (gint64 now = start; now < end; now = now_nsec ())
    {
      while (start + (gint64) ((double) (n_sent - n_before) * pace) <= now)
        beat ();
      turn ();
    }
}

/* Until every reader has all that was sent. */
static void
drain (void)
{
  gint64 deadline = now_nsec () + (gint64) 30000 * MSEC;
  gboolean is_all = FALSE;

  while (!is_all)
    {
      if (now_nsec () > deadline)
        die ("not everything came in time");
      turn ();
      is_all = n_answered == n_sent;
      for (int i = 0; i < n_listeners; i++)
        is_all &= !listeners[i].reader || listeners[i].reader->n_events >= n_sent;
    }
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a, *second = b;

  return (*first > *second) - (*first < *second);
}

static double
get_percentile (GArray *times, double percent)
{
  if (times->len == 0)
    return -1;
  g_array_sort (times, compare_times);
  return (double) g_array_index (times, gint64, (guint) ((times->len - 1) * percent / 100)) / 1000;
}

static void
print_result (double wall, double server_cpu, double own_cpu)
{
  g_autofree char *metrics =
      ask ("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  double allowed_kb = (double) pulse_size * 4 / 1024 + 64 * 1024;
  double peak_kb = (double) server_memory_kb (pid, "VmHWM:");

  printf ("{\"p50_us\":%.1f,\"p99_us\":%.1f,\"overall_p99_us\":%.1f,\"overall_max_us\":%.1f,"
          "\"beside_share\":%.3f,",
          get_percentile (beside, 50), get_percentile (beside, 99), get_percentile (overall, 99),
          get_percentile (overall, 100), (double) beside->len / (double) overall->len);
  printf ("\"cpu_share\":%.3f,\"load_cpu_share\":%.3f,\"peak_kb\":%.0f,"
          "\"pulse_bytes\":%" G_GSIZE_FORMAT ",\"memory_share\":%.3f,",
          server_cpu / wall, own_cpu / wall, peak_kb, pulse_size, peak_kb / allowed_kb);
  printf ("\"longest_turn_us\":%.0f,\"long_turns\":%.0f,\"lags\":%.0f,\"lost\":%.0f,\"read_lost\":"
          "%" G_GUINT64_FORMAT "}\n",
          get_metric (metrics, "queen_longest_turn_seconds") * 1e6,
          get_metric (metrics, "queen_long_turns_total"), get_metric (metrics, "queen_lags_total"),
          get_metric (metrics, "queen_lost_events_total"), n_lost);
}

static void
measure (void)
{
  double server_cpu, own_cpu;
  gint64 start;

  fill_registry ();
  settle ();
  subscribe ();
  run_for (WARM_UP);
  is_measuring = TRUE;
  start = now_nsec ();
  server_cpu = cpu_of_server (pid);
  own_cpu = cpu_of (CLOCK_PROCESS_CPUTIME_ID);
  run_for (seconds);
  server_cpu = cpu_of_server (pid) - server_cpu;
  own_cpu = cpu_of (CLOCK_PROCESS_CPUTIME_ID) - own_cpu;
  double wall = (double) (now_nsec () - start) / 1e9;
  drain ();
  print_result (wall, server_cpu, own_cpu);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    die ("%s", error->message);
  if (argc != 1 || port <= 0 || port > 65535 || pid <= 0)
    die ("--port and --pid are needed");
  if (n_workers < 1 || n_workers > 65536 || n_readers < 1 || n_listeners < n_readers ||
      !(every > 0) || !(seconds > 0))
    die ("--workers (up to 65536), --every, --readers, --subscribers and --seconds must be "
         "positive");
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  sent_at = g_new0 (gint64, n_workers);
  beside = g_array_new (FALSE, FALSE, sizeof (gint64));
  overall = g_array_new (FALSE, FALSE, sizeof (gint64));
  measure ();
  return EXIT_SUCCESS;
}
