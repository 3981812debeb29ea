"""The REST API: Backstage's catalog and search, and our own. One file a resource."""
