"""Published networks that listen in place of the bundled one."""
