"""What runs in the sandbox's own processes: the standard library and this folder, nothing else of the project."""
