"""The one root of the errors that a person sees, whichever process they end.

```
FerryError
├── InvalidSettings        settings          a `ferry:` key, or a variable, cannot be used
├── ExportError            auth0.lines       a file of the export cannot be read
├── Unbalanced             findings          lines of a file were lost count of
├── NoProject              project           no Pulumi.yaml here or above
├── NoStackName            project           a text is not the name of a stack
├── UnreadableStack        stack_file        no such file of a stack, or it is none
├── DownloadError          auth0.download    a download cannot go on
│   ├── Unanswered                           Auth0 gave no usable answer
│   └── Refused                              Auth0 refuses a request for good
│       └── Gone                             there is no such object
├── WorkOSFault            workos.client     WorkOS did not do what was asked
│   ├── Fatal                                nothing can work: a wrong key, or nobody answers
│   ├── Unavailable                          no answer, or a 5xx, after all tries
│   ├── Gone                                 there is no such object
│   ├── Conflict                             another object holds what this one needs
│   └── Refused                              WorkOS refuses the request for good
├── Brake                  errors            the run stops before its first write
├── NoRun                  commands.stop     no run of the stack goes on
└── CannotCompare          commands.against  what was asked for is no comparison of two stacks
```

What an inner part of one room says to another part of it (`Stopped`, `Damaged`, `RoundedId`) is no FerryError: it never
reaches a person.
"""

from __future__ import annotations


class FerryError(Exception):
    """What keeps a command or a run from its work. The message says what is true, where, and what to do next.

    It names nobody but by external id, and holds no secret.
    """


class Brake(FerryError):
    """The run is stopped before its first write; the message says why and what to do."""
