"""The reference backend of the sandbox. It imitates what the platform does, including what it does badly."""
