"""The network: shapes, gradients, what it is blind to."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from genre_model.training.networks import build_network
from genre_model.training.networks.residual_crnn import ResidualCrnn
from genre_model.training.networks.segment_input import standardise

SHAPE = (84, 112)


@pytest.fixture
def network() -> ResidualCrnn:
    torch.manual_seed(0)
    return ResidualCrnn(SHAPE, 10).eval()


def segments(n: int = 3) -> torch.Tensor:
    return torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(1)) * 12 - 40


def test_shapes_and_size(network: ResidualCrnn) -> None:
    logits, embedding = network(segments())
    assert logits.shape == (3, 10)
    assert embedding.shape == (3, 192)
    assert sum(p.numel() for p in network.parameters()) == 702_554
    torch.testing.assert_close(network.head(embedding), logits)


def test_it_returns_logits(network: ResidualCrnn) -> None:
    logits, _ = network(segments())
    assert (logits < 0).any()
    assert not torch.allclose(logits.sum(dim=1), torch.ones(3), atol=0.05)


def test_gain_and_picture_scale_do_not_matter(network: ResidualCrnn) -> None:
    decibels = segments()
    grey = (decibels + 100) / 120 * 255
    torch.testing.assert_close(network(grey)[0], network(decibels)[0], atol=1e-4, rtol=0)


def test_a_flat_segment_is_no_division_by_zero(network: ResidualCrnn) -> None:
    logits, _ = network(torch.full((1, *SHAPE), -100.0))
    assert torch.isfinite(logits).all()


def test_standardised_segments_have_mean_0_and_spread_1() -> None:
    standard = standardise(segments())
    torch.testing.assert_close(standard.mean(dim=(1, 2)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        standard.std(dim=(1, 2), correction=0), torch.ones(3), atol=1e-5, rtol=0
    )


def test_segments_do_not_see_each_other(network: ResidualCrnn) -> None:
    together = network(segments())[0]
    alone = torch.cat([network(one.unsqueeze(0))[0] for one in segments()])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_every_parameter_learns(network: ResidualCrnn) -> None:
    network.train()
    logits, _ = network(segments(8))
    functional.cross_entropy(logits, torch.arange(8)).backward()  # type: ignore[no-untyped-call]
    without = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert without == []


@pytest.mark.parametrize(
    "options", [{"channels": [8, 8]}, {"gru_units": 16}, {"channels": [8, 16, 32, 64, 128]}]
)
def test_every_option_changes_the_size(options: dict[str, object]) -> None:
    default = sum(
        p.numel() for p in build_network("residual_crnn", SHAPE, 10, {}).parameters()
    )
    changed = build_network("residual_crnn", SHAPE, 10, options)
    assert sum(p.numel() for p in changed.parameters()) != default
    assert changed(segments())[0].shape == (3, 10)
