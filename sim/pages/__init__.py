"""Pages that need no server, and that the server shows as well."""
