"""Write requirements.lock and requirements-cuda.lock anew, with hashes: `make lock`.

Both are for every system and Python of pyproject.toml. When torch is another version,
requirements-cpu.lock is renewed by hand, from the hashes on PyTorch's index of CPU wheels.
Arguments go to `uv pip compile`: with `-c OLD`, versions of a list of pins are kept.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "3.11.7"  # the oldest that all packages take
HEADS = {
    "requirements.lock": """\
# Everything that the library, the book and the tests need, resolved once, with hashes.
# Install: pip install --no-deps -r requirements.lock && pip install --no-deps -e .
# On Linux with PyPI's torch (for CUDA) also requirements-cuda.lock; on a machine without a GPU,
# requirements-cpu.lock first, from PyTorch's index of CPU wheels. Renew: make lock
""",
    "requirements-cuda.lock": """\
# What PyPI's torch for Linux needs beside requirements.lock, and PyTorch's CPU build does not.
""",
}


def main() -> None:
    """Resolve, and divide."""
    options = f"--universal --python-version {PYTHON} --generate-hashes --no-header --no-annotate"
    command = [sys.executable, "-m", "uv", "pip", "compile", *options.split(), *sys.argv[1:]]
    command += ["--quiet", "--extra", "book", "--extra", "dev", str(ROOT / "pyproject.toml")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (torch,) = re.findall(r"^torch==\S+", text, re.MULTILINE)
    if f"{torch}+cpu" not in (ROOT / "requirements-cpu.lock").read_text(encoding="utf-8"):
        sys.exit(f"requirements-cpu.lock holds another version than {torch}: renew it by hand")
    packages = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    for name, head in HEADS.items():
        cuda = "cuda" in name
        own = [p for p in packages if bool(re.match("nvidia|cuda|triton", p)) == cuda]
        (ROOT / name).write_text(head + "".join(own), encoding="utf-8")


if __name__ == "__main__":
    main()
