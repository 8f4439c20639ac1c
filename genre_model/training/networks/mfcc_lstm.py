"""The LSTM on MFCC of paper 003."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genre_model.training.networks.crnn import Crnn, CrnnSettings


@dataclass(frozen=True, kw_only=True)
class MfccLstmSettings(CrnnSettings):
    """Options of :class:`MfccLstm`."""

    n_mfcc: int = 13
    filters: tuple[int, ...] = ()
    cell: Literal["gru", "lstm"] = "lstm"
    units: tuple[int, ...] = (128, 128)


class MfccLstm(Crnn):
    """The two LSTM layers of paper 003 (table 2), on 13 MFCC of each frame.

    A CRNN without convolutions. The paper says nothing of its head: it is the linear
    layer of the others, behind a dropout of 0.5.
    """

    settings_type: ClassVar[type[CrnnSettings]] = MfccLstmSettings
