"""Make the documentation's pictures anew: `python -m tests.media.showcase docs/pictures`."""

import sys
from pathlib import Path

from tests.media.showcase import PICTURES

for name, make in PICTURES:
    made = make()
    Path(sys.argv[1], name).write_bytes(made.data)
    sys.stdout.write(f"{name}: {made.width}x{made.height}, {len(made.data) // 1024} kB\n")
