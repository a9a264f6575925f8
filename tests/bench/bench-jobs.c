/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A worker and its clients in one process, with whatever brings them together between them: the
 * queen, nginx, or nothing. Each token has the time in it at which the worker wrote it, so that no
 * clocks need agree.
 *
 * bench-jobs latency|relay|memory|beats --worker-port PORT --port PORT --pid PID [--streams N]
 * [--rate N]
 *
 * The server listens at --port, and finds the worker at --worker-port, which is said on stdout when
 * the worker listens there. Prints JSON. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench-server.h"

#define HEAD                                                                                       \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define QUESTION                                                                                   \
  "{\"model\":\"bench\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Why?\"}]}"
#define TOKEN                                                                                      \
  "data: {\"id\":\"chatcmpl-0\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"      \
  "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%019" G_GINT64_FORMAT    \
  "\"},\"finish_reason\":null}]}\n\n"
#define HEARTBEAT "{\"worker_id\":\"other\",\"status\":\"ready\"}"
#define BEAT_EACH 5 /* ticks */
#define MARK "\"content\":\""
#define N_DIGITS 19
#define BUFFER (64 * 1024)
#define MAX_SAMPLES 4000000
#define PATIENCE 20 /* seconds until all streams are there */

typedef enum
{
  LISTENER,
  TICK,
  WORKER, /* a connection at which tokens are written */
  CLIENT, /* one at which they are read */
  BEATER, /* one that sends heartbeats meanwhile */
} Kind;

typedef struct
{
  Kind kind;
  int fd;
  char *text; /* what was read, and is not understood yet */
  gsize length;
  gboolean is_open; /* of a worker's: it was asked, and has answered */
  guint64 n_tokens; /* of a client's: that it has read */
} Peer;

static struct
{
  int worker_port, port, pid, n_streams, rate, seconds;
} options = { .n_streams = 10, .rate = 200, .seconds = 5 };

static int epoll_fd;
static GPtrArray *workers; /* that are open */
static GPtrArray *clients;
static gint64 *samples; /* ns that a token was on its way */
static gsize n_samples;
static guint64 n_written, n_read, n_refused;
static Peer *beater;   /* NULL where none is wanted */
static gint64 beat_at; /* ns, monotonic: of the one that is under way; 0 when none is */
static guint n_begun;  /* clients that have read something */

static Peer *
watch (Kind kind, int fd)
{
  Peer *peer = g_new0 (Peer, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

  peer->kind = kind;
  peer->fd = fd;
  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    die ("epoll: %s", strerror (errno));
  return peer;
}

static int
make_socket (void)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    die ("socket: %s", strerror (errno));
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  return fd;
}

static void
listen_as_worker (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) options.worker_port),
                                 .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int fd = make_socket ();

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof (int));
  if (bind (fd, (struct sockaddr *) &address, sizeof address) < 0 || listen (fd, 4096) < 0)
    die ("port %d: %s", options.worker_port, strerror (errno));
  watch (LISTENER, fd);
  puts ("listening");
  fflush (stdout);
}

static int
connect_to_server (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) options.port),
                                 .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int fd = make_socket ();

  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    die ("port %d: %s", options.port, strerror (errno));
  return fd;
}

static void
ask (void)
{
  char request[1024];
  int fd = connect_to_server ();
  int n = snprintf (request, sizeof request,
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                    strlen (QUESTION), QUESTION);

  if (send (fd, request, (size_t) n, MSG_NOSIGNAL) != n)
    die ("port %d: %s", options.port, strerror (errno));
  fcntl (fd, F_SETFL, O_NONBLOCK);
  g_ptr_array_add (clients, watch (CLIENT, fd));
}

static void
write_token (Peer *worker)
{
  char data[512], chunk[600];
  int n_data = snprintf (data, sizeof data, TOKEN, now_nsec ());
  int n = snprintf (chunk, sizeof chunk, "%x\r\n%s\r\n", (unsigned) n_data, data);

  if (send (worker->fd, chunk, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT) == n)
    n_written++;
  else
    n_refused++; /* the server does not keep up */
}

