"""Skills: a vocabulary of product areas, languages and technical skills, and who has which."""
