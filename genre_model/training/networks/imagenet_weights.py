"""Published ImageNet weights of ResNet-18."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from genre_model.atomic_file import write_atomically
from genre_model.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor, nn

log = logging.getLogger(__name__)

#: Of torchvision (BSD-3-Clause). The name holds the first digits of the file's SHA-256.
URL = "https://download.pytorch.org/models/resnet18-f37072fd.pth"

_ELSEWHERE = (
    f'get {URL} elsewhere and give the file as --imagenet FILE, or set weights = "random"'
)


def load_weights(network: nn.Module, source: str) -> None:
    """Load weights into a ResNet-18 without its last layer.

    Args:
        network: gets the weights, in place.
        source: ``"random"`` leaves it as it is, ``"imagenet"`` downloads the official
            file into torch.hub's cache unless it is there.

    Raises:
        RecipeError: if the file cannot be had or read, or is not the official one.
    """
    if source == "random":
        log.warning("ResNet-18 begins with random weights, not with those of ImageNet")
        return
    path = _downloaded()
    content = _content(path)
    if not _is_official(content):
        raise RecipeError(f"weights {path} are damaged: delete the file, or {_ELSEWHERE}")
    network.load_state_dict(_checked(_weights(content, path), network, path))


def provide_weights(path: Path) -> None:
    """Put the official file where ``weights = "imagenet"`` finds it without a download.

    Args:
        path: of the file, under any name; it is checked, and copied into torch.hub's
            cache.

    Raises:
        RecipeError: if the file cannot be read or copied, or is not the official one.
    """
    # Networks import this module.
    from genre_model.training.networks.resnet18 import ResNet18

    content = _content(path)
    if not _is_official(content):
        raise RecipeError(
            f"weights {path} are not the official file, whose SHA-256 begins with "
            f"{_official_digits()}: it is damaged or another; {_ELSEWHERE}"
        )
    _checked(_weights(content, path), ResNet18(), path)
    try:
        write_atomically(_cached_path(), content)
    except OSError as error:
        reason = error.strerror or error
        raise RecipeError(f"cannot copy weights to {_cached_path()}: {reason}") from error


def _official_digits() -> str:
    return Path(URL).stem.rpartition("-")[2]


def _is_official(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest().startswith(_official_digits())


def _cached_path() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(URL).name


def _downloaded() -> Path:
    """Return the official file in torch.hub's cache, after a download if need be."""
    path = _cached_path()
    if path.is_file():
        return path
    log.info("downloading %s to %s", URL, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(URL, str(path), _official_digits(), progress=False)
    except (OSError, HTTPException, RuntimeError) as error:
        raise RecipeError(f"cannot download {URL}: {error}; {_ELSEWHERE}") from error
    return path


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise RecipeError(f"cannot read weights {path}: {reason}; {_ELSEWHERE}") from error


def _weights(content: bytes, path: Path) -> dict[str, Any]:
    """Read a state dict, running no code that may be in it."""
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        line = " ".join(str(error).split())[:200]
        raise RecipeError(f"cannot read weights {path}: {line}; {_ELSEWHERE}") from error
    if not isinstance(weights, dict):
        raise RecipeError(f"weights {path} hold {type(weights).__name__}, no state dict")
    return weights


def _checked(weights: dict[str, Any], network: nn.Module, path: Path) -> dict[str, Tensor]:
    """Compare names and shapes with the network's; the layer to ImageNet's classes goes."""
    expected = network.state_dict()
    given = {name: value for name, value in weights.items() if not name.startswith("fc.")}
    # Older files do not count the batches; the count has no influence.
    counts = {k: v for k, v in expected.items() if k.endswith("num_batches_tracked")}
    given = counts | given
    wrong = [name for name in expected if _shape(given.get(name)) != expected[name].shape]
    wrong += sorted(set(given) - set(expected))
    if wrong:
        raise RecipeError(
            f"weights {path} are not of ResNet-18: {len(wrong)} of its names or shapes "
            f"differ ({', '.join(wrong[:3])}); {_ELSEWHERE}"
        )
    return given


def _shape(value: Any) -> torch.Size | None:
    return value.shape if isinstance(value, torch.Tensor) else None
