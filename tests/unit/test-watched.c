/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * How often a server is looked at that would choose that itself. */

#include "agent/queen-watched.h"

#include "scripted-server.h"

#define MAX_SIGNS 32
#define N_LOOKS 3
/* Between two looks at a stranger, less what chance takes of it. */
#define STRANGERS_PACE (4 * G_TIME_SPAN_SECOND)

typedef struct
{
  QueenWatched *watched;
  guint n_looks;
  gint64 looked_at[N_LOOKS];
} Looks;

static void
on_looked (gpointer source, gpointer data)
{
  Looks *looks = data;

  if (looks->n_looks < N_LOOKS)
    looks->looked_at[looks->n_looks++] = queen_watched_get_look_time (looks->watched);
}

/* It answers all that a look asks, and a moment later it closes the connection. */
static guint
write_scenes (Scene *scenes)
{
  const guint n_signs = g_strv_length ((char **) queen_adapter_list_signs ());

  g_assert_cmpuint (n_signs, <=, MAX_SIGNS);
  for (guint i = 0; i < N_LOOKS * n_signs; i++)
    scenes[i] = (Scene){ .says = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                         .end = i % n_signs == n_signs - 1 ? SCENE_PONDER : SCENE_KEEP };
  return N_LOOKS * n_signs;
}

/* The first time it may have gone; whoever does it again and again would be asked without an end.
 */
static void
test_closing (void)
{
  g_autoptr (QueenFetcher) fetcher = queen_fetcher_new (NULL);
  g_autofree char *url = NULL;
  Scene scenes[N_LOOKS * MAX_SIGNS];
  ScriptedServer server;
  Looks looks = { 0 };

  scripted_server_start (&server, scenes, write_scenes (scenes));
  url = g_strdup_printf ("http://127.0.0.1:%u", server.port);
  looks.watched = queen_watched_new (fetcher, url, NULL, on_looked, &looks);
  while (looks.n_looks < N_LOOKS)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (queen_watched_get_reach (looks.watched), ==, QUEEN_REACH_ANSWERING);
  g_assert_cmpint (looks.looked_at[2] - looks.looked_at[1], >, STRANGERS_PACE);
  queen_watched_free (looks.watched);
  scripted_server_stop (&server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/watched/closing/does-not-choose-the-pace", test_closing);
  return g_test_run ();
}
