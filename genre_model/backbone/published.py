"""Published weights of backbones: addresses, checksums, downloads."""

from __future__ import annotations

import hashlib
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, NamedTuple

from genre_model.backbone.torch_file import read_weights
from genre_model.errors import DownloadError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

TIMEOUT_SECONDS = 60.0
_EFFICIENT_AT = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1"
_SOTA_TAGGING = (
    "https://raw.githubusercontent.com/minzwon/sota-music-tagging-models/master/models"
)


class PublishedFile(NamedTuple):
    """A file of weights, as its authors published it."""

    url: str
    sha256: str
    n_bytes: int


FILES = {
    "mn04": PublishedFile(
        f"{_EFFICIENT_AT}/mn04_as_mAP_432.pt",
        "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
        4_066_513,
    ),
    "msd_fcn": PublishedFile(
        f"{_SOTA_TAGGING}/msd/fcn/best_model.pth",
        "6012aa7eecf864a8081faedca56af054521e8dfb9c5c98659a3dd5d3e1e66f21",
        1_902_815,
    ),
    "msd_crnn": PublishedFile(
        f"{_SOTA_TAGGING}/msd/crnn/best_model.pth",
        "ebb99855ed0c83f38845db9cfb383dd6fc70938bc58701dcb66e18af9ee7fbea",
        1_687_711,
    ),
    "jamendo_fcn": PublishedFile(
        f"{_SOTA_TAGGING}/jamendo/fcn/best_model.pth",
        "7bce08a66dbc70d096b0a330f44b4cacd9aa25519b83489fbb98f2164a194e2b",
        1_902_815,
    ),
    "jamendo_crnn": PublishedFile(
        f"{_SOTA_TAGGING}/jamendo/crnn/best_model.pth",
        "0a558989c0793f488cb677d188464c91f47c007f7c70473230e55537ca598215",
        1_687_626,
    ),
}


def published_weights(
    names: Sequence[str], sources: Sequence[Path] = ()
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Read published weights, from files that are here or by downloads.

    Args:
        names: of ``FILES``.
        sources: the files, in any order and under any names; none to download them.

    Returns:
        Name -> state dictionary.

    Raises:
        ModelFileError: if a file is missing, or is not the published one.
        DownloadError: if a download fails; it names the address.
        OSError: if a file cannot be read.
    """
    contents = _given(names, sources) if sources else _downloaded(names)
    return {name: read_weights(contents[name]) for name in names}


def _given(names: Sequence[str], sources: Sequence[Path]) -> dict[str, bytes]:
    found = {}
    for source in sources:
        content = source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        name = next((name for name in names if FILES[name].sha256 == digest), None)
        if name is None:
            raise ModelFileError(
                f"{source}: it is not a published file of {', '.join(names)}: its SHA-256 "
                f"is {digest}; download it again ({_addresses(names)})"
            )
        found[name] = content
    if missing := [name for name in names if name not in found]:
        raise ModelFileError(
            f"--from lacks {', '.join(missing)}: download it ({_addresses(missing)}), and "
            "name it with another --from"
        )
    return found


def _downloaded(names: Sequence[str]) -> dict[str, bytes]:
    try:
        contents = {name: _download(FILES[name]) for name in names}
    except DownloadError as error:
        raise DownloadError(
            f"{error}; download elsewhere ({_addresses(names)}), and name each file: "
            "--from FILE"
        ) from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != FILES[name].sha256:
            raise ModelFileError(
                f"{FILES[name].url}: it is not the file that was published: it is damaged, "
                "or its authors have replaced it"
            )
    return contents


def _download(file: PublishedFile) -> bytes:
    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            # One byte more tells a longer file from this one.
            content: bytes = answer.read(file.n_bytes + 1)
    except (OSError, HTTPException) as error:
        raise DownloadError(f"cannot download {file.url}: {error}") from error
    return content


def _addresses(names: Sequence[str]) -> str:
    return ", ".join(FILES[name].url for name in names)
