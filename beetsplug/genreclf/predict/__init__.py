"""Predictions for the tracks of a library, new or stored."""
