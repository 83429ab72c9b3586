"""What a tier entitles to, as data: declared by functions, edited with the rule sets, asked by everybody."""
