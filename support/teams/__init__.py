"""Teams of support: who works on which queue, with how many tickets at a time."""
