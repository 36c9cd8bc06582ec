"""Server: sockets, routes, the object graph, and how it starts and stops."""
