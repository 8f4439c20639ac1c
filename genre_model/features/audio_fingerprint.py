"""Audio fingerprints, which recognise a recording in any encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.errors import SilentError
from genre_model.features.config import FrontEnd, MelConfig, SegmentConfig, WaveformConfig
from genre_model.features.segments import plan_spans, repeat_to_length

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

#: Ten seconds from the middle of a file: 9 bands of an octave or less, in steps of 1/8 s.
FRONT_END = FrontEnd(
    WaveformConfig(16000),
    MelConfig(
        n_fft=4096,
        hop_samples=2000,
        n_mels=9,
        f_min_hz=100.0,
        f_max_hz=4000.0,
        keep_below_hz=4000.0,
        band_value="db_of_mean",
        power_floor=1e-10,
    ),
    SegmentConfig(
        segment_frames=80, n_segments=1, whole_below_seconds=0.01, min_track_seconds=0.5
    ),
)
N_BYTES = 16
#: Each block of the ten seconds is compared with the next.
N_BLOCKS = 17
#: Other recordings differ in half of the bits: of 2.7 million pairs of the bundled model's,
#: 28 in 25 to 30 %. Copies at 64 kb/s differ in a tenth at most, WMA of FFmpeg's encoder in
#: a quarter.
MAX_DIFFERENCE = 0.25
#: Encoders pad the audio.
MAX_SECONDS_APART = 0.3


def fingerprint_file(path: Path) -> tuple[float, str]:
    """Return the length of a file in seconds, and the fingerprint of its middle.

    Raises:
        GenreModelError: a subclass that says what is wrong with the file.
    """
    # Imported here, with PyAV, which only worker processes load.
    from genre_model.audio.waveform import is_silent, open_audio
    from genre_model.features.mel_frames import mel_frames_from_waveform

    rate_hz = FRONT_END.waveform.sample_rate_hz
    with open_audio(path, FRONT_END) as audio:
        (span,) = plan_spans(audio.duration_seconds, FRONT_END)
        start_seconds = span.start_frame / FRONT_END.frames_per_second
        samples = audio.read(start_seconds, FRONT_END.segment_samples)
        if is_silent(samples):
            raise SilentError(f"{path}: its middle is silent")
        mel_frames = mel_frames_from_waveform(samples, rate_hz, FRONT_END.mel)
        return audio.duration_seconds, fingerprint_of_mel_frames(mel_frames)


def fingerprint_of_mel_frames(mel_frames: NDArray[np.float32]) -> str:
    """Return 128 bits as 32 hexadecimal digits.

    The bits are signs of differences over bands and time (Haitsma & Kalker 2002), which
    loudness and equalisers do not change.

    Args:
        mel_frames: of :data:`FRONT_END` [shape=(9, n_frames), dB].
    """
    mel_frames = repeat_to_length(mel_frames, N_BLOCKS)
    blocks = np.array_split(mel_frames, N_BLOCKS, axis=1)
    power = np.stack([block.mean(axis=1) for block in blocks], axis=1)
    bits = np.diff(np.diff(power, axis=0), axis=1) > 0
    return np.packbits(bits).tobytes().hex()


class KnownRecordings:
    """The recordings that the card of a model lists.

    Args:
        training: of a card; ``recordings_heard`` is a list of seconds and fingerprint.
            Invalid entries are left out.
    """

    def __init__(self, training: Mapping[str, Any]) -> None:
        listed = training.get("recordings_heard")
        pairs = [_pair(each) for each in listed] if isinstance(listed, list) else []
        kept = [pair for pair in pairs if pair is not None]
        self._seconds = np.array([seconds for seconds, _ in kept])
        content = np.frombuffer(b"".join(content for _, content in kept), np.uint8)
        self._bits = np.unpackbits(content.reshape(-1, N_BYTES), axis=1)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._seconds)

    def may_hold(self, seconds: float) -> bool:
        """Return True if a recording has this length, or if the length is unknown (0)."""
        return bool(len(self) and (not seconds or self._near(seconds).any()))

    def holds(self, seconds: float, fingerprint: str) -> bool:
        """Return True if this recording is listed."""
        near = self._near(seconds) if seconds else np.ones(len(self), bool)
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(fingerprint), np.uint8))
        differences: NDArray[np.float64] = (self._bits[near] != bits).mean(axis=1)
        return bool((differences <= MAX_DIFFERENCE).any())

    def _near(self, seconds: float) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = np.abs(self._seconds - seconds) <= MAX_SECONDS_APART
        return near


def _pair(value: Any) -> tuple[float, bytes] | None:
    try:
        seconds, text = value
        content = bytes.fromhex(text)
        return (float(seconds), content) if len(content) == N_BYTES else None
    except (TypeError, ValueError, OverflowError):
        return None
