"""Emergency plans in virtual time: scenarios with golden transcripts, kills at every step, and damaged files."""
