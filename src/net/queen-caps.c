/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-caps.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Descriptors of her own: listening sockets, the bus, the log, the spare one. */
#define RESERVE 32
#define LAST_PART 16 /* of all */
#define OWN 8        /* that nobody has who comes, or the last part if that is less */
#define NEEDED 6     /* to come onto a bus: three, and as many that others have for a moment */
#define USUAL_SUBSCRIBERS 12000
#define USUAL_CONNECTIONS 16384 /* so many may come at once when she has been away */
#define PART_OF_CALLS 4         /* of those that are left, where there are not so many */

/* Those who come have as many as they may, and for long: without some that they cannot have, no
 * question would find its way to a worker. Who wishes for many of one kind has them of these, and
 * half of what is left is for the other kind then.
 *
 * @wished: how many somebody wishes for of one kind
 *
 * Returns: descriptors for who comes */
static guint
count_for_clients (guint n_free, guint wished)
{
  guint n = n_free - MIN (QUEEN_CAPS_MAX_CALLS, n_free / PART_OF_CALLS);

  return wished > 0 && wished < n_free ? MAX (n, wished + (n_free - wished) / 2) : n;
}

/* 80 % of the descriptors, as connections are short. */
static guint
choose_subscribers (guint n, guint max_connections)
{
  return MIN (max_connections > 0 ? n - MIN (max_connections, n) : n - n / 5, USUAL_SUBSCRIBERS);
}

static guint
choose_connections (guint n, guint subscribers)
{
  return CLAMP (n - MIN (subscribers, n), 1, USUAL_CONNECTIONS);
}

/* What is left when all have come who may; of a few where somebody wished for all, as these are not
 * always there. */
static guint
choose_calls (const QueenCaps *caps, guint n_free)
{
  gint64 n_left = (gint64) caps->brink - RESERVE - caps->subscribers - caps->connections;
  gint64 least = MAX (n_free / LAST_PART, NEEDED);

  return (guint) MIN (MAX (n_left, least), QUEEN_CAPS_MAX_CALLS);
}

int
queen_caps_find_brink (guint64 n_descriptors)
{
  return (int) MIN (n_descriptors - n_descriptors / LAST_PART, G_MAXINT);
}

int
queen_caps_find_own (void)
{
  struct rlimit limit = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  return (int) MIN (limit.rlim_cur - MIN (limit.rlim_cur / LAST_PART, OWN), G_MAXINT);
}

gboolean
queen_caps_is_own (int fd)
{
  return fd >= queen_caps_find_own ();
}

/* The last ones are taken last: almost always the first that are looked at are free. */
gboolean
queen_caps_are_some_left (void)
{
  struct rlimit limit = { 0 };
  guint n_free = 0;

  getrlimit (RLIMIT_NOFILE, &limit);
  for (int fd = (int) MIN (limit.rlim_cur, G_MAXINT) - 1; fd >= 0 && n_free < NEEDED; fd--)
    n_free += fcntl (fd, F_GETFD) < 0;
  return n_free >= NEEDED;
}

gboolean
queen_caps_are_at_brink (const QueenCaps *self, int fd)
{
  return self->brink > 0 && fd >= self->brink;
}

gboolean
queen_caps_choose (QueenCaps *caps,
                   guint64 n_descriptors,
                   guint max_subscribers,
                   guint max_connections,
                   guint max_per_address)
{
  guint n_free = (guint) CLAMP (n_descriptors, RESERVE + 2, G_MAXUINT) - RESERVE;
  guint n = count_for_clients (n_free, MAX (max_subscribers, max_connections));

  caps->subscribers =
      CLAMP (max_subscribers > 0 ? max_subscribers : choose_subscribers (n, max_connections), 1,
             n_free - 1);
  caps->connections =
      MIN (max_connections > 0 ? max_connections : choose_connections (n, caps->subscribers),
           n_free - caps->subscribers);
  caps->subscribers_per_address =
      max_per_address > 0 ? max_per_address : MAX (caps->subscribers / 4, 1);
  caps->connections_per_address =
      max_per_address > 0 ? max_per_address : MAX (caps->connections / 4, 1);
  caps->spares_loopback = max_per_address == 0;
  caps->brink = queen_caps_find_brink (n_descriptors);
  caps->calls = choose_calls (caps, n_free);
  return caps->subscribers >= max_subscribers && caps->connections >= max_connections;
}

/* The kernel doubles the table of descriptors whenever it is full; and in a process with threads it
 * waits each time, for 10 to 30 ms, until no processor looks at the old one. When a crowd comes at
 * once, that is long enough for the backlog to overflow; so the table gets its size now. */
void
queen_caps_make_room (const QueenCaps *self)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int last_fd = fcntl (fd, F_DUPFD_CLOEXEC, (int) (self->subscribers + self->connections));

  if (last_fd >= 0)
    close (last_fd);
  if (fd >= 0)
    close (fd);
}
