"""Mono samples at the rate of a file to mono samples at another."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    #: Sample rate in hertz, and mono float32 samples [shape=(n_samples,)].
    Block = tuple[int, NDArray[np.float32]]

#: What comes out depends on nothing that went in longer before, or after.
SETTLE_SECONDS = 0.05

# A windowed sinc. With these taps, it passes 0.9 of the band within 0.1 dB and keeps what
# lies beyond 1.03 times Nyquist below -100 dB.
_SHARP_TAPS, _SHARP_CUTOFF = 128, 0.97
_KAISER_BETA = 10
# Of that window: taps times the width of the transition, in Nyquist's.
_TAPS_TIMES_WIDTH = 17
# Outputs of one matrix product: more waste multiplications by zeros, fewer call BLAS more.
_GROUP = 16
_ENOUGH_OUTPUTS = 1024
# Cycles of one product. Its shape is always the same, for BLAS rounds otherwise in other
# shapes, and an excerpt is to be, bit by bit, what it is in the whole.
_MOST_ROWS, _MOST_AT_ONCE = 48, 1 << 14
# Rates without a common divisor have long cycles; 32 MB of weights are enough of them.
_MOST_WEIGHTS = 1 << 23


def resampled(
    blocks: Iterable[Block], to_hz: int, clean_below_hz: float | None = None
) -> Iterator[NDArray[np.float32]]:
    """Resample consecutive blocks, starting again where their rate changes.

    Started at a multiple of a product (:func:`product_of`), it computes the very numbers
    that it computes when started any number of products earlier, once settled.

    Args:
        blocks: rates and samples; what is at ``to_hz`` already passes unchanged.
        to_hz: sample rate of the result.
        clean_below_hz: what lies higher may fade or fold back: the lower it is, the
            less there is to compute. None keeps 0.9 of the band.

    Yields:
        Consecutive samples [shape=(n_samples,)].
    """
    resampler, last_hz = None, 0
    for from_hz, samples in blocks:
        if from_hz != last_hz:
            if resampler is not None:
                yield resampler.flush()
            filter_ = _filter(from_hz, to_hz, clean_below_hz)
            resampler = None if from_hz == to_hz else _Resampler(filter_)
            last_hz = from_hz
        if resampler is None:
            yield samples
        else:
            yield resampler.feed(samples)
    if resampler is not None:
        yield resampler.flush()


def cycle_of(from_hz: int, to_hz: int) -> tuple[int, int]:
    """Return after how many samples of both rates their grids meet.

    Rates that share no divisor are taken for the nearest ones whose grids meet sooner.
    """
    ratio = Fraction(from_hz, to_hz)
    n_weights_each = (_GROUP + _SHARP_TAPS) * max(1.0, float(ratio))
    near = ratio.limit_denominator(max(1, int(_MOST_WEIGHTS / n_weights_each)))
    return near.numerator, near.denominator


def product_of(from_hz: int, to_hz: int, clean_below_hz: float | None = None) -> int:
    """Return how many samples go into one matrix product; whole cycles.

    BLAS may round the rows of a product differently (OpenBLAS does with AVX2). Started
    at a multiple of this, the resampler computes the same numbers on every processor.
    """
    return 1 if from_hz == to_hz else _filter(from_hz, to_hz, clean_below_hz).n_at_once


@dataclass(frozen=True)
class _Filter:
    """A windowed sinc, as matrices.

    Attributes:
        n_in: samples of a cycle that go in.
        n_out: samples of it that come out.
        n_cycles: that one product computes.
        reach: how many samples before and behind an output count.
        groups: of the outputs of a cycle, where the samples that count begin, and their
            weights [shape=(n_samples, _GROUP)]; behind the last output they are 0.
    """

    n_in: int
    n_out: int
    n_cycles: int
    reach: int
    groups: tuple[tuple[int, NDArray[np.float32]], ...]

    @property
    def n_at_once(self) -> int:
        """Samples that go into one product."""
        return self.n_in * self.n_cycles


class _Resampler:
    """Takes samples at one rate, returns them at another."""

    def __init__(self, filter_: _Filter) -> None:
        self._filter = filter_
        self._held = np.zeros(filter_.reach, np.float32)
        self._n_fed = 0
        self._n_given = 0

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block and give what is ready."""
        self._n_fed += len(samples)
        return self._products(samples)

    def flush(self) -> NDArray[np.float32]:
        """Give the rest; nothing can be fed afterwards."""
        n_left = ceil(self._n_fed * self._filter.n_out / self._filter.n_in) - self._n_given
        silence = np.zeros(2 * self._filter.reach + self._filter.n_at_once, np.float32)
        return self._products(silence)[:n_left]

    def _products(self, new: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute what there are samples for; hold the other samples."""
        # The copy takes less time than a call of numpy for each side of the seam.
        samples = np.concatenate([self._held, new], dtype=np.float32)
        n_at_once, n_rows = self._filter.n_at_once, self._filter.n_cycles
        n_products = max(0, (len(samples) - 2 * self._filter.reach) // n_at_once)
        given = np.empty((n_products, n_rows, self._filter.n_out), np.float32)
        if n_products:
            self._multiply(samples, given)
        self._held = samples[n_products * n_at_once :]
        self._n_given += given.size
        return given.reshape(-1)

    def _multiply(self, samples: NDArray[np.float32], given: NDArray[np.float32]) -> None:
        """Let numpy go through the products: a call of it costs as much as one of them."""
        strides = (4 * self._filter.n_at_once, 4 * self._filter.n_in, 4)
        for number, (start, weights) in enumerate(self._filter.groups):
            shape = (*given.shape[:2], len(weights))  # a row for each cycle
            # As as_strided, which takes five times as long, as long as a product.
            rows = np.ndarray(shape, np.float32, samples, 4 * start, strides)
            columns = given[:, :, number * _GROUP :][:, :, :_GROUP]
            if columns.shape[2] == _GROUP:
                np.matmul(rows, weights, out=columns)
            else:
                columns[:] = np.matmul(rows, weights)[:, :, : columns.shape[2]]


@lru_cache(maxsize=8)
def _filter(from_hz: int, to_hz: int, clean_below_hz: float | None) -> _Filter:
    taps, cutoff = _taps_and_cutoff(from_hz, to_hz, clean_below_hz)
    n_in, n_out = cycle_of(from_hz, to_hz)
    step = n_in / n_out
    band = cutoff / max(1.0, step)
    half_length = taps / 2 * max(1.0, step)
    reach = ceil(half_length)
    # Rows of a product that overlap are copied before it: several cycles are taken for one,
    # unless they are long already, as those of very low rates are.
    n_cycles = ceil((2 * reach + _GROUP * step + 1) / n_in)
    n_cycles = min(n_cycles, ceil(_ENOUGH_OUTPUTS / n_out))
    n_in, n_out = n_in * n_cycles, n_out * n_cycles
    groups = []
    for first in range(0, n_out, _GROUP):
        outputs = np.arange(first, min(first + _GROUP, n_out)) * step
        start = floor(outputs[0])
        inputs = np.arange(start - reach, floor(outputs[-1]) + reach + 1)
        away = inputs[:, np.newaxis] - outputs
        weights = np.sinc(away * band) * _kaiser(away / half_length)
        weights /= weights.sum(axis=0)
        weights = np.pad(weights, ((0, 0), (0, _GROUP - len(outputs))))
        groups.append((start, weights.astype(np.float32)))
    n_rows = max(1, min(_MOST_ROWS, _MOST_AT_ONCE // n_in))
    return _Filter(n_in, n_out, n_rows, reach, tuple(groups))


def _kaiser(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate Kaiser's window, which reaches from -1 to 1."""
    inside = np.sqrt(np.maximum(0, 1 - places**2))
    window: NDArray[np.float64] = np.where(
        np.abs(places) < 1, np.i0(_KAISER_BETA * inside), 0
    )
    return window


def _taps_and_cutoff(
    from_hz: int, to_hz: int, clean_below_hz: float | None
) -> tuple[int, float]:
    """Choose the shortest filter that folds nothing below the given frequency."""
    if clean_below_hz is not None and from_hz > to_hz:
        # From there to where it would be mirrored at the Nyquist frequency.
        width = 2 * (1 - clean_below_hz / (to_hz / 2))
        if width > _TAPS_TIMES_WIDTH / _SHARP_TAPS:
            return ceil(_TAPS_TIMES_WIDTH / width / 2) * 2, 1.0
    return _SHARP_TAPS, _SHARP_CUTOFF
