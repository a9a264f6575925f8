/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-process.h"
#include "sse-client.h"
#include "tls-client.h"

G_BEGIN_DECLS

/* A daemon that encrypts, and has no pulse: its events are those of the test alone. */
typedef struct
{
  TlsIdentity *identity;
  QueenProcess *process;
  guint16 port;
} TlsQueen;

/* @option: (nullable): a further one, and @other_option likewise */
TlsQueen *tls_queen_start (const char *option, const char *other_option);

/**
 * tls_queen_start_as:
 * @identity: (transfer full): who it is
 * @environment: (nullable): variables to set, each `NAME=VALUE`, %NULL-terminated
 * @options: (nullable): further ones, %NULL-terminated
 */
TlsQueen *tls_queen_start_as (TlsIdentity *identity,
                              const char *const *environment,
                              const char *const *options);

/* As queen_process_stop(). */
void tls_queen_stop (TlsQueen *queen);

/* For one that was made to warn, which stopping would not forgive. */
void tls_queen_stop_after_warning (TlsQueen *queen);

/* A heartbeat of a worker, which must be accepted. */
void tls_queen_beat (TlsQueen *queen, const char *id);

/* Returns: a subscriber that has had its snapshot */
SseClient *tls_queen_open_stream (TlsQueen *queen, int receive_buffer, const char *query);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsQueen, tls_queen_stop)

G_END_DECLS
