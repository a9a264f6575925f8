/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-soup.h"

#include "jobs/queen-call-message.h"

#define N_RACES 20000

static SoupMessage *
make_message (GCancellable *cancellable)
{
  char host[] = "127.0.0.1", path[] = "";
  const QueenTarget target = { .scheme = "https", .host = host, .port = 1, .path = path };
  const QueenCallRequest request = { .method = "GET", .path = "/", .target = &target };

  return queen_call_message_new (&request, FALSE, cancellable);
}

/* What may come of a message is still to find what it is sent with. */
static void
test_kept (void)
{
  GCancellable *cancellable = g_cancellable_new ();
  gpointer watched = cancellable;
  SoupMessage *message = make_message (cancellable);

  g_object_add_weak_pointer (G_OBJECT (cancellable), &watched);
  g_object_unref (cancellable);
  g_assert_nonnull (watched);
  g_object_unref (message);
  g_assert_null (watched);
}

/* As GIO does, whose threads let go of it when they have shaken hands. */
static gpointer
let_go_in_thread (gpointer data)
{
  GAsyncQueue *queue = data;
  gpointer cancellable;

  while ((cancellable = g_async_queue_pop (queue)) != queue)
    g_object_unref (cancellable);
  return NULL;
}

static void
test_race (void)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  GThread *thread = g_thread_new ("handshakes", let_go_in_thread, queue);

  for (guint i = 0; i < N_RACES; i++)
    {
      GCancellable *cancellable = g_cancellable_new ();
      SoupMessage *message = make_message (cancellable);

      g_async_queue_push (queue, cancellable);
      g_object_unref (message);
    }
  g_async_queue_push (queue, queue);
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/soup/cancellable/is-kept-by-its-message", test_kept);
  g_test_add_func ("/soup/cancellable/another-thread-lets-go-of-it", test_race);

  return g_test_run ();
}
