"""The file check, between reading and storing: what a file leaves open is asked, and nothing is guessed."""
