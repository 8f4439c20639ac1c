"""Recordings are recognised by their audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from audio_files import CONTAINERS, music, write_audio

from genre_model.errors import SilentError
from genre_model.features.audio_fingerprint import (
    MAX_DIFFERENCE,
    KnownRecordings,
    fingerprint_file,
)
from genre_model.personal.track_tags import read_tags

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SECONDS = 15.0


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_audio(tmp_path_factory.mktemp("songs") / "song.flac", music(SECONDS))


def bits(fingerprint: str) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(bytes.fromhex(fingerprint), np.uint8))


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_copy_is_the_same_recording(song: Path, tmp_path: Path, name: str) -> None:
    kind = CONTAINERS[name]
    copy = write_audio(tmp_path / f"x{kind.suffix}", music(SECONDS), codec=kind.codec)
    known = KnownRecordings({"recordings_heard": [fingerprint_file(song)]})
    assert known.may_hold(read_tags(copy).seconds)
    assert known.holds(*fingerprint_file(copy))


def test_silence_has_none(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "silent.flac", np.zeros(400_000, np.float32))
    with pytest.raises(SilentError, match=r"silent\.flac: its middle is silent"):
        fingerprint_file(path)


def test_a_quieter_copy_is_the_same_recording(song: Path, tmp_path: Path) -> None:
    quiet = write_audio(tmp_path / "quiet.flac", 0.1 * music(SECONDS))
    known = KnownRecordings({"recordings_heard": [fingerprint_file(song)]})
    assert known.holds(*fingerprint_file(quiet))


def test_other_pieces_are_others(tmp_path: Path) -> None:
    pieces = [
        bits(fingerprint_file(write_audio(tmp_path / f"{n}.wav", music(12, seed=n)))[1])
        for n in range(8)
    ]
    differences = [(one != two).mean() for one in pieces for two in pieces]
    assert sum(difference <= MAX_DIFFERENCE for difference in differences) == 8


def test_another_length_is_another_recording(song: Path) -> None:
    seconds, fingerprint = fingerprint_file(song)
    assert seconds == pytest.approx(SECONDS, abs=0.01)
    known = KnownRecordings({"recordings_heard": [[seconds, fingerprint]]})
    assert known.may_hold(seconds + 0.2)
    assert not known.may_hold(seconds + 1)
    assert not known.holds(seconds + 1, fingerprint)
    assert known.may_hold(0)
    assert known.holds(0, fingerprint)


@pytest.mark.parametrize(
    "listed",
    [None, 7, {"a": 1}, [7], [[1.0]], [["long", "00" * 16]], [[1, "00"]], [[1, "x" * 32]]],
)
def test_what_makes_no_sense_is_left_out(listed: Any) -> None:
    known = KnownRecordings({"recordings_heard": listed})
    assert len(known) == 0
    assert not known.may_hold(1.0)


def test_a_short_file_has_one(tmp_path: Path) -> None:
    _, fingerprint = fingerprint_file(write_audio(tmp_path / "short.wav", music(1)))
    assert len(fingerprint) == 32
