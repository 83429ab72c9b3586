"""Surveys: customers are asked by mail and answer with one click; an app declares what is asked, this runs it.

A kind of survey is declared in ``<app>/survey_kinds.py`` (``registry``). ``services`` asks, records and takes back,
``sending`` mails, ``tokens`` makes what opens a question, ``automatic`` asks by itself. Answers become records of the
kind's own resource, made here, so that its numbers and the API know them as they know those of other systems.
"""
