"""From a card's order to its pixels: where things stand, what is painted, and whether it can be read."""
