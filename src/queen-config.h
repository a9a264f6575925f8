/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "http/queen-access.h"

G_BEGIN_DECLS

/**
 * QueenConfig:
 * @port: 0 for a free one
 * @ui_port: -1 for none
 * @is_ui_port_given: somebody asked for that very port
 * @bind: numeric addresses; %NULL for loopback, IPv4 and IPv6
 * @capacity: events
 * @heartbeat_interval: µs
 * @timeout: µs
 * @forget_after: µs
 * @flush_interval: µs
 * @stall_timeout: µs
 * @max_subscribers: 0 for as many as go well with the limit of descriptors
 * @max_connections: likewise
 * @max_per_peer: 0 for a quarter of each, this machine left out
 * @token_file: %NULL when no token is needed
 * @admin: who may do over HTTP what an administrator does
 * @trusted_proxies: addresses and networks, and `unix:`; %NULL for none
 * @proxy_header: a #QueenProxyHeader; -1 when none was chosen
 * @state_directory: where to remember who is known; %NULL when nothing is to be remembered
 * @tls_certificate: %NULL when nothing is encrypted
 * @tls_key: likewise
 * @is_insecure: listen beyond loopback although that is not safe
 * @bus: `G_BUS_TYPE_STARTER` for the session bus if there is one and the system bus otherwise
 * @log_level: the least important level that is logged
 * @is_version_wanted: print the version and do nothing else
 *
 * All settings, from the command line, then the key file, then the defaults. Immutable.
 */
typedef struct
{
  int port;
  int ui_port;
  gboolean is_ui_port_given;
  char **bind;
  int capacity;
  gint64 heartbeat_interval;
  gint64 timeout;
  gint64 forget_after;
  gint64 flush_interval;
  gint64 stall_timeout;
  int max_components;
  int max_subscribers;
  int max_connections;
  int max_per_peer;
  char **cors_origins;
  char **allowed_hosts;
  char *token_file;
  QueenAdmin admin;
  char **trusted_proxies;
  int proxy_header;
  char *state_directory;
  gboolean are_reads_protected;
  char *tls_certificate;
  char *tls_key;
  gboolean is_insecure;
  GBusType bus;
  GLogLevelFlags log_level;
  gboolean is_version_wanted;
} QueenConfig;

/**
 * queen_config_new:
 * @argc: (inout): as main() got it
 * @argv: (inout): likewise
 * @error: %QUEEN_ERROR_USAGE when the command line cannot be understood, %QUEEN_ERROR_SETTING or a
 *   file error when a setting is wrong
 *
 * `--help` prints and exits. Credentials and a state directory that systemd hands over stand in for
 * what was not set.
 *
 * Returns: (transfer full): the settings, or %NULL
 */
QueenConfig *queen_config_new (int *argc, char ***argv, GError **error);

void queen_config_free (QueenConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenConfig, queen_config_free)

G_END_DECLS
