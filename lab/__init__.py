"""The real bench: Asterisk edge, primary, standby, emergency, phones and carrier in namespaces."""
