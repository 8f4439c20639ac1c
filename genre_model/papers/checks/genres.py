"""Which genres networks get right, and the code of paper 002 (B12, C12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp
from torch import nn

from genre_model.metrics import measures_of
from genre_model.papers.checks.clips import draw_gallery
from genre_model.papers.checks.splits import span_text
from genre_model.papers.network_rows import draw_networks
from genre_model.papers.outcome import Measurement, Outcome, confusion_of
from genre_model.papers.rows import HONEST_PROTOCOL, marked
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES
from genre_model.training.data.protocols import is_leaky
from genre_model.training.fit.experiment import SEGMENT_PROTOCOL
from genre_model.training.networks import build_network, count_parameters
from genre_model.training.networks.resnet18 import ResNet18
from genre_model.training.plots import plot_genre_bars
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row, System
    from genre_model.training.evaluation.predictions import Predictions


#: Printed by the notebook of paper 002: ``os.listdir``, taken for the order of labels.
LISTED_ORDER = (
    *("reggae", "classical", "rock", "disco", "jazz"),
    *("metal", "blues", "pop", "country", "hiphop"),
)
#: The paper's worst genre as it is named there, with its right segments and all of them.
WORST_NAMED, WORST_RIGHT, WORST_ALL = "hiphop", 243, 287
#: Paper 003's own.
PAPER_PROTOCOL = "stratified-80-10-10"
#: Paper 003, section 5.2, of ten test tracks of each genre.
PUBLISHED_RECALL = {"rock": 0.7}
NAMED_GENRES = ("rock", "classical", "jazz")
#: Paper 002, sections III.B.4 and 5: parameters of the networks of these recipes.
PUBLISHED_PARAMETERS = {"b4_crnn": 372_048, "b5_extended_crnn": 3_914_064}
#: Of its third one, "ResNet18".
RESNET_RECIPE, PUBLISHED_RESNET = "b6_resnet_crnn", 58_144_138
#: Bottleneck blocks in the four stages of ResNet-152 (He et al. 2016, table 1).
RESNET_152_BLOCKS = (3, 8, 36, 3)


def curves_and_genres(row: Row, reproduction: Reproduction) -> Outcome:
    """Draw paper 002's plots of the base CRNN; put its names of genres right (B12)."""
    (b4,) = row.needed_rows
    plots = ("curves", "genres", "confusion")
    drawn = replace(b4, id=row.id, protocols=(HONEST_PROTOCOL,), plots=plots)
    true_name, data = true_names()[WORST_NAMED], reproduction.data_name
    outcome = Outcome(
        row.id, list(size_measurements()), [_mistaken_names(), *code_findings()]
    )
    for system, protocol in drawn.runs:
        predictions = reproduction.predictions(b4, protocol, system)
        published = WORST_RIGHT / WORST_ALL if protocol == SEGMENT_PROTOCOL else None
        recall = _recall(true_name, protocol, predictions, published, data)
        name = f"{system.name}, {true_name} (the notebook's {WORST_NAMED!r})"
        outcome.measurements.append(replace(recall, name=name))
        recalls = recalls_of(predictions)
        place = int(np.nanargmin(recalls))
        outcome.findings.append(
            f"{system.name}, {protocol}: the worst genre is {GENRES[place]}, with "
            f"{100 * recalls[place]:.1f} % of its {predictions[0].unit} right."
        )
    outcome.files += draw_networks(drawn, reproduction)
    outcome.files += draw_gallery(row, b4.id, reproduction, "{genre} ({id})")
    return outcome


