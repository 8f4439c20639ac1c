"""Mono samples at the rate of a file to mono samples at another (libswresample)."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import av
import av.filter
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    #: Sample rate in hertz, and mono float32 samples [shape=(n_samples,)].
    Block = tuple[int, NDArray[np.float32]]

#: What comes out depends on nothing that went in longer before.
SETTLE_SECONDS = 0.1

_JOINED_SAMPLES = 1 << 13
# Spelled out because the defaults (32 taps) let a tone 4 % above the Nyquist frequency
# through at -20 dB. These pass 0.9 of the band within 0.1 dB and keep what lies beyond
# 1.03 times Nyquist below -100 dB, for 0.03 s per minute of audio.
_SWRESAMPLE_OPTIONS = (
    "resampler=swr:filter_type=kaiser:kaiser_beta=10:filter_size=128:cutoff=0.97"
    ":phase_shift=10:exact_rational=1:linear_interp=0:dither_method=none"
)


def resampled(blocks: Iterable[Block], to_hz: int) -> Iterator[NDArray[np.float32]]:
    """Resample consecutive blocks, starting anew where their rate changes.

    Started where samples of both rates coincide, it computes what it computes when
    started there any number of cycles earlier, once settled.

    Args:
        blocks: rates and samples; what is at ``to_hz`` already passes unchanged.
        to_hz: sample rate of the result.

    Yields:
        Consecutive samples [shape=(n_samples,)].
    """
    resampler = None
    for from_hz, samples in _joined(blocks):
        if resampler is None or resampler.from_hz != from_hz:
            if resampler is not None:
                yield resampler.flush()
            resampler = _Resampler(from_hz, to_hz)
        yield resampler.feed(samples)
    if resampler is not None:
        yield resampler.flush()


def _joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join small blocks of one rate: calls cost more than resampling does."""
    for sample_rate_hz, group in groupby(blocks, key=itemgetter(0)):
        pieces: list[NDArray[np.float32]] = []
        for _, samples in group:
            pieces.append(samples)
            if sum(map(len, pieces)) >= _JOINED_SAMPLES:
                yield sample_rate_hz, np.concatenate(pieces)
                pieces.clear()
        if pieces:
            yield sample_rate_hz, np.concatenate(pieces)


class _Resampler:
    """Takes mono float32 at one rate, returns it at another; equal rates pass as is."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.from_hz = from_hz
        self._n_fed = 0
        self._graph = None if from_hz == to_hz else _resampling_graph(from_hz, to_hz)

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a block and return what is ready."""
        if self._graph is None:
            return samples
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], "flt", "mono")
        frame.sample_rate = self.from_hz
        frame.time_base = Fraction(1, self.from_hz)
        frame.pts = self._n_fed
        self._n_fed += len(samples)
        self._graph.push(frame)
        return _pulled(self._graph)

    def flush(self) -> NDArray[np.float32]:
        """Return the rest; nothing can be fed afterwards."""
        if self._graph is None:
            return np.zeros(0, np.float32)
        self._graph.push(None)
        return _pulled(self._graph)


def _resampling_graph(from_hz: int, to_hz: int) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add(
        "abuffer",
        f"sample_rate={from_hz}:sample_fmt=flt:channel_layout=mono:time_base=1/{from_hz}",
    )
    resample = graph.add("aresample", f"sample_rate={to_hz}:{_SWRESAMPLE_OPTIONS}")
    sink = graph.add("abuffersink")
    source.link_to(resample)
    resample.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: av.filter.Graph) -> NDArray[np.float32]:
    pieces = [np.zeros(0, np.float32)]
    with suppress(BlockingIOError, EOFError):
        while True:
            pieces.append(graph.pull().to_ndarray()[0])
    return np.concatenate(pieces)
