/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-drafting.h"

/* It goes from the thread that begins it to the one that drafts, and back. */
struct _QueenDBusDrafting
{
  GMainContext *context;
  QueenDBusDraftingFunc func; /* NULL when nobody waits for it any more; not the other thread's */
  gpointer data;

  const QueenDBusDraft *draft;
  gpointer stock;
  GDBusMessage *answer;
  GBytes *message;
  GError *error;
};

static void
free_drafting (gpointer data)
{
  QueenDBusDrafting *self = data;

  g_clear_pointer (&self->context, g_main_context_unref);
  if (self->stock)
    self->draft->free (self->stock);
  g_clear_object (&self->answer);
  g_clear_pointer (&self->message, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* The number is that of the message in whose place it goes. */
static void
write_message (QueenDBusDrafting *self, GVariant *body)
{
  guchar *blob;
  gsize size;

  g_dbus_message_set_body (self->answer, body);
  g_dbus_message_set_serial (self->answer, 1);
  blob = g_dbus_message_to_blob (self->answer, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &self->error);
  if (blob)
    self->message = g_bytes_new_take (blob, size);
}

static gboolean
on_draft_done (gpointer data)
{
  QueenDBusDrafting *self = data;

  if (self->func)
    self->func (self->message, self->error, self->data);
  return G_SOURCE_REMOVE;
}

static gpointer
draft_in_thread (gpointer data)
{
  QueenDBusDrafting *self = data;
  g_autoptr (GMainContext) context = g_steal_pointer (&self->context); /* which gets it */
  g_autoptr (GSource) source = g_idle_source_new ();
  GVariant *body = self->draft->finish (self->stock, &self->error);

  if (body)
    write_message (self, body);
  self->draft->free (g_steal_pointer (&self->stock));
  g_clear_object (&self->answer);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_draft_done, self, free_drafting);
  g_source_set_static_name (source, "draft");
  g_source_attach (source, context);
  return NULL;
}

QueenDBusDrafting *
queen_dbus_drafting_begin (GDBusMessage *call,
                           const QueenDBusDraft *draft,
                           gpointer stock,
                           QueenDBusDraftingFunc func,
                           gpointer data)
{
  QueenDBusDrafting *self = g_new0 (QueenDBusDrafting, 1);
  GThread *thread;

  self->context = g_main_context_ref_thread_default ();
  self->func = func;
  self->data = data;
  self->draft = draft;
  self->stock = stock;
  self->answer = g_dbus_message_new_method_reply (call);
  thread = g_thread_try_new ("draft", draft_in_thread, self, NULL);
  if (thread)
    {
      g_thread_unref (thread);
      return self;
    }
  self->stock = NULL;
  free_drafting (self);
  return NULL;
}

void
queen_dbus_drafting_cancel (QueenDBusDrafting *self)
{
  self->func = NULL;
}
