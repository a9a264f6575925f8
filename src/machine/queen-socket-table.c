/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket-table.h"

#include <errno.h>
#include <gio/gio.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LINE_SIZE 512 /* they have 150 bytes, and 180 in IPv6 */
#define MAX_ROWS (1 << 20)

/* The kernel prints each word of an address as a number of this machine. */
static gboolean
parse_address (const char *text, int family, struct in6_addr *address)
{
  const gsize n_words = family == AF_INET ? 1 : 4;

  *address = (struct in6_addr){ 0 };
  if (strlen (text) != n_words * 8)
    return FALSE;
  for (gsize i = 0; i < n_words; i++)
    {
      guint word;

      if (sscanf (text + i * 8, "%8x", &word) != 1)
        return FALSE;
      address->s6_addr32[i] = word;
    }
  return TRUE;
}

/*   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *    0: 0100007F:2134 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711
 */
static gboolean
parse_row (const char *line, int family, QueenSocketRow *row)
{
  char address[33];
  guint port, state, n_unsent, n_unread, uid;

  if (sscanf (line,
              " %*d: %32[0-9A-Fa-f]:%4x %*32[0-9A-Fa-f]:%*4x %2x %8x:%8x %*x:%*x %*x %u %*d"
              " %" G_GUINT64_FORMAT,
              address, &port, &state, &n_unsent, &n_unread, &uid, &row->inode) != 7)
    return FALSE;
  row->family = family;
  row->state = (guint8) state;
  row->port = (guint16) port;
  row->n_unread = n_unread;
  row->n_unsent = n_unsent;
  row->uid = uid;
  return parse_address (address, family, &row->address);
}

/* Returns: whether to go on. */
static gboolean
read_rows (FILE *file, int family, QueenSocketRowFunc func, gpointer data)
{
  char line[LINE_SIZE];
  gboolean is_wanted = TRUE;

  for (guint i = 0; i < MAX_ROWS && is_wanted && fgets (line, sizeof line, file); i++)
    {
      QueenSocketRow row;

      if (parse_row (line, family, &row))
        is_wanted = func (&row, data);
    }
  return is_wanted;
}

gboolean
queen_socket_table_read (const char *root, QueenSocketRowFunc func, gpointer data, GError **error)
{
  static const struct
  {
    const char *name;
    int family;
  } tables[] = { { "tcp", AF_INET }, { "tcp6", AF_INET6 } };
  gboolean is_wanted = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (tables) && is_wanted; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/proc/net/%s", root, tables[i].name);
      FILE *file = fopen (path, "re");

      if (!file && i == 0)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path,
                       g_strerror (errno));
          return FALSE;
        }
      if (!file)
        continue;
      is_wanted = read_rows (file, tables[i].family, func, data);
      fclose (file);
    }
  return TRUE;
}
