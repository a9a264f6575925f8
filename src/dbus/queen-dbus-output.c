/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-output.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-dbus-head.h"

#define SERIAL 8 /* where a message's number stands */

/* What goes along with a message, or in its place. */
typedef struct
{
  int fd;          /* -1 for none */
  GBytes *message; /* NULL for none */
} Parcel;

struct _QueenDBusOutput
{
  GUnixOutputStream parent_instance;

  gboolean passes_descriptors;

  GMutex lock;         /* of what follows */
  GHashTable *parcels; /* number -> Parcel: what is to be sent */
  guint last_number;

  gsize n_written; /* bytes, ever; atomic */

  /* What follows belongs to who writes. */
  gsize n_left;  /* bytes of the message that has been begun */
  GBytes *head;  /* what it begins with in truth; NULL when that is what GDBus has */
  GBytes *whole; /* what it is in truth, likewise */
  gsize n_sent;  /* bytes of either */
  int fd;        /* what goes along with the first byte of it; -1 for nothing */
};

G_DEFINE_FINAL_TYPE (QueenDBusOutput, queen_dbus_output, G_TYPE_UNIX_OUTPUT_STREAM)

/* Returns: one with neither, without any */
static Parcel
take_parcel (QueenDBusOutput *self, guint number)
{
  g_autofree Parcel *parcel = NULL;

  g_mutex_lock (&self->lock);
  g_hash_table_steal_extended (self->parcels, GUINT_TO_POINTER (number), NULL,
                               (gpointer *) &parcel);
  g_mutex_unlock (&self->lock);
  return parcel ? *parcel : (Parcel){ .fd = -1 };
}

static void
free_parcel (gpointer data)
{
  Parcel *parcel = data;

  if (parcel->fd >= 0)
    close (parcel->fd);
  g_clear_pointer (&parcel->message, g_bytes_unref);
  g_free (parcel);
}

static gboolean
has_parcels (QueenDBusOutput *self)
{
  gboolean has_some;

  g_mutex_lock (&self->lock);
  has_some = g_hash_table_size (self->parcels) > 0;
  g_mutex_unlock (&self->lock);
  return has_some;
}

/* The one field becomes the other: both are numbers. */
static void
address (QueenDBusOutput *self, const QueenDBusHead *head)
{
  const guint32 one = 1;
  gsize offset = queen_dbus_head_get_number_offset (head->parcel);
  guint8 *bytes = g_memdup2 (head->bytes, head->size);

  bytes[head->parcel] = G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS;
  memcpy (bytes + offset, &one, sizeof one);
  self->head = g_bytes_new_take (bytes, head->size);
}

static void
replace_message (QueenDBusOutput *self, const QueenDBusHead *head, GBytes *message)
{
  guint8 *bytes = (guint8 *) g_bytes_get_data (message, NULL); /* nobody else has it */

  memcpy (bytes + SERIAL, head->bytes + SERIAL, sizeof (guint32));
  self->whole = message;
}

static void
open_parcel (QueenDBusOutput *self, const QueenDBusHead *head)
{
  guint32 number;
  Parcel parcel;

  /* GDBus writes in the machine's own order. */
  memcpy (&number, head->bytes + queen_dbus_head_get_number_offset (head->parcel), sizeof number);
  parcel = take_parcel (self, number);
  if (parcel.message)
    {
      replace_message (self, head, parcel.message);
      return;
    }
  self->fd = parcel.fd;
  address (self, head);
}

/* GDBus has a whole message when it begins to write one. */
static void
begin_message (QueenDBusOutput *self, const guint8 *bytes, gsize n)
{
  QueenDBusHead head;

  if (n < QUEEN_DBUS_HEAD_FIXED || !queen_dbus_head_begin (&head, bytes, NULL) || n < head.size)
    return;
  self->n_left = head.size + head.body;
  if (has_parcels (self) && queen_dbus_head_read_fields (&head) && head.parcel > 0)
    open_parcel (self, &head);
}

/* As sendmsg(2), without waiting; with the descriptor, if there is one. */
static gssize
send_vectors (QueenDBusOutput *self, struct iovec *vectors, guint n_vectors)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr header;
  } control = { { 0 } };
  struct msghdr message = { .msg_iov = vectors, .msg_iovlen = n_vectors };
  int socket = g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (self));
  gssize n_written;

  if (self->fd >= 0)
    {
      message.msg_control = &control;
      message.msg_controllen = sizeof control;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof self->fd);
      memcpy (CMSG_DATA (&control.header), &self->fd, sizeof self->fd);
    }
  do
    n_written = sendmsg (socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n_written < 0 && errno == EINTR);
  return n_written;
}

static void
set_error (GError **error, int problem)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (problem), g_strerror (problem));
}

/* With the head as it is in truth. */
static gssize
send_addressed (QueenDBusOutput *self, const guint8 *bytes, gsize n, GError **error)
{
  gsize n_head;
  const guint8 *head = g_bytes_get_data (self->head, &n_head);
  gsize n_left = n_head - self->n_sent;
  struct iovec vectors[] = {
    { (guint8 *) head + self->n_sent, n_left },
    { (guint8 *) bytes + n_left, n - n_left },
  };
  gssize n_written = send_vectors (self, vectors, G_N_ELEMENTS (vectors));
  int problem = errno;

  if (n_written < 0)
    {
      set_error (error, problem);
      return -1;
    }
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->n_sent += MIN ((gsize) n_written, n_left);
  if (self->n_sent < n_head)
    return n_written;
  g_clear_pointer (&self->head, g_bytes_unref);
  self->n_sent = 0;
  return n_written;
}

