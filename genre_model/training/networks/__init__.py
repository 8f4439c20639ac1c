"""Networks from log-mel segments to logits, by the name that recipes use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genre_model.errors import RecipeError
from genre_model.training.networks.cnn_bigru import CnnBigru
from genre_model.training.networks.elu_crnn import EluCrnn
from genre_model.training.networks.frame_cnn import FrameCnn
from genre_model.training.networks.mfcc_lstm import MfccLstm
from genre_model.training.networks.picture_cnn import FiveBlockCnn, TwoBlockCnn
from genre_model.training.networks.residual_crnn import ResidualCrnn
from genre_model.training.networks.resnet_crnn import ResnetCrnn
from genre_model.training.networks.strided_crnn import StridedCrnn
from genre_model.training.networks.table_cnn import TableCnn
from genre_model.training.networks.table_picture_cnn import TablePictureCnn

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

#: Each is built of (shape, n_genres, **options).
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "cnn_bigru": CnnBigru,
    "elu_crnn": EluCrnn,
    "five_block_cnn": FiveBlockCnn,
    "frame_cnn": FrameCnn,
    "mfcc_lstm": MfccLstm,
    "residual_crnn": ResidualCrnn,
    "resnet_crnn": ResnetCrnn,
    "strided_crnn": StridedCrnn,
    "table_cnn": TableCnn,
    "table_picture_cnn": TablePictureCnn,
    "two_block_cnn": TwoBlockCnn,
}


def build_network(
    name: str, shape: tuple[int, int], n_genres: int, options: dict[str, Any]
) -> nn.Module:
    """Build an untrained network.

    Args:
        name: of the network, a key of :data:`NETWORKS`.
        shape: rows and columns of a segment: mel bands and frames.
        n_genres: number of logits.
        options: of the network.

    Raises:
        RecipeError: if the name or an option is unknown, or nothing of a segment of this
            shape would reach the last layer.
    """
    if name not in NETWORKS:
        raise RecipeError(f"unknown network {name!r}; there is {sorted(NETWORKS)}")
    try:
        return NETWORKS[name](shape, n_genres, **options)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"network {name}: {error}") from error
