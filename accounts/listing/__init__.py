"""The account list: what the URL asks for, the page of rows it means, and the file it exports."""
