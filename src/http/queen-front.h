/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "net/queen-socket-file.h"
#include "queen-direct.h"
#include "queen-gate.h"
#include "queen-router.h"
#include "stream/queen-audience.h"
#include "stream/queen-stream.h"

G_BEGIN_DECLS

/**
 * QueenFrontSettings:
 * @bind: where to listen: addresses, and files of Unix sockets as `unix:PATH`
 * @advertise: (nullable): where other queens call her, if not where she listens first
 * @rights: who may connect at these
 * @is_bind_given: somebody wants all of these; else one that this machine does not have is passed
 *   over
 * @port: 0 for one that is free
 * @ui_port: the page's usual port; -1 for none
 * @is_ui_port_given: somebody wants that one; else it is passed over when it is taken
 * @is_insecure: what other machines can reach need not be closed
 * @tls_certificate: (nullable): a file; goes with @tls_key
 * @tls_key: (nullable): a file
 * @direct: whether heartbeats go the short way
 * @access: who may speak; to its hosts the addresses are added
 * @trusted_proxies: (nullable): see queen_proxies_new(), with @proxy_header
 * @caps: how many connections there may be
 * @clock: by which deadlines go
 * @budgets: what counts the bytes that are held; they outlive the front
 * @tally: what counts; it outlives the front
 * @audience: who goes when a token goes; it outlives the front
 * @stream: (nullable): for whose subscribers those who publish wait; it outlives the front
 * @is_probe: whether the queen herself is at the other end
 * @data: for @is_probe
 *
 * What the settings say of who may reach the queen, and how. All texts outlive the front.
 */
typedef struct
{
  const char *const *bind;
  const char *advertise;
  QueenSocketRights rights;
  gboolean is_bind_given;
  guint16 port;
  int ui_port;
  gboolean is_ui_port_given;
  gboolean is_insecure;
  const char *tls_certificate;
  const char *tls_key;
  QueenDirectUse direct;
  QueenAccessSettings access;
  const char *const *trusted_proxies;
  QueenProxyHeader proxy_header;
  QueenCaps caps;
  const QueenClock *clock;
  QueenBudgets *budgets;
  QueenTally *tally;
  QueenAudience *audience;
  QueenStream *stream;
  gboolean (*is_probe) (int fd, const struct sockaddr_storage *address, gpointer data);
  gpointer data;
} QueenFrontSettings;

/**
 * QueenFront:
 *
 * The queen's face to the network: where she listens, who is let in, and through what everybody
 * comes: listener, TLS, gate, server, router.
 */
typedef struct _QueenFront QueenFront;

/**
 * queen_front_new:
 * @settings: copied
 * @error: %QUEEN_ERROR_SETTING, which says what to do, or why an address cannot be had
 *
 * Listens, at what systemd hands over or at what the settings say; but nobody is accepted before
 * queen_front_start(). What other machines can reach is closed until somebody says that it is to be
 * open.
 */
QueenFront *queen_front_new (const QueenFrontSettings *settings, GError **error);

/** Closes everything, whatever it was about. */
void queen_front_free (QueenFront *self);

/** Lets in who comes. */
void queen_front_start (QueenFront *self);

/** Listens no longer. Who is in stays. */
void queen_front_stop (QueenFront *self);

/** Returns: (transfer none): where the routes are */
QueenRouter *queen_front_get_router (QueenFront *self);

/** Returns: (transfer none): who may speak */
QueenAccess *queen_front_get_access (QueenFront *self);

/** Returns: (nullable) (transfer none): what encrypts connections; %NULL when nothing does */
QueenTls *queen_front_get_tls (QueenFront *self);

/** Returns: (transfer none): who is in */
QueenGate *queen_front_get_gate (QueenFront *self);

/** Returns: (transfer none) (element-type GSocketAddress): where it listens */
GPtrArray *queen_front_get_addresses (QueenFront *self);

/** Returns: (transfer none): the same as URLs */
const char *const *queen_front_get_urls (QueenFront *self);

/** Returns: (transfer none): where other queens call her: the first of them, or what was given */
const char *queen_front_get_address (QueenFront *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenFront, queen_front_free)

G_END_DECLS
