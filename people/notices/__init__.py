"""Notices: what a person is told by e-mail, written with the change it tells of and sent by the workers."""
