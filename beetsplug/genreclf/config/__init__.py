"""The options of the plugin: defaults, reading, validation."""
