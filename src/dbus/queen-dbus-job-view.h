/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-job.h"

G_BEGIN_DECLS

/**
 * QueenDBusJobView:
 * @id: its id
 * @model: who is to answer; empty for what is asked of no model
 * @worker: who has it; empty before that
 * @state: how it is
 * @position: its place in line, from 1; 0 when it is in none
 * @created_at: µs since 1970
 * @n_events: events of its stream
 *
 * What the bus may know of a job at one moment: nothing of what is asked and answered, nor by whom.
 * It is immutable, and goes from the main thread to that of D-Bus.
 */
typedef struct
{
  char *id;
  char *model;
  char *worker;
  QueenJobState state;
  guint position;
  gint64 created_at;
  guint64 n_events;
} QueenDBusJobView;

/** queen_dbus_job_view_new: in the main thread. */
QueenDBusJobView *queen_dbus_job_view_new (QueenJob *job);

QueenDBusJobView *queen_dbus_job_view_ref (QueenDBusJobView *self);
void queen_dbus_job_view_unref (QueenDBusJobView *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusJobView, queen_dbus_job_view_unref)

/** Returns: (transfer full): the object path of the job with that id */
char *queen_dbus_job_view_dup_path (const char *id);

/** Returns: (transfer full) (nullable): the id of the job at @path; %NULL when it is no job's */
char *queen_dbus_job_view_dup_id (const char *path);

/** Returns: (transfer floating): the property of that name, which is one of its interface */
GVariant *queen_dbus_job_view_get_property (const QueenDBusJobView *self, const char *name);

/** Returns: (transfer floating): `a{sa{sv}}`: its interface with all properties */
GVariant *queen_dbus_job_view_get_interfaces (const QueenDBusJobView *self);

/**
 * queen_dbus_job_view_get_changes:
 *
 * Returns: (transfer full) (nullable): `a{sv}`: what is to be told of @self to whom has heard of it
 *   as it was @before; %NULL when that is nothing
 */
GVariant *queen_dbus_job_view_get_changes (const QueenDBusJobView *self,
                                           const QueenDBusJobView *before);

G_END_DECLS
