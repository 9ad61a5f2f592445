"""VIM adaptors at the labs' real clouds, beside scripts that do the same by hand."""
