"""``genre-model evaluate``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.cli.shared_options import add_data, add_scoring
from genre_model.errors import GenreModelError

if TYPE_CHECKING:
    import argparse

    from genre_model.training.evaluation.predictions import Evaluation, Predictions


def add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate", help="score a model or a run's models (needs the [train] extra)"
    )
    parser.add_argument(
        "runs_or_models",
        nargs="+",
        metavar="RUN_OR_MODEL",
        help="folder of runs, .onnx file or bundled name; several only with --ensemble",
    )
    add_data(parser)
    add_scoring(parser, "both")
    parser.add_argument(
        "--uncalibrated",
        action="store_true",
        help="score at temperature 1, as the network was before it was calibrated",
    )
    parser.add_argument(
        "--ensemble",
        action="store_true",
        help="score the mean probability of all seeds and runs, as one system",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for report.json, report.txt and plots"
    )


def evaluate(options: argparse.Namespace) -> int:
    """Print the report of a protocol, or audio beside pictures."""
    from genre_model.training.evaluation.comparison import ensemble_of
    from genre_model.training.evaluation.report import report_of, text_of, write_evaluation

    _check(options)
    if options.source == "both":
        return _compare_sources(evaluation_of(options, options.runs_or_models[0]))
    systems, members = _systems(options), []
    if options.ensemble:
        systems, members = [ensemble_of(systems)], systems
    report = report_of(systems, options.protocol, options.part, options.combine, members)
    report["is_uncalibrated"] = options.uncalibrated
    text = text_of(report)
    print(text)
    if options.out:
        write_evaluation(systems, report, text, options.out)
    return 0


def evaluation_of(options: argparse.Namespace, run_or_model: str) -> Evaluation:
    """Return what the options of a scoring command ask for."""
    from genre_model.training.evaluation.predictions import Evaluation

    return Evaluation(
        run_or_model=run_or_model,
        data_dir=options.data,
        protocol=options.protocol,
        part=options.part,
        n_seeds=options.seeds,
        source=options.source,
        combination=options.combine,
        allow_seen=options.allow_seen,
        is_uncalibrated=getattr(options, "uncalibrated", False),
    )


def _check(options: argparse.Namespace) -> None:
    for flag in ("out", "uncalibrated", "ensemble"):
        if options.source == "both" and getattr(options, flag):
            raise GenreModelError(
                f"--source both prints a comparison; it takes no --{flag}"
            )
    if len(options.runs_or_models) > 1 and not options.ensemble:
        raise GenreModelError(
            f"{len(options.runs_or_models)} runs were given: add --ensemble to score them "
            "as one system, or use genre-model compare to compare two"
        )


def _systems(options: argparse.Namespace) -> list[Predictions]:
    """Predict with every run; several runs are part of the names of their systems."""
    from genre_model.training.evaluation.predictions import predict_systems

    runs = options.runs_or_models
    return [
        system if len(runs) == 1 else replace(system, name=f"{run}: {system.name}")
        for run in runs
        for system in predict_systems(evaluation_of(options, run))
    ]


def _compare_sources(evaluation: Evaluation) -> int:
    from genre_model.training.evaluation.predictions import predict_systems
    from genre_model.training.evaluation.report import sources_text, warnings_of

    pictures = predict_systems(replace(evaluation, source="pictures"))
    audio = predict_systems(replace(evaluation, source="audio"))
    print(
        f"{evaluation.protocol}, {evaluation.part}: the {len(audio[0].track_ids)} tracks "
        "that exist as audio and as picture"
    )
    n_seen = max(system.n_seen for system in audio)
    for warning in warnings_of(evaluation.protocol, n_seen):
        print(warning)
    for heard, seen in zip(audio, pictures, strict=True):
        common = seen.subset(heard.track_ids)
        print(sources_text(heard.subset(common.track_ids), common))
    return 0
