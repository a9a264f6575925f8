/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-interim.h"

#include "queen-soup.h"

#define MOST 16
#define MAX_MISDIRECTED (64 * 1024) /* bytes */
#define COUNT "queenctl-interim"

static guint
get_count (SoupMessage *message)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (message), COUNT));
}

static void
note_interim (SoupMessage *message, GCancellable *cancellable)
{
  g_object_set_data (G_OBJECT (message), COUNT, GUINT_TO_POINTER (get_count (message) + 1));
  if (queenctl_interim_has_stalled (message))
    g_cancellable_cancel (cancellable);
}

void
queenctl_interim_limit (SoupMessage *message, GCancellable *cancellable)
{
  queen_soup_stream (message, cancellable, MAX_MISDIRECTED);
  queen_soup_connect (message, "got-informational", G_CALLBACK (note_interim), cancellable);
}

gboolean
queenctl_interim_has_stalled (SoupMessage *message)
{
  return get_count (message) > MOST || queen_soup_is_misdirected (message);
}
