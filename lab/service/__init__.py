"""The packaged service on a clean Debian with a real systemd, beside the lab's live PBXs."""
