"""Reading what users give: numbers, TOML and text files, refused in one way and one wording."""
