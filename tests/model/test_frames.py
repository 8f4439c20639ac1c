"""Frames joined into longer ones lose no sample, whatever changes between them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from av import AudioFrame

from genre_model.audio.frames import downmix, joined_frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

RATE_HZ = 8000
N_SAMPLES = 1000


def frame_of(
    value: int, kind: str = "s16", layout: str = "mono", rate_hz: int = RATE_HZ
) -> AudioFrame:
    """Return a frame of one value; its time is that of no other frame."""
    n_channels = AudioFrame(kind, layout, 1).layout.nb_channels
    dtype = np.int16 if kind == "s16" else np.float32
    samples = np.full((1, N_SAMPLES * n_channels), value, dtype)
    frame = AudioFrame.from_ndarray(samples, kind, layout)
    frame.sample_rate = rate_hz
    frame.pts = 7 * value
    return frame


def joined(
    frames: Iterable[AudioFrame], seconds: float = inf
) -> list[tuple[int, int, NDArray[np.float32]]]:
    """Return rate, channels and mono samples of each joined frame."""
    return [
        (one.sample_rate, one.layout.nb_channels, downmix(one))
        for one in joined_frames(iter(frames), seconds)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "flt"},
        {"layout": "stereo"},
        {"rate_hz": 11025},
        {"layout": "stereo", "rate_hz": 11025, "kind": "flt"},
    ],
    ids="+".join,
)
def test_what_changes_begins_another_frame(change: dict[str, Any]) -> None:
    frames = [frame_of(0), frame_of(0), frame_of(0, **change), frame_of(0, **change)]
    frames.append(frame_of(0))

    lengths = [len(samples) for _, _, samples in joined(frames)]

    assert lengths == [2 * N_SAMPLES, 2 * N_SAMPLES, N_SAMPLES]


def test_samples_keep_their_order_over_a_change() -> None:
    frames = [frame_of(1), frame_of(2), frame_of(3, layout="stereo"), frame_of(4)]

    values = np.concatenate([samples for _, _, samples in joined(frames)]) * 2**15

    assert values[::N_SAMPLES].tolist() == [1, 2, 3, 4]


def test_frames_of_too_many_channels_pass_one_by_one() -> None:
    many = [frame_of(value, layout="hexadecagonal") for value in (1, 2)]

    found = joined([frame_of(0), *many, frame_of(3)])

    assert [(n_channels, len(samples)) for _, n_channels, samples in found] == [
        (1, N_SAMPLES),
        (16, N_SAMPLES),
        (16, N_SAMPLES),
        (1, N_SAMPLES),
    ]


def test_no_more_frames_are_decoded_than_were_asked_for() -> None:
    frames = iter([frame_of(value) for value in range(9)])

    list(joined_frames(frames, 2.5 * N_SAMPLES / RATE_HZ))

    assert len(list(frames)) == 6


def test_a_long_stretch_becomes_several_frames_of_the_same_samples() -> None:
    values = list(range(200))

    found = [samples for _, _, samples in joined(map(frame_of, values))]

    assert 1 < len(found) < 20
    assert (np.concatenate(found)[::N_SAMPLES] * 2**15).tolist() == values


def test_nothing_gives_nothing() -> None:
    assert joined([]) == []
