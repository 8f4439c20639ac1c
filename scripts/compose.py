"""Composes the three short pieces that the demo plays when it is given no music.

They differ in rhythm, harmony and timbre, and each is stored in another container.
Everything is computed from the numbers below, so nobody's recording is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray

    #: Mono waveform [shape=(n_samples,), full scale is 1].
    Sound: TypeAlias = NDArray[np.float64]

SAMPLE_RATE_HZ = 44_100
PIECE_SECONDS = 24.0


@dataclass(frozen=True)
class Piece:
    """One composition: its title, the file it is stored in, and its music."""

    title: str
    file_name: str
    codec: Literal["libmp3lame", "flac", "aac"]
    compose: Callable[[np.random.Generator], Sound]


def compose_pieces(folder: Path) -> list[Path]:
    """Write every piece into ``folder`` and return the paths."""
    return [_write(piece, folder) for piece in PIECES]


def _write(piece: Piece, folder: Path) -> Path:
    path = folder / piece.file_name
    sound = piece.compose(np.random.default_rng(seed=1))
    loudest = np.abs(sound).max()
    samples = np.round(sound / loudest * 0.8 * 32_767).astype(np.int16)
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": piece.title, "artist": "The Synthesiser"})
        stream = container.add_stream(piece.codec, rate=SAMPLE_RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "s16", "mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _machine_dance(rng: np.random.Generator) -> Sound:
    """Four on the floor at 124 beats a minute, off-beat hats, a busy bass, stabs."""
    beats = _beats(per_minute=124.0)
    roots_hz = [55.0, 55.0, 65.4, 49.0]
    return (
        _sequence([_kick()], beats)
        + 0.3 * _sequence([_hat(rng)], _between(beats))
        + 0.4 * _sequence([_pluck(hz, 0.2) for hz in roots_hz], _halves(beats))
        + 0.2 * _sequence([_chord([220.0, 261.6, 329.6], 0.3)], _between(beats)[::2])
    )


def _slow_strings(rng: np.random.Generator) -> Sound:
    """Swelling chords at 60 beats a minute under a plucked arpeggio, no drums."""
    beats = _beats(per_minute=60.0)
    chords_hz = [[130.8, 196.0, 329.6], [110.0, 220.0, 261.6], [87.3, 174.6, 220.0]]
    notes_hz = [523.3, 659.3, 784.0, 659.3, 440.0, 523.3]
    breath = 0.002 * rng.standard_normal(_n_samples(PIECE_SECONDS))
    swells = [_chord(chord, 4.0) * _swell(4.0) for chord in chords_hz]
    plucks = [_pluck(hz, 1.2) for hz in notes_hz]
    return _sequence(swells, beats[::4]) + 0.3 * _sequence(plucks, _halves(beats)) + breath


def _loud_band(rng: np.random.Generator) -> Sound:
    """A backbeat at 150 beats a minute under overdriven fifths."""
    beats = _beats(per_minute=150.0)
    fifths_hz = [[82.4, 123.5], [98.0, 146.8], [110.0, 164.8], [73.4, 110.0]]
    riff = [np.tanh(8.0 * _chord(fifth, 0.8)) for fifth in fifths_hz]
    return (
        _sequence([_kick()], beats[::2])
        + 0.8 * _sequence([_snare(rng)], beats[1::2])
        + 0.3 * _sequence([_hat(rng)], _halves(beats))
        + 0.5 * _sequence(riff, beats[::2])
    )


PIECES = (
    Piece("Machine Dance", "machine dance.mp3", "libmp3lame", _machine_dance),
    Piece("Slow Strings", "slow strings.flac", "flac", _slow_strings),
    Piece("Loud Band", "loud band.m4a", "aac", _loud_band),
)


def _beats(per_minute: float) -> list[float]:
    """Start of every beat of the piece, in seconds."""
    return np.arange(0.0, PIECE_SECONDS, 60.0 / per_minute).tolist()


def _between(beats: Sequence[float]) -> list[float]:
    half = (beats[1] - beats[0]) / 2
    return [beat + half for beat in beats]


def _halves(beats: Sequence[float]) -> list[float]:
    return sorted([*beats, *_between(beats)])


def _sequence(sounds: Sequence[Sound], starts_seconds: Sequence[float]) -> Sound:
    """Play the sounds in turn, one at each start, cut at the end of the piece."""
    track = np.zeros(_n_samples(PIECE_SECONDS))
    for index, start_seconds in enumerate(starts_seconds):
        rest = track[_n_samples(start_seconds) :]
        sound = sounds[index % len(sounds)][: rest.size]
        rest[: sound.size] += sound
    return track


def _kick() -> Sound:
    seconds = _seconds(0.3)
    falling_hz = 45.0 + 120.0 * np.exp(-seconds * 30.0)
    phase = 2.0 * np.pi * np.cumsum(falling_hz) / SAMPLE_RATE_HZ
    return np.sin(phase) * np.exp(-seconds * 10.0)


def _snare(rng: np.random.Generator) -> Sound:
    seconds = _seconds(0.2)
    skin = 0.5 * np.sin(2.0 * np.pi * 190.0 * seconds)
    return (skin + 0.6 * rng.standard_normal(seconds.size)) * np.exp(-seconds * 22.0)


def _hat(rng: np.random.Generator) -> Sound:
    seconds = _seconds(0.08)
    # The difference of neighbouring samples is a high-pass, which makes noise metallic.
    hiss = np.diff(rng.standard_normal(seconds.size + 1))
    return 0.5 * hiss * np.exp(-seconds * 60.0)


def _pluck(hz: float, length_seconds: float) -> Sound:
    """Eight harmonics; the higher ones are weaker and die sooner."""
    seconds = _seconds(length_seconds)
    harmonics = (
        np.sin(2.0 * np.pi * hz * n * seconds) * np.exp(-seconds * 3.0 * n) / n
        for n in range(1, 9)
    )
    return _together(harmonics) * _fade_out(seconds)


def _chord(notes_hz: Sequence[float], length_seconds: float) -> Sound:
    """Two slightly detuned saw-like voices per note, as a string section has many."""
    seconds = _seconds(length_seconds)
    voices = (
        np.sin(2.0 * np.pi * hz * detune * n * seconds) / n
        for hz in notes_hz
        for detune in (0.998, 1.002)
        for n in range(1, 7)
    )
    return _together(voices) * _fade_out(seconds) / (2 * len(notes_hz))


def _together(sounds: Iterable[Sound]) -> Sound:
    mix: Sound = np.sum(list(sounds), axis=0)
    return mix


def _swell(length_seconds: float) -> Sound:
    seconds = _seconds(length_seconds)
    return np.sin(np.pi * seconds / length_seconds)


def _fade_out(seconds: Sound) -> Sound:
    """Ten milliseconds down to nothing, so that a cut-off note does not click."""
    fade: Sound = np.minimum((seconds[-1] - seconds) / 0.01, 1.0)
    return fade


def _seconds(length_seconds: float) -> Sound:
    return np.arange(_n_samples(length_seconds)) / SAMPLE_RATE_HZ


def _n_samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
