"""Does the command line do what a person at a terminal, or a script, expects of it?"""
