"""Write the support matrices from the tables in the code: `python docs/protocols/generate.py`."""

from __future__ import annotations

from pathlib import Path

from duologue.protocols.cartesia import support as cartesia
from duologue.protocols.deepgram import support as deepgram
from duologue.protocols.support import render_page

HERE = Path(__file__).parent
PAGES = {
    "cartesia.md": render_page(cartesia.TITLE, cartesia.INTRODUCTION, cartesia.SURFACES),
    "deepgram.md": render_page(deepgram.TITLE, deepgram.INTRODUCTION, deepgram.SURFACES),
}

if __name__ == "__main__":
    for name, text in PAGES.items():
        (HERE / name).write_text(text, encoding="utf-8")
