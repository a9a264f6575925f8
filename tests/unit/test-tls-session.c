/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * One encrypted connection at a time, with a client of GnuTLS at the other end of a socket pair. */

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/queen-tls.h"
#include "tls-identity.h"

#define MAX_STEPS 1000
#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static TlsIdentity *identity;
static QueenCertificate *certificate;
static gnutls_datum_t ticket_key;
static gnutls_certificate_credentials_t trust; /* of clients, in anybody */

typedef struct
{
  QueenTlsSession *server;
  gnutls_session_t client;
  int fd;        /* the client's */
  int server_fd; /* the session's */
} Pair;

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

static void
pair_init (Pair *pair, const char *priorities)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  pair->fd = ends[0];
  pair->server_fd = ends[1];
  pair->server = queen_tls_session_new (ends[1], certificate, &ticket_key);
  g_assert_nonnull (pair->server);
  check (gnutls_init (&pair->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL));
  check (gnutls_priority_set_direct (pair->client, priorities, NULL));
  check (gnutls_credentials_set (pair->client, GNUTLS_CRD_CERTIFICATE, trust));
  gnutls_transport_set_int (pair->client, pair->fd);
}

static void
hang_up (Pair *pair)
{
  g_clear_pointer (&pair->client, gnutls_deinit);
  close (pair->fd);
}

static void
pair_clear (Pair *pair)
{
  if (pair->client)
    hang_up (pair);
  queen_tls_session_free (pair->server);
}

/* Returns: GnuTLS' code for the client: 0 when both are through */
static int
shake_hands (Pair *pair)
{
  int code = GNUTLS_E_AGAIN;
  int result = -1;

  for (guint i = 0; i < MAX_STEPS && (result < 0 || code < 0); i++)
    {
      if (code < 0)
        code = gnutls_handshake (pair->client);
      if (gnutls_error_is_fatal (code))
        return code;
      if (result < 0)
        result = queen_tls_session_shake_hands (pair->server);
      if (result < 0)
        g_assert_true (errno == EAGAIN || errno == EINTR || errno == EPROTO);
    }
  return result < 0 ? GNUTLS_E_AGAIN : code;
}

static void
pair_open (Pair *pair, const char *priorities)
{
  pair_init (pair, priorities);
  check (shake_hands (pair));
}

/* @max_record: bytes that the client takes in one */
static void
pair_open_short (Pair *pair, const char *priorities, gsize max_record)
{
  pair_init (pair, priorities);
  check ((int) gnutls_record_set_max_size (pair->client, max_record));
  check (shake_hands (pair));
}

/* Adds what the client can read now to @text. Returns: whether that is all there ever is */
static gboolean
client_read (Pair *pair, GString *text)
{
  char buffer[20000];
  gssize n_bytes;
  guint n_again = 0;

  while ((n_bytes = gnutls_record_recv (pair->client, buffer, sizeof buffer)) > 0 ||
         (n_bytes == GNUTLS_E_AGAIN && n_again++ < 3)) /* it may have read a ticket */
    if (n_bytes > 0)
      g_string_append_len (text, buffer, n_bytes);
  g_assert_true (n_bytes == 0 || n_bytes == GNUTLS_E_AGAIN);
  return n_bytes == 0;
}

static gssize
server_write (Pair *pair, const char *text, gsize length)
{
  const struct iovec vectors[] = {
    { (char *) text, length / 3 },
    { (char *) text + length / 3, length - length / 3 },
  };

  return queen_tls_session_write (pair->server, vectors, G_N_ELEMENTS (vectors));
}

/* Writes all of @text and the end while the client reads it. Returns what that has read. */
static GString *
pass_on (Pair *pair, const char *text, gsize length)
{
  GString *read = g_string_new (NULL);
  gsize n_written = 0;

  while (n_written < length)
    {
      gssize n_bytes = server_write (pair, text + n_written, length - n_written);

      g_assert_true (n_bytes > 0 || errno == EAGAIN);
      n_written += (gsize) MAX (n_bytes, 0);
      g_assert_false (client_read (pair, read));
    }
  while (queen_tls_session_finish (pair->server) < 0)
    {
      g_assert_cmpint (errno, ==, EAGAIN);
      client_read (pair, read);
    }
  g_assert_true (client_read (pair, read));
  return read;
}

static char *
make_text (gsize length)
{
  char *text = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    text[i] = (char) ('a' + i * i % 26);
  return text;
}

