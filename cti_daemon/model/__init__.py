"""The words of the house: ids, facts, events, effects, decisions, settings. No behaviour, no I/O."""
