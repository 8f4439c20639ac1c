"""What EfficientAT mn04 consists of: a MobileNetV3 of width 0.4 for spectrograms.

Schmid, Koutini & Widmer, *Efficient large-scale audio tagging via transformer-to-CNN
knowledge distillation*, ICASSP 2023; Howard et al., *Searching for MobileNetV3*, 2019,
table 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: Name and shape of an array in the published file.
    Entry = tuple[str, tuple[int, ...]]


class Block(NamedTuple):
    """An inverted residual: expand, filter each channel alone, project.

    Attributes:
        kernel: width of the filters in both directions.
        n_expanded: channels between the two ends.
        n_out: channels that come out.
        is_excited: channels are weighted by a function of their means.
        is_hard: its activation is hard-swish, otherwise ReLU.
        stride: in both directions.
    """

    kernel: int
    n_expanded: int
    n_out: int
    is_excited: bool
    is_hard: bool
    stride: int


N_STEM = 8
BLOCKS = (
    Block(3, 8, 8, False, False, 1),
    Block(3, 24, 16, False, False, 2),
    Block(3, 32, 16, False, False, 1),
    Block(5, 32, 16, True, False, 2),
    Block(5, 48, 16, True, False, 1),
    Block(5, 48, 16, True, False, 1),
    Block(3, 96, 32, False, True, 2),
    Block(3, 80, 32, False, True, 1),
    Block(3, 72, 32, False, True, 1),
    Block(3, 72, 32, False, True, 1),
    Block(3, 192, 48, True, True, 1),
    Block(3, 272, 48, True, True, 1),
    Block(5, 272, 64, True, True, 2),
    Block(5, 384, 64, True, True, 1),
    Block(5, 384, 64, True, True, 1),
)
#: Length of the embedding.
N_FEATURES = 6 * BLOCKS[-1].n_out
N_HIDDEN = 512
#: AudioSet's classes.
N_TAGS = 527


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