/* Writing, with all of GnuTLS and with what is left of it */

static void
test_ciphers (void)
{
  static const char *const priorities[] = {
    TLS_1_2 ":-CIPHER-ALL:+AES-128-GCM",       TLS_1_3 ":-CIPHER-ALL:+AES-128-GCM",
    TLS_1_2 ":-CIPHER-ALL:+AES-256-GCM",       TLS_1_3 ":-CIPHER-ALL:+AES-256-GCM",
    TLS_1_2 ":-CIPHER-ALL:+CHACHA20-POLY1305", TLS_1_3 ":-CIPHER-ALL:+CHACHA20-POLY1305",
  };
  const gsize length = 200000;
  g_autofree char *text = make_text (length);

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (priorities); i++)
    {
      g_autoptr (GString) read = NULL;
      gboolean is_reading = i % 2 != 0;
      Pair pair;

      g_test_message ("%s, %s", priorities[i / 2], is_reading ? "reading" : "not reading");
      pair_open (&pair, priorities[i / 2]);
      g_assert_cmpint (server_write (&pair, "!", 1), ==, 1); /* by GnuTLS in any case */
      if (!is_reading)
        queen_tls_session_end_reading (pair.server);
      read = pass_on (&pair, text, length);
      g_assert_cmpuint (read->len, ==, length + 1);
      g_assert_cmpint (read->str[0], ==, '!');
      g_assert_cmpmem (read->str + 1, read->len - 1, text, length);
      pair_clear (&pair);
    }
}

/* The kernel takes little at a time: a record is begun and goes on later. */
static void
test_pieces (void)
{
  const gsize length = 100000;
  g_autofree char *text = make_text (length);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GString) read = NULL;
      int small = 1;
      Pair pair;

      pair_open_short (&pair, "NORMAL", i > 1 ? 512 : QUEEN_TLS_MAX_RECORD);
      if (i % 2 != 0)
        queen_tls_session_end_reading (pair.server);
      setsockopt (pair.server_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
      while (server_write (&pair, text, 10) > 0) /* until it is full */
        ;
      g_assert_cmpint (errno, ==, EAGAIN);
      g_assert_cmpint (queen_tls_session_flush (pair.server), ==, -1);
      g_assert_cmpint (errno, ==, EAGAIN);
      read = pass_on (&pair, text, length);
      g_assert_cmpuint (read->len % 10, ==, 0);
      g_assert_cmpmem (read->str + read->len - length, length, text, length);
      pair_clear (&pair);
    }
}

static void
test_short_records (void)
{
  const gsize length = 10000;
  g_autofree char *text = make_text (length);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GString) read = NULL;
      Pair pair;

      pair_open_short (&pair, i % 2 ? TLS_1_2 : TLS_1_3, 600);
      if (i > 1)
        queen_tls_session_end_reading (pair.server);
      read = pass_on (&pair, text, length); /* longer ones are an error there */
      g_assert_cmpmem (read->str, read->len, text, length);
      pair_clear (&pair);
    }
}

/* Returns: how many records are in @bytes, whole ones */
static guint
count_records (const guint8 *bytes, gsize length)
{
  guint n_records = 0;
  gsize at = 0;

  for (; at + 5 <= length; n_records++)
    at += 5 + ((gsize) bytes[at + 3] << 8 | bytes[at + 4]);
  g_assert_cmpuint (at, ==, length);
  return n_records;
}

/* Hands on to the client what the session has sent, each system call's by itself. Returns: how many
 * calls there were */
static guint
hand_on_calls (int calls_fd, int client_fd, guint *n_records)
{
  guint8 bytes[65536];
  gssize n_bytes;
  guint n_calls = 0;

  for (*n_records = 0; (n_bytes = recv (calls_fd, bytes, sizeof bytes, 0)) > 0; n_calls++)
    {
      *n_records += count_records (bytes, (gsize) n_bytes);
      g_assert_cmpint (n_bytes, <=, QUEEN_TLS_MAX_RECORD + QUEEN_TLS_MAX_OVERHEAD);
      g_assert_cmpint (send (client_fd, bytes, (gsize) n_bytes, 0), ==, n_bytes);
    }
  return n_calls;
}

