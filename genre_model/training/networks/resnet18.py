"""The convolutions of ResNet-18, and their published ImageNet weights."""

from __future__ import annotations

import hashlib
import io
import logging
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from genre_model.atomic_file import write_atomically
from genre_model.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor

#: Of torchvision (BSD-3-Clause). The name holds the first digits of the file's SHA-256.
URL = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
N_CHANNELS = 512

_ELSEWHERE = (
    f'get {URL} elsewhere and give the file as --imagenet FILE, or set weights = "random"'
)

log = logging.getLogger(__name__)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation around a shortcut.

    He et al. (2015, figure 2). The blocks of ``residual_crnn`` pool where these stride,
    and always project the shortcut; both must keep the names of their published weights.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1:
            shortcut = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Map [shape=(n, n_in, n_rows, n_columns)] to n_out channels, strided."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + self.downsample(x))


class ResNet18(nn.Module):
    """ResNet-18 (He et al. 2015, table 1) up to its last feature maps, 1/32 as fine."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 64, stride=1)
        self.layer2 = _stage(64, 128, stride=2)
        self.layer3 = _stage(128, 256, stride=2)
        self.layer4 = _stage(256, N_CHANNELS, stride=2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pictures: Tensor) -> Tensor:
        """Map [shape=(n, 3, n_rows, n_columns)] to [shape=(n, 512, ...)]."""
        x = functional.relu(self.bn1(self.conv1(pictures)))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        features: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return features


def _stage(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(n_in, n_out, stride), BasicBlock(n_out, n_out, 1))


def load_weights(network: ResNet18, source: str) -> None:
    """Load weights into a ResNet-18, in place.

    Args:
        network: gets the weights.
        source: ``"random"`` leaves it as it is, ``"imagenet"`` downloads the official
            file into torch.hub's cache unless it is there.

    Raises:
        RecipeError: if the file is unavailable or unreadable, or is not the official one.
    """
    if source == "random":
        log.warning("ResNet-18 begins with random weights, not with those of ImageNet")
        return
    path = _downloaded()
    content = _content(path)
    if not _is_official(content):
        raise RecipeError(f"weights {path} are damaged: delete the file, or {_ELSEWHERE}")
    weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    given = {name: one for name, one in weights.items() if not name.startswith("fc.")}
    # Older files do not count the batches; the count has no influence.
    network.load_state_dict(network.state_dict() | given)


def provide_weights(path: Path) -> None:
    """Copy the official file to where ``weights = "imagenet"`` finds it without a download.

    Raises:
        RecipeError: if the file cannot be read or copied, or is not the official one.
    """
    content = _content(path)
    if not _is_official(content):
        raise RecipeError(
            f"weights {path} are not the official file, whose SHA-256 begins with "
            f"{_official_digits()}: it is damaged or another; {_ELSEWHERE}"
        )
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
    """Return the official file in torch.hub's cache, downloaded unless it is there."""
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
