"""Taggers that share a front end as one network: their tags become genres."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from genre_model.backbone.tagger_networks import ARCHITECTURES, FRONT_END
from genre_model.backbone.tags import Dataset, tags_of_genres
from genre_model.model.onnx_graph import OnnxGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from genre_model.backbone.tagger_networks import Weights


def ensemble_genres(names: Iterable[str]) -> tuple[str, ...]:
    """Return the genres that any of some taggers knows, sorted.

    Args:
        names: of the taggers, ``<dataset>_<architecture>``, such as ``msd_fcn``.
    """
    return tuple(
        sorted({genre for name in names for genre in tags_of_genres(_dataset(name))})
    )


def tagger_ensemble(weights: Mapping[str, Weights]) -> bytes:
    """Join taggers to one network.

    The logit of a genre is the mean over the taggers that know it. Each of them says the
    largest weighted logit of the tags that mean it. The embeddings stand side by side.

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
        for genre, tags in tags_of_genres(_dataset(name)).items():
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


def _dataset(name: str) -> Dataset:
    return cast("Dataset", name.partition("_")[0])
