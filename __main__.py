"""Ferry's program: an Auth0 export, declared as the WorkOS organizations, roles, users and memberships it stands for."""

from providers.resources.declare import declare_stack

declare_stack()
