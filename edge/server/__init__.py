"""The server around the application: the guard before the parser, its processes, each request."""
