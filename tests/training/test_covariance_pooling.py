"""What covariances of MFCC tell, and what they do not."""

from __future__ import annotations

from typing import Any

import torch

from genre_model.training.networks import build_network
from genre_model.training.networks.covariance_pooling import (
    CovariancePooling,
    CovarianceSettings,
    fourth_root,
    square_root,
)

SHAPE = (20, 40)


def positive(n: int, size: int, ridge: float) -> torch.Tensor:
    values = torch.randn(n, size, 3 * size, generator=torch.Generator().manual_seed(0))
    return values @ values.transpose(1, 2) / (3 * size) + ridge * torch.eye(size)


def pooling(**options: Any) -> CovariancePooling:
    torch.manual_seed(0)
    settings = CovarianceSettings(coefficients=6, hidden=8, **options)
    return CovariancePooling(SHAPE, settings).eval()


def segments(seed: int = 0) -> torch.Tensor:
    return torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(seed))


def test_roots_are_those_of_the_eigenvalues() -> None:
    matrices = positive(3, 6, 0.5)
    values, vectors = torch.linalg.eigh(matrices)
    for root, power in ((square_root, 0.5), (fourth_root, 0.25)):
        expected = vectors @ torch.diag_embed(values**power) @ vectors.transpose(1, 2)
        torch.testing.assert_close(root(matrices, 12), expected, rtol=1e-3, atol=1e-3)


def test_few_iterations_keep_the_order_of_eigenvalues() -> None:
    values = torch.tensor([[20.0, 3.0, 0.3, 0.1]])
    roots = fourth_root(torch.diag_embed(values), CovarianceSettings().root_iterations)
    diagonal = roots[0].diagonal()
    assert torch.equal(diagonal.sort(descending=True).values, diagonal)
    assert diagonal.min() > 0


def test_an_equaliser_changes_nothing() -> None:
    curve = torch.linspace(-2, 2, SHAPE[0])[:, None]
    pool = pooling()
    torch.testing.assert_close(
        pool(segments() + curve), pool(segments()), rtol=1e-3, atol=1e-4
    )
    assert not torch.allclose(pool(2 * segments()), pool(segments()), rtol=0.05)


def test_delays_hear_the_order_of_frames() -> None:
    walk = segments().cumsum(dim=2)
    shuffled = walk[:, :, torch.randperm(40, generator=torch.Generator().manual_seed(1))]
    without = pooling(delays=())
    torch.testing.assert_close(without(walk), without(shuffled), rtol=1e-3, atol=1e-4)
    assert not torch.allclose(pooling()(walk), pooling()(shuffled), rtol=0.05)


def test_all_covariances_or_a_layer_of_them() -> None:
    assert pooling().n_out == 8
    settings = CovarianceSettings(coefficients=6, hidden=0)
    plain = CovariancePooling(SHAPE, settings).eval()
    assert plain(segments()).shape == (4, plain.n_out) == (4, 12 * 13 // 2)


def test_silence_has_finite_gradients() -> None:
    network = build_network("mfcc_covariance", SHAPE, 3, {"coefficients": 6})
    logits, _ = network(torch.zeros(2, *SHAPE))
    logits.sum().backward()
    gradients = [one.grad for one in network.parameters()]
    assert all(one is not None and one.isfinite().all() for one in gradients)
