"""Tables of audio features: read, computed, and classified by classical systems."""
