"""Mono samples at the rate of a file to mono samples at another (libswresample)."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import av
import av.filter
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    #: Sample rate in hertz, and mono float32 samples [shape=(n_samples,)].
    Block = tuple[int, NDArray[np.float32]]

#: What comes out depends on nothing that went in longer before, or after.
SETTLE_SECONDS = 0.05

# Spelled out because the defaults (32 taps) let a tone 4 % above the Nyquist frequency
# through at -20 dB. A filter of so many taps passes 0.9 of the band within 0.1 dB and
# keeps what lies beyond 1.03 times Nyquist below -100 dB.
_SHARP_TAPS, _SHARP_CUTOFF = 128, 0.97
# Of Kaiser's window (beta 10): taps times the width of the transition, in Nyquist's.
_TAPS_TIMES_WIDTH = 17
_SWRESAMPLE_OPTIONS = (
    "resampler=swr:filter_type=kaiser:kaiser_beta=10"
    ":phase_shift=10:exact_rational=1:linear_interp=0:dither_method=none"
)


def resampled(
    blocks: Iterable[Block], to_hz: int, clean_below_hz: float | None = None
) -> Iterator[NDArray[np.float32]]:
    """Resample consecutive blocks, starting anew where their rate changes.

    Started where samples of both rates coincide, it computes what it computes when
    started there any number of cycles earlier, once settled.

    Args:
        blocks: rates and samples; what is at ``to_hz`` already passes unchanged.
        to_hz: sample rate of the result.
        clean_below_hz: what lies higher may fade or fold back: the lower it is, the
            less there is to compute. None keeps 0.9 of the band.

    Yields:
        Consecutive samples [shape=(n_samples,)].
    """
    resampler = None
    for from_hz, samples in blocks:
        if resampler is None or resampler.from_hz != from_hz:
            if resampler is not None:
                yield from resampler.flush()
            resampler = _Resampler(from_hz, to_hz, clean_below_hz)
        yield from resampler.feed(samples)
    if resampler is not None:
        yield from resampler.flush()


class _Resampler:
    """Takes mono float32 at one rate, returns it at another; equal rates pass as is."""

    def __init__(self, from_hz: int, to_hz: int, clean_below_hz: float | None) -> None:
        self.from_hz = from_hz
        self._n_fed = 0
        filter_options = _filter_options(from_hz, to_hz, clean_below_hz)
        self._graph = (
            None if from_hz == to_hz else _resampling_graph(from_hz, to_hz, filter_options)
        )

    def feed(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Take a block and give what is ready."""
        if self._graph is None:
            yield samples
            return
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "flt", "mono")
        frame.sample_rate = self.from_hz
        frame.time_base = Fraction(1, self.from_hz)
        frame.pts = self._n_fed
        self._n_fed += len(samples)
        self._graph.push(frame)
        yield from _pulled(self._graph)

    def flush(self) -> Iterator[NDArray[np.float32]]:
        """Give the rest; nothing can be fed afterwards."""
        if self._graph is not None:
            self._graph.push(None)
            yield from _pulled(self._graph)


def _filter_options(from_hz: int, to_hz: int, clean_below_hz: float | None) -> str:
    """Choose the shortest filter that folds nothing below the given frequency."""
    taps, cutoff = _SHARP_TAPS, _SHARP_CUTOFF
    if clean_below_hz is not None and from_hz > to_hz:
        # From there to where it would be mirrored at the Nyquist frequency.
        width = 2 * (1 - clean_below_hz / (to_hz / 2))
        if width > _TAPS_TIMES_WIDTH / _SHARP_TAPS:
            taps, cutoff = ceil(_TAPS_TIMES_WIDTH / width / 2) * 2, 1.0
    return f"filter_size={taps}:cutoff={cutoff}"


def _resampling_graph(from_hz: int, to_hz: int, filter_options: str) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add(
        "abuffer",
        f"sample_rate={from_hz}:sample_fmt=flt:channel_layout=mono:time_base=1/{from_hz}",
    )
    options = f"sample_rate={to_hz}:{_SWRESAMPLE_OPTIONS}:{filter_options}"
    resample = graph.add("aresample", options)
    sink = graph.add("abuffersink")
    source.link_to(resample)
    resample.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: av.filter.Graph) -> Iterator[NDArray[np.float32]]:
    with suppress(BlockingIOError, EOFError):
        while True:
            yield graph.pull().to_ndarray()[0]
