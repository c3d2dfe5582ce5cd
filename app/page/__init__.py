"""The embedded page: plain files that a browser runs beside the API. Nothing here knows the rest of the service."""
