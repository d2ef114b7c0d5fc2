"""Takes pictures away, everywhere and for good if need be, and tells the CDN."""
