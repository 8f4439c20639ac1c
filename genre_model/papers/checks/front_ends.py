"""The front ends of papers 002 and 003 in numbers (B1, C2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from genre_model.features.mel_frames import count_frames
from genre_model.papers.checks.features import (
    band_norm_findings,
    mfcc_measurements,
)
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row

#: What the numbers of both are read from.
DATA = "front end of the recipe"
#: Table II of paper 002.
PAPER_RATE_HZ, PAPER_HOP_SAMPLES, PAPER_BANDS, PAPER_HIGHEST_HZ = 22500, 67, 192, 8000
#: Samples that its code takes of a clip, and of a "1-s" piece: a thirtieth.
CLIP_SAMPLES, PIECE_SAMPLES = 660_000, 22_000
#: Columns of its pictures (section III.1).
PICTURE_COLUMNS = 432
#: Paper 003: what 3 s give by librosa's defaults, and what its listing has.
SEGMENT_SECONDS, LISTED_FRAMES = 3, 128


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
    pairs += [
        (
            f"frames of {what}, by that hop",
            count_frames(n, as_printed),
            count_frames(n, mel),
        )
        for what, n in (("a clip", CLIP_SAMPLES), ("a 1-s piece", PIECE_SAMPLES))
    ]
    measurements = [Measurement("recipe b4_crnn", *pair, data=DATA) for pair in pairs]
    rates = (
        "The paper's table I has 22,050 Hz, its table II 22.5 kHz; the files have "
        f"{rate_hz:,} Hz. It gives no window; its code leaves librosa's 2048 samples, "
        f"the recipe has {mel.n_fft}."
    )
    findings = [
        rates,
        _hop_finding(front_end, count_frames(CLIP_SAMPLES, as_printed)),
        *_heard_here("B4", reproduction),
    ]
    return Outcome(row.id, tuple(measurements), tuple(findings))


def mel_and_mfcc(row: Row, reproduction: Reproduction) -> Outcome:
    """Check frames, MFCC and standardisation of paper 003 (C2).

    Raises:
        TrainingDataError: if there are no training tracks.
    """
    front_end = read_recipe("c3_cnn").front_end
    mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
    centred = 1 + SEGMENT_SECONDS * rate_hz // mel.hop_samples
    pairs = [
        ("mel bands", 128, mel.n_mels),
        ("window (samples)", 2048, mel.n_fft),
        ("hop (samples)", 512, mel.hop_samples),
        ("frames of 3 s, padded by half a window", LISTED_FRAMES, centred),
        ("frames of a segment", LISTED_FRAMES, front_end.segment.segment_frames),
    ]
    measurements = [Measurement("recipe c3_cnn", *pair, data=DATA) for pair in pairs]
    seconds = front_end.segment_samples / rate_hz
    frames = (
        f"Frames of 3 s are {centred} by librosa's defaults, {LISTED_FRAMES} in the "
        f"listing; {front_end.segment.segment_frames} frames without padding are computed "
        f"from {seconds:.2f} s."
    )
    findings = [
        frames,
        *band_norm_findings(reproduction),
        *_heard_here("C3", reproduction),
    ]
    measurements += mfcc_measurements(reproduction)
    return Outcome(row.id, tuple(measurements), tuple(findings))


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


def _heard_here(row_id: str, reproduction: Reproduction) -> list[str]:
    """Say what replaces the papers' front ends where there are mel pictures only."""
    if not reproduction.has_pictures:
        return []
    (row,) = chosen_rows([row_id])
    front_end = reproduction.recipe(row.systems[0]).front_end
    mel, rate_hz = front_end.mel, front_end.waveform.sample_rate_hz
    finding = (
        f"These numbers hold for audio. Here the networks hear mel pictures: {mel.n_mels} "
        f"bands, {mel.f_min_hz:g} to {mel.f_max_hz:g} Hz, hop {mel.hop_samples} "
        f"({1000 * mel.hop_samples / rate_hz:.0f} ms)."
    )
    return [finding]