def genre_by_genre(row: Row, reproduction: Reproduction) -> Outcome:
    """Set recalls of the CNN-BiGRU against paper 003's, genre by genre (C12)."""
    (c5,) = row.needed_rows
    system, protocols = c5.systems[0], (PAPER_PROTOCOL, HONEST_PROTOCOL)
    drawn = replace(
        c5, id=row.id, systems=(system,), protocols=protocols, plots=("confusion",)
    )
    outcome, data = Outcome(row.id), reproduction.data_name
    bars: dict[str, NDArray[np.float64]] = {}
    n_tracks: dict[str, NDArray[np.int64]] = {}
    for protocol in protocols:
        predictions = reproduction.predictions(c5, protocol)
        for genre in NAMED_GENRES:
            published = PUBLISHED_RECALL.get(genre) if is_leaky(protocol) else None
            recall = _recall(genre, protocol, predictions, published, data)
            outcome.measurements.append(recall)
        outcome.findings.append(_mistakes("rock", protocol, predictions))
        if protocol == PAPER_PROTOCOL:
            outcome.findings.append(_recall_and_accuracy(system, predictions))
        bars[marked(protocol)] = recalls_of(predictions)
        n_tracks[marked(protocol)] = confusion_of(predictions[:1]).sum(axis=1)
    outcome.files += draw_networks(drawn, reproduction)
    title = f"{system.name}, {row.title}"
    outcome.files += reproduction.plot(
        plot_genre_bars, bars, row, "recall", title, n_tracks=n_tracks
    )
    return outcome


def true_names() -> dict[str, str]:
    """Return what each genre of the notebook's plots truly is.

    Its labels count the folders in alphabetical order, its names are in the order of
    ``os.listdir``.
    """
    return dict(zip(LISTED_ORDER, sorted(GENRE_OF_FOLDER), strict=True))


def recalls_of(predictions: list[Predictions]) -> NDArray[np.float64]:
    """Return the recall of each genre, over all seeds; NaN without tracks."""
    confusion = confusion_of(predictions)
    support = confusion.sum(axis=1)
    return np.asarray(
        np.where(support > 0, np.diag(confusion) / np.maximum(support, 1), np.nan)
    )


def _recall(
    genre: str,
    protocol: str,
    predictions: list[Predictions],
    published: float | None,
    data: str,
) -> Measurement:
    place = GENRES.index(GENRE_OF_FOLDER[genre])
    return Measurement(
        genre,
        "recall",
        published,
        float(recalls_of(predictions)[place]),
        protocol=protocol,
        n=int(np.sum(predictions[0].labels == place)),
        unit=predictions[0].unit,
        seeds=len(predictions),
        data=data,
        recipe=predictions[0].recipe,
    ).with_interval()


def _recall_and_accuracy(system: System, predictions: list[Predictions]) -> str:
    """Set macro recall beside accuracy; genres of equal numbers make them one number."""
    published = system.published["accuracy"], system.published["macro_recall"]
    ours = [measures_of(one.probabilities, one.labels) for one in predictions]
    accuracy, recall = (
        100 * float(np.mean([one[measure] for one in ours]))
        for measure in ("accuracy", "macro_recall")
    )
    counts = np.bincount(predictions[0].labels, minlength=len(GENRES))
    return (
        "On a test with equally many tracks of each genre, macro recall is accuracy. The "
        f"paper, whose test has ten of each, gives {100 * published[0]:.1f} % accuracy and "
        f"macro recall {published[1]:.2f}. Here, {PAPER_PROTOCOL}, "
        f"{span_text(counts.tolist())} tracks of a genre: {accuracy:.1f} % and "
        f"{recall:.1f} %."
    )


def _mistaken_names() -> str:
    names = true_names()
    wrong = [f"{old} is {new}" for old, new in names.items() if old != new]
    return (
        "The paper's notebook names genres in the order of os.listdir, its labels are "
        f"alphabetical: {', '.join(wrong)}. Its worst genre, {WORST_NAMED!r} with "
        f"{WORST_RIGHT} of {WORST_ALL} right ({100 * WORST_RIGHT / WORST_ALL:.1f} %), is "
        f"{names[WORST_NAMED]}; taking {WORST_NAMED} for blues is taking "
        f"{names[WORST_NAMED]} for {names['blues']}."
    )


