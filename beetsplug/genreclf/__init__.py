"""Tags tracks with the genre that a neural network hears in them, offline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from beets.plugins import BeetsPlugin

from beetsplug.genreclf.commands.evaluate import make_eval_command, run_eval_command
from beetsplug.genreclf.commands.models import make_models_command, run_models_command
from beetsplug.genreclf.commands.tag import make_tag_command, run_tag_command
from beetsplug.genreclf.commands.train import make_train_command, run_train_command
from beetsplug.genreclf.config.options import DEFAULTS, read_options
from beetsplug.genreclf.models.loading import LazyClassifier
from beetsplug.genreclf.policy.provenance import ALBUM_TYPES, ITEM_TYPES

if TYPE_CHECKING:
    from beets import ui
    from beets.dbcore import types
    from beets.importer import ImportSession, ImportTask

    from beetsplug.genreclf.tagging.import_stage import ImportTagging


class GenreClfPlugin(BeetsPlugin):
    """The commands ``beet genreclf`` and ``beet genreclf-models``, and the import stage.

    beets creates it for every command. So nothing that is wrong with the configuration
    or the model may surface while it is created, and what only some commands need is
    imported there. No event of items or files is listened to, since storing an item
    within the stage would re-enter the listener.
    """

    item_types: ClassVar[dict[str, types.Type[Any, Any]]] = ITEM_TYPES
    album_types: ClassVar[dict[str, types.Type[Any, Any]]] = ALBUM_TYPES

    def __init__(self) -> None:
        """Register defaults, stage and listeners; load nothing."""
        super().__init__(name="genreclf")
        self.config.add(DEFAULTS)
        if self.config.get() is None:  # a section whose every line is commented out
            self.config.set(DEFAULTS)
        self._classifier = LazyClassifier(self._log)
        self._importing: ImportTagging | None = None
        self.import_stages = [self.tag_imported]
        self.register_listener("import_begin", self.begin_import)
        self.register_listener("import_task_files", self.files_imported)
        self.register_listener("import", self.end_import)

    def commands(self) -> list[ui.Subcommand]:
        """Return the commands."""
        config, classifier, log = self.config, self._classifier, self._log
        tag, models = make_tag_command(), make_models_command()
        train, evaluate = make_train_command(), make_eval_command()
        tag.func = partial(run_tag_command, config, classifier, log)
        models.func = partial(run_models_command, config, log)
        train.func = partial(run_train_command, config, log)
        evaluate.func = partial(run_eval_command, config, classifier, log)
        return [tag, models, train, evaluate]

    def begin_import(self, **_event: object) -> None:
        """Check the options before the import touches anything.

        The model is not loaded: this event comes for ``import --pretend`` as well, and
        for imports in which no track lacks a genre.
        """
        from beetsplug.genreclf.tagging.import_stage import ImportTagging

        options = read_options(self.config)
        self._importing = None
        if options.auto:
            self._importing = ImportTagging(self._classifier, self._log, options)

    def tag_imported(self, session: ImportSession, task: ImportTask) -> None:
        """Tag the tracks of one import task."""
        from beetsplug.genreclf.tagging.import_stage import adopt_album

        if self._importing is None or not self._importing.options.pretend:
            adopt_album(task)
        if self._importing is not None:
            self._importing.tag(session, task)

    def files_imported(self, task: ImportTask, **_event: object) -> None:
        """Write what beets does not write, now that the files are in their places."""
        if self._importing is not None:
            self._importing.settle_files(task)

    def end_import(self, **_event: object) -> None:
        """Print the summary of an import."""
        if self._importing is not None:
            self._importing.end()
