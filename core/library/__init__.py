"""What callers keep: images, uploads, flows, aliases."""
