"""The web page: a server for one machine or one service, and the page that it serves.

`sim.web.command` starts it. The server never simulates: worker processes do, through
`sim.runs.simulate.simulate`, and leave their results in a folder.
"""
