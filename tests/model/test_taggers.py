"""The taggers of Won et al.: read without torch, computed as published, installed."""

from __future__ import annotations

import csv
import json
import pickle
from importlib import resources
from typing import TYPE_CHECKING, Any

import beets
import numpy as np
import pytest
import torch
from packaging.version import Version
from published_taggers import published_file, random_tagger

from beetsplug.genreclf.policy.vocabulary import lastgenre_data
from genre_model.backbone.install import TAGGERS
from genre_model.backbone.tagger_ensemble import (
    ensemble_genres,
    tagger_ensemble,
    tags_of_genres,
)
from genre_model.backbone.tagger_networks import ARCHITECTURES, FRONT_END, N_TAGS
from genre_model.backbone.torch_file import read_weights
from genre_model.errors import ModelFileError
from genre_model.features.mel_frames import band_weights
from genre_model.features.segments import Segments
from genre_model.model.onnx_graph import OnnxGraph
from genre_model.model.segment_probabilities import SegmentScorer

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MODEL = "published_taggers_v1"
SHAPE = (FRONT_END.mel.n_mels, FRONT_END.segment.segment_frames)


def noise_segments(n: int = 2) -> Segments:
    values = np.random.default_rng(1).normal(-40, 15, (n, *SHAPE)).astype(np.float32)
    return Segments(values, np.zeros(n, np.int64))


def computed_by_torch(tagger: Any, segments: Segments) -> NDArray[np.float32]:
    with torch.no_grad():
        logits: NDArray[np.float32] = tagger(torch.from_numpy(segments.values)).numpy()
    return logits


@pytest.mark.parametrize("is_zip", [False, True])
def test_both_formats_of_torch(is_zip: bool, tmp_path: Path) -> None:
    tagger = random_tagger("crnn")
    path = tmp_path / "weights.pth"
    torch.save(tagger.state_dict(), path, _use_new_zipfile_serialization=is_zip)
    weights = read_weights(path.read_bytes())
    expected = {
        name: values
        for name, values in tagger.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert weights.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(weights[name], values.numpy())


def test_a_pickle_runs_nothing() -> None:
    content = pickle.dumps(print)
    with pytest.raises(ModelFileError, match=r"it asks for builtins\.print"):
        read_weights(content)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_networks_compute_what_torch_computes(architecture: str) -> None:
    tagger = random_tagger(architecture)
    graph = OnnxGraph()
    outputs = ARCHITECTURES[architecture](graph, read_weights(published_file(tagger)))
    for name, output in (("logits", outputs.logits), ("embedding", outputs.embedding)):
        graph.add("Identity", output, to=name)
    lengths = {"logits": N_TAGS, "embedding": outputs.n_features}
    segments = noise_segments()
    scores = SegmentScorer(graph.content(SHAPE, lengths)).score(segments)
    expected = computed_by_torch(tagger, segments)
    assert expected.std() > 0.05
    np.testing.assert_allclose(scores.logits, expected, rtol=0, atol=1e-4)


def test_a_genre_is_the_mean_of_the_taggers_that_know_it() -> None:
    taggers = {name: random_tagger(name.split("_")[1]) for name in TAGGERS}
    weights = {name: read_weights(published_file(one)) for name, one in taggers.items()}
    segments = noise_segments()
    scores = SegmentScorer(tagger_ensemble(weights)).score(segments)
    genres = ensemble_genres(TAGGERS)
    said = {name: computed_by_torch(one, segments) for name, one in taggers.items()}
    # "Hip-Hop" counts 2.7 times: its songs are tagged as other genres, too.
    hip_hop = [said[name][:, 33 if "msd" in name else 12] + np.log(2.7) for name in TAGGERS]
    # Only MTG-Jamendo has classical music; "classical" and "orchestral" mean it.
    classical = [
        said[name][:, [4, 20]].max(axis=1) for name in ("jamendo_fcn", "jamendo_crnn")
    ]
    # Only the Million Song Dataset has country.
    country = [said[name][:, 36] for name in ("msd_fcn", "msd_crnn")]
    jazz = [said[name][:, 9 if "msd" in name else 16] for name in TAGGERS]
    for genre, expected in (
        ("classical", classical),
        ("country", country),
        ("jazz", jazz),
        ("hip hop", hip_hop),
    ):
        found = scores.logits[:, genres.index(genre)]
        np.testing.assert_allclose(found, np.mean(expected, axis=0), atol=1e-4)
    assert scores.embedding.shape == (2, 2 * (64 + 32))


def test_tags_have_the_places_of_the_outputs() -> None:
    text = (resources.files("genre_model.backbone") / "tags.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    places = {(row["dataset"], row["tag"]): int(row["place"]) for row in rows}
    assert len(places) == len(rows)
    assert (places["msd", "rock"], places["msd", "House"]) == (0, 48)
    assert (places["jamendo", "rock"], places["jamendo", "triphop"]) == (25, 29)
    # Of the published class indices of AudioSet.
    assert (places["audioset", "Disco"], places["audioset", "Reggae"]) == (236, 228)
    assert tags_of_genres("audioset")["disco"].places == (236,)


def test_genres_are_spelled_as_lastgenre_spells_them() -> None:
    tree = json.dumps(lastgenre_data("genres-tree.yaml"))
    unknown = [genre for genre in ensemble_genres(TAGGERS) if f'"{genre}"' not in tree]
    # Lastgenre has kinds of metal only, and r&b since beets 2.13.
    is_old = Version(beets.__version__) < Version("2.13")
    assert unknown == (["metal", "r&b"] if is_old else ["metal"])


@pytest.mark.parametrize("name", TAGGERS)
def test_published_bands_are_ours_times_a_gain(data_dir: Path, name: str) -> None:
    weights = read_weights((data_dir / "teachers" / f"{name}.pth").read_bytes())
    bands = weights["spec.mel_scale.fb"]
    ours = band_weights(FRONT_END.waveform.sample_rate_hz, FRONT_END.mel)
    np.testing.assert_allclose(bands / bands.sum(axis=0), ours.T, rtol=0, atol=1e-5)
    window = weights["spec.spectrogram.window"]
    np.testing.assert_allclose(window, np.hanning(513)[:-1], rtol=0, atol=1e-6)
