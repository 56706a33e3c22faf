"""The routes, one file per resource. What a route does: read the request, call the store, view the reply; no more."""
