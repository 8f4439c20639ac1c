"""How well the filter of GTZAN's recordings tells genres, which is why no model hears it.

    python benchmarks/recording_chain.py GTZAN RUNS [--into PAGE.md]

The excerpts of a genre were collected together, and how a recording fades out towards
11,025 Hz, where its samples end, tells how it was collected. For single bands, this prints
how many validation tracks of ``RUNS`` (models of the protocol ``development``) Bayes' rule
gets right from nothing but how loud the band is, beside those from 3.5 to 7.7 kHz, and what
the same number adds to what the models say. Densities are of the training tracks of each
fold.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from marked_table import put_into

from genre_model.classifier import GenreClassifier
from genre_model.config import MelConfig
from genre_model.training.gtzan import GENRES, find_tracks
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.protocols import folds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.config import FrontEnd
    from genre_model.training.labelled_mel_frames import LabelledMelFrames

PROTOCOL = "development"
TOP_HZ = 11025.0
#: Shown from about 1 kHz up to the end of the samples.
BANDS = (40, 60, 75, 83, 87, 91, 95)
#: Whose mean a band is compared with: they are heard by every model.
BESIDE = slice(60, 84)
#: Standard deviations of a track: width of the densities' kernel, least level told apart.
KERNEL, LEAST_LEVEL = 0.3, -6.0
#: Of a genre that has no track with such a level.
LEAST_DENSITY = 1e-3
#: Share of the band's opinion: one number should not outvote a network.
WEIGHT = 0.5


class Judged(NamedTuple):
    """The validation tracks of all folds.

    Attributes:
        labels: their genres [shape=(n_tracks,)].
        said: logarithms of the models' probabilities [shape=(n_tracks, n_genres)].
        densities: of each band's level, by genre, as logarithms
            [shape=(n_bands, n_tracks, n_genres)].
        levels: of the highest band [shape=(n_tracks,)].
    """

    labels: NDArray[np.int64]
    said: NDArray[np.float64]
    densities: NDArray[np.float64]
    levels: NDArray[np.float64]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path, help="folder of fused runs")
    parser.add_argument("--into", type=Path, help="page that gets the tables")
    options = parser.parse_args()
    judged = judge(options.data, options.runs)
    lines = [*rows_of_bands(judged), "", *rows_of_genres(judged)]
    print("\n".join(lines))
    if options.into:
        put_into(options.into, "recording chain", "\n".join(lines))


def judge(data: Path, runs: Path) -> Judged:
    """Score the validation tracks of each fold by the models that did not hear them."""
    models = {
        fold.name: [
            GenreClassifier.load(path)
            for path in sorted((runs / PROTOCOL / fold.name).glob("seed-*/model.onnx"))
        ]
        for fold in folds_of(PROTOCOL)
    }
    if not all(models.values()):
        raise SystemExit(f"{runs / PROTOCOL} lacks a fold")
    front_end = models[folds_of(PROTOCOL)[0].name][0].card.front_end
    tracks = load_labelled_mel_frames(find_tracks(data, "pictures"), whole_of(front_end))
    parts = []
    for fold in folds_of(PROTOCOL):
        train, valid = tracks.subset(fold.train), tracks.subset(fold.valid)
        said = np.mean([probabilities(one, valid) for one in models[fold.name]], axis=0)
        known, asked = levels_of(train), levels_of(valid)
        densities = [
            log_densities(known[:, band], train.labels, asked[:, band]) for band in BANDS
        ]
        parts.append(Judged(valid.labels, np.log(said), np.array(densities), asked[:, -1]))
    labels, said_, densities_, levels = zip(*parts, strict=True)
    return Judged(
        np.concatenate(labels),
        np.concatenate(said_),
        np.concatenate(densities_, axis=1),
        np.concatenate(levels),
    )


def whole_of(front_end: FrontEnd) -> FrontEnd:
    """Keep the bands that the models do not hear."""
    if not isinstance(front_end.mel, MelConfig):
        raise SystemExit("these models do not take mel pictures")
    return replace(front_end, mel=replace(front_end.mel, keep_below_hz=TOP_HZ))


def probabilities(
    classifier: GenreClassifier, tracks: LabelledMelFrames
) -> NDArray[np.float64]:
    """Return what a model says of tracks, from the bands that it hears."""
    if set(classifier.card.training["track_ids"]) & set(tracks.track_ids):
        raise SystemExit("a model was trained on tracks that it is to judge")
    n_heard = BESIDE.stop
    heard = [np.ascontiguousarray(one[:n_heard]) for one in tracks.mel_frames]
    said = [classifier.predict_mel_frames(Path(), one).probabilities for one in heard]
    return np.array(said, np.float64)


def levels_of(tracks: LabelledMelFrames) -> NDArray[np.float64]:
    """Return how loud each band is [shape=(n_tracks, n_bands)].

    Beside those just below what no model hears, in standard deviations of what they do.
    """
    levels = []
    for mel_frames in tracks.mel_frames:
        bands = mel_frames.mean(axis=1)
        spread = mel_frames[: BESIDE.stop].std()
        levels.append((bands - bands[BESIDE].mean()) / spread)
    return np.maximum(levels, LEAST_LEVEL)


def log_densities(
    known: NDArray[np.float64], labels: NDArray[np.int64], asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how dense the training tracks of each genre are there, as logarithms.

    Args:
        known: levels of the training tracks.
        labels: their genres.
        asked: levels of other tracks [shape=(n_tracks,)].

    Returns:
        Gaussian kernel estimates [shape=(n_tracks, n_genres)].
    """
    distances = (asked[:, None] - known) / KERNEL
    kernels = np.exp(-0.5 * distances**2)
    dense = [kernels[:, labels == genre].mean(axis=1) for genre in range(len(GENRES))]
    return np.log(np.stack(dense, axis=1) + LEAST_DENSITY)


