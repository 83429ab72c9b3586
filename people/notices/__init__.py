"""Notices: what a person is told in the app and by e-mail, written with what it tells of; workers send the mails."""
