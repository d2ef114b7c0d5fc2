"""The .http files of this repository, sent by the client their readers use."""
