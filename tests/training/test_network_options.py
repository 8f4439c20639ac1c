"""What the options of networks change, the papers' bugs among them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy.fft import dct
from torch import nn
from torch.nn import functional

from genre_model.training.networks import build_network, count_parameters
from genre_model.training.networks.segment_input import (
    Cepstrum,
    InputSettings,
    SegmentInput,
)

SHAPE = (20, 96)


def segments(n: int = 8) -> torch.Tensor:
    return torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(1)) * 12 - 40


def crnn(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    small: dict[str, Any] = {"units": [6, 5, 4]}
    if name != "resnet_crnn":
        small |= {"filters": [4], "pools": [[2, 4]]}
    return build_network(name, SHAPE, 4, small | options)


def steps_of(network: nn.Module) -> tuple[int, ...]:
    """Return the shape of what the first recurrent layer reads."""
    seen: list[torch.Tensor] = []
    layers = [m for m in network.modules() if isinstance(m, (nn.GRU, nn.LSTM))]
    layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.eval()(segments())
    return tuple(seen[0].shape)


def learning(network: nn.Module) -> set[str]:
    logits, _ = network.train()(segments())
    functional.cross_entropy(logits, torch.arange(8) % 4).backward()  # type: ignore[no-untyped-call]
    return {
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }


@pytest.mark.parametrize(
    ("name", "options", "steps"),
    [
        ("elu_crnn", {}, (8, 24, 4 * 10)),
        ("cnn_bigru", {}, (8, (96 - 4) // 4, 4 * ((20 - 4) // 2))),
        ("resnet_crnn", {}, (8, 3, 512)),
        # The bug of paper 003: steps are frequency; that of paper 002: there is one step.
        (
            "cnn_bigru",
            {"recur_over": "frequency"},
            (8, (20 - 4) // 2, 4 * ((96 - 4) // 4)),
        ),
        ("resnet_crnn", {"average_pool": True}, (8, 1, 512)),
    ],
)
def test_the_steps_are_time(
    name: str, options: dict[str, Any], steps: tuple[int, ...]
) -> None:
    assert steps_of(crnn(name, **options)) == steps


@pytest.mark.parametrize("name", ["elu_crnn", "resnet_crnn"])
def test_bug_of_paper_002_upper_layers_learn_nothing(name: str) -> None:
    network = crnn(name, gru_output="first_layer_state")
    every = {parameter for parameter, _ in network.named_parameters()}
    upper = {p for p in every if ".layers.1." in p or ".layers.2." in p}
    assert len(upper) == 8
    assert every - learning(network) == upper


@pytest.mark.parametrize("name", ["elu_crnn", "resnet_crnn"])
def test_bug_of_paper_002_softmax_twice(name: str) -> None:
    right, wrong = crnn(name).eval(), crnn(name, softmax_output=True).eval()
    torch.testing.assert_close(wrong(segments())[0], right(segments())[0].softmax(dim=1))
    certain = functional.one_hot(torch.tensor([0]), 10).float()
    floor = functional.cross_entropy(certain, torch.tensor([0]))
    assert floor.item() == pytest.approx(1.4612, abs=1e-4)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_last_state_is_of_each_direction(cell: str, bidirectional: bool) -> None:
    network = crnn("cnn_bigru", cell=cell, bidirectional=bidirectional, units=[3])
    outputs: list[torch.Tensor] = []
    (layer,) = [m for m in network.modules() if isinstance(m, (nn.GRU, nn.LSTM))]
    layer.register_forward_hook(lambda _, __, output: outputs.append(output[0]))
    _, embedding = network.eval()(segments())
    (steps,) = outputs
    last = torch.cat([steps[:, -1, :3], steps[:, 0, 3:]], dim=1)
    torch.testing.assert_close(embedding, last)


def test_the_mean_is_over_all_steps() -> None:
    last, mean = crnn("elu_crnn").eval(), crnn("elu_crnn", gru_output="mean").eval()
    assert last(segments())[1].shape == mean(segments())[1].shape
    flipped = segments().flip(2)
    assert not torch.allclose(last(segments())[1], mean(segments())[1], atol=1e-3)
    assert not torch.allclose(mean(flipped)[1], mean(segments())[1], atol=1e-3)


def test_frozen_parts_do_not_learn_but_their_statistics_move() -> None:
    frozen = ["conv1", "bn1", "layer1", "layer2"]
    network = crnn("resnet_crnn", frozen=frozen, units=[6])
    statistics = network.get_buffer("encoder.1.bn1.running_mean").clone()
    still = {name for name, _ in network.named_parameters()} - learning(network)
    assert {name.split(".")[2] for name in still} == set(frozen)
    # conv1 9408, bn1 128, layer1 147,968, layer2 525,568 of torchvision's ResNet-18.
    n_frozen = count_parameters(network) - count_parameters(network, trainable_only=True)
    assert n_frozen == 9_408 + 128 + 147_968 + 525_568
    assert not torch.equal(network.get_buffer("encoder.1.bn1.running_mean"), statistics)


@pytest.mark.parametrize(
    "options",
    [
        {"filters": [8]},
        {"kernel_size": 5},
        {"pools": [[2, 2]], "units": [7, 5, 4]},
        {"padding": "valid"},
        {"batch_norm": False},
        {"units": [6, 5]},
        {"cell": "lstm"},
        {"bidirectional": True},
        {"n_channels": 1},
        {"channel_norm": False},
        {"n_mfcc": 13},
        {"resize": [32, 32]},
        {"recur_over": "frequency"},
    ],
)
def test_options_of_the_layout_change_the_size(options: dict[str, Any]) -> None:
    changed = crnn("elu_crnn", **options)
    assert count_parameters(changed) != count_parameters(crnn("elu_crnn"))
    assert changed.eval()(segments())[0].shape == (8, 4)


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.5},
        {"conv_dropout": 0.0},
        {"conv_dropout": [0.3]},
        {"channel_dropout": False},
        {"rnn_dropout": 0.0},
        {"activation": "relu"},
        {"gru_output": "mean"},
        {"band_norm": True},
    ],
)
def test_options_without_weights_change_the_training(options: dict[str, Any]) -> None:
    def logits(network: nn.Module) -> torch.Tensor:
        torch.manual_seed(0)
        values: torch.Tensor = network.train()(segments())[0]
        return values

    changed = logits(crnn("elu_crnn", **options))
    assert not torch.allclose(changed, logits(crnn("elu_crnn")), atol=1e-4)


def test_mfcc_are_a_discrete_cosine_transform() -> None:
    expected = dct(segments().numpy(), type=2, norm="ortho", axis=1)
    ours = Cepstrum(20, 20)(segments()).numpy()
    assert ours == pytest.approx(expected, abs=1e-3)
    assert Cepstrum(20, 13)(segments()).numpy() == pytest.approx(ours[:, :13], abs=1e-3)


@pytest.mark.parametrize("n_mfcc", [0, 13])
def test_band_statistics_are_those_of_the_training_data(n_mfcc: int) -> None:
    prepare = SegmentInput(SHAPE, InputSettings(band_norm=True, n_mfcc=n_mfcc))
    slopes = torch.linspace(0, 30, SHAPE[0])[:, None]
    batches = [segments() - slopes, 2 * segments() + 10, segments() + slopes]
    for batch in batches:
        prepare(batch)
    frames = torch.cat(batches).transpose(0, 1).flatten(1)
    if n_mfcc:
        frames = Cepstrum(SHAPE[0], n_mfcc)(frames.unsqueeze(0)).squeeze(0)
    mean = prepare.get_buffer("band_norm.running_mean")
    torch.testing.assert_close(mean, frames.mean(dim=1), atol=1e-2, rtol=1e-3)
    prepare.eval()
    silence = prepare(torch.zeros(1, *SHAPE))
    spread = prepare.get_buffer("band_norm.running_var").sqrt()
    torch.testing.assert_close(
        silence[0, 1:, 0], -(mean / spread)[1:], atol=1e-3, rtol=1e-3
    )


def test_segments_are_stretched_to_a_papers_picture() -> None:
    prepare = SegmentInput(SHAPE, InputSettings(resize=(288, 432)))
    ramp = torch.linspace(-80, 0, SHAPE[1]).expand(2, *SHAPE)
    picture = prepare(ramp)
    assert prepare.shape == picture.shape[1:] == (288, 432)
    assert (picture.diff(dim=2) >= 0).all()
    torch.testing.assert_close(picture[:, 0], picture[:, -1])


def test_three_channels_are_the_segment_three_times() -> None:
    network = crnn("elu_crnn", channel_norm=False)
    seen: list[torch.Tensor] = []
    convolution = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
    convolution.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.eval()(segments())
    assert seen[0].shape == (8, 3, *SHAPE)
    torch.testing.assert_close(seen[0][:, 0], seen[0][:, 2])


def test_the_two_branches_see_picture_and_features() -> None:
    options = {"n_features": 15, "filters": [4], "picture_filters": [4]}
    network = build_network("table_picture_cnn", (20, 21), 4, options).eval()
    values = torch.rand(2, 20, 21, generator=torch.Generator().manual_seed(1))

    @torch.no_grad()
    def change(rows: slice, columns: slice) -> float:
        changed = values.clone()
        changed[:, rows, columns] += 1
        difference = network(changed)[0] - network(values)[0]
        return float(difference.abs().max())

    assert change(slice(0, 20), slice(0, 20)) > 1e-3
    assert change(slice(0, 15), slice(20, 21)) > 1e-3
    assert change(slice(15, 20), slice(20, 21)) == 0
