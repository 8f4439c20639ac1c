"""The published files that backbones are made of: addresses, checksums, weights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from genre_model.backbone.torch_file import read_weights
from genre_model.download import download
from genre_model.errors import DownloadError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_EFFICIENT_AT = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1"
_SOTA_TAGGING = (
    "https://raw.githubusercontent.com/minzwon/sota-music-tagging-models/master/models"
)


class PublishedFile(NamedTuple):
    """A file of weights, as its authors published it.

    Attributes:
        url: where it lies.
        sha256: of its content.
        n_bytes: of its content.
    """

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
    "jamendo_musicnn": PublishedFile(
        f"{_SOTA_TAGGING}/jamendo/musicnn/best_model.pth",
        "66280f4859376377c47f64313c7ac889a3201fdb06a01bf6e94ac6e619081bb5",
        3_257_168,
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
        ModelFileError: if a file is another one than those published, or one is missing.
        DownloadError: if one cannot be downloaded; it names the address.
        OSError: if a file cannot be read.
    """
    if sources:
        contents = _given(names, sources)
    else:
        contents = {name: _downloaded(name) for name in names}
    return {name: read_weights(contents[name]) for name in names}


def _given(names: Sequence[str], sources: Sequence[Path]) -> dict[str, bytes]:
    found = {}
    for source in sources:
        content = source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        matches = [name for name in names if FILES[name].sha256 == digest]
        if not matches:
            raise ModelFileError(f"{source}: {_other_file(names, digest)}")
        found[matches[0]] = content
    if missing := [name for name in names if name not in found]:
        places = ", ".join(FILES[name].url for name in missing)
        raise ModelFileError(
            f"--from lacks {', '.join(missing)}: give these, too: {places}"
        )
    return found


def _downloaded(name: str) -> bytes:
    file = FILES[name]
    try:
        content = download(file.url, file.n_bytes)
    except DownloadError as error:
        raise DownloadError(
            f"{error}; get the file of {name} elsewhere, and give it: --from FILE"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise ModelFileError(f"{file.url}: {_other_file([name], digest)}")
    return content


def _other_file(names: Sequence[str], digest: str) -> str:
    known = " or ".join(f"{FILES[name].sha256} ({name})" for name in names)
    return (
        f"it is not the published file, whose SHA-256 is {known}, but has {digest}: it is "
        "damaged, or another one"
    )
