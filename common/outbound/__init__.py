"""What goes out to strangers by HTTP: to checked addresses only, within a time, following nothing."""
