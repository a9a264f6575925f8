/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-shares.h"

#include <gio/gio.h>

#include "net/queen-user-address.h"

static QueenShares *shares;
static QueenShare *latest; /* of who came last */

static gboolean
enter_forwarded (const char *text, gboolean is_forwarded)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, 1234);
  struct sockaddr_storage native = { 0 };

  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  return queen_shares_acquire (shares, &native, is_forwarded, &latest);
}

static gboolean
enter (const char *text)
{
  return enter_forwarded (text, FALSE);
}

static void
set_up (guint share, gboolean spares_loopback)
{
  g_clear_pointer (&shares, queen_shares_free);
  shares = queen_shares_new (share, 2 * share, spares_loopback);
}

static void
test_share (void)
{
  QueenShare *first;

  set_up (2, TRUE);
  g_assert_true (enter ("192.0.2.1"));
  first = latest;
  g_assert_true (enter ("192.0.2.1"));
  g_assert_false (enter ("192.0.2.1"));
  g_assert_null (latest);
  g_assert_true (enter ("192.0.2.2")); /* others have their own */

  queen_shares_release (shares, first);
  g_assert_true (enter ("192.0.2.1"));
  g_assert_false (enter ("192.0.2.1"));
}

static void
test_give_back (void)
{
  set_up (1, TRUE);
  for (int i = 0; i < 3; i++)
    {
      QueenShare *kept;

      g_assert_true (enter ("192.0.2.1"));
      kept = latest;
      g_assert_false (enter ("192.0.2.1"));
      queen_shares_release (shares, latest); /* who was refused has nothing to give back */
      g_assert_false (enter ("192.0.2.1"));
      queen_shares_release (shares, kept);
    }
}

/* Each pair is one address. */
static void
test_same (void)
{
  static const char *const pairs[][2] = {
    { "2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff" },
    { "192.0.2.1", "::ffff:192.0.2.1" },
    { "127.0.0.1", "127.255.255.254" },
    { "127.0.0.2", "::1" },
    { "::1", "::ffff:127.3.2.1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      set_up (1, FALSE);
      g_assert_true (enter (pairs[i][0]));
      g_assert_false (enter (pairs[i][1]));
      g_assert_true (enter ("192.0.2.9"));
    }
}

/* Whoever has a network of 48 bits has 65 536 of 64. */
static void
test_wide (void)
{
  QueenShare *first;

  set_up (2, FALSE);
  g_assert_true (enter ("2001:db8:1:1::1"));
  first = latest;
  g_assert_true (enter ("2001:db8:1:2::1"));
  g_assert_true (enter ("2001:db8:1:3::1"));
  g_assert_true (enter ("2001:db8:1:4::1"));
  g_assert_false (enter ("2001:db8:1:4::1"));
  g_assert_false (enter ("2001:db8:1:5::1"));
  g_assert_null (latest);
  g_assert_true (enter ("2001:db8:2:5::1"));
  queen_shares_release (shares, first);
  g_assert_true (enter ("2001:db8:1:5::1"));
  g_assert_false (enter ("2001:db8:1:1::1"));
  for (guint i = 0; i < 20; i++) /* IPv4 has nothing of the kind */
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%u", i);

      g_assert_true (enter (address));
    }
}

