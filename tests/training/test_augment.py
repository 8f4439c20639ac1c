"""Random changes of training segments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from genre_model.training.data.augment import (
    RandomCrops,
    augment_segments,
    interpolate_frames,
    mix_segments,
)
from genre_model.training.data.labelled_mel_frames import LabelledMelFrames
from genre_model.training.recipe import AugmentConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

OFF = AugmentConfig(
    time_stretch=0.0,
    time_shift_frames=0,
    mixup_alpha=0.0,
    shift_bands=0,
    gain_std=0.0,
    tilt_std=0.0,
    eq_std=0.0,
    noise_std=0.0,
    floor_probability=0.0,
    time_masks=0,
    time_mask_frames=0,
    band_masks=0,
    band_mask_bands=0,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def segments() -> torch.Tensor:
    return torch.randn(8, 20, 30, generator=generator(1))


def test_everything_off_changes_nothing(segments: torch.Tensor) -> None:
    assert torch.equal(augment_segments(segments, OFF, generator()), segments)


def test_the_generator_decides_everything(segments: torch.Tensor) -> None:
    config = replace(
        OFF, shift_bands=2, eq_std=0.3, noise_std=0.1, time_masks=1, time_mask_frames=9
    )
    first = augment_segments(segments, config, generator(3))
    assert torch.equal(first, augment_segments(segments, config, generator(3)))
    assert not torch.equal(first, augment_segments(segments, config, generator(4)))


def test_a_shift_moves_bands(segments: torch.Tensor) -> None:
    shifted = augment_segments(segments, replace(OFF, shift_bands=2), generator())
    shifts = set()
    for before, after in zip(segments, shifted, strict=True):
        matches = [
            k for k in range(-2, 3) if torch.equal(after[2:-2], before[2 + k : 20 - 2 + k])
        ]
        assert len(matches) == 1
        shifts.update(matches)
    assert len(shifts) > 1


def test_an_equaliser_curve_is_constant_over_time(segments: torch.Tensor) -> None:
    change = augment_segments(segments, replace(OFF, eq_std=0.3), generator()) - segments
    torch.testing.assert_close(
        change, change[:, :, :1].expand_as(change), atol=1e-5, rtol=0
    )
    assert change[:, :, 0].std() > 0.05


def test_a_time_shift_rolls_the_frames(segments: torch.Tensor) -> None:
    shifted = augment_segments(segments, replace(OFF, time_shift_frames=4), generator())
    shifts = set()
    for before, after in zip(segments, shifted, strict=True):
        matches = [k for k in range(-4, 5) if torch.equal(after, before.roll(k, dims=1))]
        assert len(matches) == 1
        shifts.update(matches)
    assert len(shifts) > 2


def test_gain_and_tilt_are_a_straight_line_over_the_bands(segments: torch.Tensor) -> None:
    gained = augment_segments(segments, replace(OFF, gain_std=0.5), generator()) - segments
    torch.testing.assert_close(gained, gained[:, :1, :1].expand_as(gained))
    assert gained[:, 0, 0].std() > 0.1
    config = replace(OFF, gain_std=0.5, tilt_std=0.5)
    tilted = augment_segments(segments, config, generator()) - segments
    bend = tilted[:, 2:] - 2 * tilted[:, 1:-1] + tilted[:, :-2]
    torch.testing.assert_close(bend, torch.zeros_like(bend), atol=1e-5, rtol=0)
    assert (tilted[:, -1, 0] - tilted[:, 0, 0]).std() > 0.3


def test_what_is_off_draws_nothing(segments: torch.Tensor) -> None:
    config = replace(OFF, eq_std=0.3, noise_std=0.1)
    first, second = generator(5), generator(5)
    augment_segments(segments, config, first)
    augment_segments(segments, replace(config, time_shift_frames=3), second)
    assert not torch.equal(first.get_state(), second.get_state())
    third = generator(5)
    augment_segments(segments, replace(config, gain_std=0.0, tilt_std=0.0), third)
    assert torch.equal(first.get_state(), third.get_state())


@pytest.mark.parametrize(("field", "axis"), [("time", 2), ("band", 1)])
def test_masks_are_stripes_of_the_mean(
    segments: torch.Tensor, field: str, axis: int
) -> None:
    width = {"time": "time_mask_frames", "band": "band_mask_bands"}[field]
    config = replace(OFF, **{f"{field}_masks": 1, width: 5})
    masked = augment_segments(segments, config, generator()) == 0
    stripes = masked.all(dim=3 - axis).sum(dim=1)
    assert torch.equal(stripes * segments.shape[3 - axis], masked.sum(dim=(1, 2)))
    assert 0 < int(stripes.max()) <= 5


def test_a_raised_floor_only_lifts_the_quiet(segments: torch.Tensor) -> None:
    lifted = augment_segments(segments, replace(OFF, floor_probability=1.0), generator())
    assert (lifted >= segments).all()
    assert lifted.amin() >= -3
    assert torch.equal(lifted[segments > -1.5], segments[segments > -1.5])


def test_mixup_blends_segments_and_targets_alike() -> None:
    n = 2000
    targets = torch.eye(2).repeat(n // 2, 1)
    segments = targets[:, :1, None].expand(n, 3, 4)
    mixed, mixed_targets = mix_segments(segments, targets, 0.4, generator())
    torch.testing.assert_close(mixed[:, 0, 0], mixed_targets[:, 0])
    torch.testing.assert_close(mixed_targets.sum(dim=1), torch.ones(n))
    share = mixed_targets[:, 0]
    blended = (share > 0.01) & (share < 0.99)
    assert 0.2 < blended.float().mean() < 0.6, "half meet their own kind; Beta is U-shaped"


def test_no_mixup_changes_nothing(segments: torch.Tensor) -> None:
    targets = torch.eye(8)
    mixed, mixed_targets = mix_segments(segments, targets, 0.0, generator())
    assert torch.equal(mixed, segments)
    assert torch.equal(mixed_targets, targets)


def labelled(n_tracks: int, n_frames: int) -> LabelledMelFrames:
    rng = np.random.default_rng(0)
    return LabelledMelFrames(
        tuple(f"blues.{i:05d}" for i in range(n_tracks)),
        np.arange(n_tracks) % 10,
        tuple(rng.normal(i, 3, (4, n_frames)).astype(np.float32) for i in range(n_tracks)),
    )


def test_every_track_comes_equally_often() -> None:
    crops = RandomCrops(labelled(7, 50), 20, time_stretch=0.0)
    batches = list(crops.batches(5, 7, np.random.default_rng(0)))
    labels = np.concatenate([labels for _, labels in batches])
    assert np.bincount(labels).tolist() == [5] * 7
    assert batches[0][0].shape == (7, 4, 20)


def test_the_order_without_balance_is_the_one_that_trained_the_bundled_model() -> None:
    crops = RandomCrops(labelled(7, 50), 20, time_stretch=0.1, genre_balance=0)
    batches = crops.batches(4, 5, np.random.default_rng(3))
    labels = np.concatenate([labels for _, labels in batches])
    rng = np.random.default_rng(3)
    passes = np.concatenate([rng.permutation(7) for _ in range(3)])
    assert labels.tolist() == passes[:20].tolist()


@pytest.mark.parametrize(
    ("genre_balance", "shares"),
    [
        (0, [16 / 21, 4 / 21, 1 / 21]),
        (0.5, [4 / 7, 2 / 7, 1 / 7]),
        (1, [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_balance_decides_how_often_a_genre_comes(
    genre_balance: float, shares: list[float]
) -> None:
    # Genre 1 has no track at all.
    genres = np.repeat([0, 2, 3], [16, 4, 1])
    tracks = replace(labelled(21, 20), labels=genres)
    crops = RandomCrops(tracks, 20, time_stretch=0.0, genre_balance=genre_balance)
    batches = crops.batches(100, 42, np.random.default_rng(0))
    labels = np.concatenate([labels for _, labels in batches])
    counts = np.bincount(labels, minlength=4)
    # Four standard deviations of 4200 draws.
    assert (counts[[0, 2, 3]] / 4200).tolist() == pytest.approx(shares, abs=0.03)
    assert counts[1] == 0


def standardised(track: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a track mean 0 and standard deviation 1 over all its values."""
    centred = track - track.mean()
    values: NDArray[np.float32] = centred / float(centred.std())
    return values


