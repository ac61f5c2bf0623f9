"""Ferry's rooms, in reading order: settings, findings, auth0, directory, workos, resources, reports, cli."""
