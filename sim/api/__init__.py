"""What `import sim` offers: a function for each question, which the commands of `refocus` call too.

Each takes values, or their texts as the command line has them, checks all of them before anything
is simulated, and returns an answer that can be shown, read as tables and saved.
"""
