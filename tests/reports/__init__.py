"""Reports of incidents that the real engine of plans has run in virtual time."""