/* A system call costs more than a short record does. */
static void
test_together (void)
{
  const gsize length = 100000;
  g_autofree char *text = make_text (length);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GString) read = g_string_new (NULL);
      guint n_calls, n_records;
      int ends[2], client_end;
      Pair pair;

      pair_open_short (&pair, i % 2 ? TLS_1_2 : TLS_1_3, 512);
      if (i > 1)
        queen_tls_session_end_reading (pair.server);
      client_end = dup (pair.server_fd);
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
                       ==, 0);
      setsockopt (ends[1], SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 20 }, sizeof (int));
      setsockopt (client_end, SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 20 }, sizeof (int));
      g_assert_cmpint (dup2 (ends[1], pair.server_fd), ==, pair.server_fd);
      g_assert_cmpint (server_write (&pair, text, length), ==, length);
      n_calls = hand_on_calls (ends[0], client_end, &n_records);
      g_assert_cmpuint (n_records, ==, (length + 511) / 512);
      g_assert_cmpuint (n_calls, ==, 7); /* as many as whole records would be */
      client_read (&pair, read);
      g_assert_cmpmem (read->str, read->len, text, length);
      close (ends[0]);
      close (ends[1]);
      close (client_end);
      pair_clear (&pair);
    }
}

/* Those who only write have keys of their own, however they take turns. */
static void
test_turns (void)
{
  g_autofree char *text = make_text (10000);
  Pair pairs[2];

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      pair_open (&pairs[i], TLS_1_3);
      queen_tls_session_end_reading (pairs[i].server);
    }
  for (guint round = 0; round < 5; round++)
    for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
      {
        g_autoptr (GString) read = g_string_new (NULL);

        g_assert_cmpint (server_write (&pairs[i], text, 10000), ==, 10000);
        client_read (&pairs[i], read);
        g_assert_cmpmem (read->str, read->len, text, 10000);
      }
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    pair_clear (&pairs[i]);
}

/* However much there is, and however short the records that the client wants. */
typedef struct
{
  const char *priorities;
  gsize max_record;
  gssize n_bytes; /* that are written at once */
} Much;

static const Much much_in_short_records = { TLS_1_3, 600, 256 * 1024 };
static const Much much_of_dear = { TLS_1_3 ":-CIPHER-ALL:+CHACHA20-POLY1305", 16384, 16 * 1024 };

static void
test_much (gconstpointer data)
{
  const Much *much = data;
  const gsize length = 2000000;
  g_autofree char *text = make_text (length);
  g_autoptr (GString) read = NULL;
  gssize n_bytes;
  Pair pair;

  pair_open_short (&pair, much->priorities, much->max_record);
  queen_tls_session_end_reading (pair.server);
  setsockopt (pair.server_fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 22 }, sizeof (int));
  setsockopt (pair.server_fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 1 << 22 }, sizeof (int));
  n_bytes = server_write (&pair, text, length);
  if (queen_tls_session_has_unsent (pair.server))
    g_test_skip ("the kernel has too little room");
  else
    g_assert_cmpint (n_bytes, ==, much->n_bytes);
  read = pass_on (&pair, text + n_bytes, length - (gsize) n_bytes);
  g_assert_cmpmem (read->str, read->len, text, length);
  pair_clear (&pair);
}

static void
test_size (void)
{
  Pair pairs[20];
  gsize before, whole, rest;

  pair_open (&pairs[0], "NORMAL"); /* what is only needed once */
  pair_clear (&pairs[0]);
  before = mallinfo2 ().uordblks;
  if (before == 0)
    {
      g_test_skip ("a tool has put its own memory in the place of the C library's");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      pair_open (&pairs[i], "NORMAL");
      g_clear_pointer (&pairs[i].client, gnutls_deinit);
    }
  whole = (mallinfo2 ().uordblks - before) / G_N_ELEMENTS (pairs);
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    queen_tls_session_end_reading (pairs[i].server);
  rest = (mallinfo2 ().uordblks - before) / G_N_ELEMENTS (pairs);
  g_test_message ("of %zu bytes %zu are left", whole, rest);
  g_assert_cmpuint (rest, <, whole / 8); /* what malloc keeps for later included */
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      queen_tls_session_free (pairs[i].server);
      close (pairs[i].fd);
    }
}

