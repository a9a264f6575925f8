/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-output.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-dbus-head.h"

struct _QueenDBusOutput
{
  GUnixOutputStream parent_instance;

  gboolean passes_descriptors;

  GMutex lock;         /* of what follows */
  GHashTable *parcels; /* number -> fd + 1: what is to be sent */
  guint last_number;

  gsize n_written; /* bytes, ever; atomic */

  /* What follows belongs to who writes. */
  gsize n_left; /* bytes of the message that has been begun */
  GBytes *head; /* what it begins with in truth; NULL when that is what GDBus has */
  gsize n_sent; /* bytes of that */
  int fd;       /* what goes along with the first byte of it; -1 for nothing */
};

G_DEFINE_FINAL_TYPE (QueenDBusOutput, queen_dbus_output, G_TYPE_UNIX_OUTPUT_STREAM)

static void
close_parcel (gpointer parcel)
{
  close (GPOINTER_TO_INT (parcel) - 1);
}

/* Returns: -1 without one */
static int
take_parcel (QueenDBusOutput *self, guint number)
{
  gpointer parcel = NULL;

  g_mutex_lock (&self->lock);
  g_hash_table_steal_extended (self->parcels, GUINT_TO_POINTER (number), NULL, &parcel);
  g_mutex_unlock (&self->lock);
  return GPOINTER_TO_INT (parcel) - 1;
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
  guint32 number;

  memcpy (&number, bytes + offset, sizeof number); /* GDBus writes in the machine's own order */
  self->fd = take_parcel (self, number);
  bytes[head->parcel] = G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS;
  memcpy (bytes + offset, &one, sizeof one);
  self->head = g_bytes_new_take (bytes, head->size);
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
    address (self, &head);
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
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (problem),
                           g_strerror (problem));
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
  self->parcels = g_hash_table_new_full (NULL, NULL, NULL, close_parcel);
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

void
queen_dbus_output_enclose (QueenDBusOutput *self, GDBusMessage *message, int fd)
{
  guint number;

  g_mutex_lock (&self->lock);
  number = ++self->last_number;
  g_hash_table_insert (self->parcels, GUINT_TO_POINTER (number), GINT_TO_POINTER (fd + 1));
  g_mutex_unlock (&self->lock);
  g_dbus_message_set_header (message, (GDBusMessageHeaderField) QUEEN_DBUS_HEAD_PARCEL,
                             g_variant_new_uint32 (number));
}
