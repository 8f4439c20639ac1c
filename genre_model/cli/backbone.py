"""``genre-model backbone``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_model.atomic_file import write_atomically
from genre_model.cli.option_values import path_to, positive
from genre_model.cli.shared_options import add_published_files
from genre_model.model.card_text import card_summary, printable
from genre_model.model.source import BACKBONES

if TYPE_CHECKING:
    import argparse


def add_backbone(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "backbone", help="install a published network to listen with"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    about = "download it once, and make a model file of it"
    _add_action(actions, "install", about, list(BACKBONES))
    about = "train its head for GTZAN's genres again"
    train = _add_action(actions, "train", about, ["mn04"])
    train.add_argument("--data", required=True, type=Path, help="GTZAN's folder of audio")
    cache: dict[str, Any] = {"type": path_to(".db"), "metavar": "FILE.db"}
    about = "keeps what was heard for the next training"
    train.add_argument("--cache", required=True, help=about, **cache)
    out: dict[str, Any] = {"type": path_to(".npz"), "metavar": "FILE.npz"}
    train.add_argument("--out", help="gets the head", **out)
    train.add_argument("-t", "--threads", type=positive, help="files at once")


def _add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    backbones: list[str],
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=text)
    action.add_argument(
        "name", choices=backbones, metavar="NAME", help=", ".join(backbones)
    )
    add_published_files(action)
    return action


def backbone(options: argparse.Namespace) -> int:
    """Install a backbone, or train its head."""
    return _train(options) if options.action == "train" else _install(options)


def _install(options: argparse.Namespace) -> int:
    from genre_model.backbone.install import install_backbone
    from genre_model.model.model_file import read_model

    path = install_backbone(options.name, options.source)
    model = read_model(path)
    print(card_summary(model.model_id, model.card))
    print(printable(f"It is in {path}; its name is {path.stem}"))
    return 0


def _train(options: argparse.Namespace) -> int:
    """Print how good the head is; nothing that is installed changes."""
    from genre_model.backbone.head_store import head_content
    from genre_model.backbone.install import listening_model, published_network
    from genre_model.classifier import GenreClassifier
    from genre_model.cli.train_head import Progress
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
