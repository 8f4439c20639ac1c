"""Every network of the papers: sizes, shapes, gradients, precision, model files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from genre_model.errors import RecipeError
from genre_model.features.config import FrontEnd, MelConfig, SegmentConfig, WaveformConfig
from genre_model.model.card import Card
from genre_model.training.export import export_model
from genre_model.training.networks import NETWORKS, build_network, count_parameters
from genre_model.training.networks.segment_input import standardise

if TYPE_CHECKING:
    from pathlib import Path

N_GENRES = 4

#: Of each network one that is quick: its shape, its options. The exporter's time grows
#: with the steps of recurrent layers.
SMALL: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {
    "cnn_bigru": ((20, 14), {"filters": [4, 6], "kernel_size": 3, "units": [5]}),
    "elu_crnn": ((16, 12), {"filters": [4, 6], "pools": [[2, 2], [4, 2]], "units": [5, 5]}),
    "five_block_cnn": (
        (20, 24),
        {"filters": [4, 4, 4, 4, 6], "padding": "same", "pools": 2, "resize": [32, 32]},
    ),
    "frame_cnn": ((16, 40), {"filters": [6, 6, 6], "batch_norm": True}),
    "mfcc_lstm": ((20, 3), {"units": [6, 6], "band_norm": True}),
    "residual_crnn": ((16, 24), {"channels": [4, 6], "gru_units": 5}),
    "resnet_crnn": ((20, 40), {"units": [6]}),
    "strided_crnn": ((16, 32), {"channels": [4, 6, 8], "gru_units": 5}),
    "table_cnn": ((20, 1), {"filters": [4, 6], "dense": 7}),
    "table_picture_cnn": (
        (20, 21),
        {"n_features": 15, "filters": [4, 6], "picture_filters": [4], "picture_dense": 5},
    ),
    "two_block_cnn": ((20, 24), {"filters": [4, 6], "dense": 7}),
}
#: What standardises its segments itself, each for itself.
BLIND_TO_GAIN = sorted(set(SMALL) - {"mfcc_lstm", "table_cnn", "table_picture_cnn"})


def small(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    shape, others = SMALL[name]
    return build_network(name, shape, N_GENRES, others | options)


def segments(name: str, n: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, *SMALL[name][0], generator=generator) * 12 - 40


def without_gradient(network: nn.Module, values: torch.Tensor) -> set[str]:
    """Name the parameters that one step of training would not change."""
    torch.manual_seed(2)
    logits, _ = network.train()(values)
    targets = torch.arange(len(values)) % N_GENRES
    functional.cross_entropy(logits, targets).backward()  # type: ignore[no-untyped-call]
    return {
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    }


def linear_head(network: nn.Module) -> nn.Linear:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]


def test_a_flat_segment_is_no_division_by_zero() -> None:
    flat = torch.full((1, *SMALL["residual_crnn"][0]), -100.0)
    logits, _ = small("residual_crnn").eval()(flat)
    assert torch.isfinite(logits).all()


def test_standardised_segments_have_mean_0_and_spread_1() -> None:
    standard = standardise(segments("residual_crnn"))
    assert standard.mean(dim=(1, 2)).tolist() == pytest.approx([0] * 3, abs=1e-5)
    spread = standard.std(dim=(1, 2), correction=0)
    assert spread.tolist() == pytest.approx([1] * 3, abs=1e-5)


def test_the_small_ones_are_of_all_networks() -> None:
    assert tuple(SMALL) == NETWORKS


@pytest.mark.parametrize(
    ("name", "shape", "options", "n_parameters"),
    [
        # As papers.md computes them from the papers' own numbers.
        ("elu_crnn", (288, 432), {}, 406_224),
        ("residual_crnn", (84, 112), {}, 702_554),
        (
            "elu_crnn",
            (288, 432),
            {
                "filters": [64, 128, 256, 512, 512],
                "pools": [[2, 2], [2, 2], [2, 2], [4, 1], [4, 1]],
            },
            4_021_968,
        ),
        ("resnet_crnn", (288, 432), {"average_pool": True}, 11_241_930),
        ("resnet_crnn", (96, 11), {}, 11_241_930),
        ("five_block_cnn", (128, 128), {}, 2_617_994),
        ("cnn_bigru", (128, 128), {}, 3_456_266),
        # Counted by hand: a layer has n_out * (n_in * kernel + 1), an LSTM
        # 4 * units * (n_in + units + 2).
        ("two_block_cnn", (128, 128), {}, 320 + 18_496 + 128 * (64 * 30 * 30 + 1) + 1_290),
        ("mfcc_lstm", (128, 130), {}, 512 * (13 + 130) + 512 * (128 + 130) + 1_290),
        ("mfcc_lstm", (128, 130), {"n_mfcc": 20}, 512 * (150 + 258) + 1_290),
        (
            "frame_cnn",
            (128, 599),
            {},
            3 * 128 * (128 * 5 + 1) + 10 * (128 * (599 // 4 // 4) + 1),
        ),
        ("table_cnn", (57, 1), {}, 256 + 24_704 + 128 * (128 * 12 + 1) + 1_290),
        ("table_cnn", (51, 1), {}, 256 + 24_704 + 128 * (128 * 11 + 1) + 1_290),
    ],
)
def test_sizes_at_the_shapes_of_the_papers(
    name: str, shape: tuple[int, int], options: dict[str, Any], n_parameters: int
) -> None:
    with torch.device("meta"):
        network = build_network(name, shape, 10, options)
    assert count_parameters(network) == n_parameters


def test_paper_002_left_out_the_gru() -> None:
    network = build_network("elu_crnn", (288, 432), 10, {})
    layers = [layer for layer in network.modules() if isinstance(layer, nn.GRU)]
    assert len(layers) == 2
    left_out = sum(count_parameters(layer) for layer in layers)
    assert count_parameters(network) - left_out == 372_048


@pytest.mark.parametrize("name", SMALL)
def test_logits_are_linear_in_the_embedding(name: str) -> None:
    network = small(name).eval()
    logits, embedding = network(segments(name))
    head = linear_head(network)
    assert logits.shape == (3, N_GENRES)
    assert embedding.shape == (3, head.in_features)
    torch.testing.assert_close(head(embedding), logits)
    assert not torch.allclose(logits.sum(dim=1), torch.ones(3), atol=0.01)


@pytest.mark.parametrize("name", SMALL)
def test_segments_do_not_see_each_other(name: str) -> None:
    network = small(name).eval()
    together = network(segments(name))[0]
    alone = torch.cat([network(one.unsqueeze(0))[0] for one in segments(name)])
    assert together.std(dim=0).max() > 1e-4
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", BLIND_TO_GAIN)
def test_gain_and_picture_scale_do_not_matter(name: str) -> None:
    network = small(name).eval()
    decibels = segments(name)
    grey = (decibels + 100) / 120 * 255
    torch.testing.assert_close(network(grey)[0], network(decibels)[0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", SMALL)
def test_they_learn_in_bfloat16(name: str) -> None:
    network = small(name).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.autocast("cpu", torch.bfloat16):
        assert without_gradient(network, segments(name, 16)) == set()
        logits, _ = network.eval()(segments(name))
    full, _ = network(segments(name))
    torch.testing.assert_close(logits.float(), full, atol=0.1, rtol=0.1)


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"residual_crnn"}))
def test_model_files_compute_what_torch_does(name: str, tmp_path: Path) -> None:
    network = small(name)
    network.train()(segments(name))  # so that statistics are not those of the start
    n_mels, n_frames = SMALL[name][0]
    front_end = FrontEnd(
        WaveformConfig(22050),
        MelConfig(512, 512, n_mels, 0.0, 11025.0, 11025.0, "db_of_mean", 1e-6),
        SegmentConfig(n_frames, 3, 60.0, 1.0),
    )
    genres = tuple("abcd")
    card = Card(name="tiny", genres=genres, front_end=front_end, temperature=1.0)
    assert export_model(network.eval(), card, tmp_path / "tiny.onnx") < 1e-3


@pytest.mark.parametrize("name", SMALL)
def test_unknown_options_are_named(name: str) -> None:
    with pytest.raises(RecipeError, match=f"network {name}: .*'depth'"):
        small(name, depth=3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cnn_bigru", {"kernel_size": 9}, "layer 2 leaves nothing of an input of 20 x 14"),
        ("elu_crnn", {"pools": [[4, 2], [8, 2]]}, "layer 2 leaves nothing of an input"),
        ("elu_crnn", {"pools": [2, 2, 2]}, "pools .* are of more layers than 2 filters"),
        ("elu_crnn", {"pools": [[2, 2, 2]]}, "expected 2 numbers or one"),
        ("elu_crnn", {"kernel_size": 4}, "kernel_size is 4; .* odd with padding"),
        ("elu_crnn", {"gru_output": "first"}, "gru_output is 'first'; expected 'last' or"),
        ("elu_crnn", {"units": []}, "units is empty"),
        ("elu_crnn", {"units": 32}, r"units is 32; expected tuple\[int"),
        ("elu_crnn", {"filters": [8, 0]}, r"filters is \[8, 0\]; counts .* 1 or more"),
        ("elu_crnn", {"dropout": True}, "dropout is True; expected float"),
        ("elu_crnn", {"dropout": -0.1}, "dropout is -0.1; it must be 0 or more"),
        ("elu_crnn", {"dropout": 1.5}, "between 0 and 1"),
        ("five_block_cnn", {"resize": [32]}, r"resize is \[32\]; expected \[rows, columns"),
        ("frame_cnn", {"pools": [8, 8]}, "layer 2 leaves nothing of an input of 40"),
        ("mfcc_lstm", {"n_mfcc": 21}, "n_mfcc is 21; of 20 bands there are no more"),
        ("residual_crnn", {"pooling": "max"}, "pooling is 'max'"),
        ("residual_crnn", {"channels": [4] * 5}, "16 mel bands x 24 frames are too few"),
        ("resnet_crnn", {"frozen": ["layer9"]}, r"frozen has \['layer9'\]; there is"),
        ("resnet_crnn", {"recur_over": "frequency"}, 'recur_over must be "time"'),
        ("table_picture_cnn", {"n_features": 21}, "n_features is 21; .* holds 1 to 20"),
    ],
)
def test_impossible_options_are_named(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        small(name, **options)


def test_tables_have_one_column() -> None:
    with pytest.raises(RecipeError, match="a table row is n_features x 1, not 57 x 2"):
        build_network("table_cnn", (57, 2), 10, {})


@pytest.mark.parametrize(
    ("pooling", "n_features"),
    [("gru", 10), ("mean", 6), ("mean_std", 12), ("attention", 6)],
)
def test_summaries_of_time(pooling: str, n_features: int) -> None:
    network = small("residual_crnn", pooling=pooling)
    assert without_gradient(network, segments("residual_crnn", 16)) == set()
    _, embedding = network.eval()(segments("residual_crnn"))
    assert embedding.shape == (3, n_features)
