"""The options of ``genre-model backbone``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import path_to, positive
from genre_model.commands.shared_options import add_published_files
from genre_model.model_source import BACKBONES

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
    train = _add_action(
        actions, "train", "train its head for GTZAN's genres again", ["mn04"]
    )
    train.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="GTZAN's audio"
    )
    train.add_argument(
        "--cache",
        required=True,
        type=path_to(".db"),
        metavar="FILE.db",
        help="keeps what was heard for the next training",
    )
    train.add_argument(
        "--out", type=path_to(".npz"), metavar="FILE.npz", help="gets the head"
    )
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
