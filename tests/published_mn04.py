"""A file as mn04's authors published theirs, but with random weights."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np

from genre_model.backbone import published
from genre_model.backbone.mn04_network import BLOCKS, N_FEATURES, N_TAGS, Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from numpy.typing import NDArray

    Weights = dict[str, NDArray[np.float32]]
    #: Name and shape of an array in the published file.
    Entry = tuple[str, tuple[int, ...]]

N_STEM = 8
N_HIDDEN = 512


def random_weights() -> Weights:
    """Return weights that keep numbers of the order of 1 through all layers."""
    rng = np.random.default_rng(0)

    def values(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if name.endswith("running_var"):
            return rng.uniform(0.5, 2, shape).astype(np.float32)
        if len(shape) < 2:
            return rng.normal(0.1, 0.3, shape).astype(np.float32)
        width = float(np.sqrt(2 / np.prod(shape[1:])))
        return rng.normal(0, width, shape).astype(np.float32)

    return {name: values(name, shape) for name, shape in entries()}


def published_file(weights: Weights) -> bytes:
    """Return what torch writes of them."""
    import torch

    buffer = io.BytesIO()
    torch.save(
        {name: torch.from_numpy(np.array(each)) for name, each in weights.items()}, buffer
    )
    return buffer.getvalue()


def make_known(content: bytes, patch: pytest.MonkeyPatch, name: str = "mn04") -> None:
    """Let that be the content of the published file of a name."""
    digest = hashlib.sha256(content).hexdigest()
    file = published.FILES[name]._replace(sha256=digest, n_bytes=len(content))
    patch.setitem(published.FILES, name, file)


def n_squeezed(n_channels: int) -> int:
    """Return the width of the bottleneck in which channels are weighted."""
    quarter = n_channels // 4
    nearest = max(8, (quarter + 4) // 8 * 8)
    # Rounding down may not take a tenth away.
    return nearest if nearest >= 0.9 * quarter else nearest + 8


def entries() -> list[Entry]:
    """Return every array of the published file, in its order."""
    found = list(_convolution("features.0", (N_STEM, 1, 3, 3)))
    n_in = N_STEM
    for number, block in enumerate(BLOCKS, 1):
        found += _block(f"features.{number}.block", n_in, block)
        n_in = block.n_out
    found += _convolution(f"features.{len(BLOCKS) + 1}", (N_FEATURES, n_in, 1, 1))
    found += _linear("classifier.2", N_FEATURES, N_HIDDEN)
    found += _linear("classifier.5", N_HIDDEN, N_TAGS)
    return found


def _block(name: str, n_in: int, block: Block) -> Iterator[Entry]:
    n_expanded, part = block.n_expanded, 0
    if n_expanded != n_in:
        yield from _convolution(f"{name}.0", (n_expanded, n_in, 1, 1))
        part = 1
    shape = (n_expanded, 1, block.kernel, block.kernel)
    yield from _convolution(f"{name}.{part}", shape)
    if block.is_excited:
        part += 1
        layers = f"{name}.{part}.conc_se_layers.0"
        squeezed = n_squeezed(n_expanded)
        yield from _linear(f"{layers}.fc1", n_expanded, squeezed)
        yield from _linear(f"{layers}.fc2", squeezed, n_expanded)
    yield from _convolution(f"{name}.{part + 1}", (block.n_out, n_expanded, 1, 1))


def _convolution(name: str, shape: tuple[int, int, int, int]) -> Iterator[Entry]:
    """Yield a convolution, and the batch normalisation behind it."""
    yield f"{name}.0.weight", shape
    for statistic in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.1.{statistic}", shape[:1]
    yield f"{name}.1.num_batches_tracked", ()


def _linear(name: str, n_in: int, n_out: int) -> Iterator[Entry]:
    yield f"{name}.weight", (n_out, n_in)
    yield f"{name}.bias", (n_out,)
