"""Audio files to mono waveforms."""
