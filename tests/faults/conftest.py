"""The beets library of the tests of the plugin."""

from plugin.conftest import (
    _defaults_of_beets,
    classifier,
    empty_database,
    home,
    moments,
    template_mp3,
)

__all__ = [
    "_defaults_of_beets",
    "classifier",
    "empty_database",
    "home",
    "moments",
    "template_mp3",
]
