"""The Debian package: the daemon with a Python environment of its own, built by dpkg-deb alone."""
