/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-placement.h"
#include "placement-fixture.h"

/* 64 workers for a minute: every second hundreds of requests come at once, each takes its time, and
 * the workers tell every other second how much they have to do, which arrives up to three seconds
 * late. Some of what they have is not the queen's. The same by two usual ways to choose a worker,
 * which show that this is what makes queues. */

#define N_WORKERS 64
#define SLOTS 64
#define TICK (10 * (gint64) 1000)
#define N_TICKS 6000
#define BURST_EVERY (SECOND)
#define REPORT_EVERY (2 * SECOND)
#define MAX_LATENESS 3. /* s */

typedef struct _World World;

/* Returns: which worker gets the next request */
typedef guint (*ChooseFunc) (World *world);

typedef struct
{
  guint worker;
  gint64 ends;
  char reservation[40]; /* empty for what is not the queen's */
} Request;

typedef struct
{
  guint worker, running;
  gint64 arrives;
} Report;

struct _World
{
  Fixture *f;
  GRand *random;
  ChooseFunc choose;
  GArray *requests; /* of Request */
  GArray *reports;  /* of Report, on their way */
  guint running[N_WORKERS];
  guint told[N_WORKERS]; /* as was heard last */
  guint turn;
  char reservation[40];
  double worst; /* the longest queue, in means */
};

/* By placement */

static void
on_placed (const QueenPlacementResult *result, gpointer data)
{
  World *world = data;

  g_assert_nonnull (result->worker);
  world->turn = (guint) g_ascii_strtoull (result->worker->id + 1, NULL, 10);
  g_strlcpy (world->reservation, result->reservation, sizeof world->reservation);
}

static guint
place_request (World *world)
{
  static const QueenPlacementFuncs funcs = { on_placed, NULL };
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = "s",
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };

  queen_placement_request (world->f->placement, &request, &funcs, world, NULL);
  return world->turn;
}

/* The first that has a slot, by what it said last; the last one when none has. */
static guint
match_first (World *world)
{
  guint i = 0;

  while (i + 1 < N_WORKERS && world->told[i] >= SLOTS)
    i++;
  return i;
}

/* In turn those who have least to do, by what they said last. */
static guint
go_round_least (World *world)
{
  guint least = G_MAXUINT;

  for (guint i = 0; i < N_WORKERS; i++)
    least = MIN (least, world->told[i]);
  do
    world->turn = (world->turn + 1) % N_WORKERS;
  while (world->told[world->turn] > least);
  return world->turn;
}

/* The world */

static void
begin_request (World *world, guint worker, double seconds)
{
  Request request = { worker, now + (gint64) (seconds * (double) SECOND) };

  g_strlcpy (request.reservation, world->reservation, sizeof request.reservation);
  world->reservation[0] = '\0';
  world->running[worker]++;
  g_array_append_val (world->requests, request);
}

/* From a tenth of a second to five, mostly short. */
static double
make_length (World *world)
{
  double length = g_rand_double (world->random);

  return .1 + 4.9 * length * length * length;
}

static void
end_requests (World *world)
{
  for (guint i = world->requests->len; i > 0; i--)
    {
      Request request = g_array_index (world->requests, Request, i - 1);

      if (request.ends > now)
        continue;
      world->running[request.worker]--;
      if (request.reservation[0] != '\0')
        queen_placement_end (world->f->placement, request.reservation, QUEEN_PLACEMENT_DONE);
      g_array_remove_index_fast (world->requests, i - 1);
    }
}

static void
hear (World *world, guint worker, guint running)
{
  g_autofree char *id = g_strdup_printf ("w%u", worker);

  world->told[worker] = running;
  say (world->f, id, QUEEN_STATUS_READY, SLOTS, running);
}

static void
deliver_reports (World *world)
{
  for (guint i = 0; i < world->reports->len;)
    {
      Report report = g_array_index (world->reports, Report, i);

      if (report.arrives > now)
        {
          i++;
          continue;
        }
      hear (world, report.worker, report.running);
      g_array_remove_index (world->reports, i);
    }
}

static void
send_reports (World *world, gint64 time)
{
  for (guint i = 0; i < N_WORKERS; i++)
    if ((time / TICK + i * 3) % (REPORT_EVERY / TICK) == 0)
      {
        double lateness = g_rand_double (world->random) * MAX_LATENESS;
        Report report = { i, world->running[i], now + (gint64) (lateness * (double) SECOND) };

        g_array_append_val (world->reports, report);
      }
}

static void
measure_queues (World *world)
{
  guint most = 0, sum = 0;

  for (guint i = 0; i < N_WORKERS; i++)
    {
      most = MAX (most, world->running[i]);
      sum += world->running[i];
    }
  world->worst = MAX (world->worst, (double) most * N_WORKERS / sum);
}

static void
send_burst (World *world)
{
  int n = g_rand_int_range (world->random, 4 * N_WORKERS, 16 * N_WORKERS);

  for (int i = 0; i < n; i++)
    begin_request (world, world->choose (world), make_length (world));
  measure_queues (world);
}

/* What others bring, whom the queen hears of by reports only. */
static void
send_strangers (World *world)
{
  if (g_rand_int_range (world->random, 0, 4) == 0)
    begin_request (world, (guint) g_rand_int_range (world->random, 0, N_WORKERS),
                   make_length (world));
}

static double
simulate (Fixture *f, ChooseFunc choose)
{
  World world = { .f = f, .random = g_rand_new_with_seed (7), .choose = choose };

  world.requests = g_array_new (FALSE, FALSE, sizeof (Request));
  world.reports = g_array_new (FALSE, FALSE, sizeof (Report));
  for (guint i = 0; i < N_WORKERS; i++)
    hear (&world, i, 0);
  now += 60 * SECOND; /* none of them is new */
  for (int i = 0; i < N_TICKS; i++)
    {
      gint64 time = i * TICK;

      end_requests (&world);
      deliver_reports (&world);
      send_reports (&world, time);
      send_strangers (&world);
      if (time % BURST_EVERY == 0)
        send_burst (&world);
      pass (TICK);
    }
  g_array_unref (world.requests);
  g_array_unref (world.reports);
  g_rand_free (world.random);
  return world.worst;
}

static void
assert_simulated (Fixture *f, ChooseFunc choose, double least, double most)
{
  double worst = simulate (f, choose);

  g_test_message ("the longest queue was %.2f × the mean", worst);
  g_assert_cmpfloat (worst, >=, least);
  g_assert_cmpfloat (worst, <=, most);
}

static void
test_placement (Fixture *f, gconstpointer data)
{
  assert_simulated (f, place_request, 1, 1.5);
}

static void
test_first_match (Fixture *f, gconstpointer data)
{
  assert_simulated (f, match_first, 5, N_WORKERS);
}

static void
test_round_robin (Fixture *f, gconstpointer data)
{
  assert_simulated (f, go_round_least, 5, N_WORKERS);
}

#define add(path, function)                                                                        \
  g_test_add ("/placement/simulation/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("no-queue-longer-than-one-and-a-half-times-the-mean", test_placement);
  add ("first-match-makes-five-times-the-mean", test_first_match);
  add ("round-robin-on-stale-figures-makes-five-times-the-mean", test_round_robin);

  return g_test_run ();
}
