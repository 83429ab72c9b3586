"""Pages of the tier guide: for colleagues, for whoever has a link, and the links themselves."""
