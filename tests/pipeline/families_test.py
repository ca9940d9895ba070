"""Exports one small network of every family that models/export.py knows, cuts it and holds the chained stages against the network as loaded.

  families_test.py --check-cuts PROGRAM --export PATH --models DIR [NAME...]

Small networks are cut at every legal place, one cut at a time, the others at two. Prints a table; fails where a network cannot be handled or an
output differs by more than 1e-4 of its range. Exits 77, a skip, without torchvision. Exported files are kept in DIR for the next run.
"""

import argparse
import pathlib
import subprocess
import sys

IMAGE = "1x3x224x224"
# Network, its input, cuts: every legal one, or this many at once.
NETWORKS = [
    ("alexnet", IMAGE, "2"),
    ("vgg11", IMAGE, "2"),
    ("resnet18", IMAGE, "all"),
    ("densenet121", IMAGE, "2"),
    ("googlenet", IMAGE, "2"),
    ("inception_v3", "1x3x299x299", "2"),
    ("mobilenet_v2", IMAGE, "all"),
    ("mobilenet_v3_small", IMAGE, "all"),
    ("mnasnet0_5", IMAGE, "all"),
    ("regnet_y_400mf", IMAGE, "2"),
    ("shufflenet_v2_x0_5", IMAGE, "all"),
    ("squeezenet1_1", IMAGE, "all"),
    ("efficientnet_b0", IMAGE, "2"),
    ("convnext_tiny", IMAGE, "2"),
    ("swin_t", IMAGE, "2"),
    ("vit_b_32", IMAGE, "2"),
    ("encoder", "ids=1x128:int64[0,30522)", "all"),
]
SECONDS_EACH = 300


def export_all(script, names, folder):
    """All that is not there yet at once: importing torchvision takes longer than most networks. What fails is told by export()."""
    missing = [name for name in names if not (folder / f"{name}.pt").exists()]
    if missing:
        subprocess.run([sys.executable, script, *missing, "-o", str(folder)], capture_output=True, timeout=SECONDS_EACH * len(missing), check=False)


def export(script, name, folder):
    path = folder / f"{name}.pt"
    if not path.exists():
        done = subprocess.run([sys.executable, script, name, "-o", str(folder)], capture_output=True, text=True, timeout=SECONDS_EACH, check=False)
        if done.returncode != 0:
            return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    return path, ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check-cuts", required=True)
    parser.add_argument("--export", required=True)
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    try:
        import torchvision  # noqa: F401
    except ImportError:
        print("skipped: python3-torchvision is not installed")
        return 77
    options.models.mkdir(parents=True, exist_ok=True)
    chosen = [network for network in NETWORKS if not options.names or network[0] in options.names]
    export_all(options.export, [name for name, _, _ in chosen], options.models)
    failures = 0
    print("network | rows | legal cuts | chains | execution | worst difference | remarks", flush=True)
    for name, shape, cuts in chosen:
        path, problem = export(options.export, name, options.models)
        if path is None:
            print(f"{name} | refused: {problem}", flush=True)
            failures += 1
            continue
        done = subprocess.run([options.check_cuts, cuts, str(path), shape], capture_output=True, text=True, timeout=SECONDS_EACH, check=False)
        print(f"{name} | {(done.stdout or done.stderr).strip()}", flush=True)
        failures += done.returncode != 0
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
