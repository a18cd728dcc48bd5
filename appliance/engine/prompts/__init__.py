"""From messages and passages to the text a chat model reads."""
