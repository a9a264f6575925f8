/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-upstream.h"
#include "loop/queen-alarm.h"
#include "model/queen-engine-report.h"
#include "model/queen-job-index.h"
#include "queen-exchange.h"
#include "stream/queen-audience.h"
#include "stream/queen-stream-request.h"

G_BEGIN_DECLS

/**
 * QueenSiblingsSettings:
 * @clock: by which deadlines go
 * @access: what makes passes, and says who is an administrator; it outlives the siblings, as all
 *   that follows does
 * @index: who has which job
 * @upstream: what calls
 * @audience: where those are who read
 * @report_engine: says where the other queens are
 * @data: for it
 * @is_insecure: they may be on other machines without TLS
 */
typedef struct
{
  const QueenClock *clock;
  QueenAccess *access;
  QueenJobIndex *index;
  QueenUpstream *upstream;
  QueenAudience *audience;
  void (*report_engine) (QueenEngineReport *report, gpointer data);
  gpointer data;
  gboolean is_insecure;
} QueenSiblingsSettings;

/**
 * QueenSiblings:
 *
 * The other queens of several: what is asked of this one, and is about a job that one of them has,
 * she asks that one, and hands on what comes. It goes from one to the other once, and no further:
 * what a queen asks for is not handed on.
 */
typedef struct _QueenSiblings QueenSiblings;

/**
 * queen_siblings_new:
 * @settings: copied
 */
QueenSiblings *queen_siblings_new (const QueenSiblingsSettings *settings);

/** Lets all who wait or read go. */
void queen_siblings_free (QueenSiblings *self);

/**
 * QueenSiblingsQuestion:
 * @QUEEN_SIBLINGS_SHOW: how it is
 * @QUEEN_SIBLINGS_CANCEL: to end it
 * @QUEEN_SIBLINGS_READ: its stream
 */
typedef enum
{
  QUEEN_SIBLINGS_SHOW,
  QUEEN_SIBLINGS_CANCEL,
  QUEEN_SIBLINGS_READ,
} QueenSiblingsQuestion;

/**
 * queen_siblings_ask:
 * @exchange: who asks; it is answered, now or later, if this returns %TRUE
 * @id: a job that this queen has not
 * @request: (nullable): of %QUEEN_SIBLINGS_READ: how it is read; what is needed of it is copied
 *
 * Returns: %FALSE when no other queen has it either, as far as that is known
 */
gboolean queen_siblings_ask (QueenSiblings *self,
                             QueenExchange *exchange,
                             const char *id,
                             QueenSiblingsQuestion question,
                             const QueenStreamRequest *request);

/**
 * queen_siblings_say_goodbye:
 * @self: (nullable)
 *
 * The queen ends: whoever reads is told so, and whoever waits is refused.
 */
void queen_siblings_say_goodbye (QueenSiblings *self);

/** Returns: how many questions and streams are relayed right now */
guint queen_siblings_get_n_relays (const QueenSiblings *self);

/** Returns: bytes of what others have said that nobody has taken yet */
gsize queen_siblings_get_n_bytes (const QueenSiblings *self);

/** Returns: how many of these there may be, as many as fit the relays that there may be */
gsize queen_siblings_get_max_bytes (const QueenSiblings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSiblings, queen_siblings_free)

G_END_DECLS
