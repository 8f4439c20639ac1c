"""Front ends in numbers, and files in .au format (Z1, B1, C2, D1)."""

from __future__ import annotations

import struct
import wave
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.fft import dct

from genre_model.audio.waveform import AudioFile
from genre_model.errors import TrainingDataError
from genre_model.features.config import WaveformConfig
from genre_model.features.mel_frames import count_frames
from genre_model.features.segments import segments_from_mel_frames
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.reproduction import NOMINAL_SECONDS
from genre_model.papers.rows import HONEST_PROTOCOL
from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.data.protocols import folds_of
from genre_model.training.networks.segment_input import (
    Cepstrum,
    InputSettings,
    SegmentInput,
)
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row


#: Source of the numbers that are read from recipes.
DATA = "front end of the recipe"
#: Paper 000, section 3.2: columns of its pictures.
N_COLUMNS = 128
#: Table II of paper 002.
PAPER_RATE_HZ, PAPER_HOP_SAMPLES, PAPER_BANDS, PAPER_HIGHEST_HZ = 22500, 67, 192, 8000
#: Samples that its code takes of a clip, and of a "1-s" piece: a thirtieth.
CLIP_SAMPLES, PIECE_SAMPLES = 660_000, 22_000
#: Columns of its pictures (section III.1).
PICTURE_COLUMNS = 432
#: Paper 003: what 3 s give by librosa's defaults, and what its listing has.
SEGMENT_SECONDS, LISTED_FRAMES = 3, 128
#: Paper 003: "13 (or 20)".
MFCC_COUNTS = (13, 20)
#: One training track in this many is used: sums, not a training.
TRACK_STEP = 10
#: GTZAN's.
SAMPLE_RATE_HZ = 22050
#: Of a .au file: header bytes before the sound, and the number of 16-bit linear PCM.
HEADER_BYTES, PCM_16_BIT = 24, 3


