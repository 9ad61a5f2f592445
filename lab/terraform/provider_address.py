"""What the lab's provider is called; apart from it, so that nobody needs the package `tf` to know."""

ADDRESS = "registry.example.test/interlace/lab"
VERSION = "0.1.0"
