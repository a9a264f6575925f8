/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-placement.h"

/* Workers and a placement, without anything else, and time that stands still. */

#define SECOND ((gint64) G_USEC_PER_SEC)
#define TIMEOUT (90 * SECOND)
#define UNSAID (-1)

typedef struct
{
  QueenEventBus *bus;
  QueenSequencer *sequencer;
  QueenRegistry *workers;
  QueenPlacement *placement;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, 3600 * SECOND, 65536 };

  now = 1000 * SECOND;
  f->bus = queen_event_bus_new ();
  f->sequencer = QUEEN_SEQUENCER (queen_local_sequencer_new (f->bus, &fake_clock));
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
  f->placement = queen_placement_new (f->bus, f->workers, &fake_clock);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->placement);
  g_clear_object (&f->workers);
  g_clear_object (&f->sequencer);
  g_clear_object (&f->bus);
}

/* @sender: (nullable): who brings it */
static inline void
say_as (Fixture *f,
        const char *sender,
        const char *id,
        QueenStatus status,
        gint64 slots,
        gint64 running)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup ("m");
  worker->status = status;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = slots;
  worker->vitals->running = running;
  g_assert_true (queen_registry_update (f->workers, worker, sender, NULL));
}

static inline void
say (Fixture *f, const char *id, QueenStatus status, gint64 slots, gint64 running)
{
  say_as (f, NULL, id, status, slots, running);
}

/* The main loop, until it has nothing to do. */
static inline void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static inline void
pass (gint64 span)
{
  now += span;
  turn ();
}
