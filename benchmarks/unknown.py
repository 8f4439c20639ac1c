"""What a model says of what it cannot know: sounds that are no music, and other genres.

    python benchmarks/unknown.py GTZAN --models RUNS --rotation RUNS [--into PAGE.md]

The bundled model hears sounds that are no music. Models that left genres out (``--models``:
``genre-model train --genres ...``, then ``fuse``, which alone writes what music a model
knows) judge the validation tracks: how well do confidence, and strangeness, tell tracks of
its genres from those of the others (AUROC: 0.5 is chance)? Of the protocol rotation
(``--rotation``), those tracks of artists that a model did not hear are counted which it
calls unknown.
"""

from __future__ import annotations

import argparse
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from marked_table import put_into
from sklearn.metrics import roc_auc_score

from genre_model.classifier import GenreClassifier
from genre_model.mel_frames import mel_frames_from_waveform
from genre_model.training.gtzan import GENRES, find_tracks
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.protocols import folds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.training.labelled_mel_frames import LabelledMelFrames

HEADINGS = (
    "| left out | AUROC of confidence | of strangeness | tagged: of its genres, of others "
    "| unknown: likewise |"
)
#: The default of ``min_confidence``.
TAGGED_FROM = 0.6
SEED = "seed-0"
RATE_HZ = 22050
N_SAMPLES = 60 * RATE_HZ
#: A syllable, and the share of them that are pauses.
SYLLABLE_SAMPLES, PAUSES = RATE_HZ // 5, 0.2
#: Resonances of vowels, in hertz.
FORMANTS_HZ = ((300, 800), (900, 2300), (2400, 3000))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, help="folder of runs (default: none)")
    parser.add_argument("--bundled", help="the model that hears sounds (the default one)")
    parser.add_argument("--rotation", type=Path, help="folder of runs (default: none)")
    parser.add_argument("--into", type=Path, help="page that gets the tables")
    options = parser.parse_args()
    sounds_heard = list(rows_of_sounds(GenreClassifier.load(options.bundled)))
    lines = [
        "| sound | genre | confidence | strangeness | |",
        "|---|---|---|---|---|",
        *sounds_heard,
    ]
    if options.models:
        lines += [
            "",
            HEADINGS,
            "|---|---|---|---|---|",
            *rows_of_genres(options.data, options.models),
        ]
    if options.rotation:
        lines += ["", *lines_of_rotation(options.data, options.rotation)]
    print("\n".join(lines))
    if options.into:
        put_into(options.into, "unknown", "\n".join(lines))


def rows_of_sounds(classifier: GenreClassifier) -> Iterator[str]:
    """Yield what a model says of each sound."""
    front_end = classifier.card.front_end
    for name, samples in sounds().items():
        loudest = np.abs(samples).max()
        full_scale = (0.5 * samples / loudest).astype(np.float32)
        frames = mel_frames_from_waveform(full_scale, RATE_HZ, front_end.mel)
        said = classifier.predict_mel_frames(Path(name), frames)
        unknown = "unknown" if said.is_unknown else ""
        strange = "-" if said.strangeness is None else f"{said.strangeness:.2f}"
        yield f"| {name} | {said.genre} | {said.confidence:.2f} | {strange} | {unknown} |"


