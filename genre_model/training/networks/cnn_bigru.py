"""The CNN-BiGRU of paper 003."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genre_model.training.networks.crnn import Crnn, CrnnSettings


@dataclass(frozen=True, kw_only=True)
class CnnBigruSettings(CrnnSettings):
    """Options of :class:`CnnBigru`; the defaults are listing 2's."""

    filters: tuple[int, ...] = (64, 128)
    kernel_size: int = 5
    pools: int | tuple[int | tuple[int, ...], ...] = 2
    conv_dropout: float | tuple[float, ...] = 0.25
    units: tuple[int, ...] = (128, 128)
    bidirectional: bool = True


class CnnBigru(Crnn):
    """The CRNN of paper 003 (section 4.2, listing 2), on 128 bands x 128 frames.

    The text has three convolutions where the listing has two, and five are the best of
    table 1; ``filters``, ``kernel_size``, ``cell``, ``bidirectional``, ``units`` (a third
    layer of 64 included), ``dropout`` and ``gru_output`` are what it varies. The listing
    cannot run, for it gives four dimensions to a GRU; read as steps of rows x channels it
    has 3,456,266 parameters. As published, with its bug: ``recur_over = "frequency"``.
    """

    settings_type: ClassVar[type[CrnnSettings]] = CnnBigruSettings
