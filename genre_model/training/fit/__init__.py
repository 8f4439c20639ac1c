"""Trains networks: one run, or every fold and seed of a protocol."""
