"""Published networks in place of the bundled one."""
