"""The files that `solidarity init` writes."""
