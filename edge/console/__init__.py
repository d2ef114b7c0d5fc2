"""The pages for people: what this is, and the API's description."""
