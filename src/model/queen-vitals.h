/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* So that no sum overflows, of as many as there usually may be: */
#define QUEEN_VITALS_MAX_REQUESTS 1000000000
#define QUEEN_VITALS_MAX_MEMORY 200000000000000.    /* bytes, of a machine */
#define QUEEN_VITALS_MAX_GPU_MEMORY 10000000000000. /* bytes, of a graphics card */
#define QUEEN_VITALS_MAX_MODELS 32
#define QUEEN_VITALS_MAX_GPUS 16

/**
 * QueenApi:
 *
 * What a worker's server speaks.
 */
typedef enum
{
  QUEEN_API_UNSAID,
  QUEEN_API_OPENAI,
  QUEEN_API_OLLAMA,
  QUEEN_API_RBEE,
} QueenApi;

/**
 * QueenVitalsGpu:
 * @index: its place in the machine
 * @busy: which part of the time it works, 0 to 1
 * @memory_used: bytes
 * @memory_total: bytes
 * @temperature: °C
 * @power: W
 * @age: seconds between when it was looked at and the heartbeat
 *
 * A graphics card of a hive. What its driver does not say is %NULL, −1 or NaN.
 */
typedef struct
{
  gint64 index;
  char *name;
  char *uuid;
  char *vendor;
  double busy;
  gint64 memory_used;
  gint64 memory_total;
  double temperature;
  double power;
  double age;
} QueenVitalsGpu;

typedef struct
{
  guint n;
  QueenVitalsGpu gpus[];
} QueenVitalsGpus;

/**
 * QueenVitals:
 * @url: where its API is
 * @slots: how many requests it works on at once, from 1
 * @running: requests that it works on
 * @waiting: requests that wait at it
 * @kv_usage: which part of its memory for tokens is taken, 0 to 1
 * @progress: a counter that grows while work is done
 * @loaded_at: ns since 1970: when the model was loaded; 0 when that is not said
 * @busy_source: who says that it is busy, when the server itself does not
 * @exit_status: of its process, which has ended
 * @next_beat_within: seconds in which it need not beat again
 * @models: (nullable) (array zero-terminated=1): ids that it serves besides its own model
 * @cpu: which part of the machine's processors works, 0 to 1
 * @memory_used: bytes of the machine
 * @memory_total: likewise
 * @gpus: (nullable): its graphics cards
 *
 * What a worker (down to @models) or a hive says of how it is doing. Most say nothing of this, so
 * it stands apart from #QueenComponent. What is not said is %NULL, 0 in an enumeration, −1 in a
 * number and NaN in one that has a fraction: a 0 is always one that was said.
 */
typedef struct
{
  char *url;
  QueenApi api;
  gint64 slots;
  gint64 running;
  gint64 waiting;
  double kv_usage;
  double tokens_per_second;
  gint64 progress;
  gint64 loaded_at;
  char *busy_source;
  gint64 exit_status;
  gint64 next_beat_within;
  char **models;

  double cpu;
  gint64 memory_used;
  gint64 memory_total;
  QueenVitalsGpus *gpus;
} QueenVitals;

/** One in which nothing is said. */
extern const QueenVitals queen_vitals_unsaid;

G_END_DECLS
