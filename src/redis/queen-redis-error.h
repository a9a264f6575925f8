/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenRedisError:
 * @QUEEN_REDIS_ERROR_AWAY: there is no connection now; nothing was sent
 * @QUEEN_REDIS_ERROR_FULL: as much waits for Redis as may wait; nothing was sent
 * @QUEEN_REDIS_ERROR_LOST: the connection ended before the answer came: whether the command was
 *   carried out is not known
 * @QUEEN_REDIS_ERROR_TIMED_OUT: the same, as there was no answer in time
 * @QUEEN_REDIS_ERROR_UNREACHABLE: nobody answers at the address, or the name is not known
 * @QUEEN_REDIS_ERROR_TLS: the other end is not who it has to be, or does not speak TLS
 * @QUEEN_REDIS_ERROR_PROTOCOL: what came is not what Redis says, or is more than may be
 * @QUEEN_REDIS_ERROR_NO_MASTER: no address has a master, or Sentinel does not know the name
 * @QUEEN_REDIS_ERROR_AUTH: the user or the password is wrong, or one is asked for
 * @QUEEN_REDIS_ERROR_NOT_ALLOWED: this user may not do that (NOPERM)
 * @QUEEN_REDIS_ERROR_READ_ONLY: it is a replica by now (READONLY)
 * @QUEEN_REDIS_ERROR_OUT_OF_MEMORY: maxmemory is reached (OOM)
 * @QUEEN_REDIS_ERROR_LOADING: Redis reads its data still
 * @QUEEN_REDIS_ERROR_MASTER_DOWN: a replica that has lost its master (MASTERDOWN)
 * @QUEEN_REDIS_ERROR_TOO_FEW_REPLICAS: Redis takes no writes as too few replicas hear them
 *   (NOREPLICAS)
 * @QUEEN_REDIS_ERROR_DISK: Redis takes no writes as it cannot save them (MISCONF)
 * @QUEEN_REDIS_ERROR_NO_SCRIPT: Redis does not have the script with this hash (NOSCRIPT)
 * @QUEEN_REDIS_ERROR_BUSY: a script runs for too long (BUSY)
 * @QUEEN_REDIS_ERROR_WRONG_TYPE: the key holds something else (WRONGTYPE)
 * @QUEEN_REDIS_ERROR_TOO_MANY_CLIENTS: Redis has no room for one more connection
 * @QUEEN_REDIS_ERROR_CLUSTER: it is a Redis Cluster, which has keys elsewhere (MOVED and the like)
 * @QUEEN_REDIS_ERROR_REFUSED: any other error that Redis answers; the message is its own
 *
 * How Redis may fail. None of these is ever told to a client over HTTP or D-Bus.
 */
typedef enum
{
  QUEEN_REDIS_ERROR_AWAY,
  QUEEN_REDIS_ERROR_FULL,
  QUEEN_REDIS_ERROR_LOST,
  QUEEN_REDIS_ERROR_TIMED_OUT,
  QUEEN_REDIS_ERROR_UNREACHABLE,
  QUEEN_REDIS_ERROR_TLS,
  QUEEN_REDIS_ERROR_PROTOCOL,
  QUEEN_REDIS_ERROR_NO_MASTER,
  QUEEN_REDIS_ERROR_AUTH,
  QUEEN_REDIS_ERROR_NOT_ALLOWED,
  QUEEN_REDIS_ERROR_READ_ONLY,
  QUEEN_REDIS_ERROR_OUT_OF_MEMORY,
  QUEEN_REDIS_ERROR_LOADING,
  QUEEN_REDIS_ERROR_MASTER_DOWN,
  QUEEN_REDIS_ERROR_TOO_FEW_REPLICAS,
  QUEEN_REDIS_ERROR_DISK,
  QUEEN_REDIS_ERROR_NO_SCRIPT,
  QUEEN_REDIS_ERROR_BUSY,
  QUEEN_REDIS_ERROR_WRONG_TYPE,
  QUEEN_REDIS_ERROR_TOO_MANY_CLIENTS,
  QUEEN_REDIS_ERROR_CLUSTER,
  QUEEN_REDIS_ERROR_REFUSED,
  QUEEN_REDIS_N_ERRORS /*< skip >*/
} QueenRedisError;

#define QUEEN_REDIS_ERROR (queen_redis_error_quark ())

GQuark queen_redis_error_quark (void);

/**
 * queen_redis_error_new_from_answer:
 * @answer: an error as Redis answers it, such as `READONLY You can't write …`
 *
 * Returns: (transfer full): the same as a code, with @answer as its message; what cannot be read is
 *   escaped, and what is long is cut
 */
GError *queen_redis_error_new_from_answer (const char *answer);

/**
 * queen_redis_error_get_reason:
 *
 * Returns: one word for it, with underscores, as metrics and the page have it; `unknown` for a code
 *   that is none
 */
const char *queen_redis_error_get_reason (QueenRedisError code);

G_END_DECLS
