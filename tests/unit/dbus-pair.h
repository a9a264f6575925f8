/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DBusPair:
 * @queen: the end on which objects are shown
 * @client: the end that calls them
 *
 * Two ends of one connection, without a bus. What happens at both is done by the default main
 * context, which turns while the client waits for an answer.
 */
typedef struct
{
  GDBusConnection *queen;
  GDBusConnection *client;
} DBusPair;

void dbus_pair_open (DBusPair *self);

/* The same, but what goes out at the queen's end may stand in another message's place
 * (queen-dbus-output.c). */
void dbus_pair_open_with_output (DBusPair *self);

/* The queen's end may have been let go already, and is %NULL then. */
void dbus_pair_close (DBusPair *self);

/* Turns the main context until the condition holds; it must, within 20 s. */
#define dbus_pair_wait_until(condition)                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_ = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                   \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, end_);                                        \
        if (!g_main_context_iteration (NULL, FALSE))                                               \
          g_usleep (200);                                                                          \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

/* Returns: (transfer full): the message that answers the call, be it an error */
GDBusMessage *dbus_pair_exchange (DBusPair *self, GDBusMessage *call);

/* @parameters as g_variant_new_parsed() reads them; %NULL for none.
 *
 * Returns: (transfer full): what the method returned; %NULL when it failed, with @error if wanted
 */
GVariant *dbus_pair_call (DBusPair *self,
                          const char *path,
                          const char *interface,
                          const char *method,
                          const char *parameters,
                          GError **error);

/* Asserts that the method fails with the D-Bus error @name. */
void dbus_pair_fail (DBusPair *self,
                     const char *path,
                     const char *interface,
                     const char *method,
                     const char *parameters,
                     const char *name);

/* Returns: how many bytes the body of @message has on the wire */
gsize dbus_pair_measure (GDBusMessage *message);

G_END_DECLS
