"""Ferry. Its rooms, from top to bottom; each imports only from those below it, and says which process runs it.

=============  =============================  ========================================================================
Room           Runs in                        What it does
=============  =============================  ========================================================================
`cli`          a `ferry` command              its words and options
`commands`     a `ferry` command              what each command does: plan, verify, check, download, stop, clean
`program`      the Pulumi program             declares the stack; stops it before the first write if it must
`resources`    the provider host              the Pulumi resources, and what their writes need
`reports`      program, host and commands     values to text, nothing else
`state`        program, host and commands     what the last run left, and how it is written down
`workos`       program, host and commands     the one door to WorkOS, and what each kind sends; WorkOS in memory
`directory`    program, host and commands     pure: what the export declares, and the one differ
`auth0`        program, host and commands     files of an export to typed records; the download
`findings`     program, host and commands     what is told of a line or a record, by code
`stack_file`   a `ferry` command              a stack's settings without the engine
`settings`     program, host and commands     every `ferry:` key
`project`      program, host and commands     where a stack's files are
`errors`       program, host and commands     the root of the errors that a person sees
`text`         program, host and commands     text of others, made harmless to a terminal
=============  =============================  ========================================================================

`ferry plan` rehearses a run: there `program` and `resources` run in the command, over WorkOS in memory.
"""
