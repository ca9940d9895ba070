"""A program that does not load LibTorch, gRPC or Python, as the dynamic loader sees it. `ldd` follows every dependency."""

import subprocess
import sys

FORBIDDEN = ("libtorch", "libc10", "libgrpc", "libprotobuf", "libopenblas", "libpython")

listed = subprocess.run(["ldd", sys.argv[1]], capture_output=True, text=True, check=True).stdout
if "libc.so" not in listed:
    sys.exit(f"ldd says nothing about {sys.argv[1]}:\n{listed}")
loaded = [line.strip() for line in listed.splitlines() if line.strip().startswith(FORBIDDEN)]
if loaded:
    sys.exit(f"{sys.argv[1]} loads\n" + "\n".join(loaded))