/* GnuTLS' own end of a connection, whose key is used by hand. */
static void
test_worn_key (void)
{
  gnutls_session_t server = queen_certificate_serve (certificate);
  g_autoptr (QueenTlsSeal) seal = NULL;
  g_autoptr (GString) read = g_string_new (NULL);
  guint8 content[] = "again\n";
  guint8 record[sizeof content + QUEEN_TLS_MAX_OVERHEAD];
  gsize length;
  guint n_records = 0;
  Pair pair;

  pair_init (&pair, TLS_1_3);
  gnutls_transport_set_int (server, pair.server_fd);
  for (int code = -1, own = -1; code < 0 || own < 0;)
    {
      code = code < 0 ? gnutls_handshake (pair.client) : code;
      own = own < 0 ? gnutls_handshake (server) : own;
    }
  seal = queen_tls_seal_new (server, 3);
  while ((length = queen_tls_seal_data (seal, content, 6, record)) > 0)
    {
      n_records++;
      g_assert_cmpint (send (pair.server_fd, record, length, 0), ==, length);
    }
  g_assert_cmpuint (n_records, ==, 2);
  length = queen_tls_seal_end (seal, record);
  g_assert_cmpint (send (pair.server_fd, record, length, 0), ==, length);
  g_assert_true (client_read (&pair, read));
  g_assert_cmpstr (read->str, ==, "again\nagain\n");
  g_assert_cmpuint (queen_tls_seal_end (seal, record), ==, 0);
  gnutls_deinit (server);
  pair_clear (&pair);
}

/* Reading */

/* It is told of the end behind a record that the kernel has had a part of, not in the middle. */
static void
test_alert (void)
{
  static const guint8 junk[] = { 23, 3, 3, 0, 20, 0, 1, 2, 3, 4, 5, 6, 7,
                                 8,  9, 0, 1, 2,  3, 4, 5, 6, 7, 8, 9 };
  g_autofree char *text = make_text (100000);
  g_autoptr (GString) read = g_string_new (NULL);
  char buffer[QUEEN_TLS_MAX_RECORD];
  gsize n_written = 0;
  gssize n_bytes;
  Pair pair;

  pair_open (&pair, TLS_1_2);
  setsockopt (pair.server_fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof (int));
  while ((n_bytes = server_write (&pair, text, 100000)) > 0)
    n_written += (gsize) n_bytes;
  g_assert_true (queen_tls_session_has_unsent (pair.server));
  g_assert_cmpint (send (pair.fd, junk, sizeof junk, 0), ==, sizeof junk);
  client_read (&pair, read); /* and there is room for an alert */
  while ((n_bytes = queen_tls_session_read (pair.server, buffer, sizeof buffer)) < 0 &&
         errno == EINTR)
    ;
  g_assert_cmpint (errno, ==, EPROTO);
  while (read->len < n_written)
    {
      queen_tls_session_flush (pair.server);
      n_bytes = gnutls_record_recv (pair.client, buffer, sizeof buffer);
      g_assert_true (n_bytes > 0 || n_bytes == GNUTLS_E_AGAIN);
      g_string_append_len (read, buffer, MAX (n_bytes, 0));
    }
  pair_clear (&pair);
}

