"""Ferry's program: an Auth0 export, declared as the WorkOS objects it stands for."""

from providers.program.declare import declare_stack

declare_stack()
