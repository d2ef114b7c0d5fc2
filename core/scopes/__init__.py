"""The named doors of public pages, and their pictures made anew."""
