"""What the filter of GTZAN's recordings tells of genres, which is why no model hears it.

    python benchmarks/recording_chain.py GTZAN RUNS [--into PAGE.md]

The excerpts of a genre were collected together, and the filter that resampled them to
22,050 Hz is left above 9 kHz. For single bands, this prints what Bayes' rule, told how
loud the band is, adds to what models say that hear only what lies below 7.7 kHz (``RUNS``,
of the protocol ``development``: each validation track by models that did not hear its
artist); densities are of the training tracks of each fold, and their logarithms count
half. Each p-value is of one test, as if there were no others. Then, how far lossless files
of each genre fall from 7.4 to 10.7 kHz.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from marked_table import put_into

from genre_model.classifier import GenreClassifier
from genre_model.features.config import MelConfig
from genre_model.features.mel_frames import count_bands
from genre_model.training.data.gtzan import GENRES, find_tracks
from genre_model.training.data.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.significance import mcnemar, paired_t_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.training.data.labelled_mel_frames import LabelledMelFrames

PROTOCOL = "development"
TOP_HZ = 11025.0
#: Shown: some of the bands that the models hear, more of those that they do not.
BANDS = (10, 25, 40, 55, 70, 83, 86, 89, 92, 95)
#: Bands that the models hear.
N_HEARD = 84
#: The highest of them, and the highest of all.
FALL = (83, 95)
LOSSLESS = (".flac", ".wav", ".au", ".aiff")
#: Standard deviations of a track: width of the densities' kernel, least level told apart.
KERNEL, LEAST_LEVEL = 0.3, -6.0
#: Of a genre that has no track with such a level.
LEAST_DENSITY = 1e-3
#: Share of the band's opinion: one number should not outvote a network.
WEIGHT = 0.5


class Scored(NamedTuple):
    """The validation tracks of all folds.

    Attributes:
        labels: their genres [shape=(n_tracks,)].
        said: logarithms of the models' probabilities [shape=(n_tracks, n_genres)].
        densities: of each band's level, by genre, as logarithms
            [shape=(n_bands, n_tracks, n_genres)].
    """

    labels: NDArray[np.int64]
    said: NDArray[np.float64]
    densities: NDArray[np.float64]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path, help="folder of runs")
    parser.add_argument("--into", type=Path, help="page that gets the tables")
    options = parser.parse_args()
    models = models_of(options.runs)
    front_end = whole_of(models[0][0].card.front_end)
    scored = score(options.data, models, front_end)
    lines = [*rows_of_bands(scored), "", *rows_of_genres(options.data, front_end)]
    print("\n".join(lines))
    if options.into:
        put_into(options.into, "recording chain", "\n".join(lines))


def models_of(runs: Path) -> list[list[GenreClassifier]]:
    """Load the models of each fold; all hear the same."""
    models = [
        [
            GenreClassifier.load(path)
            for path in sorted((runs / PROTOCOL / fold.name).glob("seed-*/model.onnx"))
        ]
        for fold in folds_of(PROTOCOL)
    ]
    if not all(models):
        raise SystemExit(f"{runs / PROTOCOL} does not hold a model of each fold")
    heard = {model.card.front_end for fold in models for model in fold}
    if len(heard) > 1 or count_bands(next(iter(heard)).mel) != N_HEARD:
        raise SystemExit(f"the models of {runs} do not all hear {N_HEARD} bands")
    return models


def score(data: Path, models: list[list[GenreClassifier]], front_end: FrontEnd) -> Scored:
    """Score the validation tracks of each fold by the models that did not hear them."""
    tracks = load_labelled_mel_frames(find_tracks(data, "pictures"), front_end)
    parts = []
    for fold, own in zip(folds_of(PROTOCOL), models, strict=True):
        train, valid = tracks.subset(fold.train), tracks.subset(fold.valid)
        said = np.mean([probabilities(one, valid) for one in own], axis=0)
        known, asked = levels_of(train), levels_of(valid)
        densities = [
            log_densities(known[:, band], train.labels, asked[:, band]) for band in BANDS
        ]
        parts.append(Scored(valid.labels, np.log(said), np.array(densities)))
    labels, said_, densities_ = zip(*parts, strict=True)
    return Scored(
        np.concatenate(labels),
        np.concatenate(said_),
        np.concatenate(densities_, axis=1),
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
        raise SystemExit("a model was trained on tracks that it is to score")
    heard = [np.ascontiguousarray(one[:N_HEARD]) for one in tracks.mel_frames]
    said = [classifier.predict_mel_frames(Path(), one).probabilities for one in heard]
    return np.array(said, np.float64)


def levels_of(tracks: LabelledMelFrames) -> NDArray[np.float64]:
    """Return how loud each band is [shape=(n_tracks, n_bands)].

    In standard deviations of what the models hear, above its mean: that, and not the
    level of a picture, is what they could know.
    """
    levels = [
        (one.mean(axis=1) - one[:N_HEARD].mean()) / one[:N_HEARD].std()
        for one in tracks.mel_frames
    ]
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


def rows_of_bands(scored: Scored) -> Iterator[str]:
    """Yield what each band adds to the models."""
    labels = scored.labels
    plain = scored.said.argmax(axis=1) == labels
    before = losses_of(scored.said, labels)
    yield (
        "| told how loud is the band at | right | more, points | p (McNemar) | loss "
        "| p (paired t-test) |"
    )
    yield "|---|---|---|---|---|---|"
    yield f"| none | {100 * plain.mean():.1f} % | | | {before.mean():.3f} | |"
    for band, densities in zip(BANDS, scored.densities, strict=True):
        told = scored.said + WEIGHT * densities
        right = told.argmax(axis=1) == labels
        more = 100 * (right.mean() - plain.mean())
        losses = losses_of(told, labels)
        yield (
            f"| {centre_hz(band):.0f} Hz{' (not heard)' * (band >= N_HEARD)} "
            f"| {100 * right.mean():.1f} % | {more:+.1f} "
            f"| {mcnemar(right, plain).p_value:.2g} | {losses.mean():.3f} "
            f"| {paired_t_test(losses, before).p_value:.2g} |"
        )


def rows_of_genres(data: Path, front_end: FrontEnd) -> Iterator[str]:
    """Yield how far lossless files fall towards the end of their samples."""
    files = [one for one in find_tracks(data, "audio") if one.path.suffix in LOSSLESS]
    tracks = load_labelled_mel_frames(files, front_end)
    low, high = FALL
    falls = np.array([one[low].mean() - one[high].mean() for one in tracks.mel_frames])
    yield (
        f"| genre | files | fall from {centre_hz(low) / 1000:.1f} to "
        f"{centre_hz(high) / 1000:.1f} kHz, median | least | most |"
    )
    yield "|---|---|---|---|---|"
    for number, genre in enumerate(GENRES):
        own = falls[tracks.labels == number]
        if len(own):
            yield (
                f"| {genre} | {len(own)} | {np.median(own):.0f} dB | {own.min():.0f} dB "
                f"| {own.max():.0f} dB |"
            )


def losses_of(
    logits: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the negative log-likelihood of each track [shape=(n_tracks,)]."""
    highest = logits.max(axis=1, keepdims=True)
    log_sum = highest[:, 0] + np.log(np.exp(logits - highest).sum(axis=1))
    losses: NDArray[np.float64] = log_sum - logits[np.arange(len(labels)), labels]
    return losses


def centre_hz(band: int) -> float:
    """Return the centre of a band of the mel pictures (HTK mel, 30 to 11,025 Hz)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (30.0, TOP_HZ))
    mel = low + (band + 1) * (high - low) / 97
    return float(700 * (10 ** (mel / 2595) - 1))


if __name__ == "__main__":
    main()
