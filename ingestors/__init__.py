"""Everything that reads the outside world. Crawl only: no parsing, no filtering, no policy."""