static void
test_different (void)
{
  static const char *const pairs[][2] = {
    { "2001:db8:1:2::1", "2001:db8:1:3::1" },
    { "192.0.2.1", "192.0.2.2" },
    { "::ffff:192.0.2.1", "::ffff:192.0.2.2" }, /* not one network of 64 bits */
    { "127.0.0.1", "128.0.0.1" },
    { "127.0.0.1", "126.255.255.255" },
    { "::1", "::2" },               /* though of one network of 64 bits */
    { "2a01:a04::1", "4.10.1.42" }, /* A23: the same bytes on a little-endian machine */
    { "40a:12a::1", "4.10.1.42" },  /* and on a big-endian one */
    { "::1", "0.0.0.0" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      set_up (1, FALSE);
      g_assert_true (enter (pairs[i][0]));
      g_assert_true (enter (pairs[i][1]));
      g_assert_false (enter (pairs[i][0]));
    }
}

static void
test_loopback (void)
{
  static const char *const own[] = { "127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1" };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    {
      set_up (1, TRUE);
      g_assert_true (enter (own[i]));
      g_assert_true (enter ("127.0.0.1"));
      g_assert_nonnull (latest); /* spared, and counted all the same */
      g_assert_cmpuint (queen_share_get_n_held (latest), ==, 2);
      queen_shares_release (shares, latest);
      g_assert_cmpuint (queen_share_get_n_held (latest), ==, 1);
      queen_shares_release (shares, latest);

      set_up (1, FALSE);
      g_assert_true (enter (own[i]));
      g_assert_false (enter (own[i]));
    }
}

static void
test_forwarded (void)
{
  set_up (1, TRUE);
  g_assert_true (enter_forwarded ("127.0.0.1", TRUE));
  g_assert_false (enter_forwarded ("127.0.0.1", TRUE));
  g_assert_true (enter ("127.0.0.1"));

  set_up (1, TRUE);
  g_assert_true (enter ("127.0.0.1"));
  g_assert_true (enter_forwarded ("127.0.0.1", TRUE)); /* whatever those have who are spared */
  g_assert_false (enter_forwarded ("127.0.0.1", TRUE));
}

static void
test_network (void)
{
  static const char *const rows[][3] = {
    { "192.0.2.1", "192.0.2.1", "192.0.2.1" },
    { "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48\n2001:db8:1:2::/64" },
    { "2001:db8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48\n2001:db8:1:2::/64" },
    { "::2", "::/64", "::/48\n::/64" },
    { "::1", "127.0.0.1", "127.0.0.1" },
    { "127.9.8.7", "127.0.0.1", "127.0.0.1" },
    { "::ffff:127.9.8.7", "127.0.0.1", "127.0.0.1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (rows[i][0], 1234);
      struct sockaddr_storage native = { .ss_family = AF_UNSPEC };
      g_autofree char *none = queen_shares_dup_network (&native);
      g_autofree char *network = NULL, *networks = NULL;

      g_assert_null (none);
      g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
      network = queen_shares_dup_network (&native);
      g_assert_cmpstr (network, ==, rows[i][1]);
      networks = queen_shares_dup_networks (&native);
      g_assert_cmpstr (networks, ==, rows[i][2]);
    }
}

static gboolean
enter_user (uid_t user)
{
  struct sockaddr_storage native;

  queen_user_address_init (&native, user);
  return queen_shares_acquire (shares, &native, FALSE, &latest);
}

/* Through a Unix socket nobody has an address, but everybody is somebody. */
static void
test_users (void)
{
  set_up (1, FALSE);
  g_assert_true (enter_user (33));
  g_assert_false (enter_user (33));
  g_assert_true (enter_user (34));
  g_assert_true (enter ("0.0.0.33")); /* the same number */
  g_assert_true (enter ("0:21::"));

  set_up (1, TRUE);
  g_assert_true (enter_user (33));
  g_assert_true (enter_user (33)); /* they are here, as whoever comes by loopback */
  g_assert_cmpuint (queen_share_get_n_held (latest), ==, 2);
  g_assert_true (enter_user (34));
  g_assert_cmpuint (queen_share_get_n_held (latest), ==, 1);
}

static void
test_user_as_text (void)
{
  struct sockaddr_storage native;
  g_autofree char *text = NULL;

  queen_user_address_init (&native, 4294967294u);
  text = queen_shares_dup_network (&native);
  g_assert_cmpstr (text, ==, "uid 4294967294");
  g_assert_true (queen_shares_is_here (&native));
}

/* What a share says of whose it is counts as one with them. */
static void
test_address (void)
{
  static const char *const rows[][2] = {
    { "10.0.0.7", "10.0.0.7" },
    { "::ffff:10.0.0.7", "10.0.0.7" },
    { "127.9.8.7", "127.0.0.1" },
    { "2001:db8:1:2:3::4", "2001:db8:1::/48\n2001:db8:1:2::/64" },
  };
  struct sockaddr_storage address;
  g_autofree char *user = NULL;

  set_up (1, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *networks = NULL;

      g_assert_true (enter (rows[i][0]));
      queen_share_get_address (latest, &address);
      networks = queen_shares_dup_networks (&address);
      g_assert_cmpstr (networks, ==, rows[i][1]);
      queen_shares_release (shares, latest);
    }
  g_assert_true (enter_user (33));
  queen_share_get_address (latest, &address);
  user = queen_shares_dup_networks (&address);
  g_assert_cmpstr (user, ==, "uid 33");
}

/* Who takes turns is told by the token, or by the user, or by the address. */
static void
test_asker (void)
{
  static const struct
  {
    const char *address;
    uid_t user; /* without an address */
    guint owner;
    gboolean is_forwarded;
    const char *asker;
  } rows[] = {
    { "127.0.0.1", 0, 0, FALSE, "here 0" },   { "::1", 0, 0, FALSE, "here 0" },
    { "127.0.0.1", 0, 7, FALSE, "here 7" },   { NULL, 1000, 7, FALSE, "here 7" },
    { NULL, 1000, 0, FALSE, "uid 1000" },     { NULL, 1001, 0, FALSE, "uid 1001" },
    { "127.9.0.1", 0, 7, TRUE, "127.0.0.1" }, { "::1", 0, 7, TRUE, "127.0.0.1" },
    { "127.0.0.1", 0, 7, TRUE, "127.0.0.1" }, { "10.0.0.7", 0, 7, FALSE, "10.0.0.7" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      struct sockaddr_storage native;
      g_autofree char *asker = NULL;

      if (rows[i].address)
        {
          g_autoptr (GSocketAddress) address =
              g_inet_socket_address_new_from_string (rows[i].address, 1234);

          g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
        }
      else
        queen_user_address_init (&native, rows[i].user);
      asker = queen_shares_dup_asker (&native, rows[i].is_forwarded, rows[i].owner);
      g_assert_cmpstr (asker, ==, rows[i].asker);
    }
}

int
main (int argc, char **argv)
{
  int code;

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/shares/share/no-more-than-that", test_share);
  g_test_add_func ("/shares/share/given-back-to-the-last", test_give_back);
  g_test_add_func ("/shares/same/a-network-of-64-bits-mapped-ipv4-and-this-machine", test_same);
  g_test_add_func ("/shares/same/twice-as-much-for-a-network-of-48-bits", test_wide);
  g_test_add_func ("/shares/different/others-are-others", test_different);
  g_test_add_func ("/shares/network/as-text", test_network);
  g_test_add_func ("/shares/users/each-has-its-own", test_users);
  g_test_add_func ("/shares/users/as-text", test_user_as_text);
  g_test_add_func ("/shares/address/of-a-share", test_address);
  g_test_add_func ("/shares/asker/a-token-a-user-or-an-address", test_asker);
  g_test_add_func ("/shares/loopback/spared-unless-asked-for", test_loopback);
  g_test_add_func ("/shares/loopback/not-spared-on-a-proxys-word", test_forwarded);

  code = g_test_run ();
  g_clear_pointer (&shares, queen_shares_free);
  return code;
}
