"""Search over several apps: the command palette."""
