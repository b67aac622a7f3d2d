"""docs/commands.md and docs/configuration.md, written from the code: `python -m reference`."""
