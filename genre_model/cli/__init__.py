"""What each command of ``genre-model`` does and prints."""
