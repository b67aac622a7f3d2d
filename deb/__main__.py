"""`make deb`: build/deb/cti-daemon_VERSION_ARCH.deb, the same bytes for the same source and lock. Needs no root and no debhelper."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

from cti_daemon import __version__
from cti_daemon.shell.cli import app
from deb import environment, man_page, papers
from deb.environment import PYTHON, REPOSITORY, BuildError, run

BUILD = REPOSITORY / "build/deb"
_SHARE = "usr/share/cti-daemon"
_DOC = "usr/share/doc/cti-daemon"
_SCRIPTS = ("postinst", "prerm", "postrm")

# Where a file of the repository lies in the package. What a site changes is copied from /usr/share by hand (or made by the daemon's
# own commands), and dpkg never asks about it: docs/design/package.md.
_FILES = {
    "systemd/cti-daemon.service": "lib/systemd/system/cti-daemon.service",
    "systemd/cti-confirm.socket": "lib/systemd/system/cti-confirm.socket",
    "systemd/cti-confirm@.service": "lib/systemd/system/cti-confirm@.service",
    "systemd/cti-daemon.sysusers": "usr/lib/sysusers.d/cti-daemon.conf",
    "deb/lintian-overrides": "usr/share/lintian/overrides/cti-daemon",
}
# As in the repository, so that the links between the texts hold.
_SAMPLES = ("config", "dialplan")
_TEXTS = ("README.md", "README.zh-CN.md", "docs", "systemd/README.md")
_COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/cti-daemon",
    "zsh": "usr/share/zsh/vendor-completions/_cti-daemon",
    "fish": "usr/share/fish/vendor_completions.d/cti-daemon.fish",
}


def main() -> int:
    """Build it; 0 and the file's name, or 1 and why not. DEB_REVISION=1 is the part behind the version."""
    try:
        print(build(os.environ.get("DEB_REVISION") or "1"))
    except BuildError as fault:
        print(f"deb: {fault}", file=sys.stderr)
        return 1
    return 0


def build(revision: str) -> Path:
    """Return the package."""
    environment.check_python()
    released, epoch = papers.release_of((REPOSITORY / "CHANGELOG.md").read_text())
    if released != __version__:
        raise BuildError(f"CHANGELOG.md's newest release is {released}, the program says {__version__}")
    # dpkg-deb and setuptools both read it: no file is younger than the release.
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    os.umask(0o022)
    version = f"{__version__}-{revision}"
    root = BUILD / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    wheels = environment.make_wheels(BUILD / "cache", own_wheel(REPOSITORY / "dist"))
    packages = environment.stage(root, wheels)
    _stage_files(root)
    _stage_papers(root, version, epoch, packages)
    architecture = run("dpkg", "--print-architecture").strip()
    _stage_control(root, version, architecture, packages)
    target = BUILD / f"cti-daemon_{version}_{architecture}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(target))
    return target


def own_wheel(dist: Path) -> Path:
    """Return our wheel, just built by `make wheel`."""
    found = sorted(dist.glob(f"cti_daemon-{__version__}-*.whl"))
    if not found:
        raise BuildError(f"no wheel of version {__version__} in {dist}: make wheel")
    return found[-1]


def _stage_files(root: Path) -> None:
    for source, target in _FILES.items():
        _copy(REPOSITORY / source, root / target)
    for name in _SAMPLES:
        _copy_all(name, root / _SHARE)
        link = root / _DOC / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../cti-daemon/{name}")
    for name in _TEXTS:
        _copy_all(name, root / _DOC)
    program = root / "usr/bin/cti-daemon"
    program.parent.mkdir(parents=True)
    program.symlink_to("../lib/cti-daemon/bin/cti-daemon")
    for shell, target in _COMPLETIONS.items():
        _write(root / target, _completion(shell).encode())


def _copy_all(name: str, below: Path) -> None:
    source = REPOSITORY / name
    for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if file.is_file() and not file.name.endswith(".test.yml"):
            _copy(file, below / file.relative_to(REPOSITORY))


def _copy(source: Path, target: Path) -> None:
    _write(target, source.read_bytes())


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _completion(shell: str) -> str:
    program = Path(sys.executable).parent / "cti-daemon"
    text = run(str(program), environment={**os.environ, "_CTI_DAEMON_COMPLETE": f"source_{shell}"}).strip() + "\n"
    # zsh reads the file at the first Tab and calls it at once: without this line that Tab would give nothing.
    return f'{text}_cti_daemon_completion "$@"\n' if shell == "zsh" else text


def _stage_papers(root: Path, version: str, epoch: int, packages: Path) -> None:
    date = (REPOSITORY / "CHANGELOG.md").read_text().partition(f"[{__version__}] - ")[2][:10]
    _write(root / "usr/share/man/man8/cti-daemon.8.gz", papers.packed(man_page.render(app, __version__, date).encode()))
    _write(root / _DOC / "copyright", papers.copyright_of(packages).encode())
    _write(root / _DOC / "changelog.Debian.gz", papers.changelog(version, epoch))
    _write(root / _DOC / "changelog.gz", papers.packed((REPOSITORY / "CHANGELOG.md").read_bytes()))


def _stage_control(root: Path, version: str, architecture: str, packages: Path) -> None:
    _settle_modes(root)
    size_kib = sum(-(-path.lstat().st_size // 1024) for path in root.rglob("*") if not path.is_dir())
    depends = [PYTHON, "python3", "systemd (>= 252)", *environment.needed_packages(packages)]
    folder = root / "DEBIAN"
    _write(folder / "control", papers.control(version, architecture, depends, size_kib).encode())
    _write(folder / "md5sums", papers.checksums(root).encode())
    for name in _SCRIPTS:
        _copy(REPOSITORY / "deb" / name, folder / name)
        (folder / name).chmod(0o755)


def _settle_modes(root: Path) -> None:
    """Folders and programs 0755, all else 0644, whatever the wheels and this machine's umask say."""
    for path in root.rglob("*"):
        if path.is_symlink():
            continue
        runs = path.is_dir() or (path.parent == root / environment.HOME / "bin" and path.stat().st_mode & stat.S_IXUSR)
        path.chmod(0o755 if runs else 0o644)


if __name__ == "__main__":
    sys.exit(main())