/* In the place of @n bytes, which are a whole message: of these none are written until all of the
 * other is. Until then it is as if there were no room. */
static gssize
send_instead (QueenDBusOutput *self, gsize n, GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (self->whole, &size);
  struct iovec rest = { (guint8 *) bytes + self->n_sent, size - self->n_sent };
  gssize n_written = send_vectors (self, &rest, 1);

  if (n_written < 0)
    {
      set_error (error, errno);
      return -1;
    }
  g_atomic_pointer_add (&self->n_written, n_written);
  self->n_sent += (gsize) n_written;
  if (self->n_sent < size)
    {
      set_error (error, EAGAIN);
      return -1;
    }
  g_clear_pointer (&self->whole, g_bytes_unref);
  self->n_sent = self->n_left = 0;
  return (gssize) n;
}

/* Called when there is room, as the parent asks for that. */
static gssize
queen_dbus_output_write (
    GOutputStream *stream, const void *bytes, gsize n, GCancellable *cancellable, GError **error)
{
  QueenDBusOutput *self = QUEEN_DBUS_OUTPUT (stream);
  GOutputStreamClass *parent_class = G_OUTPUT_STREAM_CLASS (queen_dbus_output_parent_class);
  gssize n_written;

  if (self->n_left == 0)
    begin_message (self, bytes, n);
  if (self->whole)
    return send_instead (self, n, error);
  if (self->head)
    n_written = send_addressed (self, bytes, n, error);
  else
    n_written = parent_class->write_fn (stream, bytes, n, cancellable, error);
  if (n_written <= 0)
    return n_written;
  self->n_left -= MIN ((gsize) n_written, self->n_left);
  g_atomic_pointer_add (&self->n_written, n_written);
  return n_written;
}

static void
drop_parcels (QueenDBusOutput *self)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove_all (self->parcels);
  g_mutex_unlock (&self->lock);
}

static gboolean
queen_dbus_output_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  GOutputStreamClass *parent_class = G_OUTPUT_STREAM_CLASS (queen_dbus_output_parent_class);

  drop_parcels (QUEEN_DBUS_OUTPUT (stream));
  return parent_class->close_fn (stream, cancellable, error);
}

static void
queen_dbus_output_finalize (GObject *object)
{
  QueenDBusOutput *self = QUEEN_DBUS_OUTPUT (object);

  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->head, g_bytes_unref);
  g_clear_pointer (&self->whole, g_bytes_unref);
  g_hash_table_unref (self->parcels);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (queen_dbus_output_parent_class)->finalize (object);
}

static void
queen_dbus_output_class_init (QueenDBusOutputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  object_class->finalize = queen_dbus_output_finalize;
  stream_class->write_fn = queen_dbus_output_write;
  stream_class->close_fn = queen_dbus_output_close;
}

static void
queen_dbus_output_init (QueenDBusOutput *self)
{
  g_mutex_init (&self->lock);
  self->parcels = g_hash_table_new_full (NULL, NULL, NULL, free_parcel);
  self->fd = -1;
}

GOutputStream *
queen_dbus_output_new (int socket, gboolean passes_descriptors)
{
  QueenDBusOutput *self =
      g_object_new (QUEEN_TYPE_DBUS_OUTPUT, "fd", socket, "close-fd", FALSE, NULL);

  self->passes_descriptors = passes_descriptors;
  return G_OUTPUT_STREAM (self);
}

QueenDBusOutput *
queen_dbus_output_find (GDBusConnection *connection)
{
  GOutputStream *output = g_io_stream_get_output_stream (g_dbus_connection_get_stream (connection));

  return QUEEN_IS_DBUS_OUTPUT (output) ? QUEEN_DBUS_OUTPUT (output) : NULL;
}

gboolean
queen_dbus_output_passes_descriptors (QueenDBusOutput *self)
{
  return self->passes_descriptors;
}

gsize
queen_dbus_output_get_n_written (QueenDBusOutput *self)
{
  return (gsize) g_atomic_pointer_get (&self->n_written);
}

static void
enclose (QueenDBusOutput *self, GDBusMessage *message, const Parcel *parcel)
{
  guint number;

  g_mutex_lock (&self->lock);
  number = ++self->last_number;
  g_hash_table_insert (self->parcels, GUINT_TO_POINTER (number),
                       g_memdup2 (parcel, sizeof *parcel));
  g_mutex_unlock (&self->lock);
  g_dbus_message_set_header (message, (GDBusMessageHeaderField) QUEEN_DBUS_HEAD_PARCEL,
                             g_variant_new_uint32 (number));
}

void
queen_dbus_output_enclose (QueenDBusOutput *self, GDBusMessage *message, int fd)
{
  const Parcel parcel = { .fd = fd };

  enclose (self, message, &parcel);
}

void
queen_dbus_output_enclose_message (QueenDBusOutput *self, GDBusMessage *stand_in, GBytes *message)
{
  const Parcel parcel = { .fd = -1, .message = g_bytes_ref (message) };

  enclose (self, stand_in, &parcel);
}
