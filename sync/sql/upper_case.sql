-- Each text in the capitals of the database, which are not Python's: Straße is STRASSE there, STRAßE mostly here.
SELECT given.text, upper(given.text) FROM unnest(%s::text[]) AS given (text)
