/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-queen.h"

#include <string.h>

#define LONGEST_WORD 1024 /* bytes of an event's id, or its status */

enum
{
  EVENT,
  HELD,
  LAGGED,
  GONE,
  BACK,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE (QueenctlQueen, queenctl_queen, G_TYPE_OBJECT)

static guint
add_signal (const char *name, guint n_parameters, GType type)
{
  return g_signal_new (name, QUEENCTL_TYPE_QUEEN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, n_parameters, type);
}

static void
queenctl_queen_class_init (QueenctlQueenClass *class)
{
  signals[EVENT] = add_signal ("event", 1, G_TYPE_POINTER);
  signals[HELD] = add_signal ("held", 1, G_TYPE_POINTER);
  signals[LAGGED] = add_signal ("lagged", 1, G_TYPE_INT64);
  signals[GONE] = add_signal ("gone", 1, G_TYPE_STRING);
  signals[BACK] = add_signal ("back", 0, G_TYPE_NONE);
}

static void
queenctl_queen_init (QueenctlQueen *self)
{
}

JsonObject *
queenctl_queen_get_status (QueenctlQueen *self, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->get_status (self, error);
}

GPtrArray *
queenctl_queen_list (QueenctlQueen *self, const QueenComponentKind *only, GError **error)
{
  g_autoptr (GPtrArray) components = queenctl_component_array_new ();

  for (guint kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    if ((!only || *only == kind) &&
        !QUEENCTL_QUEEN_GET_CLASS (self)->list (self, kind, components, error))
      return NULL;
  g_ptr_array_sort (components, queenctl_component_compare);
  return g_steal_pointer (&components);
}

JsonNode *
queenctl_queen_list_queens (QueenctlQueen *self, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->list_queens (self, error);
}

gboolean
queenctl_queen_lookup (QueenctlQueen *self,
                       QueenComponentKind kind,
                       const char *id,
                       QueenctlComponent **component,
                       GError **error)
{
  *component = NULL;
  return QUEENCTL_QUEEN_GET_CLASS (self)->lookup (self, kind, id, component, error);
}

QueenctlComponent *
queenctl_queen_find (QueenctlQueen *self, const char *model, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->find (self, model, error);
}

JsonNode *
queenctl_queen_place (QueenctlQueen *self, const QueenctlPlacing *request, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->place (self, request, error);
}

gboolean
queenctl_queen_report (QueenctlQueen *self,
                       QueenComponentKind kind,
                       JsonNode *heartbeat,
                       GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->report (self, kind, heartbeat, error);
}

gboolean
queenctl_queen_forget (QueenctlQueen *self, QueenComponentKind kind, const char *id, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->forget (self, kind, id, error);
}

char *
queenctl_queen_hold (QueenctlQueen *self,
                     QueenComponentKind kind,
                     const char *id,
                     const char *reason,
                     guint ttl,
                     GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->hold (self, kind, id, reason, ttl, error);
}

gboolean
queenctl_queen_release (
    QueenctlQueen *self, QueenComponentKind kind, const char *id, const char *hold, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->release (self, kind, id, hold, error);
}

gboolean
queenctl_queen_watch (QueenctlQueen *self, QueenctlWatch wanted, GError **error)
{
  return QUEENCTL_QUEEN_GET_CLASS (self)->watch (self, wanted, error);
}

/* Whoever has more to say in a word is no queen, and it would be remembered. */
void
queenctl_queen_emit_event (QueenctlQueen *self, const QueenctlEvent *event)
{
  if (strlen (event->id) <= LONGEST_WORD && strlen (event->status) <= LONGEST_WORD)
    g_signal_emit (self, signals[EVENT], 0, event);
}

void
queenctl_queen_emit_held (QueenctlQueen *self, const char *kind, const char *id)
{
  if (strlen (id) <= LONGEST_WORD)
    g_signal_emit (self, signals[HELD], 0, &(QueenctlEvent){ kind, id, "", NULL });
}

void
queenctl_queen_emit_lagged (QueenctlQueen *self, gint64 dropped)
{
  g_signal_emit (self, signals[LAGGED], 0, dropped);
}

void
queenctl_queen_emit_gone (QueenctlQueen *self, const char *message)
{
  g_signal_emit (self, signals[GONE], 0, message);
}

void
queenctl_queen_emit_back (QueenctlQueen *self)
{
  g_signal_emit (self, signals[BACK], 0);
}
