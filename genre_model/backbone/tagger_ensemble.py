"""Taggers that share a front end as one network: their tags become genres."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import numpy as np

from genre_model.backbone.tagger_networks import ARCHITECTURES, FRONT_END
from genre_model.model.onnx_graph import OnnxGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from genre_model.backbone.tagger_networks import Weights

Dataset = Literal["msd", "jamendo", "audioset"]


class GenreTags(NamedTuple):
    """The tags that mean a genre.

    Attributes:
        places: of the tags among a network's outputs, from 0.
        weights: factors of the odds of the tags. Metal and hip hop have more than 1, since
            their songs are also tagged, with more confidence, as rock, pop or electronic.
    """

    places: tuple[int, ...]
    weights: tuple[float, ...]


@lru_cache(maxsize=3)
def tags_of_genres(dataset: Dataset) -> dict[str, GenreTags]:
    """Return the tags of each genre, as ``tags.csv`` lists them.

    The outputs of a network are in the order of Won et al. for the Million Song Dataset, of
    the full names, such as ``genre---rock``, for MTG-Jamendo, and of the published class
    indices for AudioSet.
    """
    text = (resources.files("genre_model.backbone") / "tags.csv").read_text("utf-8")
    found: dict[str, list[tuple[int, float]]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["dataset"] == dataset:
            tag = int(row["place"]), float(row["weight"])
            found.setdefault(row["genre"], []).append(tag)
    return {genre: GenreTags(*zip(*found[genre], strict=True)) for genre in sorted(found)}


def ensemble_genres(names: Iterable[str]) -> tuple[str, ...]:
    """Return the genres of some taggers, such as ``msd_fcn``, sorted."""
    return tuple(sorted({genre for name in names for genre in _tags_of(name)}))


def tagger_ensemble(weights: Mapping[str, Weights]) -> bytes:
    """Join taggers to one network.

    The logit of a genre is the mean over the taggers that know it of the largest weighted
    logit of its tags. The embeddings are concatenated.

    Args:
        weights: name of each tagger, such as ``msd_fcn`` -> its state dictionary.

    Returns:
        An ONNX network with input ``segments`` [shape=(n, 96, 1813), dB] and outputs
        ``logits`` [shape=(n, n_genres)] and ``embedding`` [shape=(n, n_features)].
    """
    graph, genres = OnnxGraph(), ensemble_genres(weights)
    opinions: list[str] = []
    columns: list[int] = []
    outputs = []
    for name, of_tagger in weights.items():
        output = ARCHITECTURES[name.partition("_")[2]](graph, of_tagger)
        outputs.append(output)
        for genre, tags in _tags_of(name).items():
            places = graph.integers(*tags.places)
            of_tags = graph.add("Gather", output.logits, places, axis=1)
            weights_of_tags = graph.constant(np.log(tags.weights).astype(np.float32))
            weighted = graph.add("Add", of_tags, weights_of_tags)
            opinions.append(graph.add("ReduceMax", weighted, graph.integers(1), keepdims=1))
            columns.append(genres.index(genre))
    shares = np.eye(len(genres), dtype=np.float32)[columns]
    shares /= shares.sum(axis=0)
    joined = graph.add("Concat", *opinions, axis=1)
    graph.add("MatMul", joined, graph.constant(shares), to="logits")
    embeddings = [output.embedding for output in outputs]
    graph.add("Concat", *embeddings, to="embedding", axis=1)
    mel, segment = FRONT_END.mel, FRONT_END.segment
    return graph.content(
        (mel.n_mels, segment.segment_frames),
        {"logits": len(genres), "embedding": sum(output.n_features for output in outputs)},
    )


def _tags_of(name: str) -> dict[str, GenreTags]:
    return tags_of_genres(cast("Dataset", name.partition("_")[0]))
