"""``genre-model export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.training.publish import publish

if TYPE_CHECKING:
    import argparse


def export(options: argparse.Namespace) -> int:
    """Write a model file for distribution, and print where it is."""
    publish(options.run, options.report, options.name, options.out)
    print(options.out)
    return 0
