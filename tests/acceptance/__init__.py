"""The real command in a process of its own, as a person or another program calls it."""