/* What is waiting behind something that is of no use for us is read without being told of. */
static void
test_behind (void)
{
  char buffer[QUEEN_TLS_MAX_RECORD];
  Pair pair;

  pair_open (&pair, TLS_1_3);
  check (gnutls_session_key_update (pair.client, 0));
  check ((int) gnutls_record_send (pair.client, "hello", 5));
  g_assert_cmpint (queen_tls_session_read (pair.server, buffer, sizeof buffer), ==, -1);
  g_assert_cmpint (errno, ==, EINTR);
  g_assert_cmpint (queen_tls_session_read (pair.server, buffer, sizeof buffer), ==, 5);
  g_assert_cmpint (queen_tls_session_read (pair.server, buffer, sizeof buffer), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  pair_clear (&pair);
}

/* A client may want new keys for both ways. */
static void
test_new_keys (void)
{
  g_autoptr (GString) read = NULL;
  char buffer[QUEEN_TLS_MAX_RECORD];
  Pair pair;

  for (guint i = 0; i < 2; i++)
    {
      pair_open (&pair, TLS_1_3);
      check (gnutls_session_key_update (pair.client, GNUTLS_KU_PEER));
      while (queen_tls_session_read (pair.server, buffer, sizeof buffer) < 0 && errno == EINTR)
        ;
      g_assert_cmpint (errno, ==, EAGAIN);
      if (i > 0)
        queen_tls_session_end_reading (pair.server);
      read = pass_on (&pair, "hello", 5);
      g_assert_cmpstr (read->str, ==, "hello");
      g_string_free (g_steal_pointer (&read), TRUE);
      pair_clear (&pair);
    }
}

static void
test_nothing (void)
{
  char buffer[QUEEN_TLS_MAX_RECORD];
  gssize n_bytes = 0;
  guint n_reads = 0;
  Pair pair;

  pair_open (&pair, TLS_1_3);
  for (guint i = 0; i < 100; i++)
    check ((int) gnutls_record_send2 (pair.client, "", 0, 1, 0)); /* records of padding */
  while ((n_bytes = queen_tls_session_read (pair.server, buffer, sizeof buffer)) < 0 &&
         errno == EINTR)
    n_reads++;
  g_assert_cmpint (n_bytes, ==, -1);
  g_assert_cmpint (errno, ==, EPROTO);
  g_assert_cmpuint (n_reads, <, 50);
  pair_clear (&pair);
}

/* Returns: how many records of @length bytes the session reads, with @n_empty of nothing before
 * each, until it has had enough; @most when that never happens */
static guint
read_crumbs (gsize length, guint n_empty, guint most)
{
  char buffer[QUEEN_TLS_MAX_RECORD] = "";
  guint n_records = 0;
  gssize n_bytes;
  Pair pair;

  pair_open (&pair, TLS_1_3);
  do
    {
      for (guint i = 0; i < n_empty; i++)
        check ((int) gnutls_record_send2 (pair.client, "", 0, 1, 0));
      check ((int) gnutls_record_send (pair.client, buffer, length));
      while ((n_bytes = queen_tls_session_read (pair.server, buffer, sizeof buffer)) < 0 &&
             errno == EINTR)
        ;
    }
  while (n_bytes > 0 && ++n_records < most);
  if (n_bytes < 0)
    g_assert_cmpint (errno, ==, EPROTO);
  pair_clear (&pair);
  return n_records;
}

static void
test_crumbs (void)
{
  g_assert_cmpuint (read_crumbs (1, 0, 1000), ==, 1000);
  g_assert_cmpuint (read_crumbs (1, 0, 5000), <, 1100);
  g_assert_cmpuint (read_crumbs (100, 0, 5000), ==, 5000);
  g_assert_cmpuint (read_crumbs (100, 1, 5000), <, 50); /* however much is in between */
}

static void
test_ends (void)
{
  static const struct
  {
    gboolean is_announced;
    gboolean is_reading;
  } rows[] = { { TRUE, TRUE }, { FALSE, TRUE }, { TRUE, FALSE }, { FALSE, FALSE } };
  char buffer[QUEEN_TLS_MAX_RECORD];

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Pair pair;

      pair_open (&pair, i % 2 ? TLS_1_2 : TLS_1_3);
      if (!rows[i].is_reading)
        queen_tls_session_end_reading (pair.server);
      if (rows[i].is_announced)
        check (gnutls_bye (pair.client, GNUTLS_SHUT_WR));
      hang_up (&pair);
      if (rows[i].is_reading)
        g_assert_cmpint (queen_tls_session_read (pair.server, buffer, sizeof buffer), ==, 0);
      g_assert_cmpint (server_write (&pair, "hello", 5), ==, -1); /* and no signal */
      g_assert_cmpint (errno, ==, EPIPE);
      pair_clear (&pair);
    }
}

static void
test_again (void)
{
  char buffer[QUEEN_TLS_MAX_RECORD];
  gssize n_bytes;
  Pair pair;

  pair_open (&pair, TLS_1_2);
  gnutls_handshake (pair.client); /* another one */
  while ((n_bytes = queen_tls_session_read (pair.server, buffer, sizeof buffer)) < 0 &&
         errno == EINTR)
    ;
  g_assert_cmpint (n_bytes, ==, -1);
  g_assert_cmpint (errno, ==, EPROTO);
  pair_clear (&pair);
}

/* Handshakes */