def sounds() -> dict[str, NDArray[np.float64]]:
    """Return a minute of each."""
    rng = np.random.default_rng(0)
    seconds = np.arange(N_SAMPLES) / RATE_HZ
    white = rng.standard_normal(N_SAMPLES)
    beat = seconds % 0.5 < 0.05
    sweep_hz = 100 * 2 ** (seconds / 10)
    return {
        "white noise": white,
        "pink noise": noise_of_slope(white, 0.5),
        "brown noise": noise_of_slope(white, 1.0),
        "noise that comes and goes": white * (1 + np.sin(8 * np.pi * seconds)),
        "bursts of noise, twice a second": white * beat,
        "clicks, twice a second": (np.arange(N_SAMPLES) % (RATE_HZ // 2) == 0) * 1.0,
        "sine of 100 Hz": np.sin(200 * np.pi * seconds),
        "sine of 1 kHz": np.sin(2000 * np.pi * seconds),
        "three sines": sum(np.sin(2 * np.pi * hz * seconds) for hz in (220, 277, 330)),
        "sweep of a sine": np.sin(2 * np.pi * np.cumsum(sweep_hz) / RATE_HZ),
        "mains hum": np.sign(np.sin(100 * np.pi * seconds)),
        "synthetic syllables": syllables(rng, seconds),
    }


def noise_of_slope(white: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Let amplitudes fall with frequency."""
    spectrum = np.fft.rfft(white)
    falling = np.maximum(np.arange(len(spectrum)), 20.0) ** -power
    return np.fft.irfft(spectrum * falling, len(white))


def syllables(
    rng: np.random.Generator, seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Speak without a language: pulses through three resonances, some left out."""
    pitch_hz = 120 * 2 ** (0.3 * np.sin(2.5 * seconds) + 0.2 * np.sin(8 * seconds))
    pulses = np.diff(np.floor(np.cumsum(pitch_hz) / RATE_HZ), prepend=0)
    spoken = np.zeros(len(pulses))
    for start in range(0, len(pulses), SYLLABLE_SAMPLES):
        part = pulses[start : start + SYLLABLE_SAMPLES]
        spectrum = np.fft.rfft(part)
        hz = np.fft.rfftfreq(len(part), 1 / RATE_HZ)
        for low, high in FORMANTS_HZ:
            centre = rng.uniform(low, high)
            spectrum = spectrum * (0.02 + 1 / (1 + ((hz - centre) / 80) ** 2))
        is_spoken = rng.random() > PAUSES
        shaped = np.fft.irfft(spectrum, len(part)) * np.hanning(len(part))
        spoken[start : start + len(part)] = is_spoken * shaped
    return spoken


def rows_of_genres(data: Path, runs: Path) -> Iterator[str]:
    """Yield a row for each training, and their means."""
    paths = sorted(runs.rglob("model.onnx"))
    if not paths:
        raise SystemExit(f"{runs} holds no training (model.onnx)")
    values = []
    for path in paths:
        classifier = GenreClassifier.load(path)
        tracks = validation_tracks(data, classifier.card.front_end)
        if classifier.card.known_music is None:
            raise SystemExit(f"{path} does not say what music it knows: fuse it")
        left_out = sorted(set(GENRES) - set(classifier.genres))
        if not left_out:
            raise SystemExit(f"{path} knows all genres: train with --genres")
        values.append(separation(classifier, tracks))
        yield _row(", ".join(left_out), values[-1])
    yield _row("mean", np.mean(values, axis=0))


def lines_of_rotation(data: Path, runs: Path) -> Iterator[str]:
    """Count the test tracks of each fold that its model calls unknown."""
    models = {
        fold.name: GenreClassifier.load(runs / "rotation" / fold.name / SEED / "model.onnx")
        for fold in folds_of("rotation")
    }
    for fold in folds_of("rotation"):
        if set(fold.test) & set(models[fold.name].card.training["track_ids"]):
            raise SystemExit(f"{runs}: the model of {fold.name} has heard tracks that test")
    for source in ("pictures", "audio"):
        tracks = {track.track_id: track for track in find_tracks(data, source)}
        said = []
        for fold in folds_of("rotation"):
            model = models[fold.name]
            there = [tracks[name] for name in fold.test if name in tracks]
            heard = load_labelled_mel_frames(there, model.card.front_end)
            said += [model.predict_mel_frames(Path(), one) for one in heard.mel_frames]
        n_unknown = sum(one.is_unknown for one in said)
        yield (
            f"* rotation, {source}: {n_unknown} of {len(said)} tracks are called unknown"
        )


@lru_cache(maxsize=1)
def validation_tracks(data: Path, front_end: FrontEnd) -> LabelledMelFrames:
    """Load the tracks that validate in the fault-filtered lists."""
    ids = set(folds_of("fault-filtered")[0].valid)
    tracks = [one for one in find_tracks(data, "pictures") if one.track_id in ids]
    return load_labelled_mel_frames(tracks, front_end)


def separation(
    classifier: GenreClassifier, tracks: LabelledMelFrames
) -> NDArray[np.float64]:
    """Return both AUROC, and shares of the tracks of known, then of other genres.

    Returns:
        AUROC of confidence and of strangeness; shares that are sure enough to be tagged,
        and shares called unknown.
    """
    heard = set(classifier.card.training["track_ids"])
    if heard & set(tracks.track_ids):
        raise SystemExit("a model was trained on validation tracks of the lists")
    said = [classifier.predict_mel_frames(Path(), one) for one in tracks.mel_frames]
    known = np.array([GENRES[label] in classifier.genres for label in tracks.labels])
    strangeness = np.array([one.strangeness or 0.0 for one in said])
    confidence = np.array([one.confidence for one in said])
    return np.array(
        [
            roc_auc_score(known, confidence),
            roc_auc_score(known, -strangeness),
            *(np.mean(confidence[own] >= TAGGED_FROM) for own in (known, ~known)),
            *(np.mean(strangeness[own] > 1) for own in (known, ~known)),
        ]
    )


def _row(name: str, values: NDArray[np.float64]) -> str:
    by_confidence, by_strangeness, *shares = values
    tagged, tagged_others, unknown, unknown_others = (f"{100 * x:.0f} %" for x in shares)
    return (
        f"| {name} | {by_confidence:.2f} | {by_strangeness:.2f} "
        f"| {tagged}, {tagged_others} | {unknown}, {unknown_others} |"
    )


if __name__ == "__main__":
    main()
