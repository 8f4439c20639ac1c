"""Lines, warnings and progress; signals."""
