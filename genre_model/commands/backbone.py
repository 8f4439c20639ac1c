"""``genre-model backbone``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.backbone.head_store import head_content
from genre_model.backbone.install import (
    install_backbone,
    listening_model,
    published_network,
)
from genre_model.card_text import card_summary, printable
from genre_model.classifier import GenreClassifier
from genre_model.model_file import read_model
from genre_model.model_source import BACKBONES

if TYPE_CHECKING:
    import argparse


def backbone(options: argparse.Namespace) -> int:
    """Install a backbone, or train its head."""
    return _train(options) if options.action == "train" else _install(options)


def _install(options: argparse.Namespace) -> int:
    path = install_backbone(options.name, options.source)
    model = read_model(path)
    print(card_summary(model.model_id, model.card))
    print(printable(f"It is in {path}; its name is {path.stem}"))
    return 0


def _train(options: argparse.Namespace) -> int:
    """Print how good the head is; nothing that is installed changes."""
    from genre_model.commands.train_head import Progress
    from genre_model.training.gtzan_head import hear_clips, measure_lines, train_gtzan_head

    network = published_network(options.source)
    listener = GenreClassifier(listening_model(options.name, network))
    progress = Progress()
    try:
        clips = hear_clips(listener, options.data, options.cache, progress, options.threads)
    finally:
        progress.close()
    head, card = train_gtzan_head(clips, listener)
    print("\n".join(measure_lines(card)))
    if options.out:
        named = replace(card, name=BACKBONES[options.name])
        write_atomically(options.out, head_content(head, named))
    return 0
