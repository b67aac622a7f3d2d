"""Reports: from the journal's entries to a document, and from a document to text."""
