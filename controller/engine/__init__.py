"""The only code that imports docker: clients with deadlines, errors translated once, images, containers."""
