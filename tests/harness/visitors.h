/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Everybody who comes to a port, many at once: those who want something, those who are mistaken,
 * and those who leave in the middle. */

typedef enum
{
  VISIT_READ,       /* reads until the daemon closes */
  VISIT_READ_CLOSE, /* reads something, and closes */
  VISIT_READ_RESET, /* reads something, and resets the connection */
  VISIT_CLOSE,      /* closes as soon as everything is sent */
  VISIT_RESET,      /* resets as soon as everything is sent */
} VisitEnd;

/**
 * Visit:
 * @request: what is sent
 * @status: of the answer, when it is read; 0 when none need come
 * @length: of the request, bytes; 0 when it ends with its NUL
 */
typedef struct
{
  const char *request;
  VisitEnd end;
  guint status;
  gsize length;
} Visit;

/**
 * visitors_send:
 * @visits: taken in turn, beginning with the first
 * @count: connections to make in all
 * @n_at_once: how many are open at a time
 *
 * Asserts the status of every answer that is read. Returns when the last visitor has left.
 */
void
visitors_send (guint16 port, const Visit *visits, gsize n_visits, guint64 count, guint n_at_once);

/* The same through a Unix socket, where closing and resetting are one. */
void visitors_send_unix (
    const char *path, const Visit *visits, gsize n_visits, guint64 count, guint n_at_once);

/**
 * visitors_register_workers:
 * @first: the number of the first one
 *
 * Has @count workers beat once each: `worker-0000000`, `worker-0000001`, …
 */
void visitors_register_workers (guint16 port, guint first, guint count);

/* What asks for the stream, whole. */
#define VISITORS_SUBSCRIPTION "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"

/**
 * visitors_fork_subscribers:
 *
 * Returns: the child, a process of its own that subscribes @count times, and then waits for its end
 */
pid_t visitors_fork_subscribers (guint16 port, guint count);

G_END_DECLS