static void
test_refused (void)
{
  static const char *const refused[] = {
    "NORMAL:-VERS-ALL:+VERS-TLS1.1",
    "NORMAL:-VERS-ALL:+VERS-TLS1.0",
    TLS_1_2 ":-KX-ALL:+RSA",
    TLS_1_2 ":-KX-ALL:+DHE-RSA",
    TLS_1_2 ":-CIPHER-ALL:+AES-128-CBC",
    TLS_1_2 ":-CIPHER-ALL:+AES-256-CBC",
    TLS_1_2 ":-CIPHER-ALL:+AES-128-CCM",
    TLS_1_3 ":-GROUP-ALL:+GROUP-FFDHE2048", /* milliseconds, and 0.4 s with 8 192 bits */
    TLS_1_3 ":-GROUP-ALL:+GROUP-FFDHE8192",
    TLS_1_3 ":-GROUP-ALL:+GROUP-SECP521R1",
  };
  static const char *const served[] = {
    TLS_1_2,
    TLS_1_3,
    TLS_1_3 ":-GROUP-ALL:+GROUP-X25519",
    TLS_1_3 ":-GROUP-ALL:+GROUP-SECP384R1",
    TLS_1_3 ":-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP384R1", /* after another hello */
  };
  /* With a key that all of these could use. */
  g_autoptr (TlsIdentity) rsa =
      tls_identity_new_with ("rsa", &(TlsIdentitySetup){ .algorithm = GNUTLS_PK_RSA });
  g_autoptr (QueenCertificate) usual = g_steal_pointer (&certificate);
  Pair pair;

  certificate = queen_certificate_load (rsa->certificate, rsa->key, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_test_message ("%s", refused[i]);
      pair_init (&pair, refused[i]);
      g_assert_cmpint (shake_hands (&pair), ==, GNUTLS_E_FATAL_ALERT_RECEIVED);
      pair_clear (&pair);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (served); i++)
    {
      g_test_message ("%s", served[i]);
      pair_open (&pair, served[i]);
      pair_clear (&pair);
    }
  queen_certificate_unref (certificate);
  certificate = g_steal_pointer (&usual);
}

static void
test_protocols (void)
{
  static const struct
  {
    const char *offered; /* NULL for nothing */
    int code;
  } rows[] = { { NULL, 0 }, { "http/1.1", 0 }, { "h2", GNUTLS_E_FATAL_ALERT_RECEIVED } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gnutls_datum_t protocol = { (guint8 *) rows[i].offered, 0 };
      Pair pair;

      pair_init (&pair, "NORMAL");
      if (rows[i].offered)
        {
          protocol.size = (guint) strlen (rows[i].offered);
          check (gnutls_alpn_set_protocols (pair.client, &protocol, 1, 0));
        }
      g_assert_cmpint (shake_hands (&pair), ==, rows[i].code);
      if (rows[i].code != 0)
        g_assert_cmpint (gnutls_alert_get (pair.client), ==, GNUTLS_A_NO_APPLICATION_PROTOCOL);
      pair_clear (&pair);
    }
}

/* Returns: whether a client comes back as who it was */
static gboolean
comes_back (const char *priorities, gnutls_datum_t *session)
{
  g_autoptr (GString) read = g_string_new (NULL);
  gboolean has_come_back;
  Pair pair;

  pair_init (&pair, priorities);
  if (session->data)
    check (gnutls_session_set_data (pair.client, session->data, session->size));
  check (shake_hands (&pair));
  client_read (&pair, read); /* and with it the ticket */
  has_come_back = gnutls_session_is_resumed (pair.client);
  g_clear_pointer (&session->data, gnutls_free);
  check (gnutls_session_get_data2 (pair.client, session));
  pair_clear (&pair);
  return has_come_back;
}

static void
test_tickets (void)
{
  static const char *const versions[] = { TLS_1_2, TLS_1_3 };

  for (gsize i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      gnutls_datum_t session = { NULL, 0 };

      g_assert_false (comes_back (versions[i], &session));
      g_assert_true (comes_back (versions[i], &session));
      g_assert_true (comes_back (versions[i], &session));
      gnutls_free (ticket_key.data);
      check (gnutls_session_ticket_key_generate (&ticket_key));
      g_assert_false (comes_back (versions[i], &session));
      gnutls_free (session.data);
    }
}

