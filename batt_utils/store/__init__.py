"""What stays: links that compete, files that are written whole, results of tasks."""