def _mistakes(genre: str, protocol: str, predictions: list[Predictions]) -> str:
    """Say what a genre is taken for, per seed."""
    counts = confusion_of(predictions)[GENRES.index(genre)] / len(predictions)
    ranked = sorted(zip(counts, GENRES, strict=True), reverse=True)
    taken = ", ".join(f"{count:.3g} {name}" for count, name in ranked if count)
    return (
        f"Of {counts.sum():.0f} {genre} tracks, {protocol}, a run calls on average {taken} "
        "(paper, of 10: 7 rock, 2 metal, 1 blues)."
    )


def size_measurements() -> Iterator[Measurement]:
    """Count the networks' parameters at the paper's pictures, with and without GRU."""
    for recipe, published in PUBLISHED_PARAMETERS.items():
        without, with_gru = parameters_of(recipe)
        name = f"recipe {recipe} on audio"
        yield Measurement(name, "parameters but the GRU's", published, without)
        yield Measurement(name, "parameters", None, with_gru)
    ours = count_parameters(ResNet18()) + _dense_parameters()
    name = "ResNet-18 and a dense layer"
    yield Measurement(name, "parameters but the GRU's", PUBLISHED_RESNET, ours)


def code_findings() -> Iterator[str]:
    """Say what the printed sizes are of, and below what the loss cannot fall."""
    dense = _dense_parameters()
    resnet_152 = bottleneck_parameters(RESNET_152_BLOCKS)
    same = "as many as" if resnet_152 + dense == PUBLISHED_RESNET else "other than"
    yield (
        f"ResNet-152 without its last layer has {resnet_152:,} parameters, the dense layer "
        f"behind the GRU has {dense}: together {resnet_152 + dense:,}, {same} the paper's "
        f"ResNet-18 of {PUBLISHED_RESNET:,}."
    )
    yield (
        "The code takes the cross-entropy of a softmax of a softmax: with probability 1 "
        f"for the true genre of {len(GENRES)} it still is {loss_floor(len(GENRES)):.4f}. "
        "B7 measures what that costs."
    )


def parameters_of(recipe_name: str) -> tuple[int, int]:
    """Count a network's parameters on audio: without its GRU, and all."""
    recipe = read_recipe(recipe_name)
    shape = (recipe.front_end.mel.n_mels, recipe.front_end.segment.segment_frames)
    network = build_network(recipe.network, shape, len(GENRES), recipe.network_options)
    recurrent = [part for part in network.modules() if isinstance(part, nn.GRU)]
    n_all = count_parameters(network)
    return n_all - sum(map(count_parameters, recurrent)), n_all


def bottleneck_parameters(blocks: tuple[int, ...]) -> int:
    """Count the parameters of a ResNet of bottleneck blocks, but for its last layer.

    He et al. (2016), section 4: 1 x 1, 3 x 3 and 1 x 1 convolutions, the last four times
    as wide; batch normalisation has two parameters a channel. The first stage is 64
    channels wide, each further one twice as wide as the one before.
    """
    n_channels = 64
    total = 3 * 7 * 7 * n_channels + 2 * n_channels
    for stage, n_blocks in enumerate(blocks):
        width = 64 * 2**stage
        total += n_channels * 4 * width + 8 * width  # the first block's shortcut
        for _ in range(n_blocks):
            total += (n_channels + 9 * width + 4 * width) * width + 12 * width
            n_channels = 4 * width
    return total


def _dense_parameters() -> int:
    """Count those from the last GRU layer to the genres."""
    units = read_recipe(RESNET_RECIPE).network_options["units"]
    return int(units[-1] + 1) * len(GENRES)


def loss_floor(n_genres: int) -> float:
    """Return the cross-entropy, in nats, of a softmax of certain, right probabilities."""
    return float(logsumexp(np.eye(n_genres)[0]) - 1)
