"""What the sample company's finance and legal people have done, made through the services as on the pages."""
