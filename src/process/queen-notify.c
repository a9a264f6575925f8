/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-notify.h"

#include <errno.h>
#include <string.h>

#include "queen-datagram.h"

#define RETRY_MSEC 100

static struct
{
  gboolean is_open;
  QueenDatagram *manager; /* NULL when there is none */

  char *state; /* the last that it has not been told yet; NULL for nothing */
  char *status;
  guint retry_id;
} channel;

static int
send_text (const char *text)
{
  const char *address = g_getenv ("NOTIFY_SOCKET");

  if (!channel.is_open)
    channel.manager = address ? queen_datagram_new (address) : NULL;
  channel.is_open = TRUE;
  return channel.manager ? queen_datagram_send (channel.manager, text, strlen (text)) : 0;
}

/* Returns: whether that is all; a manager that is not there will not be told later, either */
static gboolean
send_pending (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (channel.state)
    g_string_append_printf (text, "%s\n", channel.state);
  if (channel.status)
    g_string_append_printf (text, "STATUS=%s\n", channel.status);
  if (text->len > 0 && send_text (text->str) == EAGAIN)
    return FALSE;
  g_clear_pointer (&channel.state, g_free);
  g_clear_pointer (&channel.status, g_free);
  return TRUE;
}

static gboolean
on_retry (gpointer data)
{
  if (!send_pending ())
    return G_SOURCE_CONTINUE;
  channel.retry_id = 0;
  return G_SOURCE_REMOVE;
}

void
queen_notify_tell (const char *state, const char *status)
{
  if (state)
    {
      g_free (channel.state);
      channel.state = g_strdup (state);
    }
  if (status)
    {
      g_free (channel.status);
      channel.status = g_strdup (status);
    }
  if (!send_pending () && channel.retry_id == 0)
    channel.retry_id = g_timeout_add (RETRY_MSEC, on_retry, NULL);
}

void
queen_notify_feed_watchdog (void)
{
  send_text ("WATCHDOG=1");
}
