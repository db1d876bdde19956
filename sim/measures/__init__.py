"""How it is seen: the instruments, from latent state to scores.

One file per instrument. Shared arithmetic is in `items` (questionnaires made of items) and
`scales` (scores drawn as a whole); `purposes` numbers the random draws, `catalogue` describes every
instrument as data, `user`, `staff` and `readiness` collect what is measured on a service user, on a
member of staff and on a team. No instrument reads the arm of a trial or the scenario.
"""
