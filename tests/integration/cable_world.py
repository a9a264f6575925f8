# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
"""What the tests at a cable that is pulled share: another machine, which is a network namespace, and this one, which is
one of a user namespace."""

import contextlib
import ctypes
import os
import subprocess
import sys

from beat_world import wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
UNSHARE = ["unshare", "--map-root-user", "--net"]
HERE, THERE = "10.93.0.1", "10.93.0.2"


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Far:
    """A machine at the other end of a cable."""

    def __init__(self, world):
        self.home = f"/proc/{os.getpid()}/ns/net"
        self.child = world.popen("unshare", "--net", "sleep", "600")
        self.path = f"/proc/{self.child.pid}/ns/net"
        wait_for(lambda: os.readlink(self.path) != os.readlink(self.home), "the other machine")
        self.enter = ["nsenter", f"--net={self.path}"]
        ip("link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(self.child.pid))
        ip("address", "add", f"{HERE}/24", "dev", "here")
        self.put_back()
        for command in (["address", "add", f"{THERE}/24", "dev", "there"], ["link", "set", "there", "up"],
                        ["link", "set", "lo", "up"]):
            subprocess.run([*self.enter, "ip", *command], check=True)

    @staticmethod
    def pull():
        ip("link", "set", "here", "down")

    @staticmethod
    def put_back():
        ip("link", "set", "here", "up")

    @staticmethod
    def stop():
        subprocess.run(["ip", "link", "delete", "here"], check=False, stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def there(self):
        """What is connected within it is connected from there."""
        with open(self.home, encoding="ascii") as home, open(self.path, encoding="ascii") as path:
            assert LIBC.setns(path.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert LIBC.setns(home.fileno(), 0) == 0, os.strerror(ctypes.get_errno())


def run_apart():
    """Begins anew where networks may be made."""
    if "QUEEN_TEST_APART" in os.environ:
        ip("link", "set", "lo", "up")
        return
    probe = [*UNSHARE, "sh", "-c", "ip link add here type veth peer name there && "
                                   "unshare --net nsenter --net=/proc/$$/ns/net true"]
    if subprocess.run(probe, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        print("1..0 # SKIP no network of one's own may be made here")
        sys.exit(0)
    os.environ["QUEEN_TEST_APART"] = "1"
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])