/* Byte by byte: the session never waits, and says each time that it wants more. */
static void
test_trickle (void)
{
  static guint8 bytes[20000];
  Pair pair;
  int ends[2];
  gssize length;

  pair_init (&pair, "NORMAL");
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  gnutls_transport_set_int (pair.client, ends[0]);
  g_assert_cmpint (gnutls_handshake (pair.client), ==, GNUTLS_E_AGAIN);
  length = read (ends[1], bytes, sizeof bytes);
  for (gssize i = 0; i < length; i++)
    {
      g_assert_cmpint (queen_tls_session_shake_hands (pair.server), ==, -1);
      g_assert_cmpint (errno, ==, EAGAIN);
      g_assert_cmpint (send (pair.fd, &bytes[i], 1, 0), ==, 1);
    }
  g_assert_cmpint (queen_tls_session_shake_hands (pair.server), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_cmpint (recv (pair.fd, bytes, sizeof bytes, 0), >, 100); /* its answer */
  close (ends[0]);
  close (ends[1]);
  pair_clear (&pair);
}

/* A hello in records of one byte: as many steps as it has bytes. */
static void
test_split (void)
{
  static guint8 hello[20000];
  guint n_steps = 0;
  int ends[2];
  gssize length, n_sent;
  Pair pair;

  pair_init (&pair, "NORMAL");
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  gnutls_transport_set_int (pair.client, ends[0]);
  g_assert_cmpint (gnutls_handshake (pair.client), ==, GNUTLS_E_AGAIN);
  length = read (ends[1], hello, sizeof hello);
  for (n_sent = 5; n_sent < length; n_sent++)
    {
      const guint8 record[] = { 22, 3, 1, 0, 1, hello[n_sent] };

      g_assert_cmpint (send (pair.fd, record, sizeof record, 0), ==, sizeof record);
      if (n_sent < 10) /* there are always more behind */
        continue;
      g_assert_cmpint (queen_tls_session_shake_hands (pair.server), ==, -1);
      if (errno != EINTR)
        break;
      n_steps++;
    }
  g_assert_cmpint (errno, ==, EPROTO);
  g_assert_cmpint (n_sent, <, length);
  g_assert_cmpuint (n_steps, >, 10);
  g_assert_cmpuint (n_steps, <, 100);
  close (ends[0]);
  close (ends[1]);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  identity = tls_identity_new ("queen");
  certificate = queen_certificate_load (identity->certificate, identity->key, NULL);
  g_assert_nonnull (certificate);
  check (gnutls_session_ticket_key_generate (&ticket_key));
  check (gnutls_certificate_allocate_credentials (&trust));

  g_test_add_func ("/tls-session/write/any-cipher-of-any-version", test_ciphers);
  g_test_add_func ("/tls-session/write/what-is-begun-goes-on", test_pieces);
  g_test_add_func ("/tls-session/write/short-records-for-who-wants-them", test_short_records);
  g_test_add_func ("/tls-session/write/short-records-go-together", test_together);
  g_test_add_func ("/tls-session/write/each-has-its-own-key", test_turns);
  g_test_add_data_func ("/tls-session/write/a-millisecond-at-a-time", &much_in_short_records,
                        test_much);
  g_test_add_data_func ("/tls-session/write/less-of-what-is-dear-at-a-time", &much_of_dear,
                        test_much);
  g_test_add_func ("/tls-session/write/who-only-writes-needs-little", test_size);
  g_test_add_func ("/tls-session/write/a-key-is-not-used-for-ever", test_worn_key);
  g_test_add_func ("/tls-session/read/what-waits-behind-is-not-forgotten", test_behind);
  g_test_add_func ("/tls-session/read/new-keys-when-the-client-wants-them", test_new_keys);
  g_test_add_func ("/tls-session/read/records-of-nothing-come-to-an-end", test_nothing);
  g_test_add_func ("/tls-session/read/crumbs-come-to-an-end", test_crumbs);
  g_test_add_func ("/tls-session/read/ends-in-every-way", test_ends);
  g_test_add_func ("/tls-session/read/an-alert-waits-for-what-was-begun", test_alert);
  g_test_add_func ("/tls-session/read/another-handshake-is-refused", test_again);
  g_test_add_func ("/tls-session/handshake/what-is-weak-or-slow-is-refused", test_refused);
  g_test_add_func ("/tls-session/handshake/speaks-http-1-1", test_protocols);
  g_test_add_func ("/tls-session/handshake/tickets-as-long-as-their-key", test_tickets);
  g_test_add_func ("/tls-session/handshake/split-ones-come-to-an-end", test_split);
  g_test_add_func ("/tls-session/handshake/never-waits", test_trickle);

  result = g_test_run ();
  queen_certificate_unref (certificate);
  gnutls_free (ticket_key.data);
  gnutls_certificate_free_credentials (trust);
  tls_identity_free (identity);
  return result;
}
