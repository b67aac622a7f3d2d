"""argv to exit code."""

from cti_daemon.shell.cli import app


def main() -> None:
    app()


if __name__ == "__main__":
    main()