def picture_columns(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the mel frames of a clip, and set paper 000's columns against them (Z1)."""
    front_end = read_recipe("z2_two_block_cnn").front_end
    n_samples = NOMINAL_SECONDS * front_end.waveform.sample_rate_hz
    n_frames = count_frames(n_samples, front_end.mel)
    column_seconds = N_COLUMNS / front_end.frames_per_second
    columns = f"{N_COLUMNS} columns"
    measurements = [
        Measurement(f"clip of {NOMINAL_SECONDS} s", "frames", None, n_frames, data=DATA),
        Measurement(columns, "seconds", None, column_seconds, data=DATA),
        Measurement(columns, "share of the clip", None, N_COLUMNS / n_frames, data=DATA),
    ]
    seen = (
        f"A picture that is cut to {N_COLUMNS} columns shows the first "
        f"{column_seconds:.2f} s of a clip: the paper hears "
        f"{100 * N_COLUMNS / n_frames:.1f} % of it, and no clip is short enough to be "
        "padded."
    )
    ours = reproduction.front_end("Z2")
    segment = ours.segment
    seconds = segment.segment_frames / ours.frames_per_second
    here = (
        f"Here, Z2 trains on segments of {segment.segment_frames} frames "
        f"({seconds:.2f} s) from anywhere in a clip, and scores {segment.n_segments} of "
        f"them, spread over it: {seconds * segment.n_segments:.1f} of {NOMINAL_SECONDS} s."
    )
    return Outcome(row.id, measurements, [seen, here])


def mel_pictures(row: Row, reproduction: Reproduction) -> Outcome:
    """Set the numbers of paper 002's front end against those of its recipe (B1)."""
    front_end = read_recipe("b4_crnn").front_end
    mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
    as_printed = replace(mel, hop_samples=PAPER_HOP_SAMPLES)
    pairs = [
        ("sample rate (Hz)", PAPER_RATE_HZ, rate_hz),
        ("hop (samples)", PAPER_HOP_SAMPLES, mel.hop_samples),
        ("mel bands", PAPER_BANDS, mel.n_mels),
        ("highest frequency (Hz)", PAPER_HIGHEST_HZ, mel.f_max_hz),
    ]
    for what, n in (("a clip", CLIP_SAMPLES), ("a 1-s piece", PIECE_SAMPLES)):
        counts = count_frames(n, as_printed), count_frames(n, mel)
        pairs.append((f"frames of {what}, by that hop", *counts))
    rates = (
        "The paper's table I has 22,050 Hz, its table II 22.5 kHz; the files have "
        f"{rate_hz:,} Hz. It gives no window; its code leaves librosa's 2048 samples, "
        f"the recipe has {mel.n_fft}."
    )
    hops = _hop_finding(front_end, count_frames(CLIP_SAMPLES, as_printed))
    return Outcome(
        row.id,
        [Measurement("recipe b4_crnn", *pair, data=DATA) for pair in pairs],
        [rates, hops, *_pictures_here("B4", reproduction)],
    )


def _hop_finding(front_end: FrontEnd, n_printed: int) -> str:
    mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
    n_frames = count_frames(CLIP_SAMPLES, mel)
    return (
        f"A hop of {PAPER_HOP_SAMPLES} samples is "
        f"{1000 * PAPER_HOP_SAMPLES / rate_hz:.1f} ms, a window {mel.n_fft} samples or "
        f"{1000 * mel.n_fft / rate_hz:.0f} ms: {n_printed / PICTURE_COLUMNS:.1f} frames of "
        f"a clip would share a column of its pictures of {PICTURE_COLUMNS}. With the hop "
        f"of its code, {mel.hop_samples}, it is {n_frames / PICTURE_COLUMNS:.1f}."
    )


def _pictures_here(row_id: str, reproduction: Reproduction) -> Iterator[str]:
    """Say what replaces the papers' front ends where there are mel pictures only."""
    if reproduction.has_pictures:
        front_end = reproduction.front_end(row_id)
        mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
        yield (
            f"These numbers hold for audio. Here the networks hear mel pictures: "
            f"{mel.n_mels} bands, {mel.f_min_hz:g} to {mel.f_max_hz:g} Hz, hop "
            f"{mel.hop_samples} ({1000 * mel.hop_samples / rate_hz:.0f} ms)."
        )


def mel_and_mfcc(row: Row, reproduction: Reproduction) -> Outcome:
    """Check frames, MFCC and standardisation of paper 003 (C2)."""
    front_end = read_recipe("c3_cnn").front_end
    mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
    centred = 1 + SEGMENT_SECONDS * rate_hz // mel.hop_samples
    n_frames = front_end.segment.segment_frames
    pairs = [
        ("mel bands", 128, mel.n_mels),
        ("window (samples)", 2048, mel.n_fft),
        ("hop (samples)", 512, mel.hop_samples),
        ("frames of 3 s, padded by half a window", LISTED_FRAMES, centred),
        ("frames of a segment", LISTED_FRAMES, n_frames),
    ]
    frames = (
        f"Frames of 3 s are {centred} by librosa's defaults, {LISTED_FRAMES} in the "
        f"listing; {n_frames} frames without padding are computed from "
        f"{front_end.segment_samples / rate_hz:.2f} s."
    )
    segments = _training_segments(reproduction)
    measurements = [Measurement("recipe c3_cnn", *pair, data=DATA) for pair in pairs]
    for n_mfcc in MFCC_COUNTS:
        measured = _mfcc_difference(segments, n_mfcc)
        measurements.append(replace(measured, data=reproduction.data_name))
    findings = [frames, _band_norm_finding(segments), *_pictures_here("C3", reproduction)]
    return Outcome(row.id, measurements, findings)


def _training_segments(reproduction: Reproduction) -> NDArray[np.float32]:
    """Return segments of some training tracks [shape=(n_segments, n_mels, n_frames)]."""
    front_end = reproduction.front_end("C3")
    wanted = set(folds_of(HONEST_PROTOCOL)[0].train)
    found = find_tracks(reproduction.data_dir)
    tracks = [track for track in found if track.track_id in wanted][::TRACK_STEP]
    if not tracks:
        raise TrainingDataError(
            f"{reproduction.data_dir} holds none of the training tracks of "
            f"{HONEST_PROTOCOL}"
        )
    whole = load_labelled_mel_frames(tracks, front_end).mel_frames
    return np.concatenate(
        [segments_from_mel_frames(one, front_end.segment).values for one in whole]
    )


def _mfcc_difference(segments: NDArray[np.float32], n_mfcc: int) -> Measurement:
    """Measure how far our cosine transform is from scipy's, which librosa's MFCC is."""
    n_bands = segments.shape[1]
    with torch.no_grad():
        ours = Cepstrum(n_bands, n_mfcc)(torch.from_numpy(segments)).numpy()
    theirs = dct(segments.astype(np.float64), axis=1, norm="ortho")[:, :n_mfcc]
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    name = f"{n_mfcc} MFCC of {n_bands} bands against scipy.fft.dct"
    what = "largest difference, relative"
    return Measurement(name, what, None, difference, n=len(segments), unit="segments")


def _band_norm_finding(segments: NDArray[np.float32]) -> str:
    """Check the statistics that ``band_norm`` learns against numpy's of the same."""
    norm = SegmentInput(segments.shape[1:], InputSettings(band_norm=True)).train()
    norm(torch.from_numpy(segments))
    mean, spread = segments.mean(axis=(0, 2)), segments.std(axis=(0, 2))
    standardised = norm.eval()(torch.from_numpy(segments)).numpy()
    return (
        f"Standardised by band (band_norm) over {len(segments)} training segments, no band "
        f"is further than {np.abs(standardised.mean(axis=(0, 2))).max():.1g} from mean 0, "
        f"or {np.abs(standardised.std(axis=(0, 2)) - 1).max():.1g} from spread 1; before, "
        f"means were {mean.min():.0f} to {mean.max():.0f}, spreads {spread.min():.0f} to "
        f"{spread.max():.0f}. Statistics come from training batches alone. Recipes "
        "standardise each segment as a whole instead (band_norm = false)."
    )


def au_without_conversion(row: Row, reproduction: Reproduction) -> Outcome:  # noqa: ARG001
    """Decode the same noise from a .au and from a .wav file (D1)."""
    rng = np.random.default_rng(0)
    noise = rng.integers(-(2**15), 2**15, NOMINAL_SECONDS * SAMPLE_RATE_HZ, np.int16)
    with TemporaryDirectory() as folder:
        au = _read(_write_au(Path(folder) / "noise.au", noise))
        wav = _read(_write_wav(Path(folder) / "noise.wav", noise))
    n_wrong = _n_different(au, (noise / 2**15).astype(np.float32)) + _n_different(au, wav)
    name = ".au against .wav and what was written"
    measurement = Measurement(
        name, "differing samples", None, n_wrong, n=len(noise), unit="samples"
    )
    needed = "no conversion" if n_wrong == 0 else "a conversion"
    finding = (
        f"{NOMINAL_SECONDS} s of 16-bit noise in a .au file decode to {len(au)} samples, "
        f"{n_wrong} of them others than in the .wav file: reading GTZAN's .au files "
        f"takes {needed}; paper 004 needed SoX for Python's wave module."
    )
    return Outcome(row.id, [measurement], [finding])


def _write_au(path: Path, samples: NDArray[np.int16]) -> Path:
    """Write the header by hand: no encoder of the decoding library takes part."""
    sound = samples.astype(">i2").tobytes()
    fields = (HEADER_BYTES, len(sound), PCM_16_BIT, SAMPLE_RATE_HZ, 1)
    path.write_bytes(struct.pack(">4s5I", b".snd", *fields) + sound)
    return path


def _write_wav(path: Path, samples: NDArray[np.int16]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, len(samples), "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def _read(path: Path) -> NDArray[np.float32]:
    with AudioFile(path, WaveformConfig(SAMPLE_RATE_HZ)) as audio:
        return audio.read_all()


def _n_different(first: NDArray[np.float32], second: NDArray[np.float32]) -> int:
    """Count samples that differ; what one has and the other lacks differs."""
    n_both = min(len(first), len(second))
    n_beyond = max(len(first), len(second)) - n_both
    return int(np.sum(first[:n_both] != second[:n_both])) + n_beyond
