"""Pango, started on our fonts: it finds fonts through fontconfig, which is told of our folders and nothing else."""

import functools
import os
import tempfile
import threading
from pathlib import Path
from xml.sax.saxutils import escape

from media.text import fonts

_LOCK = threading.Lock()

# No hinting, no colour fringes: the same glyphs at every size. No rescan: the file is gone once it is read. A cache of
# our own: fontconfig's is the machine's, and where it can't be written fontconfig complains on the terminal.
_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
{folders}
<cachedir>{cache}</cachedir>
<config><rescan><int>0</int></rescan></config>
<alias binding="same"><family>emoji</family><prefer><family>Noto Emoji</family></prefer></alias>
<match target="font">
<edit name="antialias" mode="assign"><bool>true</bool></edit>
<edit name="hinting" mode="assign"><bool>false</bool></edit>
<edit name="autohint" mode="assign"><bool>false</bool></edit>
<edit name="rgba" mode="assign"><const>none</const></edit>
</match>
</fontconfig>
"""


@functools.cache
def _start() -> None:
    lines = "\n".join(f"<dir>{escape(str(folder))}</dir>" for folder in fonts.folders())
    names = ("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT")
    before = {name: os.environ.pop(name, None) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "fonts.conf")
        cache = Path(folder, "cache")
        file.write_text(_CONFIGURATION.format(folders=lines, cache=escape(str(cache))), encoding="utf-8")
        os.environ["FONTCONFIG_FILE"] = str(file)
        try:
            import pyvips  # noqa: PLC0415  # 50 ms that only a rendering should pay

            pyvips.cache_set_max(0)  # lines are remembered by who sets them; libvips would keep them a second time
            pyvips.Image.text("x", font="Noto Sans 8")  # fontconfig reads its file now, or never
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


@functools.cache
def _start_heavy() -> None:
    import pyvips  # noqa: PLC0415

    # A list of families that names one of these faces is used only from here on: Pango can't have it in memory yet.
    pyvips.Image.text("x", font="Noto Sans 8.5", fontfile=str(fonts.cjk("zh").file))


def start(chain: fonts.Chain) -> None:
    """Show Pango the faces of `chain`: once a process, before it sets its first text in them."""
    with _LOCK:
        _start()
        if chain.heavy:
            _start_heavy()