def rows_of_bands(judged: Judged) -> Iterator[str]:
    """Yield what each band is worth, alone, and beside the models."""
    yield "| band around | right from it alone | models with it | loss |"
    yield "|---|---|---|---|"
    accuracy, loss = measures(judged.said, judged.labels)
    yield f"| none | | {100 * accuracy:.1f} % | {loss:.3f} |"
    for band, densities in zip(BANDS, judged.densities, strict=True):
        alone, _ = measures(densities, judged.labels)
        accuracy, loss = measures(judged.said + WEIGHT * densities, judged.labels)
        yield (
            f"| {centre_hz(band):.0f} Hz | {100 * alone:.1f} % "
            f"| {100 * accuracy:.1f} % | {loss:.3f} |"
        )


def rows_of_genres(judged: Judged) -> Iterator[str]:
    """Yield the quartiles of the highest band's level, by genre."""
    yield "| genre | a quarter below | median | a quarter above |"
    yield "|---|---|---|---|"
    for number, genre in enumerate(GENRES):
        levels = judged.levels[judged.labels == number]
        quartiles = " | ".join(
            f"{one:.1f}" for one in np.quantile(levels, [0.25, 0.5, 0.75])
        )
        yield f"| {genre} | {quartiles} |"


def measures(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return accuracy, and negative log-likelihood."""
    highest = logits.max(axis=1, keepdims=True)
    log_sum = highest[:, 0] + np.log(np.exp(logits - highest).sum(axis=1))
    loss = log_sum - logits[np.arange(len(labels)), labels]
    return float(np.mean(logits.argmax(axis=1) == labels)), float(loss.mean())


def centre_hz(band: int) -> float:
    """Return the centre of a band of the mel pictures (HTK mel, 30 to 11,025 Hz)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (30.0, TOP_HZ))
    mel = low + (band + 1) * (high - low) / 97
    return float(700 * (10 ** (mel / 2595) - 1))


if __name__ == "__main__":
    main()
