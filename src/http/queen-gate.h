/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "loop/queen-clock.h"
#include "net/queen-budgets.h"
#include "net/queen-caps.h"
#include "net/queen-tls.h"
#include "queen-access.h"
#include "queen-connection.h"
#include "queen-tally.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_GATE (queen_gate_get_type ())
G_DECLARE_FINAL_TYPE (QueenGate, queen_gate, QUEEN, GATE, GObject)

/**
 * QueenGateSettings:
 * @rules: what requests are judged by
 * @tls: (nullable): what encrypts every connection by TCP; %NULL for none
 * @proxies: (nullable): whose word is taken for whose request they hand on; they outlive the gate
 * @caps: how many connections there may be
 * @clock: by which deadlines go
 * @budgets: what counts the bytes that connections hold; it outlives the gate
 * @tally: what counts; it outlives the gate
 * @on_request: who answers
 * @get_hold: (nullable): whether whoever publishes has to wait; see queen_connection_may_publish()
 * @hold_data: for @get_hold
 */
typedef struct
{
  QueenRequestRules rules;
  QueenTls *tls;
  const QueenProxies *proxies;
  QueenCaps caps;
  const QueenClock *clock;
  QueenBudgets *budgets;
  QueenTally *tally;
  QueenRequestFunc on_request;
  gpointer data;
  QueenRunHold (*get_hold) (gpointer data);
  gpointer hold_data;
} QueenGateSettings;

/**
 * queen_gate_new:
 * @settings: copied
 * @error: the system's word when there is no descriptor left
 *
 * What stands between the network and the HTTP server: who is let in, how many, and until when each
 * of their waits may last. Until a request is whole and sane, its connection is a descriptor, a few
 * words, and what it has sent; then it is answered, and kept for another one if the client likes.
 */
QueenGate *queen_gate_new (const QueenGateSettings *settings, GError **error);

/**
 * queen_gate_get_n_connections: (attributes org.gtk.Method.get_property=connections)
 *
 * Returns: how many connections have not been answered to the end
 */
guint queen_gate_get_n_connections (QueenGate *self);

/** Returns: how many of them wait for another request, after an answer */
guint queen_gate_get_n_idle (QueenGate *self);

/** queen_gate_end_owned: queen_connection_end_owned() for each of them. */
void queen_gate_end_owned (QueenGate *self,
                           gboolean (*is_over) (guint owner, gpointer data),
                           gpointer data);

/** From now on no connection is kept for another request: those that are go, in slices. */
void queen_gate_stop (QueenGate *self);

/**
 * queen_gate_admit:
 * @fd: (transfer full): a connection that was just accepted, non-blocking
 * @address: whose it is
 *
 * When there are as many connections as there may be, room is made for it: one that has its answer
 * goes, or the one whose request has not been whole for longest, unless that is not long and
 * another address has many. So those who are slow on purpose only push each other out, while
 * whoever says what it wants gets in; refusing newcomers instead would let the slow ones lock
 * everybody out.
 */
void queen_gate_admit (QueenGate *self, int fd, const struct sockaddr_storage *address);

/**
 * queen_gate_admit_probe:
 *
 * The same for a #QueenProbe. It goes the way of everybody, but is never encrypted and needs no
 * token.
 */
void queen_gate_admit_probe (QueenGate *self, int fd, const struct sockaddr_storage *address);

G_END_DECLS
