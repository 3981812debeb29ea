"""What the page of an entity is put together from, by subject. It reads a view; requests and templates are not known here."""