def test_balance_shows_each_track_of_a_genre_equally_often() -> None:
    tracks = replace(labelled(8, 20), labels=np.repeat([0, 1], [6, 2]))
    crops = RandomCrops(tracks, 20, time_stretch=0.0, genre_balance=1)
    first_values = [standardised(mel_frames)[0, 0] for mel_frames in tracks.mel_frames]
    ((values, _),) = crops.batches(1, 6000, np.random.default_rng(0))
    shares = [(values[:, 0, 0] == first).mean() for first in first_values]
    assert shares == pytest.approx([1 / 12] * 6 + [1 / 4] * 2, abs=0.025)


def test_crops_are_pieces_of_their_standardised_track() -> None:
    tracks = labelled(1, 50)
    crops = RandomCrops(tracks, 20, time_stretch=0.0)
    ((values, _),) = crops.batches(1, 6, np.random.default_rng(0))
    whole = standardised(tracks.mel_frames[0])
    assert whole.mean() == pytest.approx(0, abs=1e-6)
    starts = [
        next(s for s in range(31) if np.array_equal(whole[:, s : s + 20], crop))
        for crop in values
    ]
    assert len(set(starts)) > 1


def test_stretched_crops_run_at_another_speed() -> None:
    ramp = np.tile(np.arange(200, dtype=np.float32), (4, 1))
    tracks = LabelledMelFrames(("blues.00000",), np.array([0]), (ramp,))
    crops = RandomCrops(tracks, 50, time_stretch=0.1)
    ((values, _),) = crops.batches(1, 200, np.random.default_rng(0))
    speeds = np.diff(values[:, 0], axis=1).mean(axis=1) * ramp.std()
    assert np.isclose(speeds, 1, atol=1e-4).mean() == pytest.approx(0.5, abs=0.15)
    assert 0.9 - 1e-3 <= speeds.min() < 0.93
    assert 1.07 < speeds.max() <= 1.1 + 1e-3


def test_stretched_crops_are_read_out_of_the_whole_standardised_track() -> None:
    tracks = labelled(1, 60)
    crops = RandomCrops(tracks, 50, time_stretch=0.5)
    ((values, _),) = crops.batches(1, 40, np.random.default_rng(6))
    whole = standardised(tracks.mel_frames[0])
    rng = np.random.default_rng(6)
    for _ in range(40):
        rng.permutation(1)
    for crop in values:
        if rng.random() < 0.5:
            first = rng.integers(11)
            assert np.array_equal(crop, whole[:, first : first + 50])
            continue
        length = min(49 * (1 + 0.5 * rng.uniform(-1, 1)), 59)
        start = rng.uniform(0, 59 - length)
        places = np.linspace(start, start + length, 50)
        assert np.array_equal(crop, interpolate_frames(whole, places))


def test_short_tracks_are_repeated() -> None:
    crops = RandomCrops(labelled(2, 9), 20, time_stretch=0.1)
    ((values, _),) = crops.batches(1, 4, np.random.default_rng(0))
    assert values.shape == (4, 4, 20)
