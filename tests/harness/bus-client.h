/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define QUEEN_NAME "dev.rbee.Queen1"
#define QUEEN_PATH "/dev/rbee/Queen1"

/**
 * BusSignal:
 *
 * A signal of the queen's, as it came.
 */
typedef struct
{
  char *path;
  char *interface;
  char *member;
  GVariant *parameters;
} BusSignal;

void bus_signal_free (BusSignal *signal);

/**
 * BusClient:
 *
 * A connection of the test's own, which records the queen's signals from the beginning.
 */
typedef struct _BusClient BusClient;

BusClient *bus_client_new (const char *address);
void bus_client_free (BusClient *self);

GDBusConnection *bus_client_get_connection (BusClient *self);

/* Waits until somebody, or nobody, has the queen's name. */
void bus_client_wait_for_queen (BusClient *self, gboolean is_there);

/* Returns: the answer, or %NULL and the error of the queen or the bus */
GVariant *bus_client_call (BusClient *self,
                           const char *path,
                           const char *interface,
                           const char *method,
                           GVariant *parameters,
                           GError **error);

/* A method of the root object, which must succeed. @parameters as g_variant_new_parsed() reads. */
GVariant *bus_client_ask (BusClient *self, const char *method, const char *parameters);

/* Asserts that a method of the root object fails with dev.rbee.Queen1.Error.@error. */
void bus_client_fail (BusClient *self,
                      const char *method,
                      const char *parameters,
                      const char *error,
                      const char *message);

/* @interface without dev.rbee.Queen1; asserts that the property reads as g_variant_print() writes
 * @value, waiting for it if need be. */
void bus_client_expect (BusClient *self,
                        const char *path,
                        const char *interface,
                        const char *property,
                        const char *value);

/* Returns: the value as g_variant_print() writes it; %NULL when there is none */
char *
bus_client_read (BusClient *self, const char *path, const char *interface, const char *property);

/* Returns: the next signal of that name that has not been returned yet, waited for */
BusSignal *bus_client_next_signal (BusClient *self, const char *member);

/* Returns: how many signals of that name from @path have come, returned ones left out; all that
 * were sent before are in */
guint bus_client_count_signals (BusClient *self, const char *path, const char *member);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusSignal, bus_signal_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusClient, bus_client_free)

G_END_DECLS
