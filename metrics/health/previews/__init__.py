"""What a version of a health model would do: counted by workers over today and over days past, read, and published."""
