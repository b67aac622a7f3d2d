"""The private environment: every wheel of the lock, hash by hash, in a folder that knows no other place than its last one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
HOME = Path("usr/lib/cti-daemon")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SYSTEM_PYTHON = Path("/usr/bin") / PYTHON

# -I: nothing of the caller's environment, home or folder gets in.
_PROGRAM = f"""#!/{HOME}/bin/python3 -I
from cti_daemon.__main__ import main

main()
"""
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


class BuildError(RuntimeError):
    """The package cannot be built here; the text says what would be right."""


def run(*words: str, environment: dict[str, str] | None = None) -> str:
    """Run a command to its end and return its output; BuildError with its words on failure."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(words[:6])} … failed ({done.returncode}): {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def check_python() -> None:
    """The environment is tied to Debian's own interpreter: it must be the one that builds."""
    if not SYSTEM_PYTHON.exists() or Path(sys.executable).resolve() != SYSTEM_PYTHON.resolve():
        raise BuildError(
            f"built with {Path(sys.executable).resolve()}, but the package runs on Debian's {SYSTEM_PYTHON}; PYTHON={SYSTEM_PYTHON}"
        )


def make_wheels(cache: Path, own: Path) -> list[Path]:
    """Return the wheels of the lock and our own, `own`. The lock's are kept in `cache` until the lock changes."""
    lock = REPOSITORY / "requirements.txt"
    key = hashlib.sha256(lock.read_bytes() + PYTHON.encode()).hexdigest()[:16]
    folder = cache / f"wheels-{key}"
    if not folder.exists():
        shutil.rmtree(cache, ignore_errors=True)
        half = cache / "half"
        half.mkdir(parents=True)
        # No isolation: what builds a source package is in the lock too, and no unproven setuptools is fetched.
        run(*_PIP, "wheel", "--no-deps", "--require-hashes", "--no-build-isolation", "--wheel-dir", str(half), "--requirement", str(lock))
        half.rename(folder)
    return [*sorted(folder.glob("*.whl")), own]


def stage(root: Path, wheels: list[Path]) -> Path:
    """Lay the environment out under `root`; return its site-packages."""
    home = root / HOME
    packages = home / "lib" / PYTHON / "site-packages"
    packages.mkdir(parents=True)
    (home / "bin").mkdir()
    # A virtual environment is this link and this file; nothing in it names the place where it was built.
    (home / "bin/python3").symlink_to(SYSTEM_PYTHON)
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    run(*_PIP, "install", "--no-index", "--no-deps", "--no-compile", "--target", str(packages), *(str(wheel) for wheel in wheels))
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for record in packages.glob("*.dist-info/RECORD"):
        _forget(record)
    program = home / "bin/cti-daemon"
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    _compile(root, packages)
    return packages


def _forget(record: Path) -> None:
    """Take out what pip noted of this machine, and the programs that nobody starts here."""
    gone = ("direct_url.json", "REQUESTED")
    for name in gone:
        (record.parent / name).unlink(missing_ok=True)
    lines = record.read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("../", "bin/")) and not line.split(",")[0].endswith(gone)]
    record.write_text("\n".join(kept) + "\n")


def _compile(root: Path, packages: Path) -> None:
    # The daemon may not write there, so it is compiled now; unchecked: no time stamp of the build gets in, and none is compared.
    words = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/", str(packages))
    run(str(SYSTEM_PYTHON), *words, environment={**os.environ, "PYTHONHASHSEED": "0"})


def needed_packages(packages: Path) -> list[str]:
    """Return the Debian packages whose libraries the compiled modules are linked with."""
    libraries = set()
    for module in sorted(packages.rglob("*.so")):
        for line in run("ldd", str(module)).splitlines():
            name, arrow, where = line.partition(" => ")
            if where.startswith("not found"):
                raise BuildError(f"{module.name} needs {name.strip()}, which this machine has not")
            if arrow and not Path(where.split()[0]).resolve().is_relative_to(packages.resolve()):  # a wheel brings some of its own
                libraries.add(where.split()[0])
    return sorted({_owner(library) for library in libraries})


def _owner(library: str) -> str:
    # /lib is a link to /usr/lib, and a package may list its file under either.
    for path in (library, f"/usr{library}"):
        found = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.partition(":")[0]
    raise BuildError(f"no Debian package owns {library}: the dependencies cannot be told")
