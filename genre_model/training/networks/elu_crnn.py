"""The base and the extended CRNN of paper 002."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genre_model.training.networks.crnn import Crnn, CrnnSettings


@dataclass(frozen=True, kw_only=True)
class EluCrnnSettings(CrnnSettings):
    """Options of :class:`EluCrnn`; the defaults are the base network's."""

    n_channels: int = 3
    channel_norm: bool = True
    filters: tuple[int, ...] = (64, 128, 128, 128)
    padding: Literal["valid", "same"] = "same"
    pools: int | tuple[int | tuple[int, ...], ...] = ((2, 2), (4, 2), (4, 2), (4, 2))
    activation: Literal["relu", "elu"] = "elu"
    batch_norm: bool = True
    conv_dropout: float | tuple[float, ...] = 0.1
    channel_dropout: bool = True
    units: tuple[int, ...] = (32, 32)
    rnn_dropout: float = 0.3
    dropout: float = 0.0


class EluCrnn(Crnn):
    """The CRNN of paper 002 (table III), after Nasrullah & Zhao (2019).

    Its pictures have three channels of 288 x 432. The extended network differs in
    ``filters = [64, 128, 256, 512, 512]`` and ``pools = [[2, 2], [2, 2], [2, 2], [4, 1],
    [4, 1]]``. The paper's 372,048 and 3,914,064 parameters leave out the GRU; with it
    there are 406,224 and 4,021,968. Its dense layer of "20 units" has 10, as the text and
    these counts say.

    As published, with its bugs: ``softmax_output = true`` and ``gru_output =
    "first_layer_state"``.
    """

    settings_type: ClassVar[type[CrnnSettings]] = EluCrnnSettings