/* A question is there when its body is. */
static void
hear_question (Peer *worker)
{
  if (worker->is_open || !strstr (worker->text, QUESTION))
    return;
  worker->is_open = TRUE;
  worker->length = 0;
  if (send (worker->fd, HEAD, strlen (HEAD), MSG_NOSIGNAL) < 0)
    die ("the server hung up");
  g_ptr_array_add (workers, worker);
  write_token (worker);
}

static void
hear_tokens (Peer *client)
{
  gint64 now = now_nsec ();
  char *at = client->text, *mark;

  while ((mark = strstr (at, MARK)) && strlen (mark) >= strlen (MARK) + N_DIGITS + 1)
    {
      at = mark + strlen (MARK);
      if (n_samples < MAX_SAMPLES && !beater)
        samples[n_samples++] = now - strtoll (at, NULL, 10);
      n_read++;
      n_begun += client->n_tokens++ == 0;
    }
  /* What is not a whole token stays: a mark, or the beginning of one. */
  if (!mark)
    mark = MAX (at, client->text + client->length - MIN (client->length, strlen (MARK)));
  client->length -= (gsize) (mark - client->text);
  memmove (client->text, mark, client->length + 1);
}

static void
send_beat (void)
{
  char request[512];
  int n = snprintf (request, sizeof request,
                    "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                    strlen (HEARTBEAT), HEARTBEAT);

  beat_at = now_nsec ();
  if (send (beater->fd, request, (size_t) n, MSG_NOSIGNAL) != n)
    die ("no more heartbeats are taken");
}

/* Each connection takes a thousand requests. */
static void
hear_acknowledgement (Peer *peer)
{
  gboolean is_last = strstr (peer->text, "\r\nConnection: close") != NULL;

  if (!strstr (peer->text, "}\n"))
    return;
  samples[n_samples++] = now_nsec () - beat_at;
  beat_at = 0;
  peer->length = 0;
  if (!is_last)
    return;
  close (peer->fd);
  beater = watch (BEATER, connect_to_server ());
}

static void
read_peer (Peer *peer)
{
  gssize n;

  if (!peer->text)
    peer->text = g_malloc (2 * BUFFER);
  n = recv (peer->fd, peer->text + peer->length, BUFFER, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN)
    return;
  if (n <= 0 && peer->kind == CLIENT)
    die ("a stream ended: %.*s", (int) peer->length, peer->text);
  if (n <= 0)
    {
      close (peer->fd);
      return;
    }
  peer->length += (gsize) n;
  peer->text[peer->length] = '\0';
  if (peer->kind == WORKER)
    hear_question (peer);
  else if (peer->kind == BEATER)
    hear_acknowledgement (peer);
  else
    hear_tokens (peer);
}

static guint n_ticks;

static void
take_events (int timeout)
{
  struct epoll_event events[256];
  int n = epoll_wait (epoll_fd, events, G_N_ELEMENTS (events), timeout);

  for (int i = 0; i < n; i++)
    {
      Peer *peer = events[i].data.ptr;
      guint64 count;

      if (peer->kind == LISTENER)
        {
          int fd = accept4 (peer->fd, NULL, NULL, SOCK_CLOEXEC);

          setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
          watch (WORKER, fd);
        }
      else if (peer->kind == TICK)
        n_ticks += read (peer->fd, &count, sizeof count) == sizeof count ? (guint) count : 0;
      else
        read_peer (peer);
    }
}

/* All streams, each with a token. */
static void
open_streams (int n_streams)
{
  gint64 end = now_nsec () + PATIENCE * G_GINT64_CONSTANT (1000000000);

  for (int i = 0; i < n_streams; i++)
    {
      ask ();
      take_events (0);
    }
  while (n_begun < (guint) n_streams)
    {
      take_events (100);
      if (now_nsec () > end)
        die ("only %u of %d streams have begun", n_begun, n_streams);
    }
}

/* Has so many tokens written each tick, in turn at all streams, and what comes read meanwhile. */
static void
run_ticks (gint64 interval, guint n_at_once)
{
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct itimerspec times = { { interval / 1000000000, interval % 1000000000 },
                              { interval / 1000000000, interval % 1000000000 } };
  gint64 end = now_nsec () + options.seconds * G_GINT64_CONSTANT (1000000000);
  guint next = 0, n_done = 0;

  timerfd_settime (fd, 0, &times, NULL);
  watch (TICK, fd);
  while (now_nsec () < end)
    {
      take_events (100);
      for (; n_ticks > 0; n_ticks--)
        {
          if (beater && beat_at == 0 && n_done++ % BEAT_EACH == 0)
            send_beat ();
          for (guint i = 0; i < n_at_once; i++)
            write_token (workers->pdata[next++ % workers->len]);
        }
    }
  for (gint64 late = now_nsec () + 2 * G_GINT64_CONSTANT (1000000000);
       n_read < n_written && now_nsec () < late;)
    take_events (10);
}

static int
compare_samples (const void *a, const void *b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return first < second ? -1 : first > second;
}

static double
get_percentile (double part)
{
  return n_samples > 0 ? (double) samples[(gsize) ((double) (n_samples - 1) * part)] / 1000 : 0;
}

/* A token each 5 ms at one stream after the other. */
static void
measure_latency (void)
{
  open_streams (options.n_streams);
  n_samples = 0;
  run_ticks (5000000, 1);
  qsort (samples, n_samples, sizeof *samples, compare_samples);
  printf ("{\"p50_us\":%.1f,\"p99_us\":%.1f,\"lost\":%" G_GUINT64_FORMAT "}\n",
          get_percentile (0.5), get_percentile (0.99), n_written - n_read);
}

static void
measure_relay (void)
{
  double cpu;
  gint64 start;
  guint64 before;

  open_streams (options.n_streams);
  before = n_read;
  start = now_nsec ();
  cpu = cpu_of_server (options.pid);
  run_ticks (1000000, (guint) (options.n_streams * options.rate / 1000));
  cpu = cpu_of_server (options.pid) - cpu;
  printf ("{\"events_per_s\":%.0f,\"events_per_cpu_s\":%.0f,\"cpu_us_per_event\":%.3f,\"lost\":"
          "%" G_GUINT64_FORMAT ",\"refused\":%" G_GUINT64_FORMAT "}\n",
          (double) (n_read - before) * 1e9 / (double) (now_nsec () - start),
          (double) (n_read - before) / cpu, cpu * 1e6 / (double) (n_read - before),
          n_written - n_read, n_refused);
}

/* How long a heartbeat takes while so many stream. */
static void
measure_beats (void)
{
  open_streams (options.n_streams);
  n_samples = 0;
  beater = watch (BEATER, connect_to_server ());
  run_ticks (1000000, (guint) (options.n_streams * options.rate / 1000));
  qsort (samples, n_samples, sizeof *samples, compare_samples);
  printf ("{\"p50_us\":%.1f,\"p99_us\":%.1f,\"beats\":%zu}\n", get_percentile (0.5),
          get_percentile (0.99), n_samples);
}

static void
measure_memory (void)
{
  long before;

  open_streams (10); /* what is there once for all */
  before = server_memory_kb (options.pid, "VmRSS:");
  n_begun = 0;
  open_streams (options.n_streams);
  printf ("{\"bytes_per_job\":%.0f}\n",
          (double) (server_memory_kb (options.pid, "VmRSS:") - before) * 1024 / options.n_streams);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    int *value;
  } names[] = {
    { "--worker-port", &options.worker_port },
    { "--port", &options.port },
    { "--pid", &options.pid },
    { "--streams", &options.n_streams },
    { "--rate", &options.rate },
    { "--seconds", &options.seconds },
  };

  if (argc < 2 || argc % 2 != 0)
    die ("latency, relay, memory or beats, and then options with a number each");
  for (int i = 2; i < argc; i += 2)
    for (gsize j = 0; j < G_N_ELEMENTS (names); j++)
      if (g_str_equal (argv[i], names[j].name))
        *names[j].value = atoi (argv[i + 1]);
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  workers = g_ptr_array_new ();
  clients = g_ptr_array_new ();
  samples = g_new (gint64, MAX_SAMPLES);
  listen_as_worker ();
  if (getchar () == EOF) /* until who started it has told the server where the worker is */
    die ("nobody says that it may begin");
  if (g_str_equal (argv[1], "latency"))
    measure_latency ();
  else if (g_str_equal (argv[1], "relay"))
    measure_relay ();
  else if (g_str_equal (argv[1], "beats"))
    measure_beats ();
  else
    measure_memory ();
  return EXIT_SUCCESS;
}
