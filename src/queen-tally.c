/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tally.h"

const char *
queen_refusal_get_name (QueenRefusal refusal)
{
  static const char *const names[QUEEN_N_REFUSALS] = {
    [QUEEN_REFUSAL_CONNECTION_CAP] = "connection_cap",
    [QUEEN_REFUSAL_PEER_SHARE] = "peer_share",
    [QUEEN_REFUSAL_SUBSCRIBER_CAP] = "subscriber_cap",
    [QUEEN_REFUSAL_DESCRIPTORS] = "descriptors",
    [QUEEN_REFUSAL_HANDSHAKE] = "handshake",
    [QUEEN_REFUSAL_HEAD_TIMEOUT] = "head_timeout",
    [QUEEN_REFUSAL_REQUEST_TIMEOUT] = "request_timeout",
    [QUEEN_REFUSAL_BAD_HEAD] = "bad_head",
    [QUEEN_REFUSAL_HOST] = "host",
    [QUEEN_REFUSAL_ORIGIN] = "origin",
    [QUEEN_REFUSAL_TOKEN] = "token",
    [QUEEN_REFUSAL_FORBIDDEN] = "forbidden",
    [QUEEN_REFUSAL_NOT_FOUND] = "not_found",
    [QUEEN_REFUSAL_METHOD] = "method",
    [QUEEN_REFUSAL_CONFLICT] = "conflict",
    [QUEEN_REFUSAL_BODY_TOO_LARGE] = "body_too_large",
    [QUEEN_REFUSAL_BODY_KIND] = "body_kind",
    [QUEEN_REFUSAL_BAD_REQUEST] = "bad_request",
    [QUEEN_REFUSAL_NOT_HEARTBEAT] = "not_heartbeat",
    [QUEEN_REFUSAL_ANSWER_BUDGET] = "answer_budget",
    [QUEEN_REFUSAL_REGISTRY_FULL] = "registry_full",
    [QUEEN_REFUSAL_BUSY] = "busy",
    [QUEEN_REFUSAL_WORKER] = "worker",
    [QUEEN_REFUSAL_OTHER] = "other",
  };

  return names[refusal];
}

const char *
queen_drop_get_name (QueenDrop drop)
{
  static const char *const names[QUEEN_N_DROPS] = {
    [QUEEN_DROP_STALLED] = "stalled",
    [QUEEN_DROP_VANISHED] = "vanished",
    [QUEEN_DROP_CHATTER] = "chatter",
    [QUEEN_DROP_MEMORY] = "memory",
  };

  return names[drop];
}
