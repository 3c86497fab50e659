"""Make the pictures anew: `python -m tests.media.golden`. Then look at each one before it is kept."""

from tests.media.golden import FOLDER, MESSAGES, picture

for name in MESSAGES:
    picture(name).quantize(16).save(FOLDER / f"{name}.png", optimize=True)
