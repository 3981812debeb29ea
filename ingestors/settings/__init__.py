"""What the settings of sources, and those of the whole, are made of: sections, durations, secrets, checked texts."""
