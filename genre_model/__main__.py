"""``python -m genre_model``."""

from genre_model.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
