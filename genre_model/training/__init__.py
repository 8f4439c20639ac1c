"""Training and evaluation of networks: everything that needs the ``[train]`` extra."""
