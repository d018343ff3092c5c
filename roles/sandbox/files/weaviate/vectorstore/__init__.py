"""A small stand-in for Weaviate 1.23: schema, objects and file system backups, without any search."""
