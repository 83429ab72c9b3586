"""Start-up checks of the declared resources."""
