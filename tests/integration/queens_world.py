# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
"""What the tests of jobs at several queens share: a real Redis, and queens who are one by it.

QUEEN_RBEE and QUEEN_STAND_IN_WORKER say what is run.
"""

import os
import shutil
import socket

from beat_world import wait_for
from jobs_world import MODEL, Worker, call, infer, submit

TOKEN = "0123456789abcdef0123456789abcdef"
KEYS = "q:{test}:"
SAY = ("local n, s = redis.call('HGET', KEYS[1], 'n'), redis.call('HINCRBY', KEYS[1], 's', 1) "
       "return redis.call('XADD', KEYS[2], n .. '-' .. s, 'k', ARGV[1], 'd', ARGV[2], 'o', ARGV[2])")


class Redis:
    """On a Unix socket; Debian's redis-tools has all of it by another name."""

    def __init__(self, world):
        self.path = world.path / "redis.sock"
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        self.child = world.popen("bash", "-c", f"exec -a redis-server {program} --port 0 --save '' "
                                 f"--unixsocket {self.path} --dir {world.path}")
        wait_for(lambda: "eady to accept connections" in self.child.said(), "Redis")
        self.url = f"redis+unix://{self.path}?cluster=test"

    def do(self, *words):
        """One command, of which the answer is no array."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            link.connect(str(self.path))
            link.sendall(f"*{len(words)}\r\n".encode() + b"".join(
                f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words))
            answer = link.recv(65536).decode()
        assert not answer.startswith("-"), answer
        return answer.split("\r\n", 1)[1].rsplit("\r\n", 1)[0] if answer.startswith("$") else answer

    def say(self, kind, name):
        """As if the queen of that name said so."""
        self.do("EVAL", SAY, "2", f"{KEYS}meta", f"{KEYS}events", kind, name)

    def stir(self):
        """As if another queen had come and said something of jobs: all look who is there."""
        self.say("jobs-news", os.urandom(16).hex())


def write_token(world, name, *tokens):
    path = world.path / name
    path.write_text("# of this cluster\n" + "".join(token + "\n" for token in tokens),
                    encoding="utf-8")
    return path


def start_queens(world, *options, n=2, token=TOKEN):
    """Queens of whom the last one knows where the others are; these know it seconds later."""
    redis = Redis(world)
    path = write_token(world, "queen-token", token)
    queens = [world.start_queen("--bus=none", f"--engine={redis.url}", "--engine-timeout=500ms",
                                f"--queen-token-file={path}", *options)
              for _ in range(n)]
    wait_for(lambda: len(call(queens[-1].url, "/v1/queens")[2]["queens"]) == n,
             "the last one knows the others")
    return redis, queens


def await_model(queen, **headers):
    """Who was heard is known at once, but gets work only when word of it has come by the engine."""
    wait_for(lambda: MODEL in str(call(queen.url, "/v1/models", **headers)[2]), "the worker is known")


def start(world, *options, n=2):
    """With a worker that the first one has heard of, and so all."""
    redis, queens = start_queens(world, *options, n=n)
    worker = Worker(world, queens[0], "w1")
    for queen in queens:
        await_model(queen)
    return redis, queens, worker


def await_known(queen, job, **headers):
    """Others know of a job a moment after the one that has it."""
    return wait_for(lambda: call(queen.url, f"/v1/jobs/{job}", **headers)[0] == 200, f"{job} is known")


def submit_slowly(queens, worker, **headers):
    """One whose tokens come when the test says so; all queens know it."""
    worker.order(always={"pace": "step"})
    job = submit(queens[0], infer(), **headers)
    for queen in queens:
        await_known(queen, job, **headers)
    return job


def name_of(queen):
    return next(each["id"] for each in call(queen.url, "/v1/queens")[2]["queens"] if each["self"])
