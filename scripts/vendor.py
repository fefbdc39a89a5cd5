#!/usr/bin/env python3
"""Bring third-party browser files into static/vendor from npm (for developers; running the product needs no npm).

    python3 scripts/vendor.py            fetch the versions named below and rewrite static/vendor
    python3 scripts/vendor.py --check    compare the files on disk with static/vendor/VERSIONS.json

Icons are picked by name: static/vendor/tabler-icons/icons.txt lists them, one per line; add a name there and run the
script again. `sourceMappingURL` comments are stripped because the hashing static storage refuses missing maps. Beside each
large file lies its gzipped twin: where files are served straight from the source folders nobody else would compress them.

Of Tabler's rules only those stay whose words our sources hold (PurgeCSS), an eighth of the file; its class names are kept in
tests/vendor, and a test names a class that we use and that was left out: then run the script again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
ICONS = VENDOR / "tabler-icons" / "icons.txt"
VERSIONS = VENDOR / "VERSIONS.json"
CLASS_NAMES = ROOT / "tests" / "vendor" / "tabler-classes.txt"
#: A selector that asks for this one class alone: whoever uses the class wants its rule.
CLASS_ALONE = re.compile(r"(?<=[{},])\.(-?[A-Za-z_][\w-]*)(?=[{,:])")
PURGE = "purgecss@8.0.0"
#: Where a class may be named: pages, scripts, and the Python that makes widgets and chips.
SOURCES = ["templates/**/*.html", "static/js/*.js", "{crm,clients,tiers,advisory,complaints,care,appraisal}/**/*.py"]
SOURCE_MAP = re.compile(rb"\s*(?://# ?sourceMappingURL=\S+|/\*# ?sourceMappingURL=[^*]*\*/)\s*$")


@dataclass(frozen=True)
class Package:
    """One npm package: the exact version, and which of its files land where (relative to the project root)."""

    name: str
    version: str
    licence: str
    files: dict[str, str]


PACKAGES = [
    Package(
        "@tabler/core",
        "1.6.1",
        "MIT",
        {
            "dist/css/tabler.min.css": "static/vendor/tabler/tabler.min.css",
            "LICENSE": "static/vendor/tabler/LICENSE",
        },
    ),
    Package(
        "htmx.org",
        "2.0.11",
        "0BSD",
        {
            "dist/htmx.min.js": "static/vendor/htmx/htmx.min.js",
            "LICENSE": "static/vendor/htmx/LICENSE",
        },
    ),
    Package(
        "echarts",
        "6.1.0",
        "Apache-2.0",
        {
            "dist/echarts.common.min.js": "static/vendor/echarts/echarts.common.min.js",
            "LICENSE": "static/vendor/echarts/LICENSE",
            "NOTICE": "static/vendor/echarts/NOTICE",
        },
    ),
    Package("@tabler/icons", "3.51.0", "MIT", {"LICENSE": "static/vendor/tabler-icons/LICENSE"}),
    Package(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        {
            "axe.min.js": "tests/vendor/axe.min.js",
            "LICENSE": "tests/vendor/LICENSE",
            "LICENSE-3RD-PARTY.txt": "tests/vendor/LICENSE-3RD-PARTY.txt",
        },
    ),
]


def fetch(package: Package, folder: Path) -> Path:
    """Download and unpack one package; returns the folder with its files."""
    reply = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    tarball = folder / reply.stdout.strip().splitlines()[-1]
    target = folder / tarball.stem
    with tarfile.open(tarball) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def copy_files(package: Package, source: Path) -> list[Path]:
    """Copy the named files; a licence the package forgot to ship must already lie in place."""
    written = []
    for inside, outside in package.files.items():
        target = ROOT / outside
        if not (source / inside).exists() and inside == "LICENSE" and target.exists():
            written.append(target)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(SOURCE_MAP.sub(b"\n", (source / inside).read_bytes()))
        written.append(target)
    return written


def icon_symbol(name: str, svg: str) -> str:
    """One `<symbol>` of the sprite from one icon file, without its empty background path."""
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", body)
    body = re.sub(r"\s+", " ", body).replace(" />", "/>").replace("> <", "><").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def build_sprite(source: Path) -> list[Path]:
    """Write the sprite of the icons named in icons.txt."""
    names = sorted({line.strip() for line in ICONS.read_text("utf-8").splitlines() if line.strip()})
    ICONS.write_text("\n".join(names) + "\n", "utf-8")
    symbols = [icon_symbol(n, (source / "icons" / "outline" / f"{n}.svg").read_text("utf-8")) for n in names]
    sprite = VENDOR / "tabler-icons" / "sprite.svg"
    sprite.write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n", "utf-8")
    return [ICONS, sprite]


def reduce_rules(sheet: Path) -> list[Path]:
    """Keep the rules of a style sheet whose words our sources hold; all the classes it has a rule for are written down."""
    names = sorted(set(CLASS_ALONE.findall(sheet.read_text("utf-8"))))
    CLASS_NAMES.write_text("\n".join(names) + "\n", "utf-8")
    command = ["npx", "--yes", PURGE, "--css", str(sheet), "--content", *SOURCES, "--output", str(sheet)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return [CLASS_NAMES]


def compress(files: list[Path]) -> list[Path]:
    """Write the gzipped twins of what browsers load; without a time stamp, so that the same file gives the same twin."""
    twins = []
    for path in files:
        if path.is_relative_to(VENDOR) and path.suffix in {".css", ".js", ".svg"}:
            twin = path.with_name(path.name + ".gz")
            twin.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            twins.append(twin)
    return twins


def digest(path: Path) -> str:
    """SHA-256 of a file on disk."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rewrite() -> int:
    """Fetch every package and write VERSIONS.json."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            source = fetch(package, Path(folder))
            written = copy_files(package, source)
            if package.name == "@tabler/icons":
                written += build_sprite(source)
            if package.name == "@tabler/core":
                written += reduce_rules(VENDOR / "tabler" / "tabler.min.css")
            written += compress(written)
            files = {str(path.relative_to(ROOT)): digest(path) for path in written}
            found.append({"name": package.name, "version": package.version, "licence": package.licence, "files": files})
            print(f"{package.name} {package.version}: {len(files)} files")
    VERSIONS.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return 0


def check() -> int:
    """Name every file that differs from VERSIONS.json; 1 if any does."""
    wrong = 0
    for package in json.loads(VERSIONS.read_text("utf-8")):
        for name, expected in package["files"].items():
            path = ROOT / name
            if not path.exists() or digest(path) != expected:
                wrong += 1
                print(f"{name}: differs from VERSIONS.json", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare the files with VERSIONS.json")
    sys.exit(check() if parser.parse_args().check else rewrite())
