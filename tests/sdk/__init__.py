"""Does the client send what the Agent's contract says, and read what it answers?"""
