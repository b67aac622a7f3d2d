"""State and the present instant in, decisions out. One question a file; no effect is done here."""
