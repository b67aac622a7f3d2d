"""`cti-daemon doctor`: many small questions to the live site, each with what to do about a bad answer. Changes nothing."""
