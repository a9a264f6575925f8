# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
"""Writes a model that says nothing of sense: a few thousand random weights in the form GGUF, version 3."""

import random
import struct

WIDTH, HEADS, HIDDEN, CONTEXT = 32, 2, 64, 65536
UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
ALIGNMENT = 32


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value_of(kind, value):
    if kind == STRING:
        return text(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f"}[kind], value)


def member(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value_of(kind, value)


def members(key, kind, values):
    head = text(key) + struct.pack("<IIQ", ARRAY, kind, len(values))
    return head + b"".join(value_of(kind, value) for value in values)


def make_vocabulary():
    """A token for each byte, and for each word that the test may say."""
    tokens = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    tokens += [(f"<0x{byte:02X}>", BYTE) for byte in range(256)]
    tokens += [(f"\u2581{word}", NORMAL) for word in ("the", "queen", "hive", "bee")]
    return tokens


def make_metadata(name, tokens):
    return [
        member("general.architecture", STRING, "llama"),
        member("general.name", STRING, name),
        member("llama.context_length", UINT32, CONTEXT),
        member("llama.embedding_length", UINT32, WIDTH),
        member("llama.block_count", UINT32, 1),
        member("llama.feed_forward_length", UINT32, HIDDEN),
        member("llama.attention.head_count", UINT32, HEADS),
        member("llama.attention.head_count_kv", UINT32, HEADS),
        member("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        member("llama.rope.dimension_count", UINT32, WIDTH // HEADS),
        member("llama.vocab_size", UINT32, len(tokens)),
        member("tokenizer.ggml.model", STRING, "llama"),
        members("tokenizer.ggml.tokens", STRING, [token for token, _ in tokens]),
        members("tokenizer.ggml.scores", FLOAT32, [float(-i) for i in range(len(tokens))]),
        members("tokenizer.ggml.token_type", INT32, [kind for _, kind in tokens]),
        member("tokenizer.ggml.unknown_token_id", UINT32, 0),
        member("tokenizer.ggml.bos_token_id", UINT32, 1),
        member("tokenizer.ggml.eos_token_id", UINT32, 2),
    ]


def list_tensors(n_tokens):
    yield "token_embd.weight", (WIDTH, n_tokens)
    yield "output.weight", (WIDTH, n_tokens)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        yield f"{name}.weight", (WIDTH,)
    for name in ("q", "k", "v", "output"):
        yield f"blk.0.attn_{name}.weight", (WIDTH, WIDTH)
    for name, shape in (("gate", (WIDTH, HIDDEN)), ("up", (WIDTH, HIDDEN)), ("down", (HIDDEN, WIDTH))):
        yield f"blk.0.ffn_{name}.weight", shape


def pad(data):
    return data + b"\0" * (-len(data) % ALIGNMENT)


def write_model(path, name):
    """The same weights each time."""
    chance = random.Random(1)
    tokens = make_vocabulary()
    metadata = make_metadata(name, tokens)
    infos, weights = b"", b""
    tensors = list(list_tensors(len(tokens)))
    for tensor, shape in tensors:
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        infos += text(tensor) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(weights))
        weights = pad(weights + struct.pack(f"<{count}f", *(chance.gauss(0, 0.2) for _ in range(count))))
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    with open(path, "wb") as file:
        file.write(pad(head + b"".join(metadata) + infos) + weights)
