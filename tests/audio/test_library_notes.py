"""A server's standard error is its own: each case is a process, because descriptor 2 is a process's."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

from duologue.audio.library_notes import notes_unwritten, own_standard_error

OWN = """
import os, subprocess, sys, threading
from duologue.audio.library_notes import move_standard_error, notes_unwritten, own_standard_error
move_standard_error()
move_standard_error()
def decode():
    with notes_unwritten():
        os.write(2, b"a note\\n")
        inside.wait()
        print("the process", file=sys.stderr)
        inside.wait()
        os.write(2, b"a note\\n")
inside = threading.Barrier(3)
threads = [threading.Thread(target=decode) for _ in range(2)]
for thread in threads:
    thread.start()
inside.wait()
subprocess.run([sys.executable, "-c", "import os; os.write(2, b'a child\\\\n')"], stderr=own_standard_error())
inside.wait()
for thread in threads:
    thread.join()
os.write(2, b"a library in trouble\\n")
"""

BROKEN = """
import sys
from pathlib import Path
from duologue.audio.containers import count_channels, read_audio
from duologue.audio.library_notes import move_standard_error
if sys.argv[2] == "moved":
    move_standard_error()
assert len(read_audio(Path(sys.argv[1]))) > 10_000
with open(sys.argv[1], "rb") as file:
    assert count_channels(file) == 1
print("done", file=sys.stderr)
"""


def run(program: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def test_what_libraries_print_while_they_decode_is_unwritten_and_nothing_else() -> None:
    assert sorted(run(OWN)) == ["a child", "a library in trouble", "the process", "the process"]


def test_a_broken_mp3_leaves_no_word_in_a_servers_log(tmp_path: Path) -> None:
    mp3 = io.BytesIO()
    soundfile.write(mp3, np.sin(np.arange(160_000) / 6).astype(np.float32) / 3, 16_000, format="MP3")
    broken = bytearray(mp3.getvalue())
    for place in range(500, len(broken) - 300, 288):
        broken[place : place + 20] = b"\x5a\xa5" * 10
    file = tmp_path / "broken.mp3"
    file.write_bytes(broken)
    assert run(BROKEN, str(file), "moved") == ["done"]
    assert len(run(BROKEN, str(file), "not moved")) > 1, "the file is not broken in a way that a decoder would tell"


def test_a_process_that_has_not_moved_its_words_is_left_alone() -> None:
    assert own_standard_error() is None
    with notes_unwritten():
        assert own_standard_error() is None
