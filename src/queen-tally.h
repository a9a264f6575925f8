/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-histogram.h"

G_BEGIN_DECLS

/**
 * QueenRefusal:
 * @QUEEN_REFUSAL_CONNECTION_CAP: as many requests are under way as there may be
 * @QUEEN_REFUSAL_PEER_SHARE: one address has as many of them, or of subscribers, as it may have
 * @QUEEN_REFUSAL_SUBSCRIBER_CAP: there are as many subscribers as there may be
 * @QUEEN_REFUSAL_DESCRIPTORS: the system has no descriptor left
 * @QUEEN_REFUSAL_HANDSHAKE: no TLS came about
 * @QUEEN_REFUSAL_HEAD_TIMEOUT: the head was not whole in time; also when not a byte of it came
 * @QUEEN_REFUSAL_REQUEST_TIMEOUT: the body was not
 * @QUEEN_REFUSAL_BAD_HEAD: not HTTP as it is taken here
 * @QUEEN_REFUSAL_HOST: she was called by a name that is not hers
 * @QUEEN_REFUSAL_ORIGIN: a web page that may not speak to her
 * @QUEEN_REFUSAL_TOKEN: no token, or a wrong one
 * @QUEEN_REFUSAL_FORBIDDEN: what not everybody may do
 * @QUEEN_REFUSAL_NOT_FOUND: no such path, worker or hive
 * @QUEEN_REFUSAL_METHOD: not with that method
 * @QUEEN_REFUSAL_CONFLICT: a heartbeat of what belongs to another sender
 * @QUEEN_REFUSAL_BODY_TOO_LARGE: over 64 KiB
 * @QUEEN_REFUSAL_BODY_KIND: a body without its length, or that is not declared to be JSON
 * @QUEEN_REFUSAL_BAD_REQUEST: not JSON, or a query that makes no sense
 * @QUEEN_REFUSAL_NOT_HEARTBEAT: JSON, but not a heartbeat
 * @QUEEN_REFUSAL_ANSWER_BUDGET: as many bytes wait for those who asked for them as may
 * @QUEEN_REFUSAL_REGISTRY_FULL: as many workers or hives are known as may be
 * @QUEEN_REFUSAL_BUSY: as much of something else is under way as may be
 * @QUEEN_REFUSAL_WORKER: a worker failed with it, or said nothing in time
 * @QUEEN_REFUSAL_OTHER: none of these
 *
 * Why a request was not served.
 */
typedef enum
{
  QUEEN_REFUSAL_CONNECTION_CAP,
  QUEEN_REFUSAL_PEER_SHARE,
  QUEEN_REFUSAL_SUBSCRIBER_CAP,
  QUEEN_REFUSAL_DESCRIPTORS,
  QUEEN_REFUSAL_HANDSHAKE,
  QUEEN_REFUSAL_HEAD_TIMEOUT,
  QUEEN_REFUSAL_REQUEST_TIMEOUT,
  QUEEN_REFUSAL_BAD_HEAD,
  QUEEN_REFUSAL_HOST,
  QUEEN_REFUSAL_ORIGIN,
  QUEEN_REFUSAL_TOKEN,
  QUEEN_REFUSAL_FORBIDDEN,
  QUEEN_REFUSAL_NOT_FOUND,
  QUEEN_REFUSAL_METHOD,
  QUEEN_REFUSAL_CONFLICT,
  QUEEN_REFUSAL_BODY_TOO_LARGE,
  QUEEN_REFUSAL_BODY_KIND,
  QUEEN_REFUSAL_BAD_REQUEST,
  QUEEN_REFUSAL_NOT_HEARTBEAT,
  QUEEN_REFUSAL_ANSWER_BUDGET,
  QUEEN_REFUSAL_REGISTRY_FULL,
  QUEEN_REFUSAL_BUSY,
  QUEEN_REFUSAL_WORKER,
  QUEEN_REFUSAL_OTHER,
  QUEEN_N_REFUSALS
} QueenRefusal;

/**
 * QueenDrop:
 * @QUEEN_DROP_STALLED: it took nothing for too long
 * @QUEEN_DROP_VANISHED: the network says that nobody is there any longer
 * @QUEEN_DROP_CHATTER: it talked instead of listening
 * @QUEEN_DROP_MEMORY: it was in the middle of an old snapshot, and there were too many of them
 *
 * Why a subscriber was let go that had not hung up.
 */
typedef enum
{
  QUEEN_DROP_STALLED,
  QUEEN_DROP_VANISHED,
  QUEEN_DROP_CHATTER,
  QUEEN_DROP_MEMORY,
  QUEEN_N_DROPS
} QueenDrop;

/**
 * QueenTally:
 * @refusals: requests that were not served
 * @drops: subscribers that were let go
 * @connections: accepted, refused ones included
 * @subscriptions: subscribers that were served
 * @events: published on the stream
 * @lags: how often a subscriber was told that it lost events
 * @lost_events: how many these were, as far as that can be known
 * @answers: from a whole request until its answer is there
 * @deliveries: from an event's arrival until it was written to the last subscriber who keeps up
 *
 * What has happened since the start. The parts count into it, on the main loop's thread; `/metrics`
 * shows it.
 */
typedef struct
{
  guint64 refusals[QUEEN_N_REFUSALS];
  guint64 drops[QUEEN_N_DROPS];
  guint64 connections;
  guint64 subscriptions;
  guint64 events;
  guint64 lags;
  guint64 lost_events;
  QueenHistogram answers;
  QueenHistogram deliveries;
} QueenTally;

/** Returns: the reason in one word, as metrics have it, such as `peer_share` */
const char *queen_refusal_get_name (QueenRefusal refusal);

/** Returns: the reason in one word, such as `stalled` */
const char *queen_drop_get_name (QueenDrop drop);

G_END_DECLS
