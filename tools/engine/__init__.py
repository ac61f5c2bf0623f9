"""Brings the Pulumi engine into the virtual environment.

`bring` chooses one and is the program to run; `build`, `installer` and `place` are its hands. `language_host` and
`provider_host`, with their `lifeline`, are what the engine starts when Pulumi's own Python programs are not there.
"""
