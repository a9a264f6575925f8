/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "bus-client.h"
#include "bus-daemon.h"
#include "queenctl-runner.h"

/* A queen on a bus of the test's own. */

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  BusClient *client;
} Fixture;

static inline void
start_queen (Fixture *f)
{
  f->queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", NULL);
  bus_client_wait_for_queen (f->client, TRUE);
}

static inline void
set_up_bus (Fixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new_for_session ();
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  set_up_bus (f, data);
  start_queen (f);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->queen, queen_process_stop);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}
