"""Model files of published networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.backbone import tagger_networks
from genre_model.backbone.head_store import read_head
from genre_model.backbone.mn04_network import FRONT_END, N_TAGS, mn04_network
from genre_model.backbone.published import published_weights
from genre_model.backbone.tagger_ensemble import ensemble_genres, tagger_ensemble
from genre_model.model.card import Card
from genre_model.model.model_file import model_from_bytes, with_card
from genre_model.model.source import BACKBONES, installed_model_path
from genre_model.personal.head_file import head_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from genre_model.model.model_file import Model

TAGGERS = ("msd_fcn", "msd_crnn", "jamendo_fcn", "jamendo_crnn")
#: At 0.7, which fits labelled songs best, less than 85 % of what is written is right
#: (benchmarks/labelled_songs.py).
TAGGERS_TEMPERATURE = 1.0


def install_backbone(name: str, sources: Sequence[Path] = ()) -> Path:
    """Write the model file of a backbone into the data folder, and return its path.

    Args:
        name: of ``BACKBONES``.
        sources: the published files; none downloads them.

    Raises:
        ModelFileError: if a file is not the published one.
        DownloadError: if a download fails; it names the address.
        OSError: if a file cannot be read, or the model file not written.
    """
    make = _mn04_model if name == "mn04" else _taggers_model
    path = installed_model_path(BACKBONES[name])
    write_atomically(path, make(sources))
    return path


def _mn04_model(sources: Sequence[Path]) -> bytes:
    head, card = read_head(BACKBONES["mn04"], FRONT_END)
    return head_model(published_network(sources), head, card)


def _taggers_model(sources: Sequence[Path]) -> bytes:
    card = Card(
        name=BACKBONES["taggers"],
        genres=ensemble_genres(TAGGERS),
        front_end=tagger_networks.FRONT_END,
        temperature=TAGGERS_TEMPERATURE,
        training={"data": "Million Song Dataset and MTG-Jamendo (Won et al. 2020)"},
        licence="MIT (sota-music-tagging-models)",
        pool_logits=True,
    )
    return with_card(tagger_ensemble(published_weights(TAGGERS, sources)), card)


def listening_model(name: str, network: bytes) -> Model:
    """Return a model of :func:`published_network` whose genres are AudioSet's classes."""
    card = Card(
        name=name,
        genres=tuple(f"AudioSet {number}" for number in range(N_TAGS)),
        front_end=FRONT_END,
        temperature=1.0,
        licence="MIT (EfficientAT)",
        pool_logits=True,
        multi_label=True,
    )
    return model_from_bytes(with_card(network, card))


def published_network(sources: Sequence[Path] = ()) -> bytes:
    """Return the network of mn04, without a card; see :func:`install_backbone`."""
    return mn04_network(published_weights(["mn04"], sources)["mn04"])
