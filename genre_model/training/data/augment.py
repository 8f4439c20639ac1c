"""Randomly changed copies of training segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from genre_model.training.recipe import AugmentConfig

#: Knots of the random equaliser curve: about one per 1.5 octaves.
EQ_KNOTS = 6
#: Random floors lie between these quantities of standard deviations.
FLOOR_RANGE = (-3.0, -1.5)


def augment_segments(
    segments: Tensor, config: AugmentConfig, generator: Generator
) -> Tensor:
    """Change each standardised segment [shape=(n, n_mels, n_frames)] at random."""
    segments = _shift_time(segments, config.time_shift_frames, generator)
    segments = _shift_bands(segments, config.shift_bands, generator)
    segments = _tilt(segments, config, generator)
    segments = segments + _eq_curves(segments, config.eq_std, generator)
    segments = segments + config.noise_std * torch.randn(
        segments.shape, generator=generator
    )
    segments = _raise_floor(segments, config.floor_probability, generator)
    for _ in range(config.time_masks):
        segments = _mask(segments, 2, config.time_mask_frames, generator)
    for _ in range(config.band_masks):
        segments = _mask(segments, 1, config.band_mask_bands, generator)
    return segments


def mix_segments(
    segments: Tensor, targets: Tensor, alpha: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Blend each segment with another of the batch: mixup, Zhang et al. (2018).

    Args:
        segments: [shape=(n, n_mels, n_frames)].
        targets: probabilities [shape=(n, n_genres)].
        alpha: of the Beta distribution; 0 changes nothing.
        generator: source of all randomness.
    """
    if alpha == 0:
        return segments, targets
    n = len(segments)
    share = beta_shares(n, alpha, generator)
    other = torch.randperm(n, generator=generator)
    wide = share[:, None, None]
    mixed = wide * segments + (1 - wide) * segments[other]
    tall = share[:, None]
    return mixed, tall * targets + (1 - tall) * targets[other]


def beta_shares(n: int, alpha: float, generator: Generator) -> Tensor:
    """Draw from Beta(alpha, alpha) by Joehnk's method [shape=(n,)]; 1 if alpha is 0."""
    if alpha == 0:
        return torch.ones(n)
    drawn = torch.empty(0)
    while len(drawn) < n:
        x = torch.rand(4 * n, generator=generator) ** (1 / alpha)
        y = torch.rand(4 * n, generator=generator) ** (1 / alpha)
        accepted = (x + y <= 1) & (x + y > 0)
        drawn = torch.cat([drawn, (x / (x + y))[accepted]])
    return drawn[:n]


def _shift_time(segments: Tensor, most: int, generator: Generator) -> Tensor:
    """Nothing is drawn where nothing is shifted: other changes must not move by it."""
    if most == 0:
        return segments
    n, n_mels, n_frames = segments.shape
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator)
    frames = (torch.arange(n_frames) + shift) % n_frames
    return segments.gather(2, frames[:, None, :].expand(-1, n_mels, -1))


def _tilt(segments: Tensor, config: AugmentConfig, generator: Generator) -> Tensor:
    """Add a gain, and a straight line over the bands from minus to plus a tilt."""
    if config.gain_std == config.tilt_std == 0:
        return segments
    drawn = torch.randn(2, len(segments), 1, 1, generator=generator)
    slope = torch.linspace(-1, 1, segments.shape[1])[:, None]
    return segments + config.gain_std * drawn[0] + config.tilt_std * drawn[1] * slope


def _shift_bands(segments: Tensor, most: int, generator: Generator) -> Tensor:
    n, n_mels, n_frames = segments.shape
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator)
    bands = (torch.arange(n_mels) + shift).clamp(0, n_mels - 1)
    return segments.gather(1, bands[:, :, None].expand(-1, -1, n_frames))


def _eq_curves(segments: Tensor, std: float, generator: Generator) -> Tensor:
    knots = std * torch.randn(len(segments), 1, EQ_KNOTS, generator=generator)
    curves = functional.interpolate(
        knots, size=segments.shape[1], mode="linear", align_corners=True
    )
    return curves.transpose(1, 2)


def _raise_floor(segments: Tensor, probability: float, generator: Generator) -> Tensor:
    """Lossy codecs and 16-bit noise differ in how deep quiet values go."""
    low, high = FLOOR_RANGE
    n = len(segments)
    floor = low + (high - low) * torch.rand(n, 1, 1, generator=generator)
    off = torch.rand(n, 1, 1, generator=generator) >= probability
    return segments.maximum(floor.masked_fill(off, -torch.inf))


def _mask(segments: Tensor, axis: int, widest: int, generator: Generator) -> Tensor:
    n, size = len(segments), segments.shape[axis]
    width = torch.randint(0, widest + 1, (n, 1), generator=generator)
    start = (torch.rand(n, 1, generator=generator) * (size - width + 1)).long()
    place = torch.arange(size)
    masked = (place >= start) & (place < start + width)
    return segments.masked_fill(masked.unsqueeze(2 if axis == 1 else 1), 0.0)
