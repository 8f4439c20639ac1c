"""Waveforms to log-mel segments."""
