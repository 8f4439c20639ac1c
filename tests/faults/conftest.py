"""The beets library of the tests of the plugin."""

from plugin.conftest import classifier, empty_database, home, moments, template_mp3

__all__ = ["classifier", "empty_database", "home", "moments", "template_mp3"]
