/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Where libsoup waits for thousands of answers, nobody has to walk past all of them. */

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jobs/queen-call.h"
#include "jobs/queen-lanes.h"
#include "net/queen-caps.h"

#define N_CALLS 4096
#define N_PLACES 1024 /* that are remembered */
#define MOST 128      /* neighbours, when each place has as many calls as fit */

static void
test_apart (void)
{
  QueenLanes *lanes = queen_lanes_new (NULL, G_MAXINT);
  g_autoptr (QueenTarget) target = queen_target_new_from_url ("http://127.0.0.1:9", NULL);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) neighbours = g_hash_table_new (NULL, NULL);
  QueenLane *entered[N_CALLS];

  g_ptr_array_add (addresses, g_inet_address_new_from_string ("127.0.0.1"));
  for (guint i = 0; i < N_CALLS; i++)
    {
      GMainContext *context;
      guint n;

      entered[i] = queen_lanes_enter (lanes, target, addresses);
      context = queen_lane_get_context (entered[i]);
      g_assert_true (context != g_main_context_default ());
      n = GPOINTER_TO_UINT (g_hash_table_lookup (neighbours, context)) + 1;
      g_assert_cmpuint (n, <=, MOST);
      g_hash_table_insert (neighbours, context, GUINT_TO_POINTER (n));
    }
  for (guint i = 0; i < N_CALLS; i++)
    queen_lane_leave (entered[i]);
  queen_lanes_free (lanes);
}

static void
test_no_descriptors (void)
{
  QueenLanes *lanes = queen_lanes_new (NULL, 0);
  g_autoptr (QueenTarget) target = queen_target_new_from_url ("http://127.0.0.1:9", NULL);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  QueenLane *lane;

  g_ptr_array_add (addresses, g_inet_address_new_from_string ("127.0.0.1"));
  lane = queen_lanes_enter (lanes, target, addresses);
  g_assert_true (queen_lane_get_context (lane) == g_main_context_default ());
  queen_lane_leave (lane);
  queen_lanes_free (lanes);
}

/* To a place where nobody answers. */
typedef struct
{
  QueenTarget *target;
  GPtrArray *addresses;
  QueenCaller *caller;
  GPtrArray *calls; /* of QueenCall */
} Road;

static int
listen_in_silence (Road *road)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *url = NULL;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, SOMAXCONN), ==, 0);
  getsockname (fd, (struct sockaddr *) &address, &(socklen_t){ sizeof address });
  url = g_strdup_printf ("http://127.0.0.1:%u", ntohs (address.sin_port));
  road->target = queen_target_new_from_url (url, NULL);
  return fd;
}

/* Returns: (transfer none): what the next one asks by */
static SoupSession *
peek_next (Road *road)
{
  QueenLane *lane = queen_lanes_enter (road->caller->lanes, road->target, road->addresses);
  SoupSession *session = queen_lane_get_session (lane);

  queen_lane_leave (lane);
  return session;
}

static void
on_road_connected (gpointer data)
{
}

static void
start_one (Road *road)
{
  static const QueenCallFuncs funcs = { .on_connected = on_road_connected };
  QueenSource here;
  const QueenCallRequest request = { .method = "GET",
                                     .target = road->target,
                                     .source = &here,
                                     .submitter = "192.0.2.1",
                                     .path = "/",
                                     .accept = "*/*",
                                     .connect_timeout = G_TIME_SPAN_MINUTE,
                                     .first_byte_timeout = G_TIME_SPAN_MINUTE,
                                     .idle_timeout = G_TIME_SPAN_MINUTE };

  queen_source_init_here (&here);
  g_ptr_array_add (road->calls, queen_call_start (road->caller, &request, &funcs, NULL));
}

static void
build_road (Road *road, QueenReach *reach)
{
  road->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (road->addresses, g_inet_address_new_from_string ("127.0.0.1"));
  road->caller = queen_caller_new (reach, NULL, NULL, QUEEN_CAPS_MAX_CALLS);
  road->calls = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_call_cancel);
}

static void
clear_road (Road *road)
{
  g_ptr_array_unref (road->calls);
  g_ptr_array_unref (road->addresses);
  queen_target_free (road->target);
  queen_caller_end (road->caller);
  queen_caller_free (road->caller);
}

/* Until those who come need another lane; and libsoup has all of these. */
static void
fill_first (Road *road)
{
  SoupSession *first = peek_next (road);

  while (peek_next (road) == first)
    {
      start_one (road);
      while (road->caller->n_pending < road->calls->len)
        g_main_context_iteration (NULL, TRUE);
    }
}

static void
await_libsoup (Road *road)
{
  while (road->caller->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
}

/* What has been cancelled is libsoup's for a while longer, and it walks along all of that, too. */
static void
test_cancelled (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  Road road;
  int fd = listen_in_silence (&road);
  SoupSession *first;

  build_road (&road, reach);
  first = peek_next (&road);
  fill_first (&road);
  g_ptr_array_set_size (road.calls, 0);
  g_assert_true (peek_next (&road) != first);
  await_libsoup (&road);
  g_assert_true (peek_next (&road) == first);
  clear_road (&road);
  close (fd);
}

/* The last of them takes all that there was of the place along. */
static void
test_cancelled_and_forgotten (void)
{
  g_autoptr (QueenReach) reach = queen_reach_new (NULL, NULL);
  Road road;
  int fd = listen_in_silence (&road);
  SoupSession *first;

  build_road (&road, reach);
  first = peek_next (&road);
  g_object_add_weak_pointer (G_OBJECT (first), (gpointer *) &first);
  fill_first (&road);
  for (guint16 port = 1; port <= N_PLACES; port++)
    {
      QueenTarget other = *road.target;

      other.port = port;
      queen_lane_leave (queen_lanes_enter (road.caller->lanes, &other, road.addresses));
    }
  g_ptr_array_set_size (road.calls, 0);
  g_assert_nonnull (first);
  await_libsoup (&road);
  g_assert_null (first);
  clear_road (&road);
  close (fd);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lanes/thousands-of-calls-wait-apart", test_apart);
  g_test_add_func ("/lanes/with-no-descriptor-left-in-the-loop-itself", test_no_descriptors);
  g_test_add_func ("/lanes/who-is-cancelled-is-in-one-for-as-long-as-libsoup-has-it",
                   test_cancelled);
  g_test_add_func ("/lanes/who-is-cancelled-is-the-last-in-one-that-is-forgotten",
                   test_cancelled_and_forgotten);

  return g_test_run ();
}
