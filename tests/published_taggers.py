"""The taggers of Won et al. in torch with random weights, and files as theirs."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from genre_model.backbone.tagger_networks import FRONT_END
from genre_model.features.mel_frames import band_weights

if TYPE_CHECKING:
    from torch import Tensor


class Spectrogram(nn.Module):
    """Holds the mel bands, which sum power where those of ``FRONT_END`` average it."""

    def __init__(self) -> None:
        super().__init__()
        self.mel_scale = nn.Module()
        bands = torch.from_numpy(band_weights(16_000, FRONT_END.mel).T.copy())
        self.mel_scale.register_buffer("fb", bands * torch.linspace(0.5, 9, 96))


class Block(nn.Module):
    """A convolution, batch normalisation, ReLU."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.bn = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = torch.relu(self.bn(self.conv(x)))
        return result


class Tagger(nn.Module):
    """The input layer of both: a gain for each band, then batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = Spectrogram()
        self.spec_bn = nn.BatchNorm2d(1)

    def picture(self, segments: Tensor) -> Tensor:
        """Map decibels [shape=(n, 96, n_frames)] to [shape=(n, 1, 96, n_frames)]."""
        gains = self.spec.mel_scale.fb.sum(dim=0)  # type: ignore[operator]
        louder = 10 * torch.log10(10 ** (segments / 10) * gains[:, None])
        result: Tensor = self.spec_bn(louder[:, None])
        return result


class Fcn(Tagger):
    """Choi et al. (2016)."""

    pools = ((2, 4), (2, 4), (2, 4), (3, 5), (4, 4))

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 64, 128, 128, 128, 64)
        for number, (n_in, n_out) in enumerate(pairwise(widths), 1):
            setattr(self, f"layer{number}", Block(n_in, n_out))
        self.dense = nn.Linear(64, 50)

    def forward(self, segments: Tensor) -> Tensor:
        x = self.picture(segments)
        for number, pool in enumerate(self.pools, 1):
            x = nn.functional.max_pool2d(getattr(self, f"layer{number}")(x), pool)
        result: Tensor = self.dense(x.flatten(1))
        return result


class Crnn(Tagger):
    """Choi et al. (2017)."""

    pools = ((2, 2), (3, 3), (4, 4), (4, 4))

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 64, 128, 128, 128)
        for number, (n_in, n_out) in enumerate(pairwise(widths), 1):
            setattr(self, f"layer{number}", Block(n_in, n_out))
        self.layer5 = nn.GRU(128, 32, 2, batch_first=True)
        self.dense = nn.Linear(32, 50)

    def forward(self, segments: Tensor) -> Tensor:
        x = self.picture(segments)
        for number, pool in enumerate(self.pools, 1):
            x = nn.functional.max_pool2d(getattr(self, f"layer{number}")(x), pool)
        steps, _ = self.layer5(x.squeeze(2).permute(0, 2, 1))
        result: Tensor = self.dense(steps[:, -1])
        return result


ARCHITECTURES: dict[str, type[Tagger]] = {"fcn": Fcn, "crnn": Crnn}


def random_tagger(architecture: str, seed: int = 0) -> Tagger:
    """Return a tagger of random weights, whose normalisations have seen noise."""
    torch.manual_seed(seed)
    tagger = ARCHITECTURES[architecture]()
    for module in tagger.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    tagger(torch.randn(3, 96, 1813) * 15 - 40)
    return tagger.eval()


def published_file(tagger: Tagger) -> bytes:
    """Return what an old torch writes, as the authors' did."""
    buffer = io.BytesIO()
    torch.save(tagger.state_dict(), buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()
