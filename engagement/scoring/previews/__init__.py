"""What a version of a point model would do: counted by workers, read on a page, and published as it was read."""
