"""Runs the test suite with other versions of beets; CONTRIBUTING.md says how."""

from __future__ import annotations

import nox

#: The oldest beets that is supported, one between, and the latest release, as in
#: ``.github/workflows/test.yml``.
RELEASES = ["2.10.0", "2.12.0", "2.14.1"]
DEVELOPMENT = "beets @ git+https://github.com/beetbox/beets"

# Not uv, which nox prefers where it finds it: every install here is made by pip.
nox.options.default_venv_backend = "virtualenv"
# Each environment takes about 2 GB, so a second run uses the first one's.
nox.options.reuse_venv = "yes"


@nox.session
@nox.parametrize("beets", RELEASES)
def tests(session: nox.Session, beets: str) -> None:
    """Run the suite with a released beets."""
    run_suite(session, f"beets=={beets}")


# Installed again each time: pip keeps what has the same version number.
@nox.session(default=False, reuse_venv=False)
def tests_development(session: nox.Session) -> None:
    """Run the suite with the development branch of beets."""
    run_suite(session, DEVELOPMENT)


def run_suite(session: nox.Session, requirement: str) -> None:
    """Install everything together with one beets, then run pytest.

    Args:
        session: what follows ``--`` on the command line goes to pytest.
        requirement: the beets to install, as pip understands it.
    """
    # Older ones cannot read dependency groups.
    session.install("pip>=25.1")
    session.install(
        *("--constraint", "constraints.txt", "--editable", ".[train]"),
        *("--group", "test", requirement),
    )
    workers = ("--numprocesses", "2", "--dist", "worksteal")
    session.run("python", "-m", "pytest", *workers, *session.posargs)
