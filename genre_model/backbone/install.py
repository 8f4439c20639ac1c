"""Makes a model file of a published network and the head that we trained for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.backbone.head_store import read_head
from genre_model.backbone.mn04_layout import N_TAGS
from genre_model.backbone.mn04_network import FRONT_END, mn04_network
from genre_model.backbone.mn04_weights import N_BYTES, URL, weights_of
from genre_model.card import Card
from genre_model.download import download
from genre_model.errors import DownloadError, ModelFileError
from genre_model.model_file import model_from_bytes, with_card
from genre_model.model_source import BACKBONES, installed_model_path
from genre_model.personal.head_file import head_model

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model_file import Model


def install_backbone(name: str, source: Path | None = None) -> Path:
    """Put a backbone, with a head for GTZAN's genres, into the data folder.

    Args:
        name: of ``BACKBONES``.
        source: the published file, if it is here already; None downloads it.

    Returns:
        Where the model file is.

    Raises:
        ModelFileError: if it is another file than the published one.
        DownloadError: if it cannot be had; it says where it lies.
        OSError: if it cannot be read, or the model file not written.
    """
    network = published_network(name, source)
    model = BACKBONES[name]
    head, card = read_head(model, FRONT_END)
    path = installed_model_path(model)
    write_atomically(path, head_model(network, head, card))
    return path


def listening_model(name: str, network: bytes) -> Model:
    """Return a backbone as it was published, whose genres are AudioSet's classes.

    Args:
        name: of ``BACKBONES``.
        network: of :func:`published_network`.
    """
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


def published_network(name: str, source: Path | None = None) -> bytes:
    """Return the network of a backbone, without a card.

    Args:
        name: of ``BACKBONES``.
        source: as for :func:`install_backbone`.

    Raises:
        ModelFileError, DownloadError, OSError: as :func:`install_backbone`.
    """
    content = source.read_bytes() if source else _downloaded(name)
    try:
        return mn04_network(weights_of(content))
    except ModelFileError as error:
        raise ModelFileError(f"{source or URL}: {error}") from error


def _downloaded(name: str) -> bytes:
    try:
        return download(URL, N_BYTES)
    except DownloadError as error:
        raise DownloadError(
            f"{error}; get the file of {name} elsewhere, and give it: --from FILE"
        ) from error
