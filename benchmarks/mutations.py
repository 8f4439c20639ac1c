"""Ways to damage a file, from single bits to fields that lie."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

HEADER_BYTES = 1024
#: What a length, a rate or a count may claim.
EXTREMES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MAX_BITS = 64


def flip_bits(content: bytearray, rng: random.Random) -> None:
    """Flip some bits anywhere."""
    for _ in range(rng.randrange(1, MAX_BITS)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def flip_header_bits(content: bytearray, rng: random.Random) -> None:
    """Flip some bits of the header."""
    for _ in range(rng.randrange(1, 8)):
        content[rng.randrange(min(HEADER_BYTES, len(content)))] ^= 1 << rng.randrange(8)


def lie_in_header(content: bytearray, rng: random.Random) -> None:
    """Put an extreme number into a field of the header."""
    lie(content, rng, min(HEADER_BYTES, len(content)))


def lie_anywhere(content: bytearray, rng: random.Random) -> None:
    """Put extreme numbers anywhere."""
    for _ in range(rng.randrange(1, 8)):
        lie(content, rng, len(content))


def lie(content: bytearray, rng: random.Random, n_bytes: int) -> None:
    """Put an extreme number of one, two, four or eight bytes at a place."""
    code = rng.choice("BHIQ")
    size = struct.calcsize(code)
    place = rng.randrange(max(1, n_bytes - size))
    value = rng.choice(EXTREMES) & (256**size - 1)
    content[place : place + size] = struct.pack(rng.choice("<>") + code, value)


def cut_short(content: bytearray, rng: random.Random) -> None:
    """Leave the beginning."""
    del content[rng.randrange(1, len(content)) :]


def cut_head(content: bytearray, rng: random.Random) -> None:
    """Leave the end."""
    del content[: rng.randrange(1, min(HEADER_BYTES, len(content)))]


def drop_block(content: bytearray, rng: random.Random) -> None:
    """Leave out what lies between two places."""
    first, last = sorted(rng.randrange(len(content)) for _ in range(2))
    del content[first:last]


def repeat_block(content: bytearray, rng: random.Random) -> None:
    """Insert a part again, somewhere else."""
    start = rng.randrange(len(content))
    block = content[start : start + rng.randrange(1, 20_000)]
    place = rng.randrange(len(content))
    content[place:place] = block * rng.randrange(1, 5)


def blank_block(content: bytearray, rng: random.Random) -> None:
    """Overwrite a part with zeros, ones or noise."""
    start = rng.randrange(len(content))
    size = min(rng.randrange(1, 20_000), len(content) - start)
    noise = rng.choice([bytes(size), b"\xff" * size, rng.randbytes(size)])
    content[start : start + size] = noise


def swap_tags(content: bytearray, rng: random.Random) -> None:
    """Exchange the names of two chunks, atoms or frames of the header."""
    head = bytes(content[:HEADER_BYTES])
    places = [i for i in range(len(head) - 4) if head[i : i + 4].isalnum()]
    if len(places) > 1:
        one, other = rng.sample(places, 2)
        content[one : one + 4] = head[other : other + 4]


AUDIO_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip_bits,
    flip_header_bits,
    lie_in_header,
    lie_anywhere,
    cut_short,
    cut_head,
    drop_block,
    repeat_block,
    blank_block,
    swap_tags,
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Damage a file in one to three ways."""
    damaged = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        if damaged:
            rng.choice(AUDIO_MUTATIONS)(damaged, rng)
    return bytes(damaged)
