"""``beet genreclf-eval``: scores a model on the genres of the library."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beets import ui

from beetsplug.genreclf.commands.common import (
    INTERRUPTED,
    add_number,
    add_switch,
    failed_tracks,
    given_flags,
    matching,
    nothing_matches,
)
from beetsplug.genreclf.config.options import read_options
from beetsplug.genreclf.models.loading import ModelUnavailableError
from beetsplug.genreclf.ui.reporter import LogReporter, TerminalReporter
from beetsplug.genreclf.ui.signals import stop_on_signals
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse
    from collections.abc import Callable, Sequence

    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.compat import UserError
    from beetsplug.genreclf.config.options import Options
    from beetsplug.genreclf.evaluation.evaluation import Answer, Evaluation
    from beetsplug.genreclf.evaluation.report import Report
    from beetsplug.genreclf.models.loading import LazyClassifier
    from beetsplug.genreclf.predict.predictor import Predictor
    from genre_model import IsolatedClassifier


#: Flags that are options of the section ``genreclf``, and those of ``training``.
GENERAL = ("quiet", "threads", "model")
TRAINING = ("label_field", "labels")
#: Disagreements that are listed.
DEFAULT_NUMBER = 20


def make_eval_command() -> ui.Subcommand:
    """Return the command with all of its flags."""
    command = ui.Subcommand(
        "genreclf-eval", help="measure a genre model against the genres of your library"
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"
    switch, number = partial(add_switch, parser), partial(add_number, parser)
    switch("-q", "--quiet", text="print warnings and the headline only")
    switch("-a", "--albums", text="QUERY matches albums")
    number("-t", "--threads", text="tracks listened to at a time")
    parser.add_option("--model", help="name of a model, or an .onnx file")
    parser.add_option("--label-field", help="where labels stand (default: genres)")
    parser.add_option("--labels", help="first or all genres of a track (default: first)")
    switch("--listen-again", text="recall nothing, listen to all")
    number("-n", "--number", text=f"disagreements to list (default: {DEFAULT_NUMBER})")
    return command


@dataclass
class EvalCommand:
    """One run of ``beet genreclf-eval``.

    Attributes:
        config: the ``genreclf`` section.
        classifier: loaded when the first track needs it.
        log: of the plugin.
    """

    config: confuse.Subview
    classifier: LazyClassifier
    log: BeetsLogger

    def run(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        """Measure a model on the tracks that the query matches.

        Raises:
            UserError: if the model is not available, no track is left, or tracks failed.
            confuse.ConfigError: naming the option.
            SystemExit: after Ctrl-C.
        """
        flags = given_flags(opts)
        if flags.get("number", 0) < 0:
            raise _error(f"--number must be 0 or more, not {flags['number']}")
        self.config.set_args({name: flags[name] for name in GENERAL if name in flags})
        training = {name: flags[name] for name in TRAINING if name in flags}
        self.config["training"].set(training)
        options = read_options(self.config)
        albums = bool(flags.get("albums"))
        items = matching(lib, args, albums=albums)
        if not items:
            LogReporter(self.log).warning(nothing_matches(args, albums=albums))
            return
        with stop_on_signals() as is_stopped:
            try:
                model = self.classifier.load(options)
                predictor = _predictor(lib, model, options, flags, is_stopped)
                evaluation, answers = self._ask(predictor, options, items)
            except ModelUnavailableError as error:
                raise _error(str(error)) from error
            except KeyboardInterrupt:  # the second press
                raise SystemExit(INTERRUPTED) from None
        if is_stopped():
            heard = len(answers) + evaluation.n_without_answer
            say(f"interrupted: heard {heard} of {evaluation.n_questions} tracks")
        if answers:
            report = _report(model, evaluation, answers)
            _print(report, options, flags.get("number", DEFAULT_NUMBER))
        _conclude(evaluation, is_empty=not answers, stopped=is_stopped())

    def _ask(
        self, predictor: Predictor, options: Options, items: Sequence[Item]
    ) -> tuple[Evaluation, list[Answer]]:
        from beetsplug.genreclf.evaluation.evaluation import Evaluation

        reporter = TerminalReporter(self.log, quiet=options.quiet)
        evaluation = Evaluation(options, predictor, reporter)
        try:
            return evaluation, evaluation.ask(items)
        finally:
            reporter.close()


def _predictor(
    lib: Library,
    model: IsolatedClassifier,
    options: Options,
    flags: dict[str, Any],
    is_stopped: Callable[[], bool],
) -> Predictor:
    from beetsplug.genreclf.models.out_of_fold import read_out_of_fold
    from beetsplug.genreclf.predict.predictor import Predictor

    return Predictor(
        lambda: model,
        threads=options.threads,
        listen_again="listen_again" in flags,
        should_stop=is_stopped,
        music_folder=Path(os.fsdecode(lib.directory)),
        known=read_out_of_fold(lib, model.model_id),
    )


def _report(
    model: IsolatedClassifier, evaluation: Evaluation, answers: list[Answer]
) -> Report:
    from beetsplug.genreclf.evaluation.evaluation import leaks
    from beetsplug.genreclf.evaluation.report import Report

    known = evaluation.predictor.known
    return Report(
        model_id=model.model_id,
        answers=answers,
        judgement=evaluation.judgement(answers),
        leaks=list(leaks(model, known, answers, evaluation.predictor.threads)),
        left_out=evaluation.left_out(),
        doubts=evaluation.doubts(answers),
    )


def _print(report: Report, options: Options, n_doubts: int) -> None:
    for line in report.headline():
        say(line)
    if options.quiet:
        return
    if report.judgement.multi_label and options.training.labels == "first":
        say("  only the first genre of each track counts; --labels all counts all")
    for line in report.details(n_doubts):
        say(line)


def _conclude(evaluation: Evaluation, *, is_empty: bool, stopped: bool) -> None:
    """Turn what went wrong into the exit status."""
    if stopped:
        raise SystemExit(INTERRUPTED)
    if (failure := evaluation.predictor.failure) is not None:
        raise _error(failure)
    if is_empty:
        raise _error(f"nothing to evaluate: {'; '.join(evaluation.left_out())}")
    if n_failed := evaluation.counts.unreadable:
        raise _error(failed_tracks(n_failed))


def _error(text: str) -> UserError:
    return user_error(f"genreclf-eval: {text}")
